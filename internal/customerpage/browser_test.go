package customerpage_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/browsertest"
)

var browser browsertest.Browser

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m, &browser)) }

// sizes are a phone and a desk, light and dark.
var sizes = map[string]struct {
	width, height int64
	dark          bool
	language      string
	says          string
}{
	"phone":      {390, 844, false, "en", "What"},
	"phone-dark": {390, 844, true, "ar", "ما يحتفظ به"},
	"desk":       {1280, 800, false, "de", "über Sie speichert"},
	"desk-dark":  {1280, 800, true, "fr", "conserve sur vous"},
} // immutable

// offer makes a link to a customer's data.
func offer(t *testing.T, s *apptest.Server, email string) string {
	t.Helper()
	made := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: map[string]any{"name": "Zoë مريم", "email": email}})
	require.Equal(t, 200, made.Status, "%s", made.Body)
	got := s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprintf("/customers/%d/exports", made.ID(t)), Body: map[string]any{}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["url"].(string)
}

// TestExportPage: a customer fetches their data with a keyboard alone.
func TestExportPage(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := offer(t, s, size.language+"@example.com")
			b := browser.Open(t, size.width, size.height, size.dark)
			b.Quiet()
			b.Visit(link + "?lang=" + size.language)
			b.Do(chromedp.WaitVisible(chromedp.CSS("main button")))
			require.Contains(t, b.Text(), size.says)
			b.Accessible(name)
			b.Fits(name)
			b.Picture(name)
			b.Visit(s.URL + "/export/nothing?lang=" + size.language)
			b.Do(chromedp.WaitVisible(chromedp.CSS("main.lost")))
			b.Accessible(name + ", lost")
			b.Fits(name + ", lost")
			b.Picture(name + ", lost")
			b.Visit(link + "?lang=" + size.language)
			b.Do(chromedp.WaitVisible(chromedp.CSS("main button")), chromedp.KeyEvent(kb.Tab+kb.Enter))
			require.Eventually(t, func() bool { return strings.Contains(listed(t, s, size.language+"@example.com"), `"fetched":1`) }, time.Minute, 20*time.Millisecond, "the button fetches the file")
		})
	}
}

// TestFormsOfOthers are refused before the token is looked at.
func TestFormsOfOthers(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	link := offer(t, s, "zoe@example.com")
	for name, row := range map[string]struct {
		site, media string
		body        int
		status      int
	}{
		"another site":   {"cross-site", "application/x-www-form-urlencoded", 0, 403},
		"JSON":           {"same-origin", "application/json", 0, 415},
		"too large":      {"same-origin", "application/x-www-form-urlencoded", 1 << 20, 413},
		"the page's own": {"same-origin", "application/x-www-form-urlencoded", 0, 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", link, bytes.NewReader(bytes.Repeat([]byte("a"), row.body)))
		require.NoError(t, err)
		r.Header.Set("Sec-Fetch-Site", row.site)
		r.Header.Set("Content-Type", row.media)
		got, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		require.Equal(t, row.status, got.StatusCode, name)
		for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
			require.Equal(t, want, got.Header.Get(header), name)
		}
		require.Contains(t, got.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
}

// listed are the links of the customer of an e-mail.
func listed(t *testing.T, s *apptest.Server, email string) string {
	t.Helper()
	found := s.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: map[string]any{"email": email}})
	id := found.JSON(t)["data"].([]any)[0].(map[string]any)["id"].(float64)
	return string(s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprintf("/customers/%.0f/exports", id)}).Body)
}
