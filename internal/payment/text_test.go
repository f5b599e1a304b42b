package payment

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLetters: each language has each letter with the same words.
func TestLetters(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`\{[a-z]+\}`)
	words := func(text string) []string {
		found := word.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	require.Len(t, mailTexts(), len(mailLanguages()))
	for _, tag := range mailLanguages() {
		base, _ := tag.Base()
		letters := mailTexts()[base.String()]
		require.Len(t, letters, 3, base)
		for kind, english := range mailTexts()["en"] {
			require.Equal(t, words(english.body), words(letters[kind].body), "%s %s", base, kind)
			require.Equal(t, words(english.subject), words(letters[kind].subject), "%s %s", base, kind)
		}
	}
	for wanted, want := range map[string]string{"": "Your payment", "de-AT": "Ihre Zahlung", "ar": "دفعتك", "pt-BR": "O seu", "ja": "Your payment", "nonsense!": "Your payment"} {
		subject, _ := mailText(receiptMail, wanted, map[string]string{"merchant": "M"})
		require.Contains(t, subject, want, wanted)
		require.NotContains(t, subject, "{")
	}
}

// TestDescribe names a browser in coarse words.
func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, row := range [][4]string{
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", "mobile", "Safari", "iOS"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "desktop", "Edge", "Windows"},
		{"Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", "mobile", "Chrome", "Android"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop", "Firefox", "Linux"},
		{"curl/8", "desktop", "other", "other"}, {"", "", "", ""},
	} {
		device, browser, system := describe(row[0])
		require.Equal(t, row[1:], []string{device, browser, system}, row[0])
	}
}
