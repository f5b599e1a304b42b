package access

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

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
	store  *db.DB
	owners *owner.Service
	vault  *vault.Vault
	clock  clock.Clock
	ids    *id.Source

	mu     sync.RWMutex
	cached map[[32]byte]cachedKey
}

type cachedKey struct {
	Key
	actor auth.Actor
	until time.Time
}

// mostCached bounds the cache; it is emptied when it is full.
const mostCached = 10_000

// NewService makes the service.
func NewService(store *db.DB, owners *owner.Service, v *vault.Vault, c clock.Clock, ids *id.Source) *Service {
	return &Service{store: store, owners: owners, vault: v, clock: c, ids: ids, cached: map[[32]byte]cachedKey{}}
}

// ErrRefused says that a credential opens nothing: unknown, expired or from an
// address it may not come from. A caller learns no more than that.
var ErrRefused = errors.New("access: credential refused")

// Authenticate finds out whose key a text is. With ErrRefused the actor is the key's
// where the key is known (expired, wrong address), and the zero Actor otherwise.
func (s *Service) Authenticate(ctx context.Context, text string, from netip.Addr) (auth.Actor, error) {
	if !wellFormed(text) {
		return auth.Actor{}, ErrRefused
	}
	known, err := s.lookup(ctx, hashOf(text))
	if err != nil {
		return auth.Actor{}, err
	}
	now := s.clock.Now()
	if !known.Expires.IsZero() && !now.Before(known.Expires) || !allowed(known.CIDRs, from) {
		return known.actor, ErrRefused
	}
	return known.actor, s.used(ctx, known, now)
}

func allowed(cidrs []netip.Prefix, from netip.Addr) bool {
	return len(cidrs) == 0 || slices.ContainsFunc(cidrs, func(c netip.Prefix) bool { return c.Contains(from.Unmap()) })
}

func (s *Service) lookup(ctx context.Context, hash [32]byte) (cachedKey, error) {
	now := s.clock.Now()
	s.mu.RLock()
	known, ok := s.cached[hash]
	s.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known, nil
	}
	return s.load(ctx, hash, now)
}

func (s *Service) load(ctx context.Context, hash [32]byte, now time.Time) (cachedKey, error) {
	var known cachedKey
	found := false
	err := s.store.Each(ctx, db.Worker(), `SELECT `+keyColumns+` WHERE hash = $1`, []any{hash[:]}, func(r db.Row) (err error) {
		found = true
		known.Key, err = scanKey(r)
		return err
	})
	if err != nil {
		return cachedKey{}, err
	}
	if !found {
		return cachedKey{}, ErrRefused
	}
	if known.actor, err = s.actor(ctx, known.Key); err != nil {
		return cachedKey{}, err
	}
	known.until = now.Add(freshness)
	s.keep(hash, known)
	return known, nil
}

func (s *Service) actor(ctx context.Context, k Key) (auth.Actor, error) {
	a := auth.Actor{Kind: auth.APIKey, ID: k.ID, Owner: k.Owner, Mode: k.Mode, Role: k.Role, Permissions: k.Permissions}
	if k.Owner == 0 {
		return a, nil
	}
	o, err := s.owners.Get(ctx, k.Owner)
	a.Realm = o.Realm(k.Mode)
	return a, err
}

func (s *Service) keep(hash [32]byte, k cachedKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cached) >= mostCached {
		clear(s.cached)
	}
	s.cached[hash] = k
}

func (s *Service) drop(keyID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, k := range s.cached {
		if k.ID == keyID {
			delete(s.cached, hash)
		}
	}
}

// used keeps the time of a key's last use, at most once a minute.
func (s *Service) used(ctx context.Context, k cachedKey, now time.Time) error {
	if now.Sub(k.LastUsed) < usedEvery {
		return nil
	}
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE api_key SET last_used_at = $2 WHERE id = $1`, k.ID, now.UnixMilli())
		return nil
	})
	s.drop(k.ID)
	return err
}
