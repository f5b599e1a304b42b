package customerpage

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/webpage"
)

//go:embed pages/*.html
var pages embed.FS

//go:embed texts/*.json
var texts embed.FS

// MaxBody bounds a form: it holds a button, or a sentence.
const MaxBody = 4 << 10

// Door serves the pages. Build it with New.
type Door struct {
	Consents  *consent.Service
	Payments  *payment.Service // withdraws: a saved method ends with its consent
	Privacy   *privacy.Service
	Owners    *owner.Service
	Clock     clock.Clock
	Log       *slog.Logger
	PublicURL string

	pages  *template.Template
	speech *webpage.Speech
	origin webpage.Origin
}

// New completes a door.
func New(d Door) (*Door, error) {
	var err error
	if d.pages, err = webpage.Parse(pages, "pages/*.html"); err != nil {
		return nil, err
	}
	if d.speech, err = webpage.NewSpeech(texts); err != nil {
		return nil, err
	}
	d.origin, err = webpage.NewOrigin(d.PublicURL)
	return &d, err
}

// Routes are the pages' patterns. A wrong address is answered like a wrong token.
func (d *Door) Routes() map[string]gate.Page {
	return map[string]gate.Page{
		"GET /your-data/{token}":  d.open((*visit).showConsent),
		"POST /your-data/{token}": d.form((*visit).answerConsent),
		"/your-data/":             d.Lost,
		"GET /export/{token}":     d.open((*visit).showExport),
		"POST /export/{token}":    d.form((*visit).fetchExport),
		"/export/":                d.Lost,
	}
}

// visit is one request of a customer.
type visit struct {
	*Door
	w      http.ResponseWriter
	r      *http.Request
	from   auth.Origin
	tongue *webpage.Tongue
	owner  owner.Owner // whose customer it is, once the token is known
}

// page is what a template sees.
type page struct {
	webpage.View
	Self  string // this page's address, for its forms
	Until string // the last moment of a link

	// of a consent
	Purpose string
	Text    string // what the customer agreed to, word for word
	Days    []day

	// of a profile
	Rows  []row
	Wrong bool // the note could not be taken
}

func (d *Door) visit(w http.ResponseWriter, r *http.Request, from auth.Origin) *visit {
	return &visit{Door: d, w: w, r: r, from: from, tongue: d.speech.Choose(r, "")}
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// open answers one request.
func (d *Door) open(serve func(*visit) error) gate.Page {
	return func(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
		v := d.visit(w, r, from)
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		v.w = status
		if err := serve(v); err != nil {
			return v.failed(err)
		}
		return status.status
	}
}

// form answers a form of the page's own.
func (d *Door) form(serve func(*visit) error) gate.Page {
	known := d.open(serve)
	return func(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
		if refused := d.origin.Form(r); refused != 0 {
			return d.visit(w, r, from).plain(refused, "refused")
		}
		return known(w, r, from)
	}
}

// statusWriter remembers the status for the gate's metrics.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Lost answers an address that is no page's.
func (d *Door) Lost(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	return d.visit(w, r, from).plain(http.StatusNotFound, "lost")
}

// TooMany answers an address with too many refused tokens.
func (d *Door) TooMany(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	w.Header().Set("Retry-After", "60")
	return d.visit(w, r, from).plain(http.StatusTooManyRequests, "busy")
}

// failed answers what could not be served. The log line has no value of the customer.
func (v *visit) failed(err error) int {
	switch fault.From(err).Kind {
	case fault.NotFound, fault.Gone:
		return v.plain(http.StatusNotFound, "lost")
	case fault.Unavailable:
		v.w.Header().Set("Retry-After", "1")
		return v.plain(http.StatusServiceUnavailable, "failed")
	}
	if v.ctx().Err() == nil {
		v.Log.Error("customer page failed", "request", v.from.RequestID, "error", err.Error())
	}
	return v.plain(http.StatusInternalServerError, "failed")
}

// self is the page's own address, in the language that was asked for.
func (v *visit) self() string {
	if t := v.speech.Asked(v.r); t != nil {
		return v.r.URL.EscapedPath() + "?" + url.Values{"lang": {t.Code}}.Encode()
	}
	return v.r.URL.EscapedPath()
}

func (v *visit) page(key string) page {
	p := page{View: v.speech.View(v.tongue, key, v.r.URL.EscapedPath(), v.owner.BrandColor, ""), Self: v.self()}
	p.Merchant = v.owner.Name
	p.Places["merchant"] = v.owner.Name
	return p
}

// plain is a page that says one thing.
func (v *visit) plain(status int, key string) int {
	return v.write(status, "plain.html", v.page(key))
}

// write renders whole before the first byte leaves.
func (v *visit) write(status int, name string, p page) int {
	var b bytes.Buffer
	if err := v.pages.ExecuteTemplate(&b, name, p); err != nil {
		v.Log.Error("customer page failed", "request", v.from.RequestID, "page", name, "error", "template")
		status, b = http.StatusInternalServerError, bytes.Buffer{}
	}
	p.Guard(v.w.Header())
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the customer has gone: nobody to tell
	return status
}
