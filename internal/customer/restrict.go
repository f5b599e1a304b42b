package customer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/vault"
)

// Reasons to restrict are those of GDPR Art. 18(1)(a) to (d).
const (
	Contested = "accuracy_contested"
	Unlawful  = "unlawful_processing"
	Claims    = "needed_for_claims"
	Objected  = "objection_pending"
)

// Restriction is why and since when a customer's data are only kept.
type Restriction struct {
	ID     int64
	UserID int64 // who set it
	Reason string
	Note   string
	was    Status
}

// Since is when it was set.
func (r Restriction) Since() time.Time { return id.Time(r.ID) }

func restricted(customerID int64) error {
	return fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted: they are kept, and neither read nor used").With("customerId", text(customerID))
}

// hidesFrom reports whether a restricted customer may not be read by a caller (Art. 18(2)).
// What was begun before, such as a payment under way, is finished by the program itself.
func (c *Customer) hidesFrom(a auth.Actor) bool {
	people := a.Kind == auth.APIKey || a.Kind == auth.User
	return c.Status == Restricted && people && !a.May(auth.PrivacyManage)
}

func (r room) restrictionPlace(row int64) vault.Place { return r.Place("restriction", row, "doc") }

// Restrict stops all use of a customer's data but keeping them (GDPR Art. 18). Only those
// who may manage privacy see the customer from now on.
func (s *Service) Restrict(ctx context.Context, g auth.Grant, customerID int64, n Restriction) (Restriction, error) {
	n.ID, n.UserID = s.IDs.Next(), g.Actor().ID
	err := s.turn(ctx, g, customerID, func(r room, c *Customer) (Status, Also, error) {
		if c.Status == Restricted {
			return 0, nil, fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted already").With("customerId", text(customerID))
		}
		n.was = c.Status
		tell, err := s.tellOf(ctx, g, customerID)
		return Restricted, func(tx *db.Tx, c *Customer, key vault.Subject) error {
			tell(tx)
			return s.keepRestriction(tx, r, c, key, n)
		}, err
	})
	return n, err
}

// tellOf gives what tells recipients of a restriction in its unit.
func (s *Service) tellOf(ctx context.Context, g auth.Grant, customerID int64) (func(*db.Tx), error) {
	if s.TellOfRestriction == nil {
		return func(*db.Tx) {}, nil
	}
	return s.TellOfRestriction(ctx, g, customerID)
}

func (s *Service) keepRestriction(tx *db.Tx, r room, c *Customer, key vault.Subject, n Restriction) error {
	plain, err := json.Marshal(n.Note)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(r.restrictionPlace(n.ID), plain)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO restriction (realm_id, customer_id, id, user_id, reason, was, doc) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.Realm(), c.ID, n.ID, n.UserID, n.Reason, int64(n.was), sealed)
	s.Events.Record(tx, r.Grant, event.CustomerRestricted, c.ID, nil)
	return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerRestrict, Customers: []int64{c.ID}})
}

// Lift ends a restriction. The customer must be told before (Art. 18(3)); the event is for
// whoever does.
func (s *Service) Lift(ctx context.Context, g auth.Grant, customerID int64) error {
	return s.turn(ctx, g, customerID, func(r room, c *Customer) (Status, Also, error) {
		n, err := s.restriction(ctx, r, c)
		return n.was, func(tx *db.Tx, c *Customer, _ vault.Subject) error {
			tx.Exec(`DELETE FROM restriction WHERE realm_id = $1 AND customer_id = $2`, r.Realm(), c.ID)
			s.Events.Record(tx, r.Grant, event.CustomerUnrestricted, c.ID, nil)
			return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerLift, Customers: []int64{c.ID}})
		}, err
	})
}

// turn gives a customer another status, whatever it is now.
func (s *Service) turn(ctx context.Context, g auth.Grant, customerID int64, to func(room, *Customer) (Status, Also, error)) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	for range attempts {
		before, err := s.find(ctx, r, customerID)
		if err != nil {
			return err
		}
		p, err := before.Profile()
		if err != nil {
			return err
		}
		after := *before
		status, also, err := to(r, before)
		if err != nil {
			return err
		}
		after.Status = status
		if _, err = s.store(ctx, r, before, &after, p, p, also); !errors.Is(err, errAgain) {
			return err
		}
	}
	return fault.Away(errAgain)
}

// Restriction is what restricts a customer now.
func (s *Service) Restriction(ctx context.Context, g auth.Grant, customerID int64) (Restriction, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Restriction{}, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return Restriction{}, err
	}
	n, err := s.restriction(ctx, r, c)
	if err != nil {
		return n, err
	}
	return n, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RestrictionRead, Customers: []int64{customerID}})
}

func (s *Service) restriction(ctx context.Context, r room, c *Customer) (Restriction, error) {
	var n Restriction
	var was int64
	var sealed []byte
	err := s.Store.One(ctx, r.Scope(), `SELECT id, user_id, reason, was, doc FROM restriction WHERE realm_id = $1 AND customer_id = $2`,
		[]any{r.Realm(), c.ID}, &n.ID, &n.UserID, &n.Reason, &was, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		return n, fault.New(fault.NotFound, fault.RestrictionNotFound, "The customer's data are not restricted")
	}
	if err != nil {
		return n, err
	}
	n.was = Status(was)
	key, err := r.Keys.Subject(ctx, c.keyID)
	if err != nil {
		return n, err
	}
	plain, err := key.Open(r.restrictionPlace(n.ID), sealed)
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(plain, &n.Note)
}

// Touch makes a change of a customer's row out of what another feature does to the customer
// in the same unit: an erasure that began before sees that it is not the first.
func (s *Service) Touch(tx *db.Tx, realm, customerID int64) {
	tx.ExecOne(fault.NoCustomer(customerID), `UPDATE customer SET version = version + 1 WHERE realm_id = $1 AND id = $2`, realm, customerID)
}

// Stay keeps a customer from being erased while something about them is written in the same
// unit; one who is gone fails it.
func Stay(tx *db.Tx, realm, customerID int64) {
	tx.ExecOne(fault.NoCustomer(customerID), `UPDATE customer SET facts = facts WHERE realm_id = $1 AND id = $2`, realm, customerID)
}
