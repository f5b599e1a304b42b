package webpagetest

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/webpage"
)

// Same fails unless every language has the same keys, none empty, and the same places in
// each text.
func Same(t *testing.T, s *webpage.Speech) {
	t.Helper()
	places := regexp.MustCompile(`\{[a-z]*\}`)
	find := func(text string) []string {
		found := places.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	english := s.Tongues[0].Texts
	for _, other := range s.Tongues {
		require.ElementsMatch(t, slices.Collect(maps.Keys(english)), slices.Collect(maps.Keys(other.Texts)), other.Code)
		for key, text := range other.Texts {
			require.NotEmpty(t, strings.TrimSpace(text), "%s %s", other.Code, key)
			require.Equal(t, find(english[key]), find(text), "%s %s", other.Code, key)
		}
	}
}

// Asked fails if a template of pages asks for a text that is not there: it would be a hole
// in the page. It says how many are asked for.
func Asked(t *testing.T, s *webpage.Speech, pages fs.FS) int {
	t.Helper()
	asked := regexp.MustCompile(`\.Say "([^"]+)"`)
	files, err := fs.Glob(pages, "pages/*.html")
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		text, err := fs.ReadFile(pages, file)
		require.NoError(t, err)
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, s.Tongues[0].Texts, found[1], file)
			n++
		}
	}
	require.Positive(t, n)
	return n
}
