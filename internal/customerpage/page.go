package customerpage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/payment"
)

//go:embed pages/*
var pages embed.FS

// MaxBody bounds a form.
const MaxBody = 16 << 10

// Door serves the page. Build it with New.
type Door struct {
	Consents  *consent.Service
	Payments  *payment.Service // withdraws: a saved method ends with its consent
	Clock     clock.Clock
	Log       *slog.Logger
	PublicURL string

	page   *template.Template
	style  string
	policy string
	speech *speech
	origin *http.CrossOriginProtection
}

// New completes a door.
func New(d Door) (*Door, error) {
	var err error
	if d.page, err = template.ParseFS(pages, "pages/page.html"); err != nil {
		return nil, err
	}
	style, err := pages.ReadFile("pages/page.css")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style)
	d.style = string(style)
	d.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if d.speech, err = newSpeech(); err != nil {
		return nil, err
	}
	d.origin = http.NewCrossOriginProtection()
	public, err := url.Parse(d.PublicURL)
	if err != nil {
		return nil, err
	}
	return &d, d.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host) // behind a proxy Host may be another
}

// Routes are the page's patterns.
func (d *Door) Routes() map[string]gate.Page {
	return map[string]gate.Page{"GET /your-data/{token}": d.open, "POST /your-data/{token}": d.answer, "/your-data/": d.Lost}
}

// visit is one request of a customer.
type visit struct {
	*Door
	w      http.ResponseWriter
	r      *http.Request
	from   auth.Origin
	tongue *tongue
	page   consent.Page
}

func (d *Door) visit(w http.ResponseWriter, r *http.Request, from auth.Origin) *visit {
	return &visit{Door: d, w: w, r: r, from: from, tongue: d.speech.choose(r, "")}
}

