package money_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
)

// FuzzParse: what is read is written back as the same amount.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "10.50", "1e2", "-1", "9007199254740991", "0.000", "1E-2", "+1", "00.1", "1e999"} {
		f.Add(text, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, decimals uint8) {
		exponent := int(decimals % 9)
		minor, err := money.Parse(text, exponent)
		if err != nil {
			return
		}
		again, err := money.Parse(string(money.Append(nil, minor, exponent)), exponent)
		require.NoError(t, err)
		require.Equal(t, minor, again)
	})
}
