package audit

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// sinkPatience is how long the outside sink may fail before writes and personal
// reads stop.
const sinkPatience = time.Minute

// Log writes records.
type Log struct {
	store  *db.DB
	clock  clock.Clock
	nextID func() int64

	// sinkFailing is when the sink began to fail, in milliseconds; 0 while it works.
	sinkFailing atomic.Int64
}

// NewLog makes the log.
func NewLog(store *db.DB, c clock.Clock, nextID func() int64) *Log {
	return &Log{store: store, clock: c, nextID: nextID}
}

// Ready says whether anything may be done that must be audited.
func (l *Log) Ready() error {
	since := l.sinkFailing.Load()
	if since != 0 && l.clock.Millis()-since > sinkPatience.Milliseconds() {
		return fault.Away(errors.New("the audit sink has not taken a checkpoint for a minute"))
	}
	return nil
}

// Add puts an entry into the unit of the change that it tells of.
func (l *Log) Add(tx *db.Tx, g auth.Grant, e Entry) error {
	if err := l.Ready(); err != nil {
		return err
	}
	if e.Result == "" {
		e.Result = OK
	}
	id := l.nextID()
	tx.Exec(`INSERT INTO audit_pending (realm_id, id, body) VALUES ($1, $2, $3)`, g.Realm(), id, body(id, l.clock.Millis(), g, e))
	return nil
}

// Note makes an entry durable by itself: before the first byte of a read's answer, or
// of a refusal. Entries that wait together are committed together.
func (l *Log) Note(ctx context.Context, g auth.Grant, e Entry) error {
	return l.store.Write(ctx, scope(g), func(tx *db.Tx) error { return l.Add(tx, g, e) })
}

// scope is the actor's realm; what no realm owns (the operator, strangers) is the
// worker's to write.
func scope(g auth.Grant) db.Scope {
	if g.Realm() == 0 {
		return db.Worker()
	}
	return db.Realm(g.Realm())
}
