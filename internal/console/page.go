package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
)

//go:embed pages
var files embed.FS

// MaxBody bounds what is sent to a page: nothing is.
const MaxBody = 1 << 10

// Pages are rendered once and served as they are.
type Pages struct {
	accept []byte
	policy string
}

// New renders the pages.
func New() (*Pages, error) {
	style, err := files.ReadFile("pages/page.css")
	if err != nil {
		return nil, err
	}
	script, err := files.ReadFile("pages/accept.js")
	if err != nil {
		return nil, err
	}
	frame, err := template.ParseFS(files, "pages/accept.html")
	if err != nil {
		return nil, err
	}
	var page strings.Builder
	err = frame.Execute(&page, struct {
		Style  template.CSS
		Script template.JS
	}{template.CSS(style), template.JS(script)})
	return &Pages{accept: []byte(page.String()), policy: "default-src 'none'; connect-src 'self'; style-src " + hash(style) + "; script-src " + hash(script) +
		"; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"}, err
}

// hash names a text in a content security policy (CSP 3 §2.3.1).
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Routes are the pages by their patterns.
func (p *Pages) Routes() map[string]gate.Page {
	return map[string]gate.Page{"GET /accept": p.serve}
}

func (p *Pages) serve(w http.ResponseWriter, _ *http.Request, _ auth.Origin) int {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	_, _ = w.Write(p.accept)
	return http.StatusOK
}
