package gate

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
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
	if !g.failures.may(origin.Address) {
		return auth.Actor{}, tooMany(failureWindow, "Too many failed credentials from this address")
	}
	actor, err := g.access.Authenticate(ctx, text, from)
	if !errors.Is(err, access.ErrRefused) {
		return actor, err
	}
	g.failures.failed(origin.Address)
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

func tooMany(wait time.Duration, message string) *fault.Error {
	return &fault.Error{Kind: fault.RateLimited, Code: fault.RateLimitedCode, Message: message, RetryAfter: wait}
}

// failureLimit allows 30 failed credentials a minute from one address.
type failureLimit struct {
	mu      sync.Mutex
	now     func() time.Time
	buckets map[string]*rate.Limiter
}

const (
	failureWindow     = time.Minute
	failuresPerMinute = 30
	mostAddresses     = 100_000
)

func (f *failureLimit) bucket(address string) *rate.Limiter {
	b := f.buckets[address]
	if b == nil {
		if len(f.buckets) >= mostAddresses {
			clear(f.buckets)
		}
		b = rate.NewLimiter(rate.Every(time.Minute/failuresPerMinute), failuresPerMinute)
		f.buckets[address] = b
	}
	return b
}

// may reports whether the address has failures left; only those that have failed
// before are remembered.
func (f *failureLimit) may(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.buckets[address]
	return b == nil || b.TokensAt(f.now()) >= 1
}

func (f *failureLimit) failed(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bucket(address).AllowN(f.now(), 1)
}

// keyLimit is each credential's own rate.
type keyLimit struct {
	perSecond int
	now       func() time.Time
	buckets   sync.Map // credential id → *rate.Limiter
}

func (k *keyLimit) allow(credential int64) error {
	if k.perSecond <= 0 {
		return nil
	}
	b, ok := k.buckets.Load(credential)
	if !ok {
		b, _ = k.buckets.LoadOrStore(credential, rate.NewLimiter(rate.Limit(k.perSecond), 2*k.perSecond))
	}
	if b.(*rate.Limiter).AllowN(k.now(), 1) {
		return nil
	}
	return tooMany(time.Second, "The rate limit of this key is used up")
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
