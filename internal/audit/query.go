package audit

import (
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// Filter says which records of a realm are wanted; zero values want all.
type Filter struct {
	CustomerID int64
	Action     string
	From, To   time.Time
	// Before is where the page begins: records with a smaller sequence. 0 is the
	// newest, with those that are not sealed yet.
	Before int64
	Limit  int
}

func (f Filter) wants(r Record) bool {
	return (f.CustomerID == 0 || slices.Contains(r.Customers, f.CustomerID)) &&
		(f.Action == "" || f.Action == r.Action) &&
		(f.From.IsZero() || !r.At.Before(f.From)) && (f.To.IsZero() || r.At.Before(f.To))
}

// Page is a run of records, newest first. Next is the Before of the following page,
// 0 at the end.
type Page struct {
	Records []Record
	Next    int64
}

// Find reads the trail of the grant's realm. For one customer it opens only the
// segments whose set names that customer.
func (l *Log) Find(ctx context.Context, g auth.Grant, f Filter) (Page, error) {
	var page Page
	if f.Before == 0 {
		unsealed, before, err := l.unsealed(ctx, g, f)
		if err != nil {
			return page, err
		}
		page.Records = unsealed
		f.Before = before
	}
	for len(page.Records) < f.Limit {
		records, next, err := l.segmentBefore(ctx, g, f)
		if err != nil {
			return page, err
		}
		page.Records = append(page.Records, records...)
		if next == 0 && len(page.Records) <= f.Limit {
			return page, nil
		}
		if next == 0 {
			break
		}
		f.Before = next
	}
	return cut(page, f), nil
}

// cut ends a page at its limit. Unsealed records all stand on the first page: they
// have no sequence to continue from.
func cut(p Page, f Filter) Page {
	if sealed := slices.IndexFunc(p.Records, Record.Sealed); len(p.Records) > f.Limit && sealed >= 0 {
		p.Records = p.Records[:max(f.Limit, sealed)]
	}
	p.Next = f.Before
	if n := len(p.Records); n > 0 && p.Records[n-1].Sealed() {
		p.Next = p.Records[n-1].Seq
	}
	return p
}

// mostUnsealed bounds the unsealed part of a page; sealing each second keeps it small.
const mostUnsealed = 10_000

// unsealed reads what is not sealed yet, and in the same statement where the sealed
// records end: what is sealed a moment later must not be shown twice.
func (l *Log) unsealed(ctx context.Context, g auth.Grant, f Filter) (records []Record, before int64, err error) {
	before = 1 << 62
	err = l.store.Each(ctx, scope(g), `SELECT body, coalesce((SELECT first_seq + records FROM audit_segment
			WHERE realm_id = $1 ORDER BY first_seq DESC LIMIT 1), 0)
		FROM audit_pending WHERE realm_id = $1 ORDER BY id DESC LIMIT $2`,
		[]any{g.Realm(), mostUnsealed}, func(row db.Row) error {
			var text []byte
			if err := row.Scan(&text, &before); err != nil {
				return err
			}
			r, err := parse(text, -1)
			if err == nil && f.wants(r) {
				records = append(records, r)
			}
			return err
		})
	return records, before, err
}

// segmentsAtOnce is how many segments one question looks at.
const segmentsAtOnce = 64

// segmentBefore reads the wanted records of the next segments, newest first, and
// where to go on; 0 when there is no more.
func (l *Log) segmentBefore(ctx context.Context, g auth.Grant, f Filter) (records []Record, next int64, err error) {
	seen := 0
	err = l.store.Each(ctx, scope(g), `SELECT first_seq, first_at, last_at, body, customers FROM audit_segment
		WHERE realm_id = $1 AND first_seq < $2 ORDER BY first_seq DESC LIMIT $3`,
		[]any{g.Realm(), f.Before, segmentsAtOnce}, func(row db.Row) error {
			var first, firstAt, lastAt int64
			var packed, customers []byte
			if err := row.Scan(&first, &firstAt, &lastAt, &packed, &customers); err != nil {
				return err
			}
			seen++
			if len(records) >= f.Limit {
				return nil
			}
			next = first
			if f.CustomerID != 0 && !inSet(customers, f.CustomerID) || outside(f, firstAt, lastAt) {
				return nil
			}
			return l.pick(packed, first, f, &records)
		})
	if seen < segmentsAtOnce && len(records) < f.Limit {
		next = 0
	}
	return records, next, err
}

// slack covers that ids are ordered by their node's clock and not by record.
const slack = 10_000

func outside(f Filter, firstAt, lastAt int64) bool {
	return !f.From.IsZero() && lastAt+slack < f.From.UnixMilli() || !f.To.IsZero() && firstAt-slack > f.To.UnixMilli()
}

func (l *Log) pick(packed []byte, first int64, f Filter, records *[]Record) error {
	texts, err := unpack(packed)
	if err != nil {
		return err
	}
	for i := len(texts) - 1; i >= 0; i-- {
		seq := first + int64(i)
		if seq >= f.Before {
			continue
		}
		r, err := parse(texts[i], seq)
		if err != nil {
			return err
		}
		if f.wants(r) {
			*records = append(*records, r)
		}
	}
	return nil
}
