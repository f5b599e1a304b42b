package event

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
)

// Kinds of events of this version (wire contract, section 6).
const (
	CustomerCreated = "customer.created"
	CustomerUpdated = "customer.updated"
	CustomerDeleted = "customer.deleted"
	CustomerErased  = "customer.erased"
)

// Event is something that happened to a customer.
type Event struct {
	Seq        int64 // its number in the realm, from 1
	ID         int64
	Kind       string
	CustomerID int64
	Fields     []string // names of what changed
}

// Time is when it happened.
func (e Event) Time() time.Time { return id.Time(e.ID) }

// Log writes and reads events.
type Log struct {
	store  *db.DB
	nextID func() int64
	wake   chan struct{}
}

// NewLog makes the log; nextID numbers events before they have their place in order.
func NewLog(store *db.DB, nextID func() int64) *Log {
	return &Log{store: store, nextID: nextID, wake: make(chan struct{}, 1)}
}

// Record adds an event to the unit that changes the customer.
func (l *Log) Record(tx *db.Tx, g auth.Grant, kind string, customer int64, fields []string) {
	tx.Exec(`INSERT INTO event_pending (realm_id, id, kind, customer_id, fields) VALUES ($1, $2, $3, $4, $5)`,
		g.Realm(), l.nextID(), kind, customer, strings.Join(fields, ","))
}

// Wake tells the sequencer that something was committed. It may be called at any time.
func (l *Log) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Woken is what a sequencer waits on besides its clock.
func (l *Log) Woken() <-chan struct{} { return l.wake }

// After lists up to limit events with numbers above after, in order, without a gap.
func (l *Log) After(ctx context.Context, g auth.Grant, after int64, limit int) ([]Event, error) {
	events := make([]Event, 0, limit)
	err := l.store.Each(ctx, db.Realm(g.Realm()),
		`SELECT seq, id, kind, customer_id, fields FROM event WHERE realm_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
		[]any{g.Realm(), after, limit}, func(r db.Row) error {
			var e Event
			var fields string
			if err := r.Scan(&e.Seq, &e.ID, &e.Kind, &e.CustomerID, &fields); err != nil {
				return err
			}
			if e.Fields = []string{}; fields != "" {
				e.Fields = strings.Split(fields, ",")
			}
			events = append(events, e)
			return nil
		})
	return events, err
}

// sequenceBatch bounds how long one run of the sequencer holds SQLite's writer.
const sequenceBatch = 1000

// Sequence numbers committed events, oldest first within a realm, and says how many.
// Two sequencers can't give one number twice: the second fails on the primary key
// and finds its events still pending.
func (l *Log) Sequence(ctx context.Context) (int, error) {
	count := 0
	err := l.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		byRealm, err := takePending(tx)
		if err != nil {
			return err
		}
		count = 0
		for realm, events := range byRealm {
			var last int64
			if err := tx.One(`SELECT coalesce(max(seq), 0) FROM event WHERE realm_id = $1`, []any{realm}, &last); err != nil {
				return err
			}
			for i, e := range events {
				tx.Exec(`INSERT INTO event (realm_id, seq, id, kind, customer_id, fields) VALUES ($1, $2, $3, $4, $5, $6)`,
					realm, last+1+int64(i), e.id, e.kind, e.customer, e.fields)
			}
			count += len(events)
		}
		return nil
	})
	if db.IsViolation(err, "event") {
		return 0, nil
	}
	return count, err
}

type pending struct {
	id, customer int64
	kind, fields string
}

func takePending(tx *db.Tx) (map[int64][]pending, error) {
	byRealm := map[int64][]pending{}
	err := tx.Each(`DELETE FROM event_pending WHERE (realm_id, id) IN
		(SELECT realm_id, id FROM event_pending ORDER BY realm_id, id LIMIT $1)
		RETURNING realm_id, id, kind, customer_id, fields`, []any{sequenceBatch}, func(r db.Row) error {
		var realm int64
		var p pending
		if err := r.Scan(&realm, &p.id, &p.kind, &p.customer, &p.fields); err != nil {
			return err
		}
		byRealm[realm] = append(byRealm[realm], p)
		return nil
	})
	for _, events := range byRealm {
		sortByID(events)
	}
	return byRealm, err
}

// Run numbers events until ctx ends: at once when woken, and every interval for what
// other nodes committed. failed hears of errors, which are tried again.
func (l *Log) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		count, err := l.Sequence(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		if count == sequenceBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.wake:
		}
	}
}
