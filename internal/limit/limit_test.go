package limit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/limit"
)

func key(id int64) limit.Subject { return limit.Subject{Kind: "key", ID: id} }

// taken is how many of n a desk gives.
func taken(d *limit.Desk, s limit.Subject, r limit.Rate, n int) (got int) {
	for range n {
		if d.Take(s, r) {
			got++
		}
	}
	return got
}

// TestAlone: a burst, then the rate, then a burst again after a rest.
func TestAlone(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	d := limit.NewDesk(fake.Clock())
	r := limit.Rate{PerSecond: 10, Burst: 20}
	require.Equal(t, 20, taken(d, key(1), r, 100))
	require.False(t, d.Has(key(1)))
	fake.Advance(time.Second)
	require.True(t, d.Has(key(1)))
	require.Equal(t, 10, taken(d, key(1), r, 100))
	fake.Advance(time.Hour)
	require.Equal(t, 20, taken(d, key(1), r, 100))
	require.Equal(t, 20, taken(d, key(2), r, 100), "another has its own")
	require.True(t, d.Has(key(3)), "who never took has all")
	require.Equal(t, 10, taken(d, key(2), limit.Rate{PerSecond: 20, Burst: 30}, 100), "a limit that was raised")
	fake.Advance(-time.Minute)
	require.Zero(t, taken(d, key(1), r, 1), "a clock that steps back gives nothing")
	require.NoError(t, d.Exchange(t.Context()))
}

// cluster is several nodes on one database and one clock.
type cluster struct {
	*clock.Fake
	store *db.DB
	nodes []*limit.Desk
}

func newCluster(t *testing.T, store *db.DB, n int) *cluster {
	t.Helper()
	c := &cluster{Fake: clock.NewFake(time.Now()), store: store}
	for range n {
		d := limit.NewDesk(c.Clock())
		d.Share(limit.Shared{Store: store, Nodes: func(context.Context) (int, error) { return n, nil },
			Mark: func(_ context.Context, text string) (string, error) {
				return "marked" + strings.Repeat("x", len(text)), nil
			}})
		c.nodes = append(c.nodes, d)
	}
	c.exchange(t)
	return c
}

func (c *cluster) exchange(t *testing.T) {
	t.Helper()
	for _, d := range c.nodes {
		require.NoError(t, d.Exchange(t.Context()))
	}
}

// press asks each node for more than it gives, in turns of 50 ms, and exchanges every
// 250 ms of a time. demand are the requests of a turn at each node.
func (c *cluster) press(t *testing.T, s limit.Subject, r limit.Rate, length time.Duration, demand ...int) (total int, each []int) {
	t.Helper()
	each = make([]int, len(c.nodes))
	for turn := range int(length / (50 * time.Millisecond)) {
		for i, d := range c.nodes {
			got := taken(d, s, r, demand[i%len(demand)])
			each[i] += got
			total += got
		}
		c.Advance(50 * time.Millisecond)
		if turn%5 == 4 {
			c.exchange(t)
		}
	}
	return total, each
}

// TestTogether holds what decision 0024 says of several nodes: never much more than one
// node alone would give, and not much less either.
func TestTogether(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		r := limit.Rate{PerSecond: 200, Burst: 400}
		for i, row := range []struct {
			nodes  int
			demand []int
		}{{1, []int{100}}, {2, []int{100}}, {2, []int{100, 0}}, {2, []int{100, 3}}, {3, []int{100}}, {4, []int{7, 100, 0, 1}}, {8, []int{100}}, {8, []int{100, 0, 0, 0, 0, 0, 0, 0}}, {16, []int{20}}} {
			c := newCluster(t, store, row.nodes)
			const seconds = 20
			total, each := c.press(t, key(int64(i)), r, seconds*time.Second, row.demand...)
			alone := r.Burst + r.PerSecond*seconds
			t.Logf("%d nodes, demand %v: %d, which is %.3f of one node's; %v", row.nodes, row.demand, total, float64(total)/alone, each)
			require.LessOrEqual(t, float64(total), alone*1.1)
			require.GreaterOrEqual(t, float64(total), alone*0.9)
		}
	})
}

// TestBurst: nodes that were idle give a burst together, not one each.
func TestBurst(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		r := limit.Rate{PerSecond: 200, Burst: 400}
		c := newCluster(t, store, 4)
		at := func() (total int) {
			for _, d := range c.nodes {
				total += taken(d, key(1), r, 1000)
			}
			return total
		}
		require.Equal(t, 400, at())
		c.exchange(t)
		c.exchange(t)
		require.Zero(t, at())
		c.Advance(time.Hour)
		c.exchange(t)
		require.Equal(t, 400, at())
		c.exchange(t)
		hot, cold := c.nodes[0], c.nodes[1]
		for range 40 { // one node alone has all
			c.Advance(250 * time.Millisecond)
			taken(hot, key(2), r, 60)
			c.exchange(t)
		}
		c.Advance(time.Minute)
		require.LessOrEqual(t, taken(hot, key(2), r, 1000)+taken(cold, key(2), r, 1000), 400+400/4, "a newcomer has its share besides")
	})
}

