package customerpage

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryLanguageSaysTheSame: same keys, none empty, same places in each text, and none
// that the page asks for and does not have.
func TestEveryLanguageSaysTheSame(t *testing.T) {
	t.Parallel()
	s, err := newSpeech()
	require.NoError(t, err)
	places := regexp.MustCompile(`\{[a-z]*\}`)
	find := func(text string) []string {
		found := places.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	english := s.tongues[0].texts
	for _, other := range s.tongues {
		require.ElementsMatch(t, slices.Collect(maps.Keys(english)), slices.Collect(maps.Keys(other.texts)), other.Code)
		for key, text := range other.texts {
			require.NotEmpty(t, strings.TrimSpace(text), "%s %s", other.Code, key)
			require.Equal(t, find(english[key]), find(text), "%s %s", other.Code, key)
		}
		for month := time.January; month <= time.December; month++ {
			require.NotContains(t, other.date(time.Date(2026, month, 9, 0, 0, 0, 0, time.UTC)), "{")
		}
	}
	template, err := pages.ReadFile("pages/page.html")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`\.Say "([^"]+)"`).FindAllStringSubmatch(string(template), -1) {
		require.Contains(t, english, found[1])
	}
	for _, key := range []string{"pending", "given", "withdrawn", "expired", "lost", "busy", "failed", "refused"} {
		require.Contains(t, english, key+".heading")
		require.Contains(t, english, key+".text")
	}
}
