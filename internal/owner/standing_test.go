package owner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

func also(*db.Tx) error { return nil }

// TestOnlyGrantsEnter: a realm opens for a grant, and not for who was refused or has none.
// Shows: PCI DSS 7.3.3
func TestOnlyGrantsEnter(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, store *db.DB, hands *clock.Fake, here, _ *owner.Service) {
		o, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		log := audit.NewLog(store, hands.Clock(), func() int64 { return 1 })
		g := auth.System(o.ID, o.TestRealm, auth.Test, "test")
		r, err := here.Enter(t.Context(), g, log)
		require.NoError(t, err)
		require.Equal(t, o.TestRealm, r.Realm())
		require.NotNil(t, r.Keys)
		for name, bad := range map[string]auth.Grant{"zero": {}, "refused": auth.Refused(g.Actor(), auth.Origin{}), "no realm": auth.System(o.ID, 0, auth.Test, "test")} {
			_, err := here.Enter(t.Context(), bad, log)
			require.True(t, fault.Is(err, fault.ForbiddenCode), "%s: %v", name, err)
		}
		_, err = here.Enter(t.Context(), auth.System(o.ID+1, o.TestRealm, auth.Test, "test"), log)
		require.True(t, fault.Is(err, fault.OwnerNotFound), "%v", err)
	})
}

// TestStandings: who is suspended can act again, who is leaving can't, and who is gone is
// found by nobody. Another node hears of it within a second.
func TestStandings(t *testing.T) {
	t.Parallel()
	two(t, func(t *testing.T, _ *db.DB, hands *clock.Fake, here, there *owner.Service) {
		o, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		other, err := here.Create(t.Context(), good(), alone)
		require.NoError(t, err)
		now := func() (owner.Standing, map[int64]bool) {
			hands.Advance(time.Second)
			o, err := there.Get(t.Context(), o.ID)
			require.NoError(t, err)
			closed, err := there.Closed(t.Context())
			require.NoError(t, err)
			require.False(t, closed[other.LiveRealm])
			return o.Standing, closed
		}
		require.Error(t, here.Leave(t.Context(), o.ID, also), "is active")
		want := owner.Standing{Status: owner.Suspended, Reason: "Unpaid", Since: hands.Clock().Now(), RateLimit: 7}
		require.NoError(t, here.Stand(t.Context(), o.ID, want, also))
		got, closed := now()
		require.Equal(t, want, got)
		require.Equal(t, map[int64]bool{o.LiveRealm: true, o.TestRealm: true}, closed)
		require.NoError(t, here.Stand(t.Context(), o.ID, owner.Standing{Status: owner.Active}, also))
		got, closed = now()
		require.False(t, got.Suspended())
		require.Empty(t, closed)
		require.Error(t, here.Bury(t.Context(), o.ID, also), "is active")
		require.NoError(t, here.Stand(t.Context(), o.ID, want, also))
		require.NoError(t, here.Leave(t.Context(), o.ID, also))
		require.Error(t, here.Leave(t.Context(), o.ID, also))
		got, closed = now()
		require.Equal(t, owner.Leaving, got.Status)
		require.True(t, got.Suspended() && closed[o.TestRealm])
		require.Error(t, here.Stand(t.Context(), o.ID, owner.Standing{Status: owner.Active}, also))
		require.NoError(t, here.Bury(t.Context(), o.ID, also))
		hands.Advance(time.Second)
		_, err = there.Get(t.Context(), o.ID)
		require.True(t, fault.Is(err, fault.OwnerNotFound))
		_, _, err = there.ByRealm(t.Context(), o.LiveRealm)
		require.True(t, fault.Is(err, fault.OwnerNotFound))
		all, err := there.List(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Error(t, here.Stand(t.Context(), o.ID, owner.Standing{Status: owner.Active}, also))
	})
}
