package audit

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// Each calls fn for every record of the grant's realm from one moment until before another,
// each once, whether it is sealed yet or not. Records come in no order that means anything.
func (l *Log) Each(ctx context.Context, g auth.Grant, from, to time.Time, fn func(Record) error) error {
	f := Filter{From: from, To: to}
	before := int64(1 << 62)
	// Where the sealed records end is read in the same statement: what is sealed a moment later
	// must not be seen twice.
	err := l.store.Each(ctx, scope(g), `SELECT body, coalesce((SELECT first_seq + records FROM audit_segment WHERE realm_id = $1 ORDER BY first_seq DESC LIMIT 1), 0)
		FROM audit_pending WHERE realm_id = $1`, []any{g.Realm()}, func(row db.Row) error {
		var text []byte
		if err := row.Scan(&text, &before); err != nil {
			return err
		}
		return f.give([][]byte{text}, -1, fn)
	})
	for more := true; more && err == nil; {
		more, err = l.eachSegment(ctx, g, f, &before, fn)
	}
	return err
}

// eachSegment reads the next segments that can have records of the time.
func (l *Log) eachSegment(ctx context.Context, g auth.Grant, f Filter, before *int64, fn func(Record) error) (more bool, err error) {
	seen := 0
	err = l.store.Each(ctx, scope(g), `SELECT first_seq, body FROM audit_segment WHERE realm_id = $1 AND first_seq < $2 AND last_at >= $3 AND first_at <= $4 ORDER BY first_seq DESC LIMIT $5`,
		[]any{g.Realm(), *before, f.From.UnixMilli() - slack, f.To.UnixMilli() + slack, segmentsAtOnce}, func(row db.Row) error {
			seen++
			var packed []byte
			if err := row.Scan(before, &packed); err != nil {
				return err
			}
			texts, err := unpack(packed)
			if err != nil {
				return err
			}
			return f.give(texts, *before, fn)
		})
	return seen == segmentsAtOnce, err
}

func (f Filter) give(texts [][]byte, first int64, fn func(Record) error) error {
	for i, text := range texts {
		r, err := parse(text, first+int64(i))
		if err != nil {
			return err
		}
		if !f.wants(r) {
			continue
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}
