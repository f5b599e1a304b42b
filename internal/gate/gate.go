package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/limit"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/pan"
)

// Config is what the gate is built from.
type Config struct {
	Access      *access.Service
	Audit       *audit.Log
	Idempotency *idempotency.Store
	Clock       clock.Clock
	Log         *slog.Logger
	Random      func() uint64
	Limits      *limit.Desk // of this node alone if nil
	RateLimit   int         // requests a second for a key; 0 is none
	Proxies     Proxies
	Metrics     *Metrics
}

// Gate serves routes.
type Gate struct {
	access    *access.Service
	audit     *audit.Log
	answers   *idempotency.Store
	clock     clock.Clock
	log       *slog.Logger
	random    func() uint64
	proxies   Proxies
	metrics   *Metrics
	limits    limits
	strangers *strangers
}

// New makes a gate.
func New(c Config) *Gate {
	if c.Limits == nil {
		c.Limits = limit.NewDesk(c.Clock)
	}
	return &Gate{access: c.Access, audit: c.Audit, answers: c.Idempotency, clock: c.Clock, log: c.Log, random: c.Random,
		proxies: c.Proxies, metrics: c.Metrics,
		limits:    limits{desk: c.Limits, perSecond: c.RateLimit},
		strangers: &strangers{counts: map[[2]string]int{}}}
}

// Handler serves the routes under each base, and open pages besides. Every route is
// checked first.
func (g *Gate) Handler(routes []Route, bases []string, open map[string]http.Handler) (http.Handler, error) {
	mux := http.NewServeMux()
	for _, r := range routes {
		if err := r.check(); err != nil {
			return nil, err
		}
		under := bases
		if r.AtRoot {
			under = append([]string{""}, bases...)
		}
		for _, base := range under {
			mux.Handle(r.pattern(base), g.serve(r, base))
		}
	}
	for pattern, handler := range open {
		mux.Handle(pattern, handler)
	}
	mux.Handle("/", g.noRoute(mux))
	return g.outermost(mux), nil
}

// limits of what a request may weigh before anything looks at it.
const (
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10
	maxURL         = 8 << 10
)

// outermost gives every request its id, bounds it, and catches what falls through.
func (g *Gate) outermost(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestID := g.requestID(r)
		w.Header().Set("X-Request-Id", requestID)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(withRequestID(r.Context(), requestID))
		defer g.catch(w, r, requestID)
		if err := tooHeavy(r); err != nil {
			g.refuse(w, requestID, err)
			return
		}
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
			g.refuse(w, requestID, nothingHere())
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func tooHeavy(r *http.Request) error {
	count, size := 0, 0
	for name, values := range r.Header {
		for _, v := range values {
			count++
			size += len(name) + len(v)
		}
	}
	if count > maxHeaders || size > maxHeaderBytes || len(r.RequestURI) > maxURL {
		return fault.New(fault.Invalid, fault.InvalidFormat, "The request has too many or too large headers, or too long an address")
	}
	return nil
}

// catch answers a panic in the usual shape. The value of a panic may hold anything,
// so only its type and place are logged.
func (g *Gate) catch(w http.ResponseWriter, r *http.Request, requestID string) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	g.log.Error("panic", "type", fmt.Sprintf("%T", v), "request", requestID, "route", r.Pattern, "stack", places(debug.Stack()))
	writeError(w, fault.From(errors.New("panic")), requestID, g.clock.Now())
}

// places keeps the file lines of a stack and drops the arguments.
func places(stack []byte) string {
	var kept []string
	for _, line := range strings.Split(string(stack), "\n") {
		if strings.HasPrefix(line, "\t") {
			at, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			kept = append(kept, at)
		}
	}
	return strings.Join(kept, " < ")
}

func (g *Gate) refuse(w http.ResponseWriter, requestID string, err error) {
	g.refuseAs(w, Route{}, requestID, err)
}

