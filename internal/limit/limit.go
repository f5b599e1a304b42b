package limit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

// Subject is whose bucket it is: of a kind, by number or by text.
type Subject struct {
	Kind string
	ID   int64
	Text string
}

// Desk keeps the buckets of this node.
type Desk struct {
	clock clock.Clock
	nodes atomic.Int64

	mu     sync.RWMutex
	all    map[Subject]*bucket
	shared *Shared // nil where there is one node
}

// Shared is what nodes need to count together.
type Shared struct {
	Store *db.DB
	Nodes func(context.Context) (int, error) // how many there are
	// Mark hides a text: an address is a person's (GDPR recital 30), and rows outlive it.
	Mark func(context.Context, string) (string, error)
}

// NewDesk makes the desk of a node that is alone until Share.
func NewDesk(c clock.Clock) *Desk {
	d := &Desk{clock: c, all: map[Subject]*bucket{}}
	d.nodes.Store(1)
	return d
}

// Share has the desk count with other nodes. Call it before the first Take.
func (d *Desk) Share(s Shared) { d.shared = &s }

// mostBuckets bounds the memory; all is forgotten when it is full.
const mostBuckets = 200_000

// Take takes one if there is one left.
func (d *Desk) Take(s Subject, r Rate) bool {
	now := d.clock.Now()
	return d.bucket(s, r, now).take(now, r)
}

// Has reports whether one is left, and takes nothing. Who never took has all.
func (d *Desk) Has(s Subject) bool {
	d.mu.RLock()
	b := d.all[s]
	d.mu.RUnlock()
	return b == nil || b.has(d.clock.Now())
}

func (d *Desk) bucket(s Subject, r Rate, now time.Time) *bucket {
	d.mu.RLock()
	b := d.all[s]
	d.mu.RUnlock()
	if b != nil {
		return b
	}
	name := d.name(s)
	d.mu.Lock()
	defer d.mu.Unlock()
	if b := d.all[s]; b != nil {
		return b
	}
	if len(d.all) >= mostBuckets {
		clear(d.all)
	}
	share := 1 / float64(d.nodes.Load())
	b = &bucket{name: name, rate: r, at: now, share: share}
	b.left = b.most()
	d.all[s] = b
	return b
}

// name is how a subject's row is called; empty if it can't be told.
func (d *Desk) name(s Subject) string {
	if d.shared == nil {
		return ""
	}
	if s.Text == "" {
		return s.Kind + " " + strconv.FormatInt(s.ID, 10)
	}
	mark, err := d.shared.Mark(context.Background(), s.Text)
	if err != nil {
		return ""
	}
	return s.Kind + " " + mark
}

// report is what this node tells of one bucket.
type report struct {
	*bucket
	units float64
	rate  Rate
}

// Exchange tells the other nodes what was taken here and hears what was taken there.
func (d *Desk) Exchange(ctx context.Context) error {
	if d.shared == nil {
		return nil
	}
	nodes, err := d.shared.Nodes(ctx)
	if err != nil {
		return err
	}
	nodes = max(1, nodes)
	if before := d.nodes.Swap(int64(nodes)); nodes != int(before) && min(nodes, int(before)) == 1 {
		d.collect(1) // what was taken alone is nobody's business, and who is alone has all
	}
	if nodes == 1 {
		return nil
	}
	known, reports := d.collect(nodes)
	if err := d.write(ctx, reports); err != nil {
		for _, r := range reports {
			r.untell(r.units)
		}
		return err
	}
	return d.read(ctx, known, nodes)
}

func (d *Desk) collect(nodes int) (known map[string]*bucket, reports []report) {
	now := d.clock.Now()
	known = map[string]*bucket{}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, b := range d.all {
		units, rate := b.tell(now, nodes)
		if b.name == "" {
			continue
		}
		known[b.name] = b
		if units > 0 {
			reports = append(reports, report{b, units, rate})
		}
	}
	return known, reports
}

// write adds what was taken to the rows, in one order, so that no two nodes wait for each
// other. A bucket that was full begins to empty now.
func (d *Desk) write(ctx context.Context, reports []report) error {
	if len(reports) == 0 {
		return nil
	}
	slices.SortFunc(reports, func(a, b report) int { return strings.Compare(a.name, b.name) })
	now := d.clock.Now().UnixMicro()
	return d.shared.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		for _, r := range reports {
			costs := int64(math.Ceil(r.units / r.rate.PerSecond * 1e6))
			tx.Exec(`INSERT INTO rate_use (subject, used, full_at, changed_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (subject) DO UPDATE SET used = rate_use.used + $2, changed_at = $4,
				full_at = CASE WHEN rate_use.full_at > $4 THEN rate_use.full_at + $5 ELSE $3 END`,
				r.name, int64(r.units), now+costs, now, costs)
		}
		return nil
	})
}

// recentRows is how far back rows are read: nodes' clocks differ.
const recentRows = 5 * time.Second

func (d *Desk) read(ctx context.Context, known map[string]*bucket, nodes int) error {
	now := d.clock.Now()
	return d.shared.Store.Each(ctx, db.Worker(), `SELECT subject, used, full_at FROM rate_use WHERE changed_at > $1`, []any{now.Add(-recentRows).UnixMicro()}, func(row db.Row) error {
		var name string
		var used, full int64
		err := row.Scan(&name, &used, &full)
		if b := known[name]; b != nil && err == nil {
			b.learn(now, nodes, used, time.UnixMicro(full).Sub(now))
		}
		return err
	})
}

// rowLife is how long a row outlives its last use: longer than any bucket takes to fill.
const rowLife = time.Hour

// Purge forgets rows that nobody uses.
func (d *Desk) Purge(ctx context.Context) error {
	if d.shared == nil {
		return nil
	}
	return d.shared.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM rate_use WHERE changed_at <= $1`, d.clock.Now().Add(-rowLife).UnixMicro())
		return nil
	})
}

// interval is how often nodes tell one another.
const interval = 250 * time.Millisecond

// Run exchanges until ctx ends.
func (d *Desk) Run(ctx context.Context, failed func(error)) {
	clock.Repeat(ctx, interval, nil, func(ctx context.Context) bool {
		if err := d.Exchange(ctx); err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		return false
	})
}
