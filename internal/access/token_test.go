package access_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// asKey is a grant of whoever holds a key, to get tokens with.
func (p *porter) asKey(t *testing.T, secret string) auth.Grant {
	t.Helper()
	actor, err := p.Access.Authenticate(t.Context(), secret, netip.MustParseAddr("203.0.113.7"))
	require.NoError(t, err)
	g, err := auth.Allow(actor, auth.Origin{}, auth.TokensOwn)
	require.NoError(t, err)
	return g
}

func (p *porter) token(t *testing.T, g auth.Grant, scope ...auth.Permission) string {
	t.Helper()
	_, secret, err := p.Access.AddToken(t.Context(), g, scope, nothing)
	require.NoError(t, err)
	return secret.Reveal()
}

// TestTokensAreTheirKeyForLess: what a token opens, and what ends it.
func TestTokensAreTheirKeyForLess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		const here, elsewhere = "203.0.113.7", "198.51.100.1"
		made, secret := p.key(t, access.NewKey{Name: "till", Mode: auth.Test, Role: auth.Support, CIDRs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
		g := p.asKey(t, secret)
		text := p.token(t, g, auth.CustomersRead, auth.CustomersWrite)
		actor, err := p.Access.Authenticate(t.Context(), text, netip.MustParseAddr(here))
		require.NoError(t, err)
		require.Equal(t, []auth.Permission{auth.CustomersRead}, actor.Permissions, "what both may, and no token of a token")
		require.Equal(t, g.Realm(), actor.Realm)
		require.Equal(t, made.ID, actor.ID)
		require.ErrorIs(t, p.enter(t, text, elsewhere), access.ErrRefused, "the key's networks hold")
		p.time.Advance(time.Hour - time.Millisecond)
		require.NoError(t, p.enter(t, text, here))
		p.time.Advance(time.Millisecond)
		require.ErrorIs(t, p.enter(t, text, here), access.ErrRefused, "expired")

		ended, kept := p.token(t, g, auth.CustomersRead), p.token(t, g, auth.CustomersRead)
		require.NoError(t, p.enter(t, ended, here))
		require.NoError(t, p.Access.EndToken(t.Context(), g, ended, nothing))
		require.ErrorIs(t, p.enter(t, ended, here), access.ErrRefused)
		require.NoError(t, p.enter(t, kept, here))
		require.NoError(t, p.Access.Revoke(t.Context(), p.grant, made.ID, nothing))
		require.ErrorIs(t, p.enter(t, kept, here), access.ErrRefused, "ends with its key")
		p.time.Advance(time.Hour)
		require.NoError(t, p.Access.Purge(t.Context()))
		var left int64
		require.NoError(t, p.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM access_token`, nil, &left))
		require.Zero(t, left)
	})
}

// TestOnlyTheirOwnTokens: another key of the owner may ask about a token but not end it;
// another owner, or the other mode, can do neither.
func TestOnlyTheirOwnTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		key := func(mode auth.Mode) auth.Grant {
			_, secret := p.key(t, access.NewKey{Name: "till", Mode: mode, Role: auth.Support})
			return p.asKey(t, secret)
		}
		mine, sister, test := key(auth.Live), key(auth.Live), key(auth.Test)
		stranger := auth.System(1, 2, auth.Live, "other")
		text := p.token(t, mine, auth.CustomersRead)
		for _, g := range []auth.Grant{sister, test, stranger} {
			require.NoError(t, p.Access.EndToken(t.Context(), g, text, nothing))
			require.NoError(t, p.enter(t, text, "203.0.113.7"), "not theirs to end")
		}
		for g, want := range map[*auth.Grant]bool{&mine: true, &sister: true, &test: false, &stranger: false} {
			_, active, err := p.Access.Inspect(t.Context(), *g, text)
			require.NoError(t, err)
			require.Equal(t, want, active)
		}
		require.NoError(t, p.Access.EndToken(t.Context(), mine, text, nothing))
		_, active, err := p.Access.Inspect(t.Context(), mine, text)
		require.NoError(t, err)
		require.False(t, active)
	})
}

// TestAnotherNodeForgetsTokens: one ended elsewhere is believed for less than a second.
func TestAnotherNodeForgetsTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		_, secret := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		g := p.asKey(t, secret)
		text := p.token(t, g, auth.CustomersRead)
		require.NoError(t, p.enter(t, text, "203.0.113.7"))
		other := access.NewService(p.Store, p.Owners, p.Audit, p.Vault, p.Clock, p.IDs)
		require.NoError(t, other.EndToken(t.Context(), g, text, nothing))
		p.time.Advance(time.Second)
		require.ErrorIs(t, p.enter(t, text, "203.0.113.7"), access.ErrRefused)
	})
}

// TestRolesReachTheirKeys: a change of a role of the owner's own reaches keys that have it,
// also on another node; one that somebody has can't be removed.
func TestRolesReachTheirKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		var role access.Role
		night := access.Role{Name: "Night desk", Permissions: []auth.Permission{auth.CustomersRead}}
		require.NoError(t, p.Access.AddRole(t.Context(), p.grant, night, func(_ *db.Tx, r access.Role) error { role = r; return nil }))
		require.Error(t, p.Access.AddRole(t.Context(), p.grant, night, func(*db.Tx, access.Role) error { return nil }), "one of a name")
		made, secret := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: role.Name, Permissions: role.Permissions})
		other := access.NewService(p.Store, p.Owners, p.Audit, p.Vault, p.Clock, p.IDs)
		may := func(want ...auth.Permission) {
			t.Helper()
			for _, s := range []*access.Service{p.Access, other} {
				actor, err := s.Authenticate(t.Context(), secret, netip.MustParseAddr("203.0.113.7"))
				require.NoError(t, err)
				require.Equal(t, append(want, auth.TokensOwn), actor.Permissions)
			}
		}
		may(auth.CustomersRead)
		wider := role
		wider.Permissions = []auth.Permission{auth.EventsRead, auth.PaymentsRead}
		require.NoError(t, p.Access.ChangeRole(t.Context(), role, wider, nothing))
		p.time.Advance(time.Second)
		may(wider.Permissions...)
		require.Error(t, p.Access.ChangeRole(t.Context(), role, wider, nothing), "from a state that is no more")
		require.Error(t, p.Access.RemoveRole(t.Context(), wider, nothing), "a key has it")
		require.NoError(t, p.Access.Revoke(t.Context(), p.grant, made.ID, nothing))
		require.NoError(t, p.Access.RemoveRole(t.Context(), wider, nothing))
		require.Error(t, p.Access.Create(t.Context(), p.grant, access.NewKey{Name: "late", Mode: auth.Live, Role: role.Name},
			func(*db.Tx, access.Key, access.Secret) error { return nil }), "gone")
	})
}
