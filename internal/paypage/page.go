package paypage

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/webpage"
)

//go:embed pages/*.html
var pages embed.FS

//go:embed texts/*.json
var texts embed.FS

// script empties the forms when the page is left and loads it anew when it is come back
// to. Chromium keeps pages whole for its back button, no-store or not, and would show the
// number and the code to whoever presses it next.
//
//go:embed pages/page.js
var script string

// MaxBody bounds a form.
const MaxBody = 16 << 10

// Door serves the page. Build it with New.
type Door struct {
	Payments       *payment.Service
	Owners         *owner.Service
	Clock          clock.Clock
	Log            *slog.Logger
	PublicURL      string
	AcceptCardData bool // in live mode; test mode always does

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

// Routes are the page's patterns. A token's wrong end and wrong methods are answered like
// a wrong token.
func (d *Door) Routes() map[string]gate.Page {
	return map[string]gate.Page{
		"GET /pay/{token}":          d.open((*visit).open),
		"POST /pay/{token}":         d.form((*visit).pay),
		"GET /pay/{token}/continue": d.open((*visit).goOn),
		"GET /pay/{token}/return":   d.open((*visit).comeBack),
		"POST /pay/{token}/again":   d.form((*visit).again),
		"/pay/":                     d.Lost,
	}
}

// visit is one request of a payer.
type visit struct {
	*Door
	w       http.ResponseWriter
	r       *http.Request
	from    auth.Origin
	tongue  *webpage.Tongue
	grant   auth.Grant
	owner   owner.Owner
	request *payment.Request // nil until the token is known
}

func (d *Door) visit(w http.ResponseWriter, r *http.Request, from auth.Origin) *visit {
	return &visit{Door: d, w: w, r: r, from: from, tongue: d.speech.Choose(r, "")}
}

// open finds the request of a token and serves it. A link that is over is like one that
// never was, but for a payer who is on their way back or wants to see that they paid.
func (d *Door) open(serve func(*visit) int) gate.Page {
	return func(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
		v := d.visit(w, r, from)
		if err := v.enter(); err != nil {
			if fault.From(err).Kind == fault.NotFound {
				return d.Lost(w, r, from)
			}
			return v.failed(err)
		}
		if v.over() {
			return d.Lost(w, r, from)
		}
		return serve(v)
	}
}

func (v *visit) enter() error {
	var err error
	v.grant, v.request, err = v.Payments.ByToken(v.ctx(), v.token(), v.from)
	if err != nil {
		v.request = nil
		return err
	}
	v.tongue = v.speech.Choose(v.r, v.request.Language)
	v.owner, err = v.Owners.Get(v.ctx(), v.grant.Owner())
	return err
}

func (v *visit) over() bool {
	q := v.request
	return !v.Clock.Now().Before(q.Expires) && q.Status != payment.Pending && q.Status != payment.Paid
}

func (v *visit) ctx() context.Context { return v.r.Context() }
func (v *visit) token() string        { return v.r.PathValue("token") }

// Lost answers an address below /pay/ that is no page's.
func (d *Door) Lost(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	return d.visit(w, r, from).plain(http.StatusNotFound, "lost")
}

// TooMany answers an address with too many refused tokens.
func (d *Door) TooMany(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	w.Header().Set("Retry-After", "60")
	return d.visit(w, r, from).plain(http.StatusTooManyRequests, "busy")
}

// failed answers what is nobody's fault but ours. The log line has no value of the payer.
func (v *visit) failed(err error) int {
	if v.ctx().Err() == nil {
		v.Log.Error("payment page failed", "request", v.from.RequestID, "error", err.Error())
	}
	if fault.From(err).Kind == fault.Unavailable {
		v.w.Header().Set("Retry-After", "1")
		return v.plain(http.StatusServiceUnavailable, "failed")
	}
	return v.plain(http.StatusInternalServerError, "failed")
}
