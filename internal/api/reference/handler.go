package reference

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets/page.html assets/start.js assets/page.css assets/LICENSE assets/NOTICE assets/*.txt assets/*.gz
var files embed.FS

// contentPolicy lets the page run its own scripts and speak to its own origin, nothing else. Swagger UI writes style
// attributes and draws its icons from data: URLs, hence the two exceptions (W3C CSP Level 3).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler answers GET and HEAD on /docs and everything under /docs/. specURL is where the browser finds the OpenAPI
// document, relative to /docs/ or absolute on the same origin (the policy refuses another origin), e.g. "/openapi.json".
// Other paths answer 404 and other methods 405 with an Allow field, in net/http's plain text: the caller's error shape
// is laid over them by whoever wraps the mux. It panics if an embedded file is damaged, which only a broken build can do.
func Handler(specURL string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /docs", toFolder)
	mux.Handle("GET /docs/{$}", newAsset("page.html", renderPage(specURL)))
	for name, body := range readAssets() {
		mux.Handle("GET /docs/"+name, newAsset(name, body))
	}
	return secured(mux)
}

// toFolder gives a relative target (RFC 9110 §10.2.2), so that the page also works below a path that a proxy strips.
func toFolder(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "docs/")
	w.WriteHeader(http.StatusPermanentRedirect)
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func renderPage(specURL string) content {
	page := template.Must(template.ParseFS(files, "assets/page.html"))
	var out bytes.Buffer
	if err := page.Execute(&out, specURL); err != nil {
		panic("reference: page.html: " + err.Error())
	}
	return content{plain: out.Bytes()}
}

// readAssets returns the files that are served as they lie, by the name they are asked for.
func readAssets() map[string]content {
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic("reference: embedded assets: " + err.Error())
	}
	out := make(map[string]content, len(entries))
	for _, e := range entries {
		body, err := files.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			panic("reference: " + e.Name() + ": " + err.Error())
		}
		if name, ok := strings.CutSuffix(e.Name(), ".gz"); ok {
			out[name] = content{zipped: body}
		} else if name != "page.html" {
			out[name] = content{plain: body}
		}
	}
	return out
}

type asset struct {
	mediaType string
	tag       string
	body      content
}

func newAsset(name string, body content) asset {
	sum := sha256.Sum256(append(body.plain[:len(body.plain):len(body.plain)], body.zipped...))
	return asset{mediaType: mediaType(name), tag: hex.EncodeToString(sum[:12]), body: body.ready()}
}

// mediaType does not ask the host's mime tables: the answer must be the same on every machine.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8" // RFC 9239
	case ".css":
		return "text/css; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// ServeHTTP gives each encoding a tag of its own: a strong ETag names bytes, and the two differ (RFC 9110 §8.8.3.3).
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.mediaType)
	h.Set("Cache-Control", "no-cache")
	if a.body.zipped == nil {
		h.Set("ETag", `"`+a.tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body.plain))
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.tag+`-gzip"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body.zipped))
		return
	}
	h.Set("ETag", `"`+a.tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body.unzip()))
}
