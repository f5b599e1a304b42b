package contact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCountriesAreISOs counts them: ISO 3166-1 has 249 officially assigned codes.
func TestCountriesAreISOs(t *testing.T) {
	t.Parallel()
	var all []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code, err := Country(string(a) + string(b)); err == nil {
				all = append(all, code)
			}
		}
	}
	require.Len(t, all, 249, "%v", all)
}
