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

func TestParse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text     string
		exponent int
		want     int64
	}{
		{"10.50", 2, 1050}, {"10.500", 2, 1050}, {"0.01", 2, 1}, {"1e2", 2, 10000}, {"1.05E1", 2, 1050}, {"7", 0, 7},
		{"0.001", 3, 1}, {"0.00000001", 8, 1}, {"90071992547409.91", 2, money.Max}, {"0.1", 2, 10}, {"0.29", 2, 29},
	} {
		got, err := money.Parse(row.text, row.exponent)
		require.NoError(t, err, row.text)
		require.Equal(t, row.want, got, row.text)
	}
	for _, bad := range []string{"", "0", "-1", "10.505", "90071992547409.92", "1e99999999", "1/2", "abc", "NaN", "Inf", "1e-3", "0x10.8p1"} {
		_, err := money.Parse(bad, 2)
		require.Error(t, err, bad)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"USD": 2, "JPY": 0, "KRW": 0, "BHD": 3, "CLF": 4, "BTC": 8, "ETH": 8, "USDT": 6, "USDC": 6} {
		require.True(t, money.Known(code), code)
		require.Equal(t, want, money.Exponent(code), code)
	}
	for _, code := range []string{"", "usd", "XXX", "XTS", "ZZZ", "DOGE", "US"} {
		require.False(t, money.Known(code), code)
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		amount money.Amount
		rate   string
		to     string
		want   int64
	}{
		{money.Amount{Minor: 1000, Currency: "USD"}, "1", "USD", 1000},
		{money.Amount{Minor: 1000, Currency: "EUR"}, "1.085", "USD", 1085},
		{money.Amount{Minor: 1, Currency: "EUR"}, "1.5", "USD", 2},
		{money.Amount{Minor: 10000, Currency: "JPY"}, "0.0066", "USD", 6600},
		{money.Amount{Minor: 1234, Currency: "BHD"}, "2.65", "USD", 327},
		{money.Amount{Minor: 100_000_000, Currency: "BTC"}, "97123.45", "USD", 9712345},
		{money.Amount{Minor: 199, Currency: "USD"}, "149.5", "JPY", 298},
	} {
		rate, err := money.ParseRate(row.rate)
		require.NoError(t, err)
		got, err := row.amount.Convert(rate, row.to)
		require.NoError(t, err)
		require.Equal(t, row.want, got, row)
	}
	_, err := money.Amount{Minor: money.Max, Currency: "BTC"}.Convert("97000000", "USD")
	require.ErrorIs(t, err, money.ErrTooLarge)
	for _, bad := range []string{"", "0", "0.00", "-1", "1e3", ".5", "5.", "1.2.3", "1234567890123456789", "a"} {
		_, err := money.ParseRate(bad)
		require.Error(t, err, bad)
	}
	cross, err := money.Rate("1.25").Over("0.8")
	require.NoError(t, err)
	require.Equal(t, money.Rate("1.5625"), cross)
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, row := range [][4]int64{{1000, 1, 3, 333}, {1000, 2, 3, 667}, {5, 1, 2, 3}, {-5, 1, 2, -3}, {money.Max, money.Max, money.Max, money.Max}, {7, 0, 0, 0}} {
		got, err := money.Share(row[0], row[1], row[2])
		require.NoError(t, err)
		require.Equal(t, row[3], got, row)
	}
}
