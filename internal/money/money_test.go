package money_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
)

func TestAppend(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		minor    int64
		exponent int
		want     string
	}{
		{0, 2, "0"}, {1, 2, "0.01"}, {10, 2, "0.1"}, {1050, 2, "10.5"}, {1005, 2, "10.05"}, {-1005, 2, "-10.05"},
		{500, 0, "500"}, {1, 3, "0.001"}, {123456, 3, "123.456"}, {math.MinInt64, 2, "-92233720368547758.08"},
	} {
		require.Equal(t, row.want, string(money.Append(nil, row.minor, row.exponent)))
	}
}
