package audit

import (
	"context"
	"errors"
	"sync"
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

	mu      sync.Mutex
	notes   []waiter // waiting for a commit
	writers int
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
	r := l.row(g, e)
	tx.Insert(insertPending, 3, r.realm, r.id, r.body)
	return nil
}

// row is a record on its way into audit_pending.
type row struct {
	realm, id int64
	body      []byte
}

func (l *Log) row(g auth.Grant, e Entry) row {
	if e.Result == "" {
		e.Result = OK
	}
	id := l.nextID()
	return row{g.Realm(), id, body(id, l.clock.Millis(), g, e)}
}

// Note makes an entry durable by itself: before the first byte of a read's answer, or
// of a refusal. Entries that come while others are being committed wait for the next
// commit together, whosever they are, and are written by one statement.
func (l *Log) Note(ctx context.Context, g auth.Grant, e Entry) error {
	if err := l.Ready(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	n := waiter{l.row(g, e), make(chan error, 1)}
	l.mu.Lock()
	l.notes = append(l.notes, n)
	if l.writers < noteWriters {
		l.writers++
		go l.writeNotes()
	}
	l.mu.Unlock()
	return <-n.done
}

// waiter is an entry and whoever waits for it.
type waiter struct {
	row
	done chan error
}

const (
	// noteWriters is how many commits of notes may be under way at once. With one, all
	// that come during a commit share the next: fewer fsyncs than with two.
	noteWriters = 1
	// notesAtOnce bounds one statement.
	notesAtOnce = 128
)

// writeNotes commits what waits until nothing does.
func (l *Log) writeNotes() {
	for {
		l.mu.Lock()
		batch := l.notes[:min(len(l.notes), notesAtOnce)]
		l.notes = l.notes[len(batch):]
		if len(batch) == 0 {
			l.notes = nil
			l.writers--
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		err := l.store.Write(context.Background(), db.Worker(), func(tx *db.Tx) error {
			insertNotes(tx, batch)
			return nil
		})
		for _, n := range batch {
			n.done <- err
		}
	}
}

const insertPending = `INSERT INTO audit_pending (realm_id, id, body)`

func insertNotes(tx *db.Tx, batch []waiter) {
	args := make([]any, 0, 3*len(batch))
	for _, n := range batch {
		args = append(args, n.realm, n.id, n.body)
	}
	tx.Insert(insertPending, 3, args...)
}

// scope is the actor's realm; what no realm owns (the operator, strangers) is the
// worker's to read.
func scope(g auth.Grant) db.Scope {
	if g.Realm() == 0 {
		return db.Worker()
	}
	return db.Realm(g.Realm())
}
