package gate

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Request is what a handler gets: somebody who may, and what they sent.
type Request struct {
	Grant   auth.Grant
	ID      int64 // the {id} of the path
	Body    strictjson.Value
	Lenient bool // RFC 7240 handling=lenient

	http   *http.Request
	now    func() time.Time
	query  url.Values
	claim  *idempotency.Claim
	client string // the id that an OAuth client gave itself
	faults []fault.Field
}

// Record keeps the answer for a repetition of the request, in the unit of its effect.
// Without an Idempotency-Key it does nothing.
func (r *Request) Record(tx *db.Tx, subject idempotency.Subject, a *Answer) error {
	if r.claim == nil {
		return nil
	}
	return r.claim.Record(tx, subject, idempotency.Answer{Status: a.Status, ETag: a.ETag, Location: a.Location, Body: a.Body})
}

// Amend puts another answer in the place of the one that Record kept in an earlier unit
// of the same request: a payment keeps "pending" before the provider is called.
func (r *Request) Amend(tx *db.Tx, subject idempotency.Subject, a *Answer) error {
	if r.claim == nil {
		return nil
	}
	return r.claim.Amend(tx, subject, idempotency.Answer{Status: a.Status, ETag: a.ETag, Location: a.Location, Body: a.Body})
}

// Refusal is an error as an answer that can be kept: one that had an effect (402).
func (r *Request) Refusal(e *fault.Error) *Answer {
	return &Answer{Status: statusOf(e.Kind), Body: errorBody(e, requestIDOf(r.http.Context()), r.now())}
}

// operation names what an Idempotency-Key belongs to: the route with its path's values,
// without the base.
func (r *Request) operation(route Route) string {
	text := route.Method + " " + route.Path
	for _, name := range []string{"id", "methodId", "paymentMethod"} {
		text += r.http.PathValue(name)
	}
	return text
}

// Word is a segment of the path.
func (r *Request) Word(name string) string { return r.http.PathValue(name) }

// PathID is a second id of the path.
func (r *Request) PathID(name string) (int64, error) { return pathID(r.http.PathValue(name)) }

// Header is a header of the request, guarded against card numbers before.
func (r *Request) Header(name string) string { return r.http.Header.Get(name) }

// Text is a query parameter, "" if absent.
func (r *Request) Text(name string) string { return r.query.Get(name) }

