package id_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/id"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func none(int64) bool { return false }

func TestIDsGrowAndFitABrowsersNumber(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(start)
	source := id.NewSource(fake.Clock(), rand.New(rand.NewPCG(1, 2)).Uint64, none)
	last := int64(0)
	for i := range 100_000 {
		if i%700 == 0 {
			fake.Advance(time.Millisecond)
		}
		next := source.Next()
		require.Greater(t, next, last)
		require.LessOrEqual(t, next, int64(id.Max))
		last = next
	}
}

// Shows: PCI DSS 10.6.1
func TestIDsDoNotRepeatWhenTheClockStepsBack(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(start)
	source := id.NewSource(fake.Clock(), rand.New(rand.NewPCG(1, 2)).Uint64, none)
	before := source.Next()
	fake.Advance(-time.Hour)
	require.Greater(t, source.Next(), before)
}

func TestNodesNeverMakeTheSameID(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(start)
	seen := map[int64]int{}
	for node := range id.Nodes {
		source := id.NewSource(fake.Clock(), rand.New(rand.NewPCG(1, 2)).Uint64, none)
		source.UseNode(node)
		for range 100 {
			next := source.Next()
			require.NotContains(t, seen, next)
			seen[next] = node
		}
	}
}

func TestIDsThatLookLikeACardAreSkipped(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(start)
	plain := id.NewSource(fake.Clock(), func() uint64 { return 0 }, none)
	bad := plain.Next()
	picky := id.NewSource(fake.Clock(), func() uint64 { return 0 }, func(n int64) bool { return n == bad })
	require.Equal(t, bad+1, picky.Next())
}

func TestTimeOfAnID(t *testing.T) {
	t.Parallel()
	source := id.NewSource(clock.NewFake(start).Clock(), func() uint64 { return 77 }, none)
	made := source.Next()
	require.Equal(t, start, id.Time(made))
	require.LessOrEqual(t, id.First(start), made)
	require.Greater(t, id.First(start.Add(time.Millisecond)), made)
	require.Zero(t, id.First(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)))
}
