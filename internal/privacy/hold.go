package privacy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Service is the desk of a data protection officer. Build it with New.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Audit     *audit.Log
	Clock     clock.Clock
	IDs       *id.Source
	Customers *customer.Service
	Random    func() uint64 // tokens of links

	wake chan struct{}
}

// New completes a service.
func New(s Service) *Service {
	s.wake = make(chan struct{}, 1)
	return &s
}

// Hold keeps a customer from being erased: a claim, an audit, an order of a court (GDPR
// Art. 17(3)(b) and (e)).
type Hold struct {
	ID       int64
	UserID   int64 // who placed it
	Reason   string
	Until    time.Time
	Released time.Time // zero while it holds
}

// Placed is when it was placed.
func (h Hold) Placed() time.Time { return id.Time(h.ID) }

// longestHold is how far ahead a hold may end: it must be looked at again.
const longestHold = 10 * 366 * 24 * time.Hour

// Place keeps a customer from being erased until a day. It counts as a change of the
// customer, so that an erasure under way at the same moment sees it.
func (s *Service) Place(ctx context.Context, g auth.Grant, customerID int64, h Hold, also func(*db.Tx, Hold, customer.Person) error) (Hold, error) {
	now := s.Clock.Now()
	if !h.Until.After(now) || h.Until.After(now.Add(longestHold)) {
		return h, fault.OneField("/until", "invalid", "must lie ahead, ten years at most")
	}
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return h, err
	}
	h.ID, h.UserID = s.IDs.Next(), g.Actor().ID
	plain, err := json.Marshal(h.Reason)
	if err != nil {
		return h, err
	}
	sealed, err := p.Key.Seal(place(r, h.ID), plain)
	if err != nil {
		return h, err
	}
	return h, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.Customers.Touch(tx, r.Realm(), customerID)
		tx.Exec(`INSERT INTO legal_hold (realm_id, customer_id, id, user_id, until_at, released_at, doc) VALUES ($1, $2, $3, $4, $5, 0, $6)`,
			r.Realm(), customerID, h.ID, h.UserID, h.Until.UnixMilli(), sealed)
		if err := also(tx, h, p); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.HoldPlace, Customers: []int64{customerID}, Object: h.ID})
	})
}

func (s *Service) person(ctx context.Context, g auth.Grant, customerID int64) (owner.Room, customer.Person, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return r, customer.Person{}, err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	return r, p, err
}

func place(r owner.Room, row int64) vault.Place { return r.Place("legal_hold", row, "doc") }

// Release ends a hold before its day.
func (s *Service) Release(ctx context.Context, g auth.Grant, customerID, holdID int64) error {
	r, _, err := s.person(ctx, g, customerID)
	if err != nil {
		return err
	}
	none := fault.New(fault.NotFound, fault.HoldNotFound, "There is no such hold in force")
	now := s.Clock.Millis()
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(none, `UPDATE legal_hold SET released_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND released_at = 0 AND until_at > $4`, r.Realm(), customerID, holdID, now)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.HoldRelease, Customers: []int64{customerID}, Object: holdID})
	})
}

// Holds lists a customer's holds, those that ended too, the newest first.
func (s *Service) Holds(ctx context.Context, g auth.Grant, customerID int64) ([]Hold, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	var all []Hold
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, until_at, released_at, doc FROM legal_hold WHERE realm_id = $1 AND customer_id = $2 ORDER BY id DESC`,
		[]any{r.Realm(), customerID}, func(row db.Row) error {
			h, err := scanHold(row, r, p.Key)
			all = append(all, h)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.HoldsRead, Customers: []int64{customerID}})
}

func scanHold(row db.Row, r owner.Room, key vault.Subject) (Hold, error) {
	var h Hold
	var until, released int64
	var sealed []byte
	if err := row.Scan(&h.ID, &h.UserID, &until, &released, &sealed); err != nil {
		return h, err
	}
	h.Until = time.UnixMilli(until).UTC()
	if released != 0 {
		h.Released = time.UnixMilli(released).UTC()
	}
	plain, err := key.Open(place(r, h.ID), sealed)
	if err != nil {
		return h, err
	}
	return h, json.Unmarshal(plain, &h.Reason)
}

// History tells what a customer brought along. Why somebody is kept is no matter of their
// history (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	return s.imports(ctx, g, customerID, before, limit)
}

// Forget refuses while a hold is in force, and removes those that ended (customer.Other).
func (s *Service) Forget(ctx context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	var count int64
	err := s.Store.One(ctx, db.Realm(g.Realm()), `SELECT count(*) FROM legal_hold WHERE realm_id = $1 AND customer_id = $2 AND released_at = 0 AND until_at > $3`,
		[]any{g.Realm(), customerID, s.Clock.Millis()}, &count)
	if err != nil {
		return customer.Forgetting{}, err
	}
	if count > 0 {
		return customer.Forgetting{}, fault.New(fault.Conflict, fault.CustomerOnHold, "A legal hold is in force: release it first, or wait for its day")
	}
	return customer.Forgetting{Report: []string{"no legal hold was in force", "removed links to the data, and what was brought along"},
		Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other): holds were lifted before the
// erasure.
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	for _, table := range []string{"export_link", "customer_import", "legal_hold"} {
		tx.Exec(`DELETE FROM `+table+` WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
	}
}