func (g *Gate) refuseAs(w http.ResponseWriter, route Route, requestID string, err error) {
	e := fault.From(err)
	if e.Kind == fault.Internal || e.Kind == fault.Unavailable {
		g.log.Error("request failed", "request", requestID, "error", e.Error())
	}
	if e.Kind == fault.RateLimited {
		describeLimit(w, e)
	}
	if route.Refuse != nil {
		writeFault(w, e, clientSchemes, route.Refuse(e))
		return
	}
	writeError(w, e, requestID, g.clock.Now())
}

// describeLimit adds the fields of the RateLimit header draft. A wait that grows with each
// attempt has no quota, and so no policy to tell.
func describeLimit(w http.ResponseWriter, e *fault.Error) {
	if e.Limit.Name == "" {
		return
	}
	name := `"` + e.Limit.Name + `"`
	if e.Limit.Quota > 0 {
		w.Header().Set("RateLimit-Policy", name+`;q=`+strconv.Itoa(e.Limit.Quota)+`;w=`+strconv.Itoa(e.Limit.Window))
	}
	w.Header().Set("RateLimit", name+`;r=0;t=`+seconds(e.RetryAfter))
}

// noRoute answers 404, or 405 with Allow where another method would be served.
func (g *Gate) noRoute(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "/" && !strings.Contains(pattern, "{verb}") {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			g.refuse(w, requestIDOf(r.Context()), fault.New(fault.MethodNotAllowed, fault.MethodNotAllowedCode, "This address does not answer that method"))
			return
		}
		g.refuse(w, requestIDOf(r.Context()), nothingHere())
	})
}

func nothingHere() *fault.Error {
	return fault.New(fault.NotFound, fault.NotFoundCode, "There is nothing at this address")
}

// serve runs one route.
func (g *Gate) serve(route Route, base string) http.Handler {
	observe := g.metrics.route(route.Method + " " + route.Path)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route.Verb != "" && r.PathValue("verb") != route.Verb {
			g.refuse(w, requestIDOf(r.Context()), nothingHere())
			return
		}
		began := g.clock.Now()
		status := g.handle(w, r, route, base)
		observe(status, g.clock.Now().Sub(began))
	})
}

func (g *Gate) handle(w http.ResponseWriter, r *http.Request, route Route, base string) int {
	requestID := requestIDOf(r.Context())
	req, answer, replayed, err := g.answer(w, r, route)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return statusClientGone // nobody is there to be told, and nothing failed
	}
	if err != nil {
		if noted := g.noteRefusal(r.Context(), req, route, err); noted != nil {
			err = noted
		}
		g.refuseAs(w, route, requestID, err)
		return statusOf(fault.From(err).Kind)
	}
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	if req.Lenient {
		w.Header().Set("Preference-Applied", "handling=lenient")
	}
	writeAnswer(w, answer, base)
	return answer.Status
}

// statusClientGone is what metrics count for a caller who hung up.
const statusClientGone = 499

// answer takes a request through every stage. The request is nil until its caller is
// known and may.
func (g *Gate) answer(w http.ResponseWriter, r *http.Request, route Route) (*Request, *Answer, bool, error) {
	ctx := r.Context()
	from := g.proxies.Client(r)
	origin := auth.Origin{Address: from.String(), RequestID: requestIDOf(ctx)}
	if route.Open {
		return g.answerStranger(ctx, w, &Request{http: r, Grant: auth.Refused(auth.Actor{Kind: auth.Anonymous}, origin), now: g.clock.Now}, route)
	}
	req := &Request{http: r, now: g.clock.Now}
	text, err := req.credential(w, route)
	if err != nil {
		return nil, nil, false, err
	}
	actor, err := g.identify(ctx, text, from, origin)
	if err != nil {
		return nil, nil, false, err
	}
	req.Grant = auth.Refused(actor, origin)
	if route.Client && req.client != strconv.FormatInt(actor.ID, 10) {
		return req, nil, false, unauthorized()
	}
	if err := g.limits.allow(actor); err != nil {
		return nil, nil, false, err
	}
	if err := req.readPath(); err != nil {
		return req, nil, false, err
	}
	grant, err := auth.Allow(actor, origin, route.Permission)
	if err != nil {
		return req, nil, false, forbidden(err)
	}
	req.Grant = grant
	answer, replayed, err := g.run(ctx, w, req, route)
	return req, answer, replayed, err
}

