package access_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// TestFailsClosed: when the store does not answer, nobody comes in and nothing is said to
// be done. The same calls work while it does.
// Shows: PCI DSS 7.3.3
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		made, key := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		session, err := p.Access.Authenticate(t.Context(), token, netip.MustParseAddr(home))
		require.NoError(t, err)
		signedIn, err := auth.Allow(session, auth.Origin{}, auth.SessionsOwn)
		require.NoError(t, err)
		shown := func(*db.Tx, access.Key, access.Secret) error { return nil }
		from := auth.Origin{Address: home}
		calls := map[string]func(context.Context) error{
			"key": func(ctx context.Context) error {
				_, err := p.Access.Authenticate(ctx, key, netip.MustParseAddr(home))
				return err
			},
			"token": func(ctx context.Context) error {
				_, err := p.Access.Authenticate(ctx, token, netip.MustParseAddr(home))
				return err
			},
			"keys":     func(ctx context.Context) error { _, err := p.Access.List(ctx, p.grant); return err },
			"users":    func(ctx context.Context) error { _, err := p.Access.Users(ctx, p.grant); return err },
			"user":     func(ctx context.Context) error { _, err := p.Access.User(ctx, p.grant, u.ID); return err },
			"sessions": func(ctx context.Context) error { _, err := p.Access.Sessions(ctx, signedIn); return err },
			"create": func(ctx context.Context) error {
				return p.Access.Create(ctx, p.grant, access.NewKey{Name: "x", Mode: auth.Live, Role: auth.Finance}, shown)
			},
			"rotate": func(ctx context.Context) error { return p.Access.Rotate(ctx, p.grant, made.ID, shown) },
			"renew":  func(ctx context.Context) error { return p.Access.Renew(ctx, p.grant, u, shown) },
			"index":  func(ctx context.Context) error { return p.Access.IndexStaff(ctx) },
			"purge":  func(ctx context.Context) error { return p.Access.Purge(ctx) },
			"invite": func(ctx context.Context) error {
				return p.Access.Invite(ctx, p.grant, access.User{Name: "Bo", Email: "bo@shop.example", Role: auth.Support}, func(*db.Tx, access.User, access.Secret) error { return nil })
			},
			"login": func(ctx context.Context) error {
				_, _, err := p.Access.Login(ctx, access.SignIn{Email: email, Password: password, Mode: auth.Live}, from)
				return err
			},
			"change":      func(ctx context.Context) error { return p.Access.Change(ctx, u, u, nothing) },
			"end session": func(ctx context.Context) error { return p.Access.EndSession(ctx, signedIn, session.Session, nothing) },
		}
		last := map[string]func(context.Context) error{
			"revoke":       func(ctx context.Context) error { return p.Access.Revoke(ctx, p.grant, made.ID, nothing) },
			"end sessions": func(ctx context.Context) error { return p.Access.EndSessions(ctx, u, nothing) },
			"remove":       func(ctx context.Context) error { return p.Access.Remove(ctx, u, nothing) },
		}
		require.NoError(t, calls["token"](t.Context()))
		for name, call := range calls {
			if name != "token" { // one of the others ends the session
				require.NoError(t, call(t.Context()), name)
			}
		}
		again, err := p.login(t, email, password, home)
		require.NoError(t, err)
		calls["token"] = func(ctx context.Context) error {
			_, err := p.Access.Authenticate(ctx, again, netip.MustParseAddr(home))
			return err
		}
		p.time.Advance(time.Second) // nothing is believed from before
		require.NoError(t, p.Store.Close())
		p.shut = true
		gone, end := context.WithCancel(t.Context()) // writes wait for a store that comes back
		end()
		for _, some := range []map[string]func(context.Context) error{calls, last} {
			for name, call := range some {
				err := call(gone)
				require.Error(t, err, name)
				require.NotErrorIs(t, err, access.ErrRefused, name)
			}
		}
	})
}

// TestUnknownCredentials are well formed and nobody's.
func TestUnknownCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		for _, kind := range []string{"sk", "st", "it"} {
			actor, err := p.Access.Authenticate(t.Context(), access.Unknown(kind), netip.MustParseAddr(home))
			require.ErrorIs(t, err, access.ErrRefused, kind)
			require.Equal(t, auth.Actor{}, actor)
		}
		_, err := p.Access.Accept(t.Context(), access.Unknown("it"), password, auth.Origin{Address: home})
		require.ErrorContains(t, err, "UNAUTHORIZED")
	})
}

