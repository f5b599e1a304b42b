package lease_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/lease"
)

func TestOneHolderAtATime(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		hands := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		first, second := lease.NewDesk(store, hands.Clock(), "first"), lease.NewDesk(store, hands.Clock(), "second")
		ctx := t.Context()
		require.NoError(t, first.Hold(ctx, "work"))
		require.ErrorIs(t, second.Hold(ctx, "work"), lease.ErrTaken)
		require.NoError(t, second.Hold(ctx, "other work"))
		hands.Advance(lease.Length)
		require.ErrorIs(t, second.Hold(ctx, "work"), lease.ErrTaken, "its last millisecond")
		require.NoError(t, first.Hold(ctx, "work"), "renewed")
		hands.Advance(lease.Length)
		require.ErrorIs(t, second.Hold(ctx, "work"), lease.ErrTaken)
		hands.Advance(time.Millisecond)
		require.NoError(t, second.Hold(ctx, "work"), "expired")
		require.ErrorIs(t, first.Hold(ctx, "work"), lease.ErrTaken)
		require.NoError(t, first.Release(ctx, "work"), "another's lease is not given back")
		require.ErrorIs(t, first.Hold(ctx, "work"), lease.ErrTaken)
		require.NoError(t, second.Release(ctx, "work"))
		require.NoError(t, first.Hold(ctx, "work"))
	})
}

func TestNodeNumbersAreDistinct(t *testing.T) {
	t.Parallel()
	const nodes = 6
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		hands := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		var mu sync.Mutex
		taken := map[int]string{}
		var workers sync.WaitGroup
		for i := range nodes {
			workers.Go(func() {
				n, name, err := lease.NewDesk(store, hands.Clock(), fmt.Sprint("node ", i)).Node(t.Context(), nodes)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken[n] = name
				}
			})
		}
		workers.Wait()
		require.Len(t, taken, nodes)
		late := lease.NewDesk(store, hands.Clock(), "one more")
		late.RetryEvery(time.Millisecond)
		_, _, err := late.Node(t.Context(), nodes)
		require.ErrorContains(t, err, "in use")
		hands.Advance(lease.Length + time.Millisecond)
		n, _, err := late.Node(t.Context(), nodes)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}
