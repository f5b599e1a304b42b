package audit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

// sealBatch bounds how long one seal holds SQLite's writer.
const sealBatch = 4096

// Sink takes signed checkpoints to where the database's keeper can't rewrite them.
type Sink interface {
	Publish(checkpoint string) error
}

// Sealer turns committed records into segments under a signed tree head.
type Sealer struct {
	log    *Log
	store  *db.DB
	signer note.Signer
	sinks  []Sink

	mu        sync.Mutex // one seal at a time in this process
	published int64      // number of the newest checkpoint that every sink has
	restored  int64      // the newest restore, read by Resume: none comes while a server runs
}

// NewSealer makes the sealer; what is not yet at the sinks after a crash goes there
// with the next seal.
func NewSealer(l *Log, store *db.DB, signer note.Signer, sinks ...Sink) *Sealer {
	return &Sealer{log: l, store: store, signer: signer, sinks: sinks}
}

// head is the newest checkpoint: its number and the tree's edge.
type head struct {
	number int64
	edge   edge
}

// errAgain says that another sealer took some of the same records.
var errAgain = errors.New("audit: another sealer was faster")

// Seal takes pending records into the tree, publishes the new head, and says how many
// records it took. The work is done before the unit begins, so that nobody waits for
// it; the unit breaks if the records or the last head are no longer what was read.
func (s *Sealer) Seal(ctx context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	segments, err := s.readPending(ctx)
	if err != nil {
		return 0, err
	}
	if len(segments) == 0 {
		return 0, s.publish(ctx) // while the sink fails nothing new can come, and it must be seen to recover
	}
	last, err := readHead(func(sql string, args []any, dest ...any) error {
		return s.store.One(ctx, db.Worker(), sql, args, dest...)
	})
	if err != nil {
		return 0, err
	}
	count := 0
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		next := last // a copy: the unit may run again
		next.edge.roots = slices.Clone(last.edge.roots)
		for _, seg := range segments {
			seg.firstSeq = next.edge.size
			if err := s.keep(tx, seg, &next.edge); err != nil {
				return err
			}
		}
		count = int(next.edge.size - last.edge.size)
		return s.checkpoint(tx, next)
	})
	if errors.Is(err, errAgain) || db.IsViolation(err, "audit_checkpoint") || db.IsViolation(err, "audit_segment") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return count, s.publish(ctx)
}

func readHead(one func(string, []any, ...any) error) (head, error) {
	var h head
	var size int64
	var roots []byte
	err := one(`SELECT number, size, edge FROM audit_checkpoint ORDER BY number DESC LIMIT 1`, nil, &h.number, &size, &roots)
	if errors.Is(err, db.ErrNoRows) {
		return head{}, nil
	}
	if err != nil {
		return head{}, err
	}
	h.edge, err = parseEdge(size, roots)
	return h, err
}

// readPending reads committed records, one segment for each realm, in order of id.
func (s *Sealer) readPending(ctx context.Context) ([]segment, error) {
	var segments []segment
	err := s.store.Each(ctx, db.Worker(), `SELECT realm_id, id, body FROM audit_pending ORDER BY realm_id, id LIMIT $1`,
		[]any{sealBatch}, func(r db.Row) error {
			var realm, id int64
			var body []byte
			if err := r.Scan(&realm, &id, &body); err != nil {
				return err
			}
			if len(segments) == 0 || segments[len(segments)-1].realm != realm {
				segments = append(segments, segment{realm: realm})
			}
			last := &segments[len(segments)-1]
			last.records, last.ids = append(last.records, body), append(last.ids, id)
			return nil
		})
	return segments, err
}

// keep stores a segment and removes its records, exactly those, from where they wait.
func (s *Sealer) keep(tx *db.Tx, seg segment, e *edge) error {
	packed, err := seg.pack()
	if err != nil {
		return err
	}
	hashes := seg.hashes(packed)
	for i := range seg.records {
		e.push(tlog.Hash(hashes[i*tlog.HashSize : (i+1)*tlog.HashSize]))
	}
	times, customers, err := seg.facts()
	if err != nil {
		return err
	}
	tx.DeleteExactly(errAgain, "audit_pending", seg.realm, seg.ids)
	tx.Exec(`INSERT INTO audit_segment (realm_id, first_seq, records, first_at, last_at, body, hashes, customers)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, seg.realm, seg.firstSeq, len(seg.records),
		times[0], times[1], packed, hashes, customerSet(customers))
	return nil
}

func (s *Sealer) checkpoint(tx *db.Tx, h head) error {
	at := s.log.clock.Millis()
	signed, err := signHead(s.signer, h.edge, at, s.restored)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO audit_checkpoint (number, size, at, edge, note) VALUES ($1, $2, $3, $4, $5)`,
		h.number+1, h.edge.size, at, h.edge.bytes(), signed)
	return nil
}

// publish takes every checkpoint that the sinks do not have there, only after its
// commit: the other way round a power cut would make verify accuse us.
func (s *Sealer) publish(ctx context.Context) error {
	err := s.store.Each(ctx, db.Worker(), `SELECT number, note FROM audit_checkpoint WHERE number > $1 ORDER BY number`,
		[]any{s.published}, func(r db.Row) error {
			var number int64
			var text string
			if err := r.Scan(&number, &text); err != nil {
				return err
			}
			for _, sink := range s.sinks {
				if err := sink.Publish(text); err != nil {
					return err
				}
			}
			s.published = number
			return nil
		})
	if err == nil {
		s.log.sinkFailing.Store(0)
	} else {
		s.log.sinkFailing.CompareAndSwap(0, s.log.clock.Millis())
	}
	return err
}

// Resume learns where the last process stopped, so that only the newest checkpoint
// is published again.
func (s *Sealer) Resume(ctx context.Context) error {
	last, err := readHead(func(sql string, args []any, dest ...any) error {
		return s.store.One(ctx, db.Worker(), sql, args, dest...)
	})
	if err != nil {
		return err
	}
	s.published = max(0, last.number-1)
	return s.store.One(ctx, db.Worker(), `SELECT coalesce(max(id), 0) FROM audit_restore`, nil, &s.restored)
}

// Run seals until ctx ends and once more after that. failed hears of errors.
func (s *Sealer) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, nil, func(ctx context.Context) bool {
		count, err := s.Seal(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		return count == sealBatch
	})
	_, _ = s.Seal(context.WithoutCancel(ctx))
}

// Sign signs another statement with the trail's key, for the same verifiers. Its first line
// must say what it is: a checkpoint's is "florin-audit" (C2SP signed note).
func (s *Sealer) Sign(text string) (string, error) {
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	return string(signed), err
}
