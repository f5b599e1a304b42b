package webpage

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func spoken(t *testing.T) *Speech {
	t.Helper()
	texts := fstest.MapFS{}
	for _, code := range []string{"en", "es", "fr", "de", "ar", "pt"} {
		texts["texts/"+code+".json"] = &fstest.MapFile{Data: []byte(`{"hello":"{merchant}!"}`)}
	}
	s, err := NewSpeech(texts)
	require.NoError(t, err)
	delete(texts, "texts/ar.json")
	_, err = NewSpeech(texts)
	require.Error(t, err, "a language is missing")
	return s
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
		r := httptest.NewRequest("GET", "/x", nil)
		q := r.URL.Query()
		q.Set("lang", row.query)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Accept-Language", row.accept)
		require.Equal(t, row.want, s.Choose(r, row.preferred).Code, name)
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
	require.Contains(t, Painted("}body{display:none"), "--brand:"+ownColor+";")
	require.Contains(t, Painted("#ffd400"), "--brand:#ffd400;--on-brand:#000000;--edge-light:#000000;--edge-dark:#ffd400}")
}
