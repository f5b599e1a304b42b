package screening

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

// pass is how far a realm is whose owner screens all customers: which events were followed,
// which lists everybody was looked up in, and, while others are new, up to which customer.
type pass struct {
	seq    int64
	stamp  string
	target string
	scan   int64
}

// State is how far screening is, and by what.
type State struct {
	Engine    string
	Threshold float64
	Lists     []List
	Automatic bool
	Customers int64
	Screened  int64 // in the lists as they are now
}

// State tells what there is to screen by, and how far the owner's customers are.
func (s *Service) State(ctx context.Context, g auth.Grant) (State, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return State{}, err
	}
	state := State{Engine: s.Engine.Name(), Threshold: s.Threshold, Automatic: r.Owner.ScreenCustomers}
	if state.Lists, err = s.Engine.Lists(ctx); err != nil {
		return state, away(err)
	}
	stamp, err := s.Engine.Stamp(ctx)
	if err != nil {
		return state, away(err)
	}
	err = s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM customer WHERE realm_id = $1`, []any{r.Realm()}, &state.Customers)
	if err != nil {
		return state, err
	}
	return state, s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM screening WHERE realm_id = $1 AND stamp = $2`, []any{r.Realm(), stamp}, &state.Screened)
}

// batch is how many customers one step takes, atOnce how many of them at the same time:
// their units share commits.
const (
	batch  = 200
	atOnce = 8
)

// RunDue takes a step in every realm whose owner screens all customers. It says whether
// there is more to do.
func (s *Service) RunDue(ctx context.Context) (more bool, err error) {
	owners, err := s.Owners.List(ctx)
	if err != nil {
		return false, err
	}
	stamp := ""
	for _, o := range owners {
		if !o.ScreenCustomers || o.Status != owner.Active {
			continue
		}
		if stamp == "" {
			var failed error
			if stamp, failed = s.Engine.Stamp(ctx); failed != nil || stamp == "" {
				return false, failed
			}
		}
		for _, mode := range []auth.Mode{auth.Live, auth.Test} {
			left, failed := s.step(ctx, auth.System(o.ID, o.Realm(mode), mode, "screening"), stamp)
			more, err = more || left, errors.Join(err, failed)
		}
	}
	return more && err == nil, err
}

// step goes on with one realm.
func (s *Service) step(ctx context.Context, g auth.Grant, stamp string) (more bool, err error) {
	p, err := s.place(ctx, g)
	if err != nil {
		return false, err
	}
	followed, more, err := s.follow(ctx, g, p)
	if err != nil || p.stamp == stamp {
		return more, err
	}
	left, err := s.everybody(ctx, g, followed, stamp)
	return more || left, err
}

// place finds how far a realm is. A new one follows events from now on: everybody who is
// there is looked up anyway.
func (s *Service) place(ctx context.Context, g auth.Grant) (pass, error) {
	var p pass
	scope := db.Realm(g.Realm())
	ask := func() error {
		return s.Store.One(ctx, scope, `SELECT seq, stamp, target, scan_id FROM screening_pass WHERE realm_id = $1`, []any{g.Realm()}, &p.seq, &p.stamp, &p.target, &p.scan)
	}
	err := ask()
	if !errors.Is(err, db.ErrNoRows) {
		return p, err
	}
	var last int64
	if err := s.Store.One(ctx, scope, `SELECT coalesce(max(seq), 0) FROM event WHERE realm_id = $1`, []any{g.Realm()}, &last); err != nil {
		return p, err
	}
	err = s.Store.Write(ctx, scope, func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO screening_pass (realm_id, seq, stamp, target, scan_id) VALUES ($1, $2, '', '', 0) ON CONFLICT DO NOTHING`, g.Realm(), last)
		return nil
	})
	if err != nil {
		return p, err
	}
	return p, ask()
}

// move stores how far a realm is, unless another node was faster.
func (s *Service) move(ctx context.Context, g auth.Grant, was, is pass) error {
	err := s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `UPDATE screening_pass SET seq = $2, stamp = $3, target = $4, scan_id = $5 WHERE realm_id = $1 AND seq = $6 AND stamp = $7 AND target = $8 AND scan_id = $9`,
			g.Realm(), is.seq, is.stamp, is.target, is.scan, was.seq, was.stamp, was.target, was.scan)
		return nil
	})
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// follow screens who was made or got another name or birth date.
func (s *Service) follow(ctx context.Context, g auth.Grant, p pass) (pass, bool, error) {
	events, err := s.Events.After(ctx, g, p.seq, batch)
	if err != nil || len(events) == 0 {
		return p, false, err
	}
	var who []int64
	for _, e := range events {
		named := e.Kind == event.CustomerUpdated && (slices.Contains(e.Fields, "name") || slices.Contains(e.Fields, "dateOfBirth"))
		if (named || e.Kind == event.CustomerCreated) && !slices.Contains(who, e.CustomerID) {
			who = append(who, e.CustomerID)
		}
	}
	if err := s.screenAll(ctx, g, who); err != nil {
		return p, false, err
	}
	is := p
	is.seq = events[len(events)-1].Seq
	return is, len(events) == batch, s.move(ctx, g, p, is)
}

// everybody screens the next of those who were not looked up in the lists as they are now.
func (s *Service) everybody(ctx context.Context, g auth.Grant, p pass, stamp string) (more bool, err error) {
	from := p.scan
	if p.target != stamp {
		from = 0
	}
	var who []int64
	err = s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT c.id FROM customer c LEFT JOIN screening s ON s.realm_id = c.realm_id AND s.customer_id = c.id
		WHERE c.realm_id = $1 AND c.id > $2 AND (s.stamp IS NULL OR s.stamp <> $3) ORDER BY c.id LIMIT $4`, []any{g.Realm(), from, stamp, batch}, func(row db.Row) error {
		var customerID int64
		err := row.Scan(&customerID)
		who = append(who, customerID)
		return err
	})
	if err == nil {
		err = s.screenAll(ctx, g, who)
	}
	if err != nil {
		return false, err
	}
	is := p
	is.target, is.scan = stamp, from
	if len(who) < batch {
		is.stamp, is.target, is.scan = stamp, "", 0
	} else {
		is.scan = who[len(who)-1]
	}
	return len(who) == batch, s.move(ctx, g, p, is)
}

// screenAll screens some, a few at a time. Who is gone meanwhile is left out.
func (s *Service) screenAll(ctx context.Context, g auth.Grant, who []int64) error {
	errs := make([]error, len(who))
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, customerID := range who {
		places <- struct{}{}
		all.Go(func() {
			_, err := s.Screen(ctx, g, customerID, nil)
			if !fault.Is(err, fault.CustomerErased) && !fault.Is(err, fault.CustomerNotFound) {
				errs[i] = err
			}
			<-places
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Run screens until ctx ends: every interval, and on while there is more.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, nil, func(ctx context.Context) bool {
		more, err := s.RunDue(ctx)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		return more
	})
}
