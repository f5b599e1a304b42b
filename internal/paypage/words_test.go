package paypage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/webpage"
	"github.com/florin-gateway/florin/internal/webpage/webpagetest"
)

// TestEveryLanguageSaysTheSame: see webpagetest.
func TestEveryLanguageSaysTheSame(t *testing.T) {
	t.Parallel()
	webpagetest.Same(t, spoken(t))
}

func spoken(t *testing.T) *webpage.Speech {
	t.Helper()
	s, err := webpage.NewSpeech(texts)
	require.NoError(t, err)
	return s
}

// TestTemplatesAskForTextsThatExist: a missing text would be a hole in the page.
func TestTemplatesAskForTextsThatExist(t *testing.T) {
	t.Parallel()
	known := spoken(t).Tongues[0].Texts
	require.Greater(t, webpagetest.Asked(t, spoken(t), pages), 20)
	for _, key := range []string{"paid", "cancelled", "lost", "tried", "busy", "unable", "closed", "failed", "refused", "confirm", "pending", "leave"} {
		require.Contains(t, known, key+".title")
		require.Contains(t, known, key+".heading")
		require.Contains(t, known, key+".text")
	}
}

func TestAmountsAreWrittenAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	tongues := map[string]*webpage.Tongue{}
	for i := range s.Tongues {
		tongues[s.Tongues[i].Code] = &s.Tongues[i]
	}
	for _, row := range []struct {
		language string
		minor    int64
		currency string
		want     string
	}{
		{"en", 4990, "EUR", "€49.90"},
		{"en", 123456789, "USD", "$1,234,567.89"},
		{"en", 1200, "CHF", "CHF 12.00"},
		{"en", 1200, "CAD", "CA$12.00"},
		{"en", 500, "JPY", "¥500"},
		{"en", 5, "USD", "$0.05"},
		{"en", 1234, "BHD", "BHD 1.234"},
		{"en", money.Max, "USD", "$90,071,992,547,409.91"},
		{"de", 123456, "EUR", "1.234,56 €"},
		{"fr", 4990, "EUR", "49,90 €"},
		{"es", 4990, "EUR", "49,90 €"},
		{"pt", 4990, "BRL", "R$ 49,90"},
		{"ar", 4990, "SAR", "49.90 SAR"},
		{"en", 12_345_678, "BTC", "BTC 0.12345678"},
	} {
		got := strings.ReplaceAll(amount(tongues[row.language], money.Amount{Minor: row.minor, Currency: row.currency}), noBreak, " ")
		require.Equal(t, row.want, got, row.language)
	}
}

func TestExpiryAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"09/28": "09/28", " 09 / 28 ": "09/28", "0928": "09/28", "092028": "09/2028", "9/28": "9/28", "09-28": "09/28", "09.2028": "09/2028",
		"٠٩/٢٨": "09/28", "۰۹۲۸": "09/28", "\u200e09/28\u200f": "09/28", "": "", "9": "9", "abc": "abc"} {
		require.Equal(t, want, expiry(typed), typed)
	}
}

// TestWhatIsShownAgain: nothing that could be a number or a code.
func TestWhatIsShownAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	const number = "4000000000009995"
	for name, row := range map[string]struct {
		change           []string
		wrong            []string
		shown, shownDate string
	}{
		"all right":             {nil, nil, "Zoë", "09/38"},
		"number as a name":      {[]string{"name", "Zoë " + number}, []string{"name"}, "", "09/38"},
		"spaced number as name": {[]string{"name", "4000 0000 0000 9995"}, []string{"name"}, "", "09/38"},
		"number as a date":      {[]string{"expiry", number}, []string{"expiry"}, "Zoë", ""},
		"number as a code":      {[]string{"code", number}, []string{"code"}, "Zoë", "09/38"},
		"past":                  {[]string{"expiry", "10/26"}, []string{"expiry"}, "Zoë", ""},
		"this month":            {[]string{"expiry", "11/26"}, nil, "Zoë", "11/26"},
		"one digit less":        {[]string{"number", number[1:]}, []string{"number"}, "Zoë", "09/38"},
		"bytes":                 {[]string{"name", "\xff\xfe", "number", "\x00", "code", "12\x00"}, []string{"name", "number", "code"}, "", "09/38"},
		"a name that turns":     {[]string{"name", "Zoë\u202e"}, []string{"name"}, "", "09/38"},
		"nothing":               {[]string{"name", "", "number", "", "expiry", "", "code", ""}, []string{"name", "number", "expiry", "code"}, "", ""},
	} {
		form := map[string][]string{"method": {"CREDIT_CARD"}, "by": {"card"}, "seen": {"0"}, "name": {"Zoë"}, "number": {number}, "expiry": {"09/38"}, "code": {"123"}}
		for i := 0; i < len(row.change); i += 2 {
			form[row.change[i]] = []string{row.change[i+1]}
		}
		got, ok := read(form, now)
		require.True(t, ok, name)
		require.Equal(t, row.wrong, got.Wrong, name)
		require.Equal(t, []string{row.shown, row.shownDate}, []string{got.Name, got.Expiry}, name)
	}
}

// TestWaysOfPaying: in live mode without --accept-card-data there is no card form, and one
// button for all that the provider's card page does.
func TestWaysOfPaying(t *testing.T) {
	t.Parallel()
	offers := func(kinds ...provider.Kind) (all []payment.Offer) {
		for _, k := range kinds {
			all = append(all, payment.Offer{Method: k})
		}
		return all
	}
	for name, row := range map[string]struct {
		offers []payment.Offer
		cards  bool
		want   view
	}{
		"cards here":    {offers(provider.CreditCard, provider.ApplePay, provider.UPI), true, view{Cards: true, Others: []provider.Kind{provider.ApplePay, provider.UPI}}},
		"cards there":   {offers(provider.CreditCard, provider.ApplePay, provider.GooglePay), false, view{Hosted: provider.CreditCard}},
		"wallets there": {offers(provider.GooglePay), false, view{Hosted: provider.GooglePay}},
		"no cards":      {offers(provider.PayPal), true, view{Others: []provider.Kind{provider.PayPal}}},
	} {
		var got view
		got.offer(row.offers, row.cards)
		require.Equal(t, row.want, got, name)
	}
}

func TestTheWayBackToTheShop(t *testing.T) {
	t.Parallel()
	urls := payment.Details{SuccessURL: "https://shop.example/ok?basket=7&status=mine#end", FailureURL: "https://shop.example/no"}
	for name, row := range map[string]struct {
		status payment.Status
		urls   payment.Details
		want   string
	}{
		"paid":      {payment.Paid, urls, "https://shop.example/ok?basket=7&paymentRequestId=42&status=paid#end"},
		"unpaid":    {payment.Unpaid, urls, "https://shop.example/no?paymentRequestId=42&status=unpaid"},
		"cancelled": {payment.Cancelled, urls, "https://shop.example/no?paymentRequestId=42&status=cancelled"},
		"pending":   {payment.Pending, urls, "https://shop.example/no?paymentRequestId=42&status=pending"},
		"waiting":   {payment.Waiting, urls, "https://shop.example/no?paymentRequestId=42&status=waiting"},
		"nowhere":   {payment.Paid, payment.Details{}, ""},
	} {
		require.Equal(t, row.want, shop(&payment.Request{ID: 42, Status: row.status, Details: row.urls}), name)
	}
	for address, want := range map[string]string{"https://bank.example/3ds?x=1": "https://bank.example/3ds?x=1", "javascript:alert(1)": "", "data:text/html,x": "", "//x": "", "": "", "upi://pay": ""} {
		require.Equal(t, want, web(address), address)
	}
}
