package card_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/card"
)

const digits = "4242424242424242"

// TestNothingPrints writes a card in every way that a careless line could.
// Shows: PCI DSS 3.3.1
func TestNothingPrints(t *testing.T) {
	t.Parallel()
	number, err := card.ParseNumber("4242 4242-4242 4242")
	require.NoError(t, err)
	code, err := card.ParseCode("9173")
	require.NoError(t, err)
	c := card.Card{Number: number, Code: code, ExpMonth: 9, ExpYear: 2030}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		for _, value := range []any{c, &c, number, code, &number, []any{c}, map[string]any{"card": c}, card.NewCryptogram("9173")} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("card", "card", c, "number", number, "pointer", &c, "code", code)
	slog.New(slog.NewTextHandler(&out, nil)).Error("card", "card", c, "number", number)
	for _, marshal := range []func() ([]byte, error){
		func() ([]byte, error) { return json.Marshal(c) },
		func() ([]byte, error) { return xml.Marshal(number) },
		func() ([]byte, error) { b := bytes.Buffer{}; return b.Bytes(), gob.NewEncoder(&b).Encode(code) },
	} {
		text, err := marshal()
		require.Error(t, err)
		out.Write(text)
		out.WriteString(err.Error())
	}
	func() {
		defer func() { fmt.Fprintf(&out, "%v", recover()) }()
		panic(c)
	}()
	require.NotContains(t, out.String(), digits)
	require.NotContains(t, out.String(), "9173")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", digits))
	require.Contains(t, out.String(), "[card data]", "the test looks at what was printed")
	require.Equal(t, digits, number.Reveal(), "a connector gets the digits")
}

// Shows: PCI DSS 3.4.1
func TestFacts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ number, brand, bin, last4 string }{
		{digits, "visa", "42424242", "4242"},
		{"5555555555554444", "mastercard", "55555555", "4444"},
		{"2223003122003222", "mastercard", "22230031", "3222"},
		{"378282246310005", "amex", "378282", "0005"},
		{"6011111111111117", "discover", "60111111", "1117"},
		{"3566002020360505", "jcb", "35660020", "0505"},
		{"30569309025904", "diners", "305693", "5904"},
		{"6200000000000005", "unionpay", "62000000", "0005"},
	} {
		n, err := card.ParseNumber(row.number)
		require.NoError(t, err, row.brand)
		require.Equal(t, []string{row.brand, row.bin, row.last4}, []string{n.Brand(), n.BIN(), n.Last4()})
	}
	for _, bad := range []string{"", "4242424242424241", "4242", "42424242424242424242", "4242x24242424242", "４２４２４２４２４２４２４２４２"} {
		_, err := card.ParseNumber(bad)
		require.Error(t, err, bad)
	}
	for _, bad := range []string{"", "12", "12345", "12a", "١٢٣"} {
		_, err := card.ParseCode(bad)
		require.Error(t, err, bad)
	}
	require.True(t, card.Number{}.IsZero())
	require.Empty(t, card.Number{}.BIN()+card.Number{}.Last4())
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	for _, row := range []struct {
		text        string
		month, year int
	}{{"11/26", 11, 2026}, {"1/27", 1, 2027}, {"12 / 2030", 12, 2030}} {
		month, year, err := card.ParseExpiry(row.text, now)
		require.NoError(t, err, row.text)
		require.Equal(t, []int{row.month, row.year}, []int{month, year})
	}
	for _, bad := range []string{"", "11", "10/26", "00/27", "13/27", "11/26/1", "1127", "aa/bb", "12/2099", "-1/27"} {
		_, _, err := card.ParseExpiry(bad, now)
		require.Error(t, err, bad)
	}
	require.False(t, card.Expired(11, 2026, now))
	require.True(t, card.Expired(11, 2026, now.Add(time.Second)))
	require.False(t, card.Expired(12, 2026, now.Add(time.Second)))
}
