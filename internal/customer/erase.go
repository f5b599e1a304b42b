package customer

import (
	"context"
	"errors"
	"slices"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
)

// Plan is what an erasure would remove, for a dry run.
type Plan struct {
	CustomerID   int64
	Fields       []string
	IndexRows    int
	Interactions int64
	Others       []string // what other features remove, keep and tell
}

// PlanErasure tells what Erase would remove and removes nothing.
func (s *Service) PlanErasure(ctx context.Context, g auth.Grant, customerID int64) (Plan, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Plan{}, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return Plan{}, err
	}
	p, err := c.Profile()
	if err != nil {
		return Plan{}, err
	}
	marks, err := allMarks(r.Keys, r.Owner, p)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{CustomerID: customerID, Fields: filled(p), IndexRows: len(marks)}
	if plan.Interactions, err = s.countInteractions(ctx, r, customerID); err != nil {
		return Plan{}, err
	}
	others, err := s.othersForget(ctx, r, c)
	if err != nil {
		return Plan{}, err
	}
	for _, o := range others {
		plan.Others = append(plan.Others, o.Report...)
	}
	return plan, s.Audit.Note(ctx, g, audit.Entry{Action: audit.CustomerRead, Customers: []int64{customerID}, Filters: []string{"dryRun"}})
}

func (s *Service) countInteractions(ctx context.Context, r room, customerID int64) (n int64, err error) {
	err = s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM interaction WHERE realm_id = $1 AND customer_id = $2`, []any{r.Realm(), customerID}, &n)
	return n, err
}

// Erase removes a customer (GDPR Art. 17): first the rows and indexes, then the key,
// which makes every copy of them unreadable. When it returns both are durable. A
// crash between the two is finished by FinishErasures.
func (s *Service) Erase(ctx context.Context, g auth.Grant, customerID int64, versions []int64) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	for range attempts {
		keyID, err := s.eraseRows(ctx, r, customerID, versions)
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return err
		}
		return s.finishErasure(ctx, g, customerID, keyID)
	}
	return fault.Away(errAgain)
}

func (s *Service) eraseRows(ctx context.Context, r room, customerID int64, versions []int64) (keyID int64, err error) {
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return 0, err
	}
	if len(versions) > 0 && !slices.Contains(versions, c.Version) {
		return 0, fault.New(fault.Precondition, fault.PreconditionFailed, "The customer was changed since the version in If-Match").With("customerId", text(customerID))
	}
	p, err := c.Profile()
	if err != nil {
		return 0, err
	}
	marks, err := version{c.Status, p}.marks(r)
	if err != nil {
		return 0, err
	}
	others, err := s.othersForget(ctx, r, c)
	if err != nil {
		return 0, err
	}
	interactions, err := s.countInteractions(ctx, r, c.ID)
	if err != nil {
		return 0, err
	}
	done := report(r.Grant, p, len(marks), interactions, others)
	return c.keyID, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `DELETE FROM customer WHERE realm_id = $1 AND id = $2 AND version = $3`, c.realm, c.ID, c.Version)
		tx.Exec(`INSERT INTO customer_erased (realm_id, id, key_id, erased_at, report) VALUES ($1, $2, $3, $4, $5)`, c.realm, c.ID, c.keyID, s.Clock.Millis(), done)
		tx.Exec(`DELETE FROM restriction WHERE realm_id = $1 AND customer_id = $2`, c.realm, c.ID)
		tx.Exec(`DELETE FROM interaction WHERE realm_id = $1 AND customer_id = $2`, c.realm, c.ID)
		tx.Exec(`DELETE FROM customer_deposit WHERE realm_id = $1 AND customer_id = $2`, c.realm, c.ID)
		for _, o := range others {
			o.Do(tx)
		}
		removeMarks(tx, c.realm, c.ID, marks)
		s.Events.Record(tx, r.Grant, event.CustomerDeleted, c.ID, nil)
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerErase, Customers: []int64{c.ID}})
	})
}

// finishErasure destroys the key and says that it is gone.
func (s *Service) finishErasure(ctx context.Context, g auth.Grant, customerID, keyID int64) error {
	if err := s.Vault.Destroy(ctx, g.Realm(), keyID); err != nil {
		return err
	}
	signed, err := s.certify(ctx, g, customerID, keyID)
	if err != nil {
		return err
	}
	// Into the ledger before anybody is told: a restore of older data does it again from there.
	if err := s.Ledger(signed); err != nil {
		return fault.Away(err)
	}
	err = s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `UPDATE customer_erased SET key_id = 0, certificate = $3 WHERE realm_id = $1 AND id = $2 AND key_id <> 0`, g.Realm(), customerID, signed)
		s.Events.Record(tx, g, event.CustomerErased, customerID, nil)
		return nil
	})
	s.Events.Wake()
	if errors.Is(err, errAgain) {
		return nil // finished by another, who has told of it
	}
	return err
}

// FinishErasures destroys the keys of customers whose rows are gone already, after a
// crash in between. It says how many there were.
func (s *Service) FinishErasures(ctx context.Context) (int, error) {
	type left struct{ realm, id, key int64 }
	var all []left
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, id, key_id FROM customer_erased WHERE key_id <> 0`, nil, func(row db.Row) error {
		var l left
		err := row.Scan(&l.realm, &l.id, &l.key)
		all = append(all, l)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, l := range all {
		if err := s.finishErasure(ctx, auth.System(0, l.realm, "", "finish-erasure"), l.id, l.key); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}
