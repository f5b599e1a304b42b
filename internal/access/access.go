package access

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// freshness bounds how long a revoked key may still be believed: revoking must take
// effect within a second on every node.
const freshness = 900 * time.Millisecond

// usedEvery is how exact a key's last use is kept; more would be a write a request.
const usedEvery = time.Minute

// Service knows credentials.
type Service struct {
	store   *db.DB
	owners  *owner.Service
	audit   *audit.Log
	vault   *vault.Vault
	clock   clock.Clock
	ids     *id.Source
	hashing *hashing
	Issuers *Issuers // where users may sign in instead
	// PasswordMemory is what hashing a password takes, in KiB. NewService sets the one for
	// use; tests that sign in by the hundred take less.
	PasswordMemory uint32

	mu     sync.RWMutex
	cached map[[32]byte]credential
}

// credential is what a text in a header stands for, whatever its kind.
type credential struct {
	actor   auth.Actor
	touch   string // the statement that keeps its last use
	row     int64
	user    int64 // whose it is; 0 for an owner's key
	cidrs   []netip.Prefix
	expires time.Time     // zero: never
	idle    time.Duration // 0: it may rest as long as it likes
	used    time.Time
	until   time.Time // believed without asking again
}

// opens reports whether it is good now, from an address.
func (c credential) opens(now time.Time, from netip.Addr) bool {
	expired := !c.expires.IsZero() && !now.Before(c.expires)
	rested := c.idle > 0 && now.Sub(c.used) >= c.idle
	return !expired && !rested && allowed(c.cidrs, from)
}

// What keeps the last use of each kind.
const (
	touchKey     = `UPDATE api_key SET last_used_at = $2 WHERE id = $1`
	touchSession = `UPDATE staff_session SET last_used_at = $2 WHERE id = $1`
)

// mostCached bounds the cache; it is emptied when it is full.
const mostCached = 10_000

// NewService makes the service.
func NewService(store *db.DB, owners *owner.Service, trail *audit.Log, v *vault.Vault, c clock.Clock, ids *id.Source) *Service {
	return &Service{store: store, owners: owners, audit: trail, vault: v, clock: c, ids: ids, hashing: newHashing(), PasswordMemory: argonMemory, cached: map[[32]byte]credential{}}
}

// ErrRefused says that a credential opens nothing: unknown, expired or from an
// address it may not come from. A caller learns no more than that.
var ErrRefused = errors.New("access: credential refused")

// Authenticate finds out whose key or token a text is. With ErrRefused the actor is the
// credential's where that is known (expired, wrong address), and the zero Actor otherwise.
func (s *Service) Authenticate(ctx context.Context, text string, from netip.Addr) (auth.Actor, error) {
	load := s.loader(kindOf(text))
	if load == nil {
		return auth.Actor{}, ErrRefused
	}
	known, err := s.lookup(ctx, load, hashOf(text))
	if err != nil {
		return auth.Actor{}, err
	}
	now := s.clock.Now()
	if !known.opens(now, from) {
		return known.actor, ErrRefused
	}
	if err := s.stand(ctx, &known.actor); err != nil {
		return auth.Actor{}, err
	}
	return known.actor, s.used(ctx, known, now)
}

// stand says how the actor's owner stands. It asks the owners' cache and not the
// credential's, or the two would add up to more than a second.
func (s *Service) stand(ctx context.Context, a *auth.Actor) error {
	if a.Owner == 0 {
		return nil
	}
	o, err := s.owners.Get(ctx, a.Owner)
	a.Suspended, a.OwnerRate = o.Suspended(), o.RateLimit
	return err
}

func allowed(cidrs []netip.Prefix, from netip.Addr) bool {
	return len(cidrs) == 0 || slices.ContainsFunc(cidrs, func(c netip.Prefix) bool { return c.Contains(from.Unmap()) })
}

// loader is how a kind of credential is found; nil for what is none.
func (s *Service) loader(kind string) func(context.Context, [32]byte) (credential, error) {
	switch kind {
	case apiKey:
		return s.loadKey
	case sessionToken:
		return s.loadSession
	case accessToken:
		return s.loadToken
	}
	return nil
}

func (s *Service) lookup(ctx context.Context, load func(context.Context, [32]byte) (credential, error), hash [32]byte) (credential, error) {
	now := s.clock.Now()
	s.mu.RLock()
	known, ok := s.cached[hash]
	s.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known, nil
	}
	known, err := load(ctx, hash)
	if errors.Is(err, db.ErrNoRows) {
		return credential{}, ErrRefused
	}
	if err != nil {
		return credential{}, err
	}
	known.until = now.Add(freshness)
	s.keep(hash, known)
	return known, nil
}

func (s *Service) loadKey(ctx context.Context, hash [32]byte) (credential, error) {
	c, err := s.keyed(ctx, `hash = $1`, hash[:])
	c.actor.Permissions = append(c.actor.Permissions, auth.TokensOwn)
	return c, err
}

// keyed is the one key of a condition as a credential.
func (s *Service) keyed(ctx context.Context, where string, args ...any) (credential, error) {
	keys, err := s.keys(ctx, where, args...)
	if err == nil && len(keys) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return credential{}, err
	}
	k := keys[0]
	c := credential{touch: touchKey, row: k.ID, user: k.User, cidrs: k.CIDRs, expires: k.Expires, used: k.LastUsed}
	c.actor, err = s.actor(ctx, k)
	return c, err
}

func (s *Service) actor(ctx context.Context, k Key) (auth.Actor, error) {
	a := auth.Actor{Kind: auth.APIKey, ID: k.ID, Owner: k.Owner, Mode: k.Mode, Role: k.Role, Permissions: k.Permissions, User: k.User}
	if k.Owner == 0 {
		return a, nil
	}
	o, err := s.owners.Get(ctx, k.Owner)
	a.Realm = o.Realm(k.Mode)
	return a, err
}

func (s *Service) keep(hash [32]byte, c credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cached) >= mostCached {
		clear(s.cached)
	}
	s.cached[hash] = c
}

// drop forgets what this node believes of some credentials.
func (s *Service) drop(these func(credential) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, c := range s.cached {
		if these(c) {
			delete(s.cached, hash)
		}
	}
}

func (s *Service) dropKey(keyID int64) {
	s.drop(func(c credential) bool { return c.actor.Kind == auth.APIKey && c.actor.ID == keyID })
}

// dropOwner forgets everything of an owner: one of its roles was changed.
func (s *Service) dropOwner(owner int64) {
	s.drop(func(c credential) bool { return c.actor.Owner == owner })
}

func (s *Service) dropUser(userID int64) { s.drop(func(c credential) bool { return c.user == userID }) }

// used keeps the time of a credential's last use, at most once a minute.
func (s *Service) used(ctx context.Context, c credential, now time.Time) error {
	if now.Sub(c.used) < usedEvery {
		return nil
	}
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(c.touch, c.row, now.UnixMilli())
		return nil
	})
	s.drop(func(known credential) bool { return known.touch == c.touch && known.row == c.row })
	return err
}
