package demo_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/florin-gateway/florin/internal/demo"
)

func rows(options demo.Options) []demo.Row {
	var out []demo.Row
	g := demo.New(options)
	for row, ok := g.Next(); ok; row, ok = g.Next() {
		out = append(out, row)
	}
	return out
}

func TestSameSeedSameRows(t *testing.T) {
	t.Parallel()
	options := demo.Options{Seed: 7, Count: 500, National: true, Dirty: 0.2}
	require.Empty(t, cmp.Diff(rows(options), rows(options)))

	other := options
	other.Seed = 8
	require.NotEqual(t, rows(options), rows(other))
}

func TestCount(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ count, want int }{{-1, 0}, {0, 0}, {1, 1}, {321, 321}} {
		require.Len(t, rows(demo.Options{Count: row.count}), row.want)
	}
}

func TestHundredThousandRows(t *testing.T) {
	t.Parallel()
	all := rows(demo.Options{Seed: 1, Count: 100_000})
	require.Len(t, all, 100_000)
	emails, members := map[string]bool{}, map[string]bool{}
	for _, row := range all {
		if emails[row.Email] || row.MemberID != "" && members[row.MemberID] {
			t.Fatalf("twice: %q %q", row.Email, row.MemberID)
		}
		emails[row.Email], members[row.MemberID] = true, true
		if why := breach(row); why != "" {
			t.Fatalf("%s: %+v", why, row)
		}
	}
	requireTheWorld(t, all)
	requireFilled(t, all)
}

// breach names the contract rule that a row breaks, "" for none.
func breach(row demo.Row) string {
	for _, s := range texts(row) {
		switch {
		case !utf8.ValidString(s):
			return "not UTF-8"
		case !norm.NFC.IsNormalString(s):
			return "not NFC: " + s
		case s != strings.TrimSpace(s):
			return "not trimmed: " + s
		}
	}
	switch n := utf8.RuneCountInString(row.Name); {
	case n < 1 || n > 200:
		return "name length"
	case strings.ContainsFunc(row.Name, unicode.IsControl):
		return "control character in name"
	case len(row.Email) > 254:
		return "email length"
	case utf8.RuneCountInString(row.Address) > 500:
		return "address length"
	case utf8.RuneCountInString(row.MemberID) > 100:
		return "memberId length"
	case row.Fault != "":
		return "fault in a clean file"
	}
	for k, v := range row.Metadata {
		if len(k) > 40 || utf8.RuneCountInString(v) > 500 {
			return "metadata length"
		}
	}
	if row.DateOfBirth != "" {
		if d, err := time.Parse(time.DateOnly, row.DateOfBirth); err != nil || d.Year() < 1935 || d.Year() > 2005 {
			return "dateOfBirth"
		}
	}
	return ""
}

// texts lists the free text of a row in the order of the create body.
func texts(row demo.Row) []string {
	out := []string{row.Name, row.Email, row.Phone, row.Address, row.MemberID, row.DateOfBirth}
	for _, a := range []*demo.Address{row.BillingAddress, row.ShippingAddress} {
		if a != nil {
			out = append(out, a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country)
		}
	}
	if p := row.Preferences; p != nil {
		out = append(out, p.Currency, p.Language, p.PaymentMethod)
	}
	for _, v := range row.Metadata {
		out = append(out, v)
	}
	return out
}

func requireTheWorld(t *testing.T, all []demo.Row) {
	t.Helper()
	countries, scripts, idn, emoji, lone := map[string]int{}, map[string]int{}, 0, 0, 0
	for _, row := range all {
		countries[row.Region]++
		for name, table := range wanted() {
			if strings.ContainsFunc(row.Name, func(c rune) bool { return unicode.Is(table, c) }) {
				scripts[name]++
			}
		}
		if strings.ContainsFunc(row.Email, func(c rune) bool { return c > unicode.MaxASCII }) {
			idn++
		}
		if row.Metadata["nickname"] != "" {
			emoji++
		}
		if !strings.Contains(row.Name, " ") && row.Region == "ID" {
			lone++
		}
	}
	require.GreaterOrEqual(t, len(countries), 50)
	for code, n := range countries {
		require.Greater(t, n, 1000, code)
	}
	for name := range wanted() {
		require.Greater(t, scripts[name], 200, name)
	}
	require.Greater(t, idn, 5000)
	require.Greater(t, emoji, 1000)
	require.Less(t, emoji, 5000)
	require.Greater(t, lone, 200)
}

func wanted() map[string]*unicode.RangeTable {
	return map[string]*unicode.RangeTable{
		"Latin": unicode.Latin, "Greek": unicode.Greek, "Cyrillic": unicode.Cyrillic, "Arabic": unicode.Arabic, "Hebrew": unicode.Hebrew,
		"Devanagari": unicode.Devanagari, "Bengali": unicode.Bengali, "Tamil": unicode.Tamil, "Sinhala": unicode.Sinhala, "Thai": unicode.Thai,
		"Han": unicode.Han, "Hiragana": unicode.Hiragana, "Katakana": unicode.Katakana, "Hangul": unicode.Hangul,
		"Georgian": unicode.Georgian, "Armenian": unicode.Armenian, "Ethiopic": unicode.Ethiopic,
	}
}

