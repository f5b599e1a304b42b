package paypage

import (
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

func spoken(t *testing.T) *speech {
	t.Helper()
	s, err := newSpeech()
	require.NoError(t, err)
	return s
}

// TestEveryLanguageSaysTheSame: same keys, none empty, same places in each text.
func TestEveryLanguageSaysTheSame(t *testing.T) {
	t.Parallel()
	places := regexp.MustCompile(`\{[a-z]*\}`)
	find := func(text string) []string {
		found := places.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	s := spoken(t)
	english := s.tongues[0].texts
	for _, other := range s.tongues {
		require.ElementsMatch(t, slices.Collect(maps.Keys(english)), slices.Collect(maps.Keys(other.texts)), other.Code)
		for key, text := range other.texts {
			require.NotEmpty(t, strings.TrimSpace(text), "%s %s", other.Code, key)
			require.Equal(t, find(english[key]), find(text), "%s %s", other.Code, key)
		}
	}
}

// TestTemplatesAskForTextsThatExist: a missing text would be a hole in the page.
func TestTemplatesAskForTextsThatExist(t *testing.T) {
	t.Parallel()
	known := spoken(t).tongues[0].texts
	asked := regexp.MustCompile(`\.Say "([^"]+)"`)
	files, err := pages.ReadDir("pages")
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		text, err := pages.ReadFile("pages/" + file.Name())
		require.NoError(t, err)
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, known, found[1], file.Name())
			n++
		}
	}
	require.Greater(t, n, 20)
	for _, key := range []string{"paid", "cancelled", "lost", "tried", "busy", "unable", "closed", "failed", "refused", "confirm", "pending", "leave"} {
		require.Contains(t, known, key+".title")
		require.Contains(t, known, key+".heading")
		require.Contains(t, known, key+".text")
	}
}

func TestTheLanguageIsChosen(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	for name, row := range map[string]struct{ query, preferred, accept, want string }{
		"nothing said":               {"", "", "", "en"},
		"the browser":                {"", "", "fr-CA,fr;q=0.9,en;q=0.8", "fr"},
		"the browser's second":       {"", "", "zh-CN,de;q=0.5", "de"},
		"the customer before it":     {"", "pt-BR", "fr", "pt"},
		"an unknown preference":      {"", "ja", "es-MX", "es"},
		"a broken preference":        {"", "!!", "es", "es"},
		"the address before all":     {"ar", "pt", "fr", "ar"},
		"an address of no language":  {"xx", "", "de", "de"},
		"an address that is hostile": {"../en\x00", "", "de", "de"},
		"a hostile header":           {"", "", strings.Repeat("de-", 3000) + "\xff", "en"},
	} {
		r := httptest.NewRequest("GET", "/pay/x", nil)
		q := r.URL.Query()
		q.Set("lang", row.query)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Accept-Language", row.accept)
		require.Equal(t, row.want, s.choose(r, row.preferred).Code, name)
	}
}

func TestAmountsAreWrittenAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	tongues := map[string]*tongue{}
	for i := range s.tongues {
		tongues[s.tongues[i].Code] = &s.tongues[i]
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
		got := strings.ReplaceAll(tongues[row.language].amount(money.Amount{Minor: row.minor, Currency: row.currency}), noBreak, " ")
		require.Equal(t, row.want, got, row.language)
	}
}

// TestTextOnAnyColorIsReadable walks the cube of colours.
func TestTextOnAnyColorIsReadable(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 21, contrast("#000000", "#ffffff"), 0.001)
	require.InDelta(t, 4.54, contrast("#767676", "#ffffff"), 0.01) // the grey that everybody knows
	const digits = "048cf"
	for _, r := range digits {
		for _, g := range digits {
			for _, b := range digits {
				color := "#" + strings.Repeat(string(r), 2) + strings.Repeat(string(g), 2) + strings.Repeat(string(b), 2)
				require.GreaterOrEqual(t, contrast(color, readable(color)), 4.5, color)
				require.GreaterOrEqual(t, contrast(edge(color, lightGround), lightGround), 3.0, color)
				require.GreaterOrEqual(t, contrast(edge(color, darkGround), darkGround), 3.0, color)
			}
		}
	}
	require.Contains(t, style, lightGround)
	require.Contains(t, style, darkGround)
	require.Contains(t, painted("}body{display:none"), "--brand:"+ownColor+";")
	require.Contains(t, painted("#ffd400"), "--brand:#ffd400;--on-brand:#000000;--edge-light:#000000;--edge-dark:#ffd400}")
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
