package console_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/browsertest"
)

var browser browsertest.Browser

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m, &browser)) }

const password = "eleven wombats in a teapot"

// invite gives the link for a new member of staff.
func invite(t *testing.T, s *apptest.Server, email string) string {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: map[string]any{"email": email, "name": "Zoë 王", "role": "Support"}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["invitationLink"].(string)
}

func logIn(t *testing.T, s *apptest.Server, email, password string) int {
	t.Helper()
	return s.Do(t, apptest.Request{Method: "POST", Path: "/auth/login", Key: "-", Body: map[string]any{"email": email, "password": password}}).Status
}

// sizes are a phone and a desk, light and dark.
var sizes = map[string]struct {
	width, height int64
	dark          bool
}{"phone": {390, 844, false}, "phone, dark": {390, 844, true}, "desk": {1280, 800, false}, "desk, dark": {1280, 800, true}} // immutable

// TestInvitationPage: somebody invited sets their password with a keyboard alone, and signs
// in with it; the page keeps its link out of the address bar.
func TestInvitationPage(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			email := strings.NewReplacer(" ", "", ",", "").Replace(name) + "@shop.example"
			link := invite(t, s, email)
			b := browser.Open(t, size.width, size.height, size.dark)
			b.Quiet()
			b.Visit(link)
			b.Until("Set your password")
			require.NotContains(t, b.Location(), "#")
			b.Accessible("asking")
			b.Fits("asking")
			key := func(keys string) { t.Helper(); b.Do(chromedp.KeyEvent(keys)) }
			key(kb.Tab + "too short" + kb.Enter)
			b.Do(chromedp.WaitVisible(chromedp.ID("error")))
			require.Contains(t, b.Text(), "this has 9")
			b.Accessible("too short")
			key(strings.Repeat(kb.Backspace, 9) + "password password" + kb.Enter)
			b.Do(chromedp.WaitVisible(chromedp.ID("error")))
			require.Equal(t, 401, logIn(t, s, email, "password password"), "a common one is refused")
			b.Accessible("refused")
			b.Fits("refused")
			key(strings.Repeat(kb.Backspace, 17) + password + kb.Tab + " ")
			require.Equal(t, "text", browsertest.Eval[string](b, "document.getElementById('password').type"))
			key(kb.Tab + kb.Enter)
			b.Do(chromedp.WaitVisible(chromedp.CSS("#done h1")))
			b.Accessible("done")
			require.Equal(t, 200, logIn(t, s, email, password))
			b.Visit("about:blank") // or only what stands behind # would change, and nothing be loaded
			b.Visit(link)
			b.Do(chromedp.SendKeys(chromedp.ID("password"), password+kb.Enter), chromedp.WaitVisible(chromedp.CSS("#over h1")))
			b.Accessible("over")
			b.Visit("about:blank")
			b.Visit(strings.TrimSuffix(link, link[strings.Index(link, "#"):]))
			b.Do(chromedp.WaitVisible(chromedp.CSS("#none h1")))
			require.NotContains(t, s.Logs.String(), link[strings.Index(link, "#")+1:])
		})
	}
}

// TestPageTalksToNobodyElse holds the headers that say so.
// Shows: PCI DSS 6.4.3; GDPR Art. 44
func TestPageTalksToNobodyElse(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	got := s.Do(t, apptest.Request{Method: "GET", Path: "//accept", Key: "-"})
	require.Equal(t, http.StatusOK, got.Status)
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
		require.Equal(t, want, got.Header.Get(name))
	}
	policy := got.Header.Get("Content-Security-Policy")
	require.Regexp(t, `^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$`, policy)
}
