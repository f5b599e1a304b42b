package customerpage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/webpage"
	"github.com/florin-gateway/florin/internal/webpage/webpagetest"
)

// TestTexts: every language says the same, and all that the pages ask for.
func TestTexts(t *testing.T) {
	t.Parallel()
	s, err := webpage.NewSpeech(texts)
	require.NoError(t, err)
	webpagetest.Same(t, s)
	webpagetest.Asked(t, s, pages)
	for _, key := range []string{"pending", "given", "withdrawn", "expired", "lost", "busy", "failed", "refused", "export", "profile", "current", "noted"} {
		for _, part := range []string{".heading", ".text"} {
			require.Contains(t, s.Tongues[0].Texts, key+part)
		}
	}
	for _, tongue := range s.Tongues {
		for month := time.January; month <= time.December; month++ {
			require.NotContains(t, date(&tongue, time.Date(2026, month, 9, 0, 0, 0, 0, time.UTC)), "{")
		}
	}
}
