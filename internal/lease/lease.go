package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

// Length is how long a lease holds without being renewed.
const Length = 15 * time.Second

// ErrTaken says that another node holds the lease.
var ErrTaken = errors.New("lease: held by another node")

// Desk hands out leases to one holder, this process.
type Desk struct {
	store  *db.DB
	clock  clock.Clock
	holder string
	retry  time.Duration
}

// NewDesk makes the desk of a process with a name of its own.
func NewDesk(store *db.DB, c clock.Clock, holder string) *Desk {
	return &Desk{store: store, clock: c, holder: holder, retry: nodeRetry}
}

// Hold takes or renews a lease; ErrTaken while another node has it.
func (d *Desk) Hold(ctx context.Context, name string) error {
	now := d.clock.Now()
	return d.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(ErrTaken, `INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE lease.holder = excluded.holder OR lease.expires_at < $4`,
			name, d.holder, now.Add(Length).UnixMilli(), now.UnixMilli())
		return nil
	})
}

// Release gives a lease back early, at a clean stop.
func (d *Desk) Release(ctx context.Context, name string) error {
	return d.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM lease WHERE name = $1 AND holder = $2`, name, d.holder)
		return nil
	})
}

// nodeRetry is how often Node looks again while every number is taken.
const nodeRetry = 500 * time.Millisecond

// Node takes the first free of count node numbers and its lease's name. While all are
// taken it waits as long as the lease of a node that died can last.
func (d *Desk) Node(ctx context.Context, count int) (int, string, error) {
	for range Length/nodeRetry + 1 {
		n, name, err := d.freeNode(ctx, count)
		if !errors.Is(err, ErrTaken) {
			return n, name, err
		}
		select {
		case <-time.After(d.retry):
		case <-ctx.Done():
			return 0, "", ctx.Err()
		}
	}
	return 0, "", fmt.Errorf("all %d node numbers are in use: stop a node first", count)
}

func (d *Desk) freeNode(ctx context.Context, count int) (int, string, error) {
	for n := range count {
		name := fmt.Sprintf("node/%d", n)
		err := d.Hold(ctx, name)
		if err == nil || !errors.Is(err, ErrTaken) {
			return n, name, err
		}
	}
	return 0, "", ErrTaken
}

// Nodes says how many nodes there are.
func (d *Desk) Nodes(ctx context.Context) (int, error) {
	var n int64
	err := d.store.One(ctx, db.Worker(), `SELECT count(*) FROM lease WHERE name LIKE 'node/%' AND expires_at >= $1`, []any{d.clock.Millis()}, &n)
	return int(n), err
}

// Keep renews a lease until ctx ends; lost hears when it could not be renewed in time.
func (d *Desk) Keep(ctx context.Context, name string, lost func(error)) {
	tick := time.NewTicker(Length / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := d.Hold(ctx, name); err != nil && ctx.Err() == nil {
				lost(err)
			}
		}
	}
}
