package console

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/webpage"
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
	return &Pages{accept: []byte(page.String()), policy: webpage.Policy(string(style), string(script), "connect-src 'self'; form-action 'none'")}, err
}

// Routes are the pages by their patterns.
func (p *Pages) Routes() map[string]gate.Page {
	return map[string]gate.Page{"GET /accept": p.serve}
}

func (p *Pages) serve(w http.ResponseWriter, _ *http.Request, _ auth.Origin) int {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	webpage.Guard(h, p.policy)
	_, _ = w.Write(p.accept)
	return http.StatusOK
}
