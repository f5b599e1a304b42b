package access_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

const (
	email    = "ana@shop.example"
	password = "eleven wombats in a teapot"
	home     = "203.0.113.7"
	away     = "198.51.100.1"
)

func nothing(*db.Tx) error { return nil }

// staff makes a user who has accepted.
func (p *porter) staff(t *testing.T, email string) (u access.User) {
	t.Helper()
	var token string
	require.NoError(t, p.Access.Invite(t.Context(), p.grant, access.User{Name: "Ana", Email: email, Role: auth.Support}, func(_ *db.Tx, made access.User, s access.Secret) error {
		u, token = made, s.Reveal()
		return nil
	}))
	_, err := p.Access.Accept(t.Context(), token, password, auth.Origin{Address: home})
	require.NoError(t, err)
	u, err = p.Access.User(t.Context(), p.grant, u.ID)
	require.NoError(t, err)
	require.Equal(t, access.Active, u.Status)
	return u
}

func (p *porter) login(t *testing.T, email, password, from string) (string, error) {
	t.Helper()
	_, token, err := p.Access.Login(t.Context(), access.SignIn{Email: email, Password: password, Mode: auth.Live}, auth.Origin{Address: from})
	return token.Reveal(), err
}

// waits reads the Retry-After of a refusal, 0 for one without.
func waits(t *testing.T, err error) time.Duration {
	t.Helper()
	require.Error(t, err)
	e := fault.From(err)
	require.Equal(t, e.Kind == fault.RateLimited, e.RetryAfter > 0)
	require.True(t, e.Kind == fault.RateLimited || e.Kind == fault.Unauthorized, err)
	return e.RetryAfter
}

// Shows: PCI DSS 8.2.8
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		actor, err := p.Access.Authenticate(t.Context(), token, netip.MustParseAddr(away))
		require.NoError(t, err)
		require.Equal(t, auth.User, actor.Kind)
		require.True(t, actor.May(auth.SessionsOwn))
		p.time.Advance(15*time.Minute - time.Second)
		require.NoError(t, p.enter(t, token, home))
		p.time.Advance(15*time.Minute - time.Second)
		require.NoError(t, p.enter(t, token, home), "each use counts")
		p.time.Advance(15 * time.Minute)
		require.ErrorIs(t, p.enter(t, token, home), access.ErrRefused, "it rested")

		token, err = p.login(t, email, password, home)
		require.NoError(t, err)
		for range 12*6 - 1 {
			p.time.Advance(10 * time.Minute)
			require.NoError(t, p.enter(t, token, home))
		}
		p.time.Advance(10 * time.Minute)
		require.ErrorIs(t, p.enter(t, token, home), access.ErrRefused, "twelve hours are over")
		require.NoError(t, p.Access.Purge(t.Context()))
	})
}

// TestAnotherNodeForgetsUsers: who is disabled elsewhere is believed for less than a second.
// Shows: PCI DSS 8.2.5
func TestAnotherNodeForgetsUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		require.NoError(t, p.enter(t, token, home))
		other := access.NewService(p.Store, p.Owners, p.Audit, p.Vault, p.Clock, p.IDs)
		gone := u
		gone.Status = access.Disabled
		require.NoError(t, other.Change(t.Context(), u, gone, nothing))
		require.True(t, fault.Is(other.Change(t.Context(), u, u, nothing), fault.PatchConflict), "an older view does not undo it")
		p.time.Advance(time.Second)
		require.ErrorIs(t, p.enter(t, token, home), access.ErrRefused)
	})
}

// TestSameWorkForAll counts hashes, where a clock would only measure the machine.
func TestSameWorkForAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		for name, who := range map[string][2]string{"wrong": {email, "wrong"}, "unknown": {"bob@shop.example", password}, "no address": {"bob", password}} {
			before := p.Access.Hashes()
			_, err := p.login(t, who[0], who[1], home)
			require.True(t, fault.Is(err, fault.UnauthorizedCode), name)
			require.Equal(t, int64(1), p.Access.Hashes()-before, name)
		}
		before := p.Access.Hashes()
		_, err := p.login(t, email, password, home)
		require.NoError(t, err)
		require.Equal(t, int64(1), p.Access.Hashes()-before)
	})
}

// TestGuessesWait: the waits grow, are the same for unknown accounts, end by themselves,
// and do not keep out who comes from where they were before.
// Shows: PCI DSS 8.3.4
func TestGuessesWait(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		_, err := p.login(t, email, password, home)
		require.NoError(t, err)
		var known, unknown []time.Duration
		for i := range 12 {
			from := fmt.Sprintf("198.51.100.%d", i) // an address for each guess
			_, err := p.login(t, email, "guess", from)
			known = append(known, waits(t, err))
			_, err = p.login(t, "nobody@shop.example", "guess", from)
			unknown = append(unknown, waits(t, err))
			p.time.Advance(known[i])
		}
		require.Equal(t, known, unknown)
		require.Equal(t, []time.Duration{0, 0, 0, 0, 0, 30 * time.Second, 0, time.Minute, 0, 2 * time.Minute, 0, 4 * time.Minute}, known)
		_, err = p.login(t, email, "guess", away)
		require.Zero(t, waits(t, err))
		before := p.Access.Hashes()
		_, err = p.login(t, email, password, away)
		require.Equal(t, 8*time.Minute, waits(t, err), "even the right one, from elsewhere")
		require.Equal(t, before, p.Access.Hashes(), "and no work is done")
		_, err = p.login(t, email, password, home)
		require.NoError(t, err, "not from where they were before")
		p.time.Advance(8 * time.Minute)
		_, err = p.login(t, email, password, away)
		require.NoError(t, err, "the wait ends")
		_, err = p.login(t, email, "guess", "192.0.2.1")
		require.Zero(t, waits(t, err))
	})
}