// forbidden is why auth.Allow gave no grant, for the caller.
func forbidden(err error) error {
	if errors.Is(err, auth.ErrSuspended) {
		return owner.ErrSuspended()
	}
	return fault.New(fault.Forbidden, fault.ForbiddenCode, "This credential may not do that")
}

func (g *Gate) run(ctx context.Context, w http.ResponseWriter, req *Request, route Route) (*Answer, bool, error) {
	if err := req.readHead(route); err != nil {
		return nil, false, err
	}
	if route.Client {
		answer, err := route.Handle(ctx, req) // its body was read already, and it keeps no answers
		return answer, false, err
	}
	body, bodyErr := req.readBody(w, route)
	key, err := idempotencyKey(req.http)
	if err != nil {
		return nil, false, err
	}
	if key == "" || route.Method != http.MethodPost || bodyErr != nil {
		if bodyErr != nil {
			return nil, false, bodyErr
		}
		answer, err := route.Handle(ctx, req)
		return answer, false, err
	}
	if route.Same != nil {
		body = route.Same(req.Body)
	}
	req.claim, err = g.answers.Claim(ctx, req.Grant, req.operation(route), key, body)
	if err != nil {
		return nil, false, err
	}
	defer req.claim.End()
	answer, err := route.Handle(ctx, req)
	if err == nil {
		return answer, false, nil
	}
	return g.replay(ctx, req.claim, err)
}

// replay looks for the answer of an earlier request with the same key, once the
// handler could not do its work a second time.
func (g *Gate) replay(ctx context.Context, claim *idempotency.Claim, failed error) (*Answer, bool, error) {
	earlier, err := claim.Lookup(ctx)
	if err != nil {
		return nil, false, err
	}
	if earlier == nil {
		return nil, false, failed
	}
	return &Answer{Status: earlier.Status, ETag: earlier.ETag, Location: earlier.Location, Body: earlier.Body}, true, nil
}

// noteRefusal puts a known caller's refused attempt into the trail before the answer.
// Rate limits are left out: a flood must not become a flood of records.
func (g *Gate) noteRefusal(ctx context.Context, req *Request, route Route, err error) error {
	e := fault.From(err)
	if req == nil || e.Kind == fault.Internal || e.Kind == fault.Unavailable || e.Kind == fault.RateLimited {
		return nil
	}
	entry := audit.Entry{Action: route.Audit, Result: e.Code}
	if route.OnCustomer && req.ID != 0 {
		entry.Customers = []int64{req.ID}
	}
	return g.audit.Note(context.WithoutCancel(ctx), req.Grant, entry)
}

func writeAnswer(w http.ResponseWriter, a *Answer, base string) {
	h := w.Header()
	for name, values := range a.Header {
		h[name] = values
	}
	h.Set("Cache-Control", "no-store")
	if a.ETag != "" {
		h.Set("ETag", a.ETag)
	}
	if a.Location != "" {
		h.Set("Location", base+a.Location)
	}
	if a.Body == nil {
		w.WriteHeader(a.Status)
		return
	}
	h.Set("Content-Type", cmp.Or(a.Type, jsonType))
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// guardHeaders keeps card numbers out of what may be kept. What has a type of its own
// (credentials, tags, addresses, trace ids) or is never kept (User-Agent) is left out:
// their dotted digits would give false alarms.
func guardHeaders(h http.Header) error {
	var faults []fault.Field
	for name, values := range h {
		switch name {
		case "Authorization", "X-Api-Key", "If-Match", "If-None-Match", "Content-Length", "Date", "Content-Type", "Accept",
			"Accept-Encoding", "Accept-Language", "User-Agent", "X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via", "Traceparent", "Tracestate":
			continue
		}
		for _, v := range values {
			if pan.Find(v) {
				faults = append(faults, cardguard.Text("header/"+clip(name), v)...)
			}
		}
	}
	if len(faults) > 0 {
		return fault.Fields(faults)
	}
	return nil
}