// TestFailuresAreOnePlacesOnAllNodes: an address that failed at one node is refused by all.
func TestFailuresAreOnePlacesOnAllNodes(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		c := newCluster(t, store, 2)
		r := limit.Rate{PerSecond: 0.5, Burst: 30}
		s := limit.Subject{Kind: "address", Text: "203.0.113.9"}
		total := 0
		for range 200 {
			for _, d := range c.nodes {
				if d.Has(s) && d.Take(s, r) {
					total++
				}
			}
			c.exchange(t)
		}
		require.InDelta(t, 30, total, 2)
		require.NoError(t, store.Each(t.Context(), db.Worker(), `SELECT subject FROM rate_use`, nil, func(row db.Row) error {
			var name string
			err := row.Scan(&name)
			require.NotContains(t, name, "203.0.113")
			return err
		}))
		c.Advance(2 * time.Hour)
		require.NoError(t, c.nodes[0].Purge(t.Context()))
		var rows int64
		require.NoError(t, store.One(t.Context(), db.Worker(), `SELECT count(*) FROM rate_use`, nil, &rows))
		require.Zero(t, rows)
		c.exchange(t)
		require.True(t, c.nodes[1].Has(s))
		require.Positive(t, taken(c.nodes[1], s, r, 100))
		c.exchange(t) // the row begins anew
	})
}

// TestUnreported: a bucket that is used little has no row, and who can't ask goes on alone.
func TestUnreported(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		c := newCluster(t, store, 2)
		r := limit.Rate{PerSecond: 200, Burst: 400}
		rows := func() (n int64) {
			require.NoError(t, store.One(t.Context(), db.Worker(), `SELECT count(*) FROM rate_use`, nil, &n))
			return n
		}
		taken(c.nodes[0], key(1), r, 24)
		c.exchange(t)
		require.Zero(t, rows())
		taken(c.nodes[0], key(1), r, 1)
		c.exchange(t)
		require.EqualValues(t, 1, rows(), "25 of a burst of 400 on two nodes")
		broken := limit.NewDesk(c.Clock())
		broken.Share(limit.Shared{Store: store, Nodes: func(context.Context) (int, error) { return 0, errors.New("away") }})
		require.Error(t, broken.Exchange(t.Context()))
		require.Equal(t, 400, taken(broken, key(1), r, 1000), "goes on alone")
	})
}

// TestSecondNode: what was taken while a node was alone is no debt once there is another.
func TestSecondNode(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		c := newCluster(t, store, 1)
		nodes := 1
		d := limit.NewDesk(c.Clock())
		d.Share(limit.Shared{Store: store, Nodes: func(context.Context) (int, error) { return nodes, nil }})
		r := limit.Rate{PerSecond: 200, Burst: 400}
		for range 20 {
			taken(d, key(1), r, 50)
			require.NoError(t, d.Exchange(t.Context()))
			c.Advance(250 * time.Millisecond)
		}
		c.Advance(time.Minute)
		nodes = 2
		require.NoError(t, d.Exchange(t.Context()))
		require.NoError(t, d.Exchange(t.Context()))
		require.Equal(t, 200, taken(d, key(1), r, 1000))
	})
}

// TestExchangeFails: what could not be told is told the next time.
func TestExchangeFails(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: filepath.Join(t.TempDir(), "test.db")}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	rename := func(from, to string) {
		require.NoError(t, store.Write(t.Context(), db.Worker(), func(tx *db.Tx) error {
			tx.Exec(`ALTER TABLE ` + from + ` RENAME TO ` + to)
			return nil
		}))
	}
	c := newCluster(t, store, 2)
	r := limit.Rate{PerSecond: 200, Burst: 400}
	require.Equal(t, 200, taken(c.nodes[0], key(1), r, 1000))
	rename("rate_use", "away")
	require.Error(t, c.nodes[0].Exchange(t.Context()))
	rename("away", "rate_use")
	c.exchange(t)
	var used int64
	require.NoError(t, store.One(t.Context(), db.Worker(), `SELECT used FROM rate_use`, nil, &used))
	require.EqualValues(t, 200, used)
}

func BenchmarkTake(b *testing.B) {
	d := limit.NewDesk(clock.System())
	r := limit.Rate{PerSecond: 1e9, Burst: 2e9}
	for i := range int64(10_000) {
		d.Take(key(i), r)
	}
	b.RunParallel(func(p *testing.PB) {
		for i := int64(0); p.Next(); i++ {
			if !d.Take(key(i%10_000), r) {
				panic(fmt.Sprint(i))
			}
		}
	})
}