// enter finds what the link opens. A customer who is gone is a link that never was.
func (v *visit) enter() error {
	var err error
	v.page, err = v.Consents.ByToken(v.ctx(), v.r.PathValue("token"), v.from)
	if err != nil {
		v.page = consent.Page{}
		return err
	}
	v.tongue = v.speech.choose(v.r, v.page.Customer.Preferences.Language)
	return nil
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (d *Door) open(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	v := d.visit(w, r, from)
	if err := v.enter(); err != nil {
		return v.failed(err)
	}
	return v.show(http.StatusOK)
}

// show says how a consent stands.
func (v *visit) show(status int) int {
	return v.write(status, v.page.Consent.State(v.Clock.Now()))
}

// answer takes a form of this page.
func (d *Door) answer(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	v := d.visit(w, r, from)
	if status := d.check(r); status != 0 {
		return v.write(status, "refused")
	}
	if err := v.enter(); err != nil {
		return v.failed(err)
	}
	if err := v.act(r.PostForm.Get("do")); err != nil {
		return v.failed(err)
	}
	v.guard()
	w.Header().Set("Location", v.address())
	w.WriteHeader(http.StatusSeeOther)
	return http.StatusSeeOther
}

// act does what the customer said. What was said before stands, and the page shows it.
func (v *visit) act(do string) error {
	trace := consent.Trace{Channel: "web", Address: v.from.Address}
	var err error
	switch do {
	case "confirm":
		err = v.Consents.Confirm(v.ctx(), v.page, trace)
	case "withdraw":
		err = v.Payments.WithdrawConsent(v.ctx(), v.page.Grant, v.page.Customer.ID, v.page.Consent.ID, trace)
	}
	if fault.Is(err, fault.ConsentNotFound) {
		return nil
	}
	return err
}

// check refuses a form that another site sends, or that is none.
func (d *Door) check(r *http.Request) int {
	foreign := r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "null" // older browsers say null of our own forms, because of no-referrer
	if foreign && d.origin.Check(r) != nil {
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

// Lost answers an address that is no page's.
func (d *Door) Lost(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	return d.visit(w, r, from).write(http.StatusNotFound, "lost")
}

// TooMany answers an address with too many refused tokens.
func (d *Door) TooMany(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
	w.Header().Set("Retry-After", "60")
	return d.visit(w, r, from).write(http.StatusTooManyRequests, "busy")
}

// failed tells a link that is over from a fault of ours. The log has no value of the customer.
func (v *visit) failed(err error) int {
	e := fault.From(err)
	if e.Kind == fault.NotFound || e.Kind == fault.Gone {
		return v.write(http.StatusNotFound, "lost")
	}
	if v.ctx().Err() == nil {
		v.Log.Error("customer page failed", "request", v.from.RequestID, "error", err.Error())
	}
	if e.Kind == fault.Unavailable {
		v.w.Header().Set("Retry-After", "1")
		return v.write(http.StatusServiceUnavailable, "failed")
	}
	return v.write(http.StatusInternalServerError, "failed")
}

// view is what the template sees.
type view struct {
	Style    template.CSS
	Tongue   *tongue
	Tongues  []link
	Self     string
	Key      string // of the page's texts
	Merchant string
	Initial  string
	Purpose  string
	Text     string // what the customer agreed to, word for word
	Days     []day
	places   map[string]string
}

// day is something that happened on one.
type day struct{ Key, Date, Machine string }

// link is one line of the language menu.
type link struct {
	Code, Name, Address string
	Here                bool
}

// Say is a text in the page's language.
func (s *view) Say(key string) string { return s.Tongue.say(key, s.places) }

func (v *visit) view(key string) *view {
	s := &view{Style: template.CSS(v.style), Tongue: v.tongue, Key: key, Self: v.address(), places: map[string]string{}}
	for _, t := range v.speech.tongues {
		s.Tongues = append(s.Tongues, link{Code: t.Code, Name: t.Name, Address: v.r.URL.EscapedPath() + "?lang=" + t.Code, Here: t.Code == v.tongue.Code})
	}
	if v.page.Kind == "" {
		return s
	}
	s.Merchant = v.page.Owner.Name
	s.places["merchant"] = s.Merchant
	for _, r := range s.Merchant {
		s.Initial = string(r)
		break
	}
	v.describe(s)
	return s
}

// describe says what was agreed to, and when.
func (v *visit) describe(s *view) {
	c := v.page.Consent
	s.Purpose, s.Text = v.page.Purpose.Said(), c.Text
	if key := "purpose." + c.Purpose; v.page.Purpose.ID == 0 && v.tongue.texts[key] != "" {
		s.Purpose = v.tongue.texts[key] // ours, so it is said in every language
	}
	for _, d := range []struct {
		key string
		at  time.Time
	}{{"day.asked", c.Given()}, {"day.until", c.PendingUntil}, {"day.confirmed", c.Confirmed}, {"day.withdrawn", c.Withdrawn}} {
		if !d.at.IsZero() {
			s.Days = append(s.Days, day{d.key, v.tongue.date(d.at), d.at.Format(time.DateOnly)})
		}
	}
}

// address is the page's own, in the language that was asked for.
func (v *visit) address() string {
	address := v.r.URL.EscapedPath()
	if t := v.speech.asked(v.r); t != nil {
		address += "?lang=" + t.Code
	}
	return address
}

// write renders whole before the first byte leaves.
func (v *visit) write(status int, key string) int {
	var b bytes.Buffer
	if err := v.Door.page.Execute(&b, v.view(key)); err != nil {
		v.Log.Error("customer page failed", "request", v.from.RequestID, "error", "template")
		status, b = http.StatusInternalServerError, bytes.Buffer{}
	}
	v.guard()
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.tongue.Code)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the customer has gone: nobody to tell
	return status
}

// guard sets the headers that every answer has.
func (v *visit) guard() {
	h := v.w.Header()
	h.Set("Content-Security-Policy", v.policy)
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Vary", "Accept-Language")
}
