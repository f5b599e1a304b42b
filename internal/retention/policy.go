package retention

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/lease"
	"github.com/florin-gateway/florin/internal/owner"
)

// Service keeps policies and runs them.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Customers *customer.Service
	Audit     *audit.Log
	Clock     clock.Clock
	IDs       *id.Source
	Leases    *lease.Desk // nil where there is one process
	// Attempt removes one try of a webhook.
	Attempt func(tx *db.Tx, realm, endpointID, attemptID int64)
	// Sign signs a report with the key of the audit trail.
	Sign func(text string) (signed string, err error)

	mu sync.Mutex
	// clean has of each realm what a run looked for and found with nobody: no profile has to
	// be opened for it again, since it is not taken any more.
	clean map[int64]string
}

// Policy is how long an owner keeps a class of data.
type Policy struct {
	Class
	Days    int64 // 0: no policy, nothing is removed
	Version int64 // grows with each change, and is in the report of each run
	UserID  int64
	Changed time.Time
}

// longest is as far as a policy reaches, a hundred years.
const longest = 36_500

// Policies lists every class, with its policy where it has one.
func (s *Service) Policies(ctx context.Context, g auth.Grant) ([]Policy, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.policies(ctx, r)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RetentionRead})
}

func (s *Service) policies(ctx context.Context, r owner.Room) ([]Policy, error) {
	set := map[string]Policy{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT class, version, days, user_id, changed_at FROM retention_policy WHERE realm_id = $1`, []any{r.Realm()}, func(row db.Row) error {
		var p Policy
		var name string
		var changed int64
		err := row.Scan(&name, &p.Version, &p.Days, &p.UserID, &changed)
		p.Changed = time.UnixMilli(changed).UTC()
		set[name] = p
		return err
	})
	var all []Policy
	for _, c := range Classes() {
		p := set[c.Name]
		p.Class = c
		all = append(all, p)
	}
	return all, err
}

func noClass() error {
	return fault.New(fault.NotFound, fault.RetentionClassNotFound, "There is no such class of data")
}

// Put sets how long a class is kept; 0 days ends its policy. It counts from the next run on.
func (s *Service) Put(ctx context.Context, g auth.Grant, class string, days int64) (Policy, error) {
	c, ok := ClassOf(class)
	if !ok {
		return Policy{}, noClass()
	}
	if days != 0 {
		if err := c.check(days); err != nil {
			return Policy{}, err
		}
	}
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{Class: c, Days: days, UserID: g.Actor().ID, Changed: s.Clock.Now().Truncate(time.Millisecond)}
	return p, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		err := tx.Each(`INSERT INTO retention_policy (realm_id, class, version, days, user_id, changed_at) VALUES ($1, $2, 1, $3, $4, $5)
			ON CONFLICT (realm_id, class) DO UPDATE SET version = retention_policy.version + 1, days = excluded.days, user_id = excluded.user_id, changed_at = excluded.changed_at RETURNING version`,
			[]any{r.Realm(), c.Name, days, p.UserID, p.Changed.UnixMilli()}, func(row db.Row) error { return row.Scan(&p.Version) })
		if err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RetentionChange, Object: p.Version, Fields: []string{c.Name}})
	})
}

// check holds a policy to its class's bounds.
func (c Class) check(days int64) error {
	most := int64(longest)
	if c.Most > 0 {
		most = int64(c.Most)
	}
	least := max(1, int64(c.Least))
	switch {
	case c.Fixed != "":
		return fault.OneField("/days", "invalid", "can't be set for this class. "+c.Fixed)
	case days < least || days > most:
		return fault.OneField("/days", "invalid", fmt.Sprintf("must be a whole number from %d to %d for this class", least, most))
	}
	return nil
}
