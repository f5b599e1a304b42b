package gate

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/limit"
)

// credentialOf takes the key from X-API-Key or as a Bearer token. Two that differ are
// refused: whichever was believed, the caller may have meant the other.
func credentialOf(r *http.Request) (string, error) {
	key := r.Header.Get("X-API-Key")
	for _, other := range r.Header.Values("X-API-Key") {
		if other != key {
			return "", fault.New(fault.Invalid, fault.InvalidFormat, "X-API-Key is given twice with two different credentials")
		}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	token = strings.TrimSpace(token)
	if key != "" && token != "" && key != token {
		return "", fault.New(fault.Invalid, fault.InvalidFormat, "X-API-Key and Authorization hold two different credentials")
	}
	if key == "" {
		key = token
	}
	return key, nil
}

func unauthorized() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "Authentication is required: send a valid API key as X-API-Key or as a Bearer token")
}

// identify turns a request's credential into an actor. A refused key of a known
// owner is noted in that owner's trail; strangers are counted.
func (g *Gate) identify(ctx context.Context, text string, from netip.Addr, origin auth.Origin) (auth.Actor, error) {
	if text == "" {
		g.strangers.count(origin.Address, "missing")
		return auth.Actor{}, unauthorized()
	}
	if err := g.limits.fails(origin.Address); err != nil {
		return auth.Actor{}, err
	}
	actor, err := g.access.Authenticate(ctx, text, from)
	if !errors.Is(err, access.ErrRefused) {
		return actor, err
	}
	g.limits.failed(origin.Address)
	if actor.ID == 0 {
		g.strangers.count(origin.Address, "unknown")
		return auth.Actor{}, unauthorized()
	}
	grant := auth.Refused(actor, origin)
	if err := g.audit.Note(ctx, grant, audit.Entry{Action: audit.SignInRefused, Result: fault.UnauthorizedCode}); err != nil {
		return auth.Actor{}, err
	}
	return auth.Actor{}, unauthorized()
}

func tooMany(l fault.Limit, message string) *fault.Error {
	return &fault.Error{Kind: fault.RateLimited, Code: fault.RateLimitedCode, Message: message, RetryAfter: time.Duration(l.Window) * time.Second, Limit: l}
}

// limits are what callers may do, on all nodes together.
type limits struct {
	desk      *limit.Desk
	perSecond int // of each key or person; 0 is no limit
}

// failuresPerMinute are failed credentials from one address.
const failuresPerMinute = 30

// fails allows an address its failures. Only those that have failed are remembered.
func (l limits) fails(address string) error {
	if l.desk.Has(limit.Subject{Kind: "address", Text: address}) {
		return nil
	}
	return tooMany(fault.Limit{Name: "address", Quota: failuresPerMinute, Window: 60}, "Too many failed credentials from this address")
}

func (l limits) failed(address string) {
	l.desk.Take(limit.Subject{Kind: "address", Text: address}, limit.Rate{PerSecond: failuresPerMinute / 60.0, Burst: failuresPerMinute})
}

// allow takes a request from what its key may make, or its person in all their sessions
// and with their own key, and from what its owner's credentials may make together.
func (l limits) allow(a auth.Actor) error {
	who := limit.Subject{Kind: "key", ID: a.ID}
	if a.User != 0 {
		who = limit.Subject{Kind: "user", ID: a.User}
	}
	if !l.take(who, l.perSecond) {
		return tooMany(fault.Limit{Name: who.Kind, Quota: l.perSecond, Window: 1}, "The rate limit of this "+who.Kind+" is used up")
	}
	if !l.take(limit.Subject{Kind: "owner", ID: a.Owner}, a.OwnerRate) {
		return tooMany(fault.Limit{Name: "owner", Quota: a.OwnerRate, Window: 1}, "The rate limit of this owner's credentials together is used up")
	}
	return nil
}

func (l limits) take(s limit.Subject, perSecond int) bool {
	return perSecond <= 0 || l.desk.Take(s, limit.Rate{PerSecond: float64(perSecond), Burst: float64(2 * perSecond)})
}

// strangers counts refused attempts that no credential stands behind, by address and
// reason, until they are noted once a minute. Its size is bounded: a flood of
// addresses ends in one common count.
type strangers struct {
	mu     sync.Mutex
	counts map[[2]string]int
}

const mostStrangers = 1000

func (s *strangers) count(address, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{address, reason}
	if _, known := s.counts[key]; !known && len(s.counts) >= mostStrangers {
		key[0] = "others"
	}
	s.counts[key]++
}

func (s *strangers) take() map[[2]string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.counts
	s.counts = map[[2]string]int{}
	return taken
}

// NoteStrangers writes the counts of the last minute to the trail.
func (g *Gate) NoteStrangers(ctx context.Context) error {
	for key, count := range g.strangers.take() {
		grant := auth.Refused(auth.Actor{Kind: auth.Anonymous}, auth.Origin{Address: key[0]})
		e := audit.Entry{Action: audit.SignInRefused, Result: fault.UnauthorizedCode, Filters: []string{key[1]}, Count: count}
		if err := g.audit.Note(ctx, grant, e); err != nil {
			return err
		}
	}
	return nil
}
