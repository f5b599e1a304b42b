package access_test

import (
	"encoding/hex"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

type porter struct {
	*app.App
	grant auth.Grant
	time  *clock.Fake
	shut  bool // the test has closed the store
}

func each(t *testing.T, run func(t *testing.T, p *porter)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir()}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		hands := clock.NewFake(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), app.WithClock(hands.Clock()), app.WithPasswordMemory(64))
		require.NoError(t, err)
		p := &porter{App: a, time: hands}
		t.Cleanup(func() {
			if err := a.Close(t.Context()); !p.shut {
				require.NoError(t, err)
			}
		})
		_, err = a.FirstRun(t.Context())
		require.NoError(t, err)
		owners, err := a.Owners.List(t.Context())
		require.NoError(t, err)
		p.grant = auth.System(owners[0].ID, owners[0].LiveRealm, auth.Live, "test")
		run(t, p)
	})
}

func (p *porter) key(t *testing.T, n access.NewKey) (made access.Key, secret string) {
	t.Helper()
	require.NoError(t, p.Access.Create(t.Context(), p.grant, n, func(_ *db.Tx, k access.Key, s access.Secret) error {
		made, secret = k, s.Reveal()
		return nil
	}))
	return made, secret
}

func (p *porter) enter(t *testing.T, secret, from string) error {
	t.Helper()
	_, err := p.Access.Authenticate(t.Context(), secret, netip.MustParseAddr(from))
	return err
}

// Shows: PCI DSS 7.2.5, 8.2.7
func TestKeysOpenAndClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		const here, v4in6, elsewhere = "203.0.113.7", "::ffff:203.0.113.7", "198.51.100.1"
		n := access.NewKey{Name: "till", Mode: auth.Test, Role: auth.Support, CIDRs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
			Expires: p.time.Clock().Now().Add(time.Hour)}
		made, secret := p.key(t, n)
		require.NoError(t, p.enter(t, secret, here))
		require.NoError(t, p.enter(t, secret, v4in6))
		require.ErrorIs(t, p.enter(t, secret, elsewhere), access.ErrRefused)
		actor, err := p.Access.Authenticate(t.Context(), secret, netip.MustParseAddr(here))
		require.NoError(t, err)
		require.Equal(t, auth.Test, actor.Mode)
		require.NotEqual(t, p.grant.Realm(), actor.Realm)
		require.True(t, actor.May(auth.InteractionsWrite))
		require.False(t, actor.May(auth.CustomersWrite))
		p.time.Advance(time.Hour - time.Millisecond)
		require.NoError(t, p.enter(t, secret, here))
		p.time.Advance(time.Millisecond)
		require.ErrorIs(t, p.enter(t, secret, here), access.ErrRefused, "expired")

		made, secret = p.key(t, access.NewKey{Name: "one by one", Mode: auth.Live, Permissions: []auth.Permission{auth.EventsRead}})
		require.NoError(t, p.enter(t, secret, elsewhere))
		require.NoError(t, p.enter(t, secret, elsewhere), "and is believed for a while")
		_, other := p.key(t, access.NewKey{Name: "another", Mode: auth.Live, Permissions: []auth.Permission{auth.EventsRead}})
		require.NoError(t, p.enter(t, other, elsewhere))
		require.NoError(t, p.Access.Revoke(t.Context(), p.grant, made.ID, func(*db.Tx) error { return nil }))
		require.ErrorIs(t, p.enter(t, secret, elsewhere), access.ErrRefused, "revoked at once")
		require.NoError(t, p.enter(t, other, elsewhere))
		require.Error(t, p.Access.Revoke(t.Context(), auth.System(1, 2, auth.Live, "other"), made.ID, func(*db.Tx) error { return nil }), "another owner's key")
	})
}

// Shows: PCI DSS 8.6.3
func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		made, old := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		var next string
		require.NoError(t, p.Access.Rotate(t.Context(), p.grant, made.ID, func(_ *db.Tx, _ access.Key, s access.Secret) error { next = s.Reveal(); return nil }))
		require.NotEqual(t, old, next)
		for _, step := range []struct {
			wait time.Duration
			old  bool
		}{{0, true}, {24*time.Hour - time.Millisecond, true}, {time.Millisecond, false}} {
			p.time.Advance(step.wait)
			require.Equal(t, step.old, p.enter(t, old, "203.0.113.7") == nil, step.wait)
			require.NoError(t, p.enter(t, next, "203.0.113.7"))
		}
	})
}

// TestAnotherNodeForgets: a key revoked elsewhere is believed for less than a second.
func TestAnotherNodeForgets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		made, secret := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		require.NoError(t, p.enter(t, secret, "203.0.113.7"))
		other := access.NewService(p.Store, p.Owners, p.Audit, p.Vault, p.Clock, p.IDs)
		require.NoError(t, other.Revoke(t.Context(), p.grant, made.ID, func(*db.Tx) error { return nil }))
		p.time.Advance(time.Second)
		require.ErrorIs(t, p.enter(t, secret, "203.0.113.7"), access.ErrRefused)
	})
}

// Shows: PCI DSS 8.3.2
func TestOnlyTheHashIsStored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		if p.Config.Postgres() {
			return // its files are not ours to read; the statement is the same
		}
		_, secret := p.key(t, access.NewKey{Name: "a name to be found", Mode: auth.Live, Role: auth.Finance})
		require.NoError(t, p.Store.Scrub(t.Context()))
		file, err := os.ReadFile(filepath.Join(p.Config.DataDir, "florin.db"))
		require.NoError(t, err)
		require.Contains(t, string(file), "a name to be found")
		_, body, _ := strings.Cut(secret, "_sk_")
		require.NotContains(t, string(file), body)
		require.NotContains(t, string(file), body[:20])
		require.NotContains(t, string(file), hex.EncodeToString([]byte(body)))
	})
}

// TestMalformedKeysAskNobody closes the store: only a text that can be a key reaches it.
func TestMalformedKeysAskNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		_, secret := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		last := secret[len(secret)-3]
		typo := secret[:len(secret)-3] + map[bool]string{true: "b", false: "a"}[last == 'a'] + secret[len(secret)-2:]
		gone := access.NewService(nil, nil, nil, nil, p.Clock, p.IDs)
		for _, text := range []string{"", "x", "florin_live_sk_", typo, secret + "a", strings.ToUpper(secret), secret[:40], strings.Repeat("a", 1<<16), "florin_live_sk_\x00\xff", "' OR 1=1 --"} {
			_, err := gone.Authenticate(t.Context(), text, netip.MustParseAddr("203.0.113.7"))
			require.ErrorIs(t, err, access.ErrRefused)
		}
		require.Panics(t, func() { _, _ = gone.Authenticate(t.Context(), secret, netip.MustParseAddr("203.0.113.7")) }, "the real one is looked up")
		require.NoError(t, p.enter(t, secret, "203.0.113.7"))
	})
}