// TestManyGuessesAtOnce: what is asked at the same moment is counted before it is hashed.
func TestManyGuessesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		before := p.Access.Hashes()
		var all sync.WaitGroup
		var waiting atomic.Int64
		for range 20 {
			all.Go(func() {
				_, err := p.login(t, email, "guess", away)
				if fault.Is(err, fault.RateLimitedCode) {
					waiting.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, []int64{15, 5}, []int64{waiting.Load(), p.Access.Hashes() - before})
	})
}

// TestOneAddressGuessesAtAll: an address has its own count over all accounts, which a
// success with an account of the guesser's does not clear. IPv6 counts by /64.
func TestOneAddressGuessesAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		for i := range 19 {
			_, err := p.login(t, fmt.Sprintf("u%d@shop.example", i), "guess", fmt.Sprintf("2001:db8::%x", i))
			require.Zero(t, waits(t, err), i)
		}
		p.staff(t, email)
		_, err := p.login(t, email, password, "2001:db8::aaaa")
		require.NoError(t, err)
		_, err = p.login(t, "v@shop.example", "guess", "2001:db8::ffff")
		require.Zero(t, waits(t, err))
		_, err = p.login(t, "w@shop.example", "guess", "2001:db8::ffff")
		require.Equal(t, 30*time.Second, waits(t, err))
		_, err = p.login(t, "w@shop.example", "guess", "2001:db8:0:1::1")
		require.Zero(t, waits(t, err), "the next network")
	})
}

// Shows: PCI DSS 8.3.5
func TestInvitationsExpire(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		var tokens []string
		for _, email := range []string{"a@shop.example", "b@shop.example"} {
			require.NoError(t, p.Access.Invite(t.Context(), p.grant, access.User{Name: "N", Email: email, Role: auth.Support}, func(_ *db.Tx, _ access.User, s access.Secret) error {
				tokens = append(tokens, s.Reveal())
				return nil
			}))
		}
		p.time.Advance(7*24*time.Hour - time.Millisecond)
		_, err := p.Access.Accept(t.Context(), tokens[0], password, auth.Origin{Address: home})
		require.NoError(t, err)
		p.time.Advance(time.Millisecond)
		_, err = p.Access.Accept(t.Context(), tokens[1], password, auth.Origin{Address: home})
		require.True(t, fault.Is(err, fault.UnauthorizedCode))
		require.ErrorIs(t, p.enter(t, tokens[0], home), access.ErrRefused, "an invitation is no key")
	})
}

// TestRotationKeepsTheUser: the successor of a user's own key ends with them too.
func TestRotationKeepsTheUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		var first access.Key
		require.NoError(t, p.Access.Renew(t.Context(), p.grant, u, func(_ *db.Tx, k access.Key, _ access.Secret) error { first = k; return nil }))
		var next string
		require.NoError(t, p.Access.Rotate(t.Context(), p.grant, first.ID, func(_ *db.Tx, _ access.Key, s access.Secret) error { next = s.Reveal(); return nil }))
		require.NoError(t, p.enter(t, next, home))
		require.NoError(t, p.Access.Remove(t.Context(), u, nothing))
		require.ErrorIs(t, p.enter(t, next, home), access.ErrRefused)
	})
}

// TestUnknownPeopleTakeAsLong: by how long a refusal takes, nobody learns who works here.
// Whole sign-ins by turns, hashing, limits and the record included; the shortest of each,
// since what others do on the machine only adds.
func TestUnknownPeopleTakeAsLong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.Access.PasswordMemory = access.PasswordMemory
		p.staff(t, email)
		took := map[bool][]time.Duration{}
		for i := range 5 { // as many as cost nothing
			for who, of := range map[string]bool{email: true, fmt.Sprintf("nobody%d@shop.example", i): false} {
				began := time.Now()
				_, err := p.login(t, who, "wrong "+password, fmt.Sprintf("203.0.113.%d", i))
				took[of] = append(took[of], time.Since(began))
				require.Zero(t, waits(t, err))
			}
		}
		known, unknown := slices.Min(took[true]), slices.Min(took[false])
		ratio := float64(known) / float64(unknown)
		t.Logf("known %s, unknown %s, ratio %.2f", known, unknown, ratio)
		require.InDelta(t, 1, ratio, 0.5, "without a hash for nobody it is thirty times less")
	})
}
