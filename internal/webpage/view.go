package webpage

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed pages/frame.html
var frame embed.FS

// Parse reads a page's templates and adds the ones that all pages have: head and foot.
func Parse(pages fs.FS, patterns ...string) (*template.Template, error) {
	t, err := template.ParseFS(frame, "pages/frame.html")
	if err != nil {
		return nil, err
	}
	return t.ParseFS(pages, patterns...)
}

// View is what head and foot show. A page's own view embeds it.
type View struct {
	Style    template.CSS
	Script   template.JS
	Tongue   *Tongue
	Tongues  []Link
	Key      string // of the page's texts: {Key}.title, or else {Key}.heading
	Merchant string // whose page it is; empty while nobody's
	Refresh  string // where a browser goes by itself; empty for nowhere
	Places   map[string]string
}

// Link is one line of the language menu.
type Link struct {
	Code, Name, Address string
	Here                bool
}

// View begins a page at an address.
func (s *Speech) View(t *Tongue, key, address, brand, script string) View {
	v := View{Tongue: t, Key: key, Style: template.CSS(Painted(brand)), Script: template.JS(script), Places: map[string]string{}}
	for _, other := range s.Tongues {
		v.Tongues = append(v.Tongues, Link{Code: other.Code, Name: other.Name, Address: address + "?lang=" + other.Code, Here: other.Code == t.Code})
	}
	return v
}

// Say is a text in the page's language.
func (v View) Say(key string) string { return v.Tongue.Say(key, v.Places) }

// Title is what the window is called.
func (v View) Title() string {
	if _, ok := v.Tongue.Texts[v.Key+".title"]; ok {
		return v.Say(v.Key + ".title")
	}
	return v.Say(v.Key + ".heading")
}

// Titled reports whether the merchant's name is added to the title.
func (v View) Titled() bool { return v.Merchant != "" && v.Key != "pay" }

// Initial is the first letter of the merchant's name.
func (v View) Initial() string {
	for _, r := range v.Merchant {
		return string(r)
	}
	return ""
}

// Guard sets the headers of the page.
func (v View) Guard(h http.Header) {
	Guard(h, Policy(string(v.Style), string(v.Script), Forms))
	h.Set("Vary", "Accept-Language")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Tongue.Code)
}
