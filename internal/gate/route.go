package gate

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Body says what a route takes.
type Body uint8

// NoBody must be said: the zero value does not start the server.
const (
	undeclared Body = iota
	NoBody
	JSON  // an object, in any of the JSON media types
	Patch // an object (RFC 7396) or an array (RFC 6902)
	Form  // application/x-www-form-urlencoded, read as an object of strings
)

// Rate says which limit a route counts against.
type Rate uint8

// PerKey is the caller's own limit, PerAddress the one of failed credentials.
const (
	unlimitedByMistake Rate = iota
	PerKey
	PerAddress
)

// Route is one operation, served under every base path.
type Route struct {
	Method     string
	Path       string // below the base, "{id}" for the customer or other id
	Verb       string // set where the word before {id} would clash with another route's {id}/word
	ID         string // operationId
	Permission auth.Permission
	Open       bool   // who calls is not known yet: signing in. Has no permission
	AtRoot     bool   // served without a base too
	Client     bool   // the caller's key comes as an OAuth client's does, and in no other way
	Audit      string // action under which refusals stand in the trail
	Body       Body
	MaxBody    int64 // bytes
	Rate       Rate
	Card       func(member string) bool // members with a type of their own
	// Same is what makes two bodies the same for an Idempotency-Key, where that is not
	// every byte: a card's code must not enter, even as a keyed fingerprint (PCI DSS 3.3.1).
	Same     func(strictjson.Value) []byte
	Query    []Param
	AnyQuery bool // parameters that it does not have are ignored (RFC 6749 §4.1.2)
	// Refuse writes an error in a form of the route's own, as RFC 6749 §5.2 wants; nil for
	// the usual one.
	Refuse     func(*fault.Error) []byte
	OnCustomer bool // the id in the path is a customer's
	Handle     func(context.Context, *Request) (*Answer, error)
	Doc        any // what the API reference says of it; the gate does not look inside
}

// Param is one query parameter.
type Param struct {
	Name    string
	Type    string // string, integer, boolean or date-time
	Doc     string
	Typed   bool // not free text: the card guard leaves it to its parser
	Example any
}

// Answer is what a handler gives back.
type Answer struct {
	Status   int
	Body     []byte // nil for none
	Type     string // of the body; JSON if empty
	ETag     string
	Location string // below the base
	Header   http.Header
}

// pattern is where the mux serves the route. ServeMux refuses "/x/word/{id}" beside
// "/x/{id}/word", so the word is a wildcard there and is compared afterwards.
func (r Route) pattern(base string) string {
	path := r.Path
	if r.Verb != "" {
		path = strings.Replace(path, "/"+r.Verb+"/", "/{verb}/", 1)
	}
	return r.Method + " " + base + path
}

// check refuses what would be a hole.
func (r Route) check() error {
	for what, missing := range map[string]bool{
		"permission, or too much of it,": (r.Permission == "") != r.Open, "audit action": r.Audit == "", "body declaration": r.Body == undeclared,
		"body limit": r.Body != NoBody && r.MaxBody <= 0, "rate class": r.Rate == unlimitedByMistake,
		"form to take a client's key from": r.Client && r.Body != Form, "handler": r.Handle == nil, "operation id": r.ID == "", "card guard declaration": r.Body != NoBody && r.Card == nil,
	} {
		if missing {
			return fmt.Errorf("route %s %s has no %s", r.Method, r.Path, what)
		}
	}
	return nil
}
