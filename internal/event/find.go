package event

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
)

// Range is some of a realm's events: one by its id, or those of a time, of some kinds
// ("*": all).
type Range struct {
	ID       int64
	From, To time.Time
	Kinds    []string
}

// disorder is how far numbers and ids can be out of step: an id is taken before its unit
// is committed, and a unit takes no longer than this.
const disorder = time.Minute

// Find lists up to limit events of a range, in order.
func (l *Log) Find(ctx context.Context, g auth.Grant, in Range, limit int) ([]Event, error) {
	first, last := id.First(in.From), id.First(in.To)
	if in.ID != 0 {
		first, last = in.ID, in.ID+1
	}
	from, err := l.near(ctx, g, id.First(id.Time(first).Add(-disorder)))
	if err != nil {
		return nil, err
	}
	end := id.First(id.Time(last).Add(disorder))
	var found []Event
	for len(found) < limit {
		page, err := l.After(ctx, g, from, sequenceBatch)
		if err != nil || len(page) == 0 {
			return found, err
		}
		for _, e := range page {
			if from = e.Seq; e.ID >= first && e.ID < last && len(found) < limit && (slices.Contains(in.Kinds, "*") || slices.Contains(in.Kinds, e.Kind)) {
				found = append(found, e)
			}
		}
		if page[len(page)-1].ID > end {
			return found, nil
		}
	}
	return found, nil
}

// near is a number before the first event with at least this id, by halving: ids rise with
// the numbers, but for what disorder allows.
func (l *Log) near(ctx context.Context, g auth.Grant, least int64) (int64, error) {
	low, high := int64(0), int64(0)
	scope := db.Realm(g.Realm())
	if err := l.store.One(ctx, scope, `SELECT coalesce(max(seq), 0) FROM event WHERE realm_id = $1`, []any{g.Realm()}, &high); err != nil {
		return 0, err
	}
	for high-low > sequenceBatch {
		middle, at := low+(high-low)/2, int64(0)
		err := l.store.One(ctx, scope, `SELECT id FROM event WHERE realm_id = $1 AND seq = $2`, []any{g.Realm(), middle}, &at)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return 0, err
		}
		if at < least {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}
