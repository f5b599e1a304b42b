package contact

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"  Jane Doe\u00a0": "Jane Doe", "Zoe\u0301": "Zoé", "王小明": "王小明", "محمد": "محمد", "می\u200cخواهم": "می\u200cخواهم",
		"👩\u200d👧": "👩\u200d👧", strings.Repeat("é", 200): strings.Repeat("é", 200), "O'Brien & <Sons>": "O'Brien & <Sons>",
	}
	for in, want := range good {
		got, err := ParseName(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", " \t\u3000", "a\x00b", "a\nb", "a\u2028b", "a\u202eb", "a\u2066b", "a\u0085b", "\xff", strings.Repeat("é", 201)} {
		_, err := ParseName(in)
		require.Error(t, err, "%q", in)
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"Jane.Doe@Example.COM":                   "jane.doe@example.com",
		" a+b@sub.example.co.uk ":                "a+b@sub.example.co.uk",
		"用户@例子.公司":                               "用户@xn--fsqu00a.xn--55qx5d",
		"jane@MÜNCHEN.de":                        "jane@xn--mnchen-3ya.de",
		"jane@xn--mnchen-3ya.de":                 "jane@xn--mnchen-3ya.de",
		"STRAßE@example.com":                     "strasse@example.com",
		"ｊａｎｅ@example.com":                       "jane@example.com",
		strings.Repeat("a", 64) + "@example.com": strings.Repeat("a", 64) + "@example.com",
		"o'brien!#$%&*/=?^_`{|}~@example.com":    "o'brien!#$%&*/=?^_`{|}~@example.com",
	}
	for in, want := range good {
		got, err := ParseEmail(in)
		require.NoError(t, err, in)
		require.Equal(t, Email{strings.TrimSpace(in), want}, got)
		again, err := ParseEmail(got.Normal)
		require.NoError(t, err)
		require.Equal(t, want, again.Normal)
	}
	for _, in := range []string{
		"", "@", "jane", "jane@", "@example.com", "jane@localhost", "jane@[127.0.0.1]", "jane@127.0.0.1", `"j d"@example.com`, "Jane <jane@example.com>",
		"jane(x)@example.com", "a..b@example.com", ".a@example.com", "a.@example.com", "a b@example.com", "a@b@example.com", "a@exa mple.com", "a@-x.com", "a@x-.com",
		"a@x..com", "a@example.com.", "a@.com", "a\x00@example.com", "\xff@example.com", "é\u202e@example.com", strings.Repeat("a", 65) + "@example.com",
		"a@" + strings.Repeat("b", 64) + ".com", "a@" + strings.Repeat("b.", 130) + "com",
	} {
		_, err := ParseEmail(in)
		require.Error(t, err, "%q", in)
	}
}

// FuzzParseEmail holds the direct way against net/mail and the Unicode way.
func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"jane@example.com", "a.b+c@x-y.example", "用户@例子.公司", "a@xn--mnchen-3ya.de", "A@xn--.com", "x@\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEmail(s)
		if err != nil {
			return
		}
		again, err := ParseEmail(e.Given)
		require.NoError(t, err)
		require.Equal(t, e, again)
		if !isASCII(e.Given) {
			return
		}
		parsed, err := mail.ParseAddress(e.Given)
		require.NoError(t, err)
		require.Equal(t, e.Given, parsed.Address)
		at := strings.LastIndexByte(e.Given, '@')
		if slow, err := parseUnicodeEmail(e.Given, e.Given[:at], e.Given[at+1:]); err == nil {
			require.Equal(t, slow, e)
		}
	})
}

func TestNameWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want []string
	}{
		{"Jane DOE jane", []string{"jane", "doe"}},
		{"José Łukasz Strauß Ørsted", []string{"jose", "lukasz", "strauss", "orsted"}},
		{"Фёдор Ёлкин", []string{"федор", "елкин"}},
		{"مُحَمَّد عـــلي", []string{"محمد", "علي"}},
		{"Nguyễn Thị", []string{"nguyen", "thi"}},
		{"王小明", []string{"王小", "小明"}},
		{"王", []string{"王"}},
		{"김철수", []string{"김철", "철수"}},
		{"ガガ Tanaka", []string{"ガガ", "tanaka"}},
		{"Ｊａｎｅ", []string{"jane"}},
		{"O'Brien-Smith", []string{"o", "brien", "smith"}},
		{"Δημήτρης", []string{"δημητρησ"}},
		{"İstanbul Iğdır", []string{"istanbul", "igdir"}},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, NameWords(tt.name), tt.name)
	}
	require.Empty(t, NameWords(" 👩 -"))
	require.Len(t, NameWords("a b c d e f g h i j k l m n o p q r"), maxWords)
}

func TestCodes(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	birth := func(s string) (string, error) { return ParseBirthDate(s, today) }
	tests := []struct {
		parse func(string) (string, error)
		good  map[string]string
		bad   []string
	}{
		{birth, map[string]string{"2026-01-02": "2026-01-02", "1900-01-01": "1900-01-01", "2024-02-29": "2024-02-29"},
			[]string{"2026-01-03", "1899-12-31", "2023-02-29", "1990-1-2", "", "x"}},
		{Country, map[string]string{"ch": "CH", "US": "US", "GB": "GB", " tw ": "TW"},
			[]string{"ZZ", "EU", "AA", "UK", "XK", "SU", "QO", "XA", "", "CHE", "756", "QM", "UN"}},
		{Currency, map[string]string{"chf": "CHF", "USD": "USD", "JPY": "JPY"}, []string{"", "AAA", "XXX", "US", "dollar"}},
		{Language, map[string]string{"EN-us": "en-US", "zh-hant-tw": "zh-Hant-TW", "iw": "he"}, []string{"", "english language", "und", "x_"}},
	}
	for _, tt := range tests {
		for in, want := range tt.good {
			got, err := tt.parse(in)
			require.NoError(t, err, in)
			require.Equal(t, want, got)
		}
		for _, in := range tt.bad {
			got, err := tt.parse(in)
			require.Error(t, err, "%q gave %q", in, got)
		}
	}
}

func FuzzTexts(f *testing.F) {
	for _, s := range []string{"Jane", "Zoe\u0301", "王小明", "مُحَمَّد", "\xff", "en-US", "ch", "1990-01-01", "İ", "ﷺ"} {
		f.Add(s)
	}
	today := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	parsers := []func(string) (string, error){
		ParseName, Country, Currency, Language, func(s string) (string, error) { return ParseBirthDate(s, today) },
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range parsers {
			if first, err := parse(s); err == nil {
				again, err := parse(first)
				require.NoError(t, err)
				require.Equal(t, first, again)
			}
		}
		for _, word := range NameWords(s) {
			require.NotEmpty(t, word)
		}
	})
}

func BenchmarkContact(b *testing.B) {
	b.Run("email", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = ParseEmail("Jane.Doe@Example.com")
		}
	})
	b.Run("words", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			NameWords("Jane Maria Doe")
		}
	})
}
