package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// Kinds of differences.
const (
	// UnknownHere is money that the provider took under a key or number that we do not have.
	UnknownHere = "unknown_here"
	// MissingThere is money that we count and the provider's report does not have.
	MissingThere = "missing_there"
	// Unequal is another sum on either side.
	Unequal = "unequal"
)

// Difference is something on which the provider's report and our books do not agree.
type Difference struct {
	Kind         string
	RequestID    int64
	AttemptID    int64
	Reference    string
	Ours, Theirs int64 // held on either side after refunds, in minor units
	Currency     string
}

// Reconciliation is one day's comparison with one provider.
type Reconciliation struct {
	ID          int64
	ProviderID  int64
	Day         string
	Entries     int64
	Differences []Difference
}

// slack is how far either side's clock may put a charge into the neighbouring day.
const slack = time.Hour

// Reconcile compares a day (UTC) with the report of every provider that gives one, and
// keeps what differs. A day that was compared is compared anew.
func (s *Service) Reconcile(ctx context.Context, g auth.Grant, day time.Time) ([]Reconciliation, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	uses, err := s.Routing.All(ctx, r)
	if err != nil {
		return nil, err
	}
	all := []Reconciliation{}
	for _, u := range uses {
		reporter, ok := u.Connector.(provider.Reporter)
		if !ok {
			continue
		}
		found, err := s.compare(ctx, r, u, reporter, day.Truncate(24*time.Hour))
		if err != nil {
			return nil, err
		}
		all = append(all, found)
		if err := s.keepComparison(ctx, r, found); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// held is what we count of an attempt.
type held struct {
	attemptID, requestID int64
	reference            string
	amount               money.Amount
	seen                 bool
}

func (s *Service) compare(ctx context.Context, r owner.Room, u use, reporter provider.Reporter, day time.Time) (Reconciliation, error) {
	from, to := day, day.AddDate(0, 0, 1)
	found := Reconciliation{ID: s.IDs.Next(), ProviderID: u.ID, Day: day.Format(time.DateOnly), Differences: []Difference{}}
	ours, err := s.heldBetween(ctx, r, u, from.Add(-2*slack), to.Add(2*slack))
	if err != nil {
		return found, err
	}
	err = reporter.Report(ctx, u.Account, from.Add(-slack), to.Add(slack), func(e provider.Entry) error {
		found.Entries++
		h, err := s.heldFor(ctx, r, u, ours, e.Ref)
		if d, differs := difference(h, e); err == nil && differs {
			found.Differences = append(found.Differences, d)
		}
		return err
	})
	if err != nil {
		return found, err
	}
	for _, h := range ours {
		made := id.Time(h.attemptID)
		if !h.seen && h.amount.Minor != 0 && !made.Before(from) && made.Before(to) {
			found.Differences = append(found.Differences, Difference{MissingThere, h.requestID, h.attemptID, h.reference, h.amount.Minor, 0, h.amount.Currency})
		}
	}
	return found, nil
}

func difference(h *held, e provider.Entry) (Difference, bool) {
	theirs := int64(0)
	if e.State == provider.Approved {
		theirs = e.Amount.Minor - e.Refunded
	}
	d := Difference{Kind: Unequal, Reference: clean(e.Ref.Reference, 255), Theirs: theirs, Currency: e.Amount.Currency}
	if h == nil {
		d.Kind = UnknownHere
		return d, theirs != 0
	}
	h.seen = true
	d.RequestID, d.AttemptID, d.Ours = h.requestID, h.attemptID, h.amount.Minor
	return d, theirs != h.amount.Minor || theirs != 0 && h.amount.Currency != e.Amount.Currency
}

const heldColumns = `a.id, a.request_id, a.reference, q.currency, CASE WHEN q.status = 1 AND q.attempt_id = a.id THEN q.amount - q.refunded ELSE 0 END
	FROM payment_attempt a JOIN payment_request q ON q.realm_id = a.realm_id AND q.id = a.request_id WHERE a.realm_id = $1 AND q.realm_id = $1`

func (s *Service) heldBetween(ctx context.Context, r owner.Room, u use, from, to time.Time) (map[int64]*held, error) {
	ours := map[int64]*held{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+heldColumns+` AND a.id >= $2 AND a.id < $3 AND a.provider_id = $4`, []any{r.Realm(), id.First(from), id.First(to), u.ID}, func(row db.Row) error {
		h, err := scanHeld(row)
		ours[h.attemptID] = h
		return err
	})
	return ours, err
}

func scanHeld(row db.Row) (*held, error) {
	h := &held{}
	err := row.Scan(&h.attemptID, &h.requestID, &h.reference, &h.amount.Currency, &h.amount.Minor)
	return h, err
}

// heldFor finds what a line of the report is about, also outside the day.
func (s *Service) heldFor(ctx context.Context, r owner.Room, u use, ours map[int64]*held, ref provider.Ref) (*held, error) {
	a, err := s.attemptOf(ctx, r, u, ref)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if h := ours[a.id]; err != nil || h != nil {
		return h, err
	}
	var h *held
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+heldColumns+` AND a.id = $2`, []any{r.Realm(), a.id}, func(row db.Row) (err error) {
		h, err = scanHeld(row)
		return err
	})
	return h, err
}

func (s *Service) keepComparison(ctx context.Context, r owner.Room, c Reconciliation) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM payment_difference WHERE realm_id = $1 AND reconciliation_id IN
			(SELECT id FROM payment_reconciliation WHERE realm_id = $1 AND provider_id = $2 AND day = $3)`, r.Realm(), c.ProviderID, c.Day)
		tx.Exec(`DELETE FROM payment_reconciliation WHERE realm_id = $1 AND provider_id = $2 AND day = $3`, r.Realm(), c.ProviderID, c.Day)
		tx.Exec(`INSERT INTO payment_reconciliation (realm_id, provider_id, day, id, entries) VALUES ($1, $2, $3, $4, $5)`, r.Realm(), c.ProviderID, c.Day, c.ID, c.Entries)
		for i, d := range c.Differences {
			tx.Exec(`INSERT INTO payment_difference (realm_id, reconciliation_id, number, kind, request_id, attempt_id, reference, ours, theirs, currency)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, r.Realm(), c.ID, i+1, d.Kind, d.RequestID, d.AttemptID, d.Reference, d.Ours, d.Theirs, d.Currency)
		}
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.Reconcile, Object: c.ID, Count: len(c.Differences)})
	})
}