// Int is a whole number within bounds, or the default if absent. Faults are collected
// for Faults.
func (r *Request) Int(name string, low, high, otherwise int64) int64 {
	text := r.query.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high || isCard(n) {
		r.bad(name, "must be a whole number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return otherwise
	}
	return n
}

// Bool is true or false, false if absent.
func (r *Request) Bool(name string) bool {
	switch r.query.Get(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	r.bad(name, "must be true or false")
	return false
}

// Time is an RFC 3339 instant or a date, the zero time if absent.
func (r *Request) Time(name string) time.Time {
	text := r.query.Get(name)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	r.bad(name, "must be a time like 2026-11-22T10:30:00Z or a date like 2026-11-22")
	return time.Time{}
}

// List is a comma-separated parameter of allowed words.
func (r *Request) List(name string, allowed []string) []string {
	text := r.query.Get(name)
	if text == "" {
		return nil
	}
	words := strings.Split(text, ",")
	for _, w := range words {
		if !slices.Contains(allowed, w) {
			r.bad(name, "names a field that does not exist")
			return nil
		}
	}
	return words
}

func (r *Request) bad(name, message string) {
	r.faults = append(r.faults, fault.Field{Path: "query/" + name, Code: "invalid", Message: message})
}

// Faults are what the parameters read so far had wrong, all at once.
func (r *Request) Faults() error {
	if len(r.faults) == 0 {
		return nil
	}
	return fault.Fields(r.faults)
}

// Matches reports whether If-None-Match names the tag: the caller has this already.
func (r *Request) Matches(tag string) bool {
	return listHas(r.http.Header.Values("If-None-Match"), func(have string) bool { return have == "*" || strings.TrimPrefix(have, "W/") == tag })
}

// IfMatch are the versions of which the caller demands one, none for any. Only the part
// before the dot counts: computed facts move without an edit.
func (r *Request) IfMatch() ([]int64, error) {
	values := r.http.Header.Values("If-Match")
	if len(values) == 0 || listHas(values, func(v string) bool { return v == "*" }) {
		return nil, nil
	}
	var versions []int64
	listHas(values, func(v string) bool {
		text, _, _ := strings.Cut(strings.Trim(v, `"`), ".")
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil && n > 0 && strings.HasPrefix(v, `"`) {
			versions = append(versions, n)
		}
		return false
	})
	if len(versions) == 0 {
		return nil, fault.New(fault.Precondition, fault.PreconditionFailed, "If-Match does not hold a version of this resource")
	}
	return versions, nil
}

func listHas(values []string, is func(string) bool) bool {
	for _, line := range values {
		for _, v := range strings.Split(line, ",") {
			if is(strings.TrimSpace(v)) {
				return true
			}
		}
	}
	return false
}

// isCard knows the short cards too: ids of ours have at least 13 digits, so none is lost.
func isCard(n int64) bool {
	return pan.LooksLike(n) || n < 1_000_000_000_000 && pan.Find(strconv.FormatInt(n, 10))
}

// readPath reads the {id} of the path. What looks like a card number can't be an id
// of ours and must not be repeated in an answer or the trail.
func (r *Request) readPath() error {
	text := r.http.PathValue("id")
	if text == "" {
		return nil
	}
	var err error
	r.ID, err = pathID(text)
	return err
}

func pathID(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || isCard(n) || text[0] == '+' {
		return 0, fault.New(fault.Invalid, fault.InvalidFormat, "The id in the path must be a positive whole number")
	}
	return n, nil
}

// readHead reads what stands before the body.
func (r *Request) readHead(route Route) error {
	r.Lenient = prefersLenient(r.http.Header)
	if err := guardHeaders(r.http.Header); err != nil {
		return err
	}
	return r.readQuery(route)
}

func (r *Request) readQuery(route Route) error {
	query, err := url.ParseQuery(r.http.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Invalid, fault.InvalidFormat, "The query string is not well formed")
	}
	r.query = query
	var faults []fault.Field
	for name, values := range query {
		at := slices.IndexFunc(route.Query, func(p Param) bool { return p.Name == name })
		switch {
		case at < 0 && pan.Find(name):
			faults = append(faults, cardguard.Text("query/*", name)...)
		case at < 0 && !r.Lenient && !route.AnyQuery:
			faults = append(faults, fault.Field{Path: "query/" + clip(name), Code: "unknown", Message: "is not a parameter of this operation"})
		case len(values) > 1:
			faults = append(faults, fault.Field{Path: "query/" + clip(name), Code: "invalid", Message: "must be given once"})
		case at >= 0 && !route.Query[at].Typed:
			faults = append(faults, cardguard.Text("query/"+name, values[0])...)
		}
	}
	if len(faults) > 0 {
		return fault.Fields(faults)
	}
	return nil
}

func clip(name string) string {
	if len(name) <= 64 {
		return strings.ToValidUTF8(name, "�")
	}
	return strings.ToValidUTF8(name[:64], "�") + "…"
}

// readBody reads, parses and guards the body and returns its bytes.
func (r *Request) readBody(w http.ResponseWriter, route Route) ([]byte, error) {
	if route.Body == NoBody {
		return nil, nil
	}
	if err := checkMediaType(r.http.Header.Get("Content-Type"), route.Body); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.http.Body, route.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, fault.PayloadTooLarge, "The body is larger than "+strconv.FormatInt(route.MaxBody, 10)+" bytes")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, fault.InvalidFormat, "The body did not arrive whole")
	}
	if route.Body == Form {
		r.Body, err = readForm(text)
	} else {
		r.Body, err = strictjson.Parse(text)
	}
	var syntax *strictjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, fault.New(fault.Invalid, fault.ValidationError, "The body is refused: "+syntax.Reason)
	}
	if err != nil {
		return nil, err
	}
	if r.Body.Kind != strictjson.Object && !(route.Body == Patch && r.Body.Kind == strictjson.Array) {
		return nil, fault.OneField("", "type", "must be a JSON object")
	}
	if found := cardguard.Check(r.Body, route.Card); len(found) > 0 {
		return nil, fault.Fields(found)
	}
	return text, nil
}

// checkMediaType accepts JSON under each of its names: the vendor labels plain objects
// application/json-patch+json.
func checkMediaType(header string, body Body) error {
	if body == Form {
		return checkForm(header)
	}
	bad := fault.New(fault.UnsupportedMedia, fault.UnsupportedMediaType, "The body must be application/json, application/json-patch+json, text/json or application/*+json, in UTF-8")
	if header == "application/json" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	if err != nil {
		return bad
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return bad
		}
	}
	if media == "application/json" || media == "text/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json") {
		return nil
	}
	return bad
}