func requireFilled(t *testing.T, all []demo.Row) {
	t.Helper()
	for _, row := range []struct {
		field    string
		from, to float64
		filled   func(demo.Row) bool
	}{
		{"phone", .88, .92, func(r demo.Row) bool { return r.Phone != "" }},
		{"address", .68, .72, func(r demo.Row) bool { return r.Address != "" }},
		{"memberId", .83, .90, func(r demo.Row) bool { return r.MemberID != "" }},
		{"dateOfBirth", .68, .72, func(r demo.Row) bool { return r.DateOfBirth != "" }},
		{"billingAddress", .83, .87, func(r demo.Row) bool { return r.BillingAddress != nil }},
		{"shippingAddress", .18, .22, func(r demo.Row) bool { return r.ShippingAddress != nil }},
		{"preferences", .78, .82, func(r demo.Row) bool { return r.Preferences != nil }},
		{"metadata", .28, .32, func(r demo.Row) bool { return r.Metadata != nil }},
	} {
		n := 0
		for _, r := range all {
			if row.filled(r) {
				n++
			}
		}
		share := float64(n) / float64(len(all))
		require.True(t, row.from <= share && share <= row.to, "%s: %v", row.field, share)
	}
}

func TestPhonesAreInUse(t *testing.T) {
	t.Parallel()
	for _, national := range []bool{false, true} {
		spellings := map[string]int{}
		for _, row := range rows(demo.Options{Seed: 3, Count: 20_000, National: national}) {
			if row.Phone == "" {
				continue
			}
			typed, region := row.Phone, row.Region
			if !national {
				region = "ZZ" // no default region: the spelling alone must do
				if rest, ok := strings.CutPrefix(typed, "00"); ok {
					typed = "+" + rest
				}
			} else if rest, ok := strings.CutPrefix(typed, "00"); ok {
				typed = "+" + rest
			}
			number, err := phonenumbers.Parse(typed, region)
			require.NoError(t, err, row.Phone)
			require.True(t, phonenumbers.IsValidNumberForRegion(number, row.Region), "%s %s", row.Region, row.Phone)
			spellings[shape(row.Phone)]++
		}
		for _, s := range []string{"+", "00", "(0)", ".", "("} {
			require.Greater(t, spellings[s], 100, "%q national=%t", s, national)
		}
		require.Equal(t, national, spellings["national"] > 0)
	}
}

func shape(phone string) string {
	switch {
	case strings.HasPrefix(phone, "00"):
		return "00"
	case !strings.HasPrefix(phone, "+"):
		return "national"
	case strings.Contains(phone, "(0)"):
		return "(0)"
	case strings.Contains(phone, "("):
		return "("
	case strings.Contains(phone, "."):
		return "."
	}
	return "+"
}

func TestCodesAndDomainsAreReal(t *testing.T) {
	t.Parallel()
	for _, row := range rows(demo.Options{Seed: 4, Count: 5_000}) {
		local, domain, ok := strings.Cut(row.Email, "@")
		require.True(t, ok)
		require.Regexp(t, `^[a-z]+[._-]?[0-9]+(\+[a-z]+)?$`, local)
		ascii, err := idna.Lookup.ToASCII(domain)
		require.NoError(t, err, domain)
		require.Regexp(t, `(^|\.)(example|example\.(com|org|net)|test|xn--[a-z0-9-]+)$`, ascii)
		if p := row.Preferences; p != nil {
			_, err := currency.ParseISO(p.Currency)
			require.NoError(t, err, p.Currency)
			_, err = language.Parse(p.Language)
			require.NoError(t, err, p.Language)
		}
		require.Regexp(t, `^[A-Z]{2}$`, row.Region)
		_, err = language.ParseRegion(row.Region)
		require.NoError(t, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	all := rows(demo.Options{Seed: 5, Count: 20_000, Dirty: 0.1})
	seen, emails := map[demo.Fault]int{}, map[string]bool{}
	for _, row := range all {
		seen[row.Fault]++
		require.Equal(t, row.Fault == demo.FaultDuplicate, emails[row.Email] && row.Fault != demo.FaultEmail, row.Email)
		emails[row.Email] = true
		if row.Fault == demo.FaultName {
			require.Empty(t, strings.TrimSpace(row.Name))
		}
		if row.Fault == demo.FaultLongName {
			require.Greater(t, utf8.RuneCountInString(row.Name), 200)
		}
	}
	dirty := len(all) - seen[""]
	require.InDelta(t, 2000, dirty, 200)
	for _, fault := range demo.Faults() {
		require.Greater(t, seen[fault], 100, fault)
	}
}

// Shows: PCI DSS 6.5.5
func TestNothingLooksLikeACard(t *testing.T) {
	t.Parallel()
	require.True(t, cardIn("4242 4242-4242.4242"), "the check itself must bite")
	require.True(t, cardIn("x378282246310005y"))
	require.False(t, cardIn("4000 6304 7259 4942"))
	for _, options := range []demo.Options{{Seed: 6, Count: 20_000}, {Seed: 6, Count: 20_000, National: true, Dirty: 0.3}} {
		for _, row := range rows(options) {
			run := ""
			for _, s := range texts(row) {
				require.False(t, cardIn(s), s)
				if strings.Trim(s, "0123456789 .-/()+") == "" { // neighbours made of digits and separators alone are read as one
					run += s
				} else {
					run = ""
				}
				require.False(t, cardIn(run), run)
			}
		}
	}
}

// cardIn looks for 12 to 19 digits, separators between them allowed, whose last is their check digit.
func cardIn(s string) bool {
	var digits []int
	for i, c := range s + "|" {
		if c >= '0' && c <= '9' {
			digits = append(digits, int(c-'0'))
		} else if i == len(s) || !strings.ContainsRune(" .-/()+", c) {
			if luhnWithin(digits) {
				return true
			}
			digits = nil
		}
	}
	return false
}

func luhnWithin(digits []int) bool {
	for end := 12; end <= len(digits); end++ {
		sum := 0
		for n := 1; n <= min(end, 19); n++ {
			d := digits[end-n]
			if n%2 == 0 {
				d = []int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[d]
			}
			if sum += d; n >= 12 && sum%10 == 0 {
				return true
			}
		}
	}
	return false
}