// TestSecretsShowNothing and say what they are, so that scanners find a leaked one.
// Shows: PCI DSS 8.6.1
func TestSecretsShowNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		prefixes := map[string]access.NewKey{
			"florin_live_sk_": {Name: "l", Mode: auth.Live, Role: auth.Finance},
			"florin_test_sk_": {Name: "t", Mode: auth.Test, Role: auth.Finance},
		}
		for prefix, n := range prefixes {
			require.NoError(t, p.Access.Create(t.Context(), p.grant, n, func(_ *db.Tx, k access.Key, s access.Secret) error {
				require.True(t, strings.HasPrefix(s.Reveal(), prefix))
				require.Equal(t, []string{"[api key]", "[api key]", "{[api key]}"}, []string{fmt.Sprint(s), fmt.Sprintf("%#v", s), fmt.Sprintf("%v", struct{ S access.Secret }{s})})
				return nil
			}))
		}
		require.True(t, strings.HasPrefix(access.Unknown("it"), "florin_user_it_"))
	})
}

// TestUsersAreTheOwners: lists and look-ups know the grant's owner alone.
func TestUsersAreTheOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		made, _ := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance})
		stranger := auth.System(1, 2, auth.Live, "stranger")
		for g, want := range map[*auth.Grant]bool{&p.grant: true, &stranger: false} {
			users, err := p.Access.Users(t.Context(), *g)
			require.NoError(t, err)
			require.Equal(t, want, slices.ContainsFunc(users, func(one access.User) bool { return one.ID == u.ID }))
			keys, err := p.Access.List(t.Context(), *g)
			require.NoError(t, err)
			require.Equal(t, want, slices.ContainsFunc(keys, func(one access.Key) bool { return one.ID == made.ID }))
			_, err = p.Access.User(t.Context(), *g, u.ID)
			require.Equal(t, want, err == nil)
		}
		require.Error(t, p.Access.Rotate(t.Context(), stranger, made.ID, func(*db.Tx, access.Key, access.Secret) error { return nil }))
		theirs := u
		theirs.Owner = 1
		require.Error(t, p.Access.Change(t.Context(), theirs, theirs, nothing))
		require.Error(t, p.Access.Remove(t.Context(), theirs, nothing))
		require.NoError(t, p.Access.Change(t.Context(), u, u, nothing))
		require.NoError(t, p.Access.Remove(t.Context(), u, nothing))
	})
}

// TestOneUsersSessionsEnd, and nobody else's.
func TestOneUsersSessionsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		ana, bo := p.staff(t, email), p.staff(t, "bo@shop.example")
		hers, err := p.login(t, email, password, home)
		require.NoError(t, err)
		his, err := p.login(t, "bo@shop.example", password, home)
		require.NoError(t, err)
		require.NoError(t, p.enter(t, hers, home))
		require.NoError(t, p.Access.EndSessions(t.Context(), ana, nothing))
		require.ErrorIs(t, p.enter(t, hers, home), access.ErrRefused)
		require.NoError(t, p.enter(t, his, home))
		require.NoError(t, p.Access.Remove(t.Context(), ana, nothing))
		require.NoError(t, p.enter(t, his, home))
		require.NoError(t, p.Access.Change(t.Context(), bo, access.User{ID: bo.ID, Owner: bo.Owner, Role: bo.Role, Status: access.Disabled}, nothing))
		require.ErrorIs(t, p.enter(t, his, home), access.ErrRefused)
	})
}

// TestRotationProlongsNothing: an old key that ends before the overlap ends when it would.
func TestRotationProlongsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		made, old := p.key(t, access.NewKey{Name: "till", Mode: auth.Live, Role: auth.Finance, Expires: p.time.Clock().Now().Add(time.Hour)})
		require.NoError(t, p.Access.Rotate(t.Context(), p.grant, made.ID, func(*db.Tx, access.Key, access.Secret) error { return nil }))
		p.time.Advance(time.Hour - time.Second)
		require.NoError(t, p.enter(t, old, home))
		p.time.Advance(time.Second)
		require.ErrorIs(t, p.enter(t, old, home), access.ErrRefused)
	})
}

// TestChangesOfStaleUsers: who decides by what was true before changes nothing.
func TestChangesOfStaleUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		higher := u
		higher.Role = auth.Finance
		require.NoError(t, p.Access.Change(t.Context(), u, higher, nothing))
		shown := func(*db.Tx, access.Key, access.Secret) error { return nil }
		require.Error(t, p.Access.Renew(t.Context(), p.grant, u, shown), "a key of the role that they had")
		require.Error(t, p.Access.Change(t.Context(), u, u, nothing))
		require.NoError(t, p.Access.Renew(t.Context(), p.grant, higher, shown))

		var invited access.User
		require.NoError(t, p.Access.Invite(t.Context(), p.grant, access.User{Name: "Cy", Email: "cy@shop.example", Role: auth.Support}, func(_ *db.Tx, made access.User, _ access.Secret) error {
			invited = made
			return nil
		}))
		off, on := invited, invited
		off.Status, on.Status = access.Disabled, access.Active
		require.NoError(t, p.Access.Change(t.Context(), invited, off, nothing))
		require.NoError(t, p.Access.Change(t.Context(), off, on, nothing))
		now, err := p.Access.User(t.Context(), p.grant, invited.ID)
		require.NoError(t, err)
		require.Equal(t, access.Invited, now.Status, "without a password nobody is active")
	})
}