// Reconciliations lists the newest comparisons with their differences.
func (s *Service) Reconciliations(ctx context.Context, g auth.Grant, limit int) ([]Reconciliation, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	all := []Reconciliation{}
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, provider_id, day, entries FROM payment_reconciliation WHERE realm_id = $1 ORDER BY day DESC, provider_id LIMIT $2`,
		[]any{r.Realm(), limit}, func(row db.Row) error {
			c := Reconciliation{Differences: []Difference{}}
			err := row.Scan(&c.ID, &c.ProviderID, &c.Day, &c.Entries)
			all = append(all, c)
			return err
		})
	for i := 0; i < len(all) && err == nil; i++ {
		all[i].Differences, err = s.differences(ctx, r, all[i].ID)
	}
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.Reconcile})
}

func (s *Service) differences(ctx context.Context, r owner.Room, of int64) ([]Difference, error) {
	all := []Difference{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT kind, request_id, attempt_id, reference, ours, theirs, currency FROM payment_difference
		WHERE realm_id = $1 AND reconciliation_id = $2 ORDER BY number`, []any{r.Realm(), of}, func(row db.Row) error {
		var d Difference
		err := row.Scan(&d.Kind, &d.RequestID, &d.AttemptID, &d.Reference, &d.Ours, &d.Theirs, &d.Currency)
		all = append(all, d)
		return err
	})
	return all, err
}

// ReconcileYesterday compares yesterday once, in the realm of a grant.
func (s *Service) ReconcileYesterday(ctx context.Context, g auth.Grant) error {
	day := s.Clock.Now().Add(-slack).Truncate(24*time.Hour).AddDate(0, 0, -1)
	var done int64
	err := s.Store.One(ctx, db.Realm(g.Realm()), `SELECT count(*) FROM payment_reconciliation WHERE realm_id = $1 AND day = $2`, []any{g.Realm(), day.Format(time.DateOnly)}, &done)
	if err != nil || done > 0 {
		return err
	}
	_, err = s.Reconcile(ctx, g, day)
	return err
}
