package customerpage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

type m = map[string]any

// asked makes a customer who is asked for a consent, and gives the link to their page.
func asked(t *testing.T, s *apptest.Server, email string) string {
	t.Helper()
	do := func(method, path string, body m) apptest.Response {
		got := s.Do(t, apptest.Request{Method: method, Path: path, Body: body})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		return got
	}
	do("PUT", "/settings", m{"name": "Łódź & Söhne"})
	do("PUT", "/privacy/purposes/newsletter", m{"lawfulBasis": "consent", "doubleOptIn": true, "description": "Our newsletter, once a month, with offers that fit what you have bought", "policyVersion": "2026-11"})
	id := do("POST", "/customers", m{"name": "Zoë 王", "email": email}).ID(t)
	return do("POST", fmt.Sprintf("/customers/%d/consents", id), m{"purpose": "newsletter", "text": "Yes, send me the newsletter. I can withdraw at any time."}).JSON(t)["link"].(string)
}

// TestPageInABrowser: a customer confirms and withdraws, in each size and in a script that
// runs the other way.
// Shows: GDPR Art. 7(3)
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := asked(t, s, name+"@example.com")
			b := browser.Open(t, size.width, size.height, size.dark)
			b.Quiet()
			for _, step := range []struct{ does, title string }{{"", "Do you agree?"}, {"confirm", "You have agreed"}, {"withdraw", "You have withdrawn"}} {
				if step.does == "" {
					b.Visit(link)
				} else {
					b.Click("button[value=" + step.does + "]")
				}
				b.Until(step.title)
				b.Accessible(step.title)
				b.Fits(step.title)
				b.Picture(name + "-" + step.does)
			}
			b.Visit(asked(t, s, "ar-"+name+"@example.com") + "?lang=ar")
			b.Until("هل توافق؟")
			b.Accessible("arabic")
			b.Fits("arabic")
			b.Picture(name + "-ar")
			b.Click("button[value=confirm]")
			b.Until("لقد وافقت")
			b.Visit(link + "x")
			b.Until("This link is not valid")
			b.Accessible("lost")
			b.Picture(name + "-lost")
		})
	}
}

// TestPageTalksToNobodyElse holds the headers that say so.
// Shows: PCI DSS 6.4.3; GDPR Art. 44
func TestPageTalksToNobodyElse(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	link := asked(t, s, "zoe@example.com")
	for _, path := range []string{strings.TrimPrefix(link, s.URL), "/your-data/nothing", "/your-data/"} {
		got := s.Do(t, apptest.Request{Method: "GET", Path: "/" + path, Key: "-"})
		require.Equal(t, map[bool]int{true: 200, false: 404}[strings.HasSuffix(link, path)], got.Status)
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Robots-Tag": "noindex, nofollow", "Set-Cookie": ""} {
			require.Equal(t, want, got.Header.Get(name))
		}
		require.Regexp(t, `^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$`, got.Header.Get("Content-Security-Policy"))
	}
}
