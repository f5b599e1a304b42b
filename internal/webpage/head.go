package webpage

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
)

// Policy allows this style sheet, this script, and what more says, and nothing else
// (CSP 3). The style and the script stand in the page itself.
func Policy(style, script, more string) string {
	return "default-src 'none'; style-src " + named(style) + "; script-src " + named(script) + "; " + more + "; base-uri 'none'; frame-ancestors 'none'"
}

// named is a text in a content security policy (CSP 3 §2.3.1).
func named(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Forms lets a page's forms come back to us.
const Forms = "form-action 'self'"

// Guard sets the headers that every page has.
func Guard(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// Origin tells forms of this server's pages from others'. Build it with NewOrigin.
type Origin struct{ protection *http.CrossOriginProtection }

// NewOrigin takes the address that people know the server by: behind a proxy the Host
// header may be another.
func NewOrigin(publicURL string) (Origin, error) {
	o := Origin{http.NewCrossOriginProtection()}
	public, err := url.Parse(publicURL)
	if err != nil {
		return o, err
	}
	return o, o.protection.AddTrustedOrigin(public.Scheme + "://" + public.Host)
}

// same refuses a form that another site sends. A link's token is what lets people in; this
// only keeps strangers' pages from spending it in their browser. Older browsers send
// "Origin: null" with our own forms, because of no-referrer, and nothing else.
func (o Origin) same(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return o.protection.Check(r) == nil
}

// Form reads a form: of this server's pages, of the right type and size. Otherwise it says
// the status of the refusal.
func (o Origin) Form(r *http.Request) (refused int) {
	if !o.same(r) {
		return http.StatusForbidden
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return http.StatusUnsupportedMediaType
	}
	var large *http.MaxBytesError
	switch err := r.ParseForm(); {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	return 0
}
