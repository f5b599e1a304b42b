package rights

import (
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
)

// Filter says which requests are wanted; zero values want all.
type Filter struct {
	State  string
	DueBy  time.Time // open ones that are due on this day or before
	Before int64     // an id; 0 begins at the newest
	Limit  int
}

// List gives requests without their steps, the newest first. Next is 0 at the end.
func (s *Service) List(ctx context.Context, g auth.Grant, f Filter) (all []Request, next int64, err error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, 0, err
	}
	if f.Before == 0 {
		f.Before = id.Max
	}
	due := ""
	if !f.DueBy.IsZero() {
		due = text(f.DueBy)
	}
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+requestColumns+` FROM privacy_request WHERE realm_id = $1 AND id < $2 AND ($3 = '' OR state = $3)
		AND ($4 = '' OR finished_at = 0 AND due <= $4) ORDER BY id DESC LIMIT $5`, []any{r.Realm(), f.Before, f.State, due, f.Limit + 1}, func(row db.Row) error {
		q, err := scan(row)
		all = append(all, q)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(all) > f.Limit {
		all = all[:f.Limit]
		next = all[f.Limit-1].ID
	}
	return all, next, s.Audit.Note(ctx, g, audit.Entry{Action: audit.PrivacyRequestList, Customers: customersOf(all)})
}

func customersOf(all []Request) []int64 {
	var ids []int64
	for _, q := range all {
		ids = append(ids, q.CustomerID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Count is one line of a report.
type Count struct {
	Kind, State string
	Requests    int
	Late        int
	Days        []int // from receipt to answer of those that are finished, in order
}

// Median is the middle of the days; -1 if none is finished.
func (c Count) Median() int {
	if len(c.Days) == 0 {
		return -1
	}
	return c.Days[len(c.Days)/2]
}

// Report counts what came in from one day until before another, by kind and state.
func (s *Service) Report(ctx context.Context, g auth.Grant, from, to time.Time) ([]Count, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	counts := map[[2]string]*Count{}
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+requestColumns+` FROM privacy_request WHERE realm_id = $1 AND received >= $2 AND received < $3`,
		[]any{r.Realm(), text(from), text(to)}, func(row db.Row) error {
			q, err := scan(row)
			if err != nil {
				return err
			}
			at := [2]string{q.Kind, q.State}
			if counts[at] == nil {
				counts[at] = &Count{Kind: q.Kind, State: q.State}
			}
			counts[at].add(q, now)
			return nil
		})
	if err != nil {
		return nil, err
	}
	return inOrder(counts), s.Audit.Note(ctx, g, audit.Entry{Action: audit.PrivacyReport})
}

func (c *Count) add(q Request, now time.Time) {
	c.Requests++
	if q.Late(now) {
		c.Late++
	}
	if !q.Open() {
		c.Days = append(c.Days, int(date(q.Finished).Sub(q.Received).Hours()/24))
	}
}

func inOrder(counts map[[2]string]*Count) []Count {
	var all []Count
	for _, kind := range Kinds() {
		for _, state := range States() {
			if c := counts[[2]string{kind, state}]; c != nil {
				slices.Sort(c.Days)
				all = append(all, *c)
			}
		}
	}
	return all
}
