package method

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Status is where a method stands.
type Status int64

// Active is the zero status.
const (
	Active Status = iota
	Expired
	Removed
)

// String is the status on the wire.
func (s Status) String() string { return [...]string{"active", "expired", "removed"}[s] }

// Method is one saved method.
type Method struct {
	ID          int64
	CustomerID  int64
	KeyID       int64
	ProviderID  int64
	Kind        string // card, wallet, bank_account, upi, crypto
	Status      Status
	IsDefault   bool
	ConsentID   int64
	Fingerprint vault.Sum
	LastUsed    time.Time
	Details
	expires int64 // yyyymm; 0 is never
}

// Created is when the method was saved.
func (m Method) Created() time.Time { return id.Time(m.ID) }

// Details are what is sealed.
type Details struct {
	Provider        string `json:"provider"` // stripe, …
	Token           string `json:"token"`
	Payer           string `json:"payer,omitempty"`
	SchemeReference string `json:"schemeReference,omitempty"`
	Brand           string `json:"brand,omitempty"`
	BIN             string `json:"bin,omitempty"`
	Last4           string `json:"last4,omitempty"`
	ExpMonth        int    `json:"expMonth,omitempty"`
	ExpYear         int    `json:"expYear,omitempty"`
	Holder          string `json:"holder,omitempty"`
	Country         string `json:"country,omitempty"`
	Label           string `json:"label,omitempty"`
}

// Service keeps methods.
type Service struct {
	Store  *db.DB
	Owners *owner.Service
	Audit  *audit.Log
	Events *event.Log
	Clock  clock.Clock
	IDs    *id.Source
}

// NotFound is the answer for a method that does not exist for this customer.
func NotFound() *fault.Error {
	return fault.New(fault.NotFound, fault.MethodNotFound, "Payment method not found")
}

const columns = `id, customer_id, key_id, provider_id, kind, status, is_default, expires, consent_id, fingerprint, used_at, doc`

func scan(row db.Row, r owner.Room, key vault.Subject) (Method, error) {
	var m Method
	var status, isDefault, used int64
	var fingerprint, sealed []byte
	err := row.Scan(&m.ID, &m.CustomerID, &m.KeyID, &m.ProviderID, &m.Kind, &status, &isDefault, &m.expires, &m.ConsentID, &fingerprint, &used, &sealed)
	if err != nil {
		return m, err
	}
	m.Status, m.IsDefault, m.Fingerprint = Status(status), isDefault != 0, vault.Sum(fingerprint)
	if used != 0 {
		m.LastUsed = time.UnixMilli(used).UTC()
	}
	if len(sealed) == 0 {
		return m, nil
	}
	plain, err := key.Open(r.Place("payment_method", m.ID, "doc"), sealed)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(plain, &m.Details)
}

// Of lists a customer's methods that were not removed, oldest first. The record in the
// trail is the caller's.
func (s *Service) Of(ctx context.Context, r owner.Room, customerID int64, key vault.Subject) ([]Method, error) {
	all := []Method{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+columns+` FROM payment_method WHERE realm_id = $1 AND customer_id = $2 AND status <> 2 ORDER BY id`,
		[]any{r.Realm(), customerID}, func(row db.Row) error {
			m, err := scan(row, r, key)
			all = append(all, m)
			return err
		})
	return all, err
}

// List answers a customer's saved methods.
func (s *Service) List(ctx context.Context, g auth.Grant, customerID int64, key vault.Subject) ([]Method, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.Of(ctx, r, customerID, key)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.MethodsRead, Customers: []int64{customerID}})
}

// Get answers one method of a customer.
func (s *Service) Get(ctx context.Context, g auth.Grant, customerID, methodID int64, key vault.Subject) (Method, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Method{}, err
	}
	m, err := s.Find(ctx, r, customerID, methodID, key)
	if err != nil {
		return m, err
	}
	return m, s.Audit.Note(ctx, g, audit.Entry{Action: audit.MethodsRead, Customers: []int64{customerID}, Object: methodID})
}

// Find reads one method of a customer; a removed one is not found.
func (s *Service) Find(ctx context.Context, r owner.Room, customerID, methodID int64, key vault.Subject) (Method, error) {
	all, err := s.Of(ctx, r, customerID, key)
	for _, m := range all {
		if m.ID == methodID {
			return m, err
		}
	}
	if err != nil {
		return Method{}, err
	}
	return Method{}, NotFound()
}

// Also runs in the unit of a change.
type Also func(*db.Tx, Method) error

// Change is what a merchant may change of a method.
type Change struct {
	Label     *string
	IsDefault bool
}

// Change renames a method or makes it the default.
func (s *Service) Change(ctx context.Context, g auth.Grant, m Method, key vault.Subject, c Change, also Also) (Method, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return m, err
	}
	if c.Label != nil {
		m.Label = *c.Label
	}
	sealed, err := s.seal(r, m, key)
	if err != nil {
		return m, err
	}
	m.IsDefault = m.IsDefault || c.IsDefault
	return m, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := also(tx, m); err != nil {
			return err
		}
		if c.IsDefault {
			makeDefault(tx, r.Realm(), m.CustomerID, m.ID)
		}
		tx.ExecOne(NotFound(), `UPDATE payment_method SET doc = $3 WHERE realm_id = $1 AND id = $2 AND status <> 2`, r.Realm(), m.ID, sealed)
		s.Events.RecordOn(tx, g, event.MethodUpdated, m.CustomerID, m.ID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.MethodUpdate, Customers: []int64{m.CustomerID}, Object: m.ID})
	})
}

// makeDefault takes the mark from the one that has it first: the unique index allows no
// moment with two.
func makeDefault(tx *db.Tx, realm, customerID, methodID int64) {
	tx.Exec(`UPDATE payment_method SET is_default = 0 WHERE realm_id = $1 AND customer_id = $2 AND is_default = 1 AND id <> $3`, realm, customerID, methodID)
	tx.Exec(`UPDATE payment_method SET is_default = 1 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND status = 0`, realm, customerID, methodID)
}

// Remove forgets a method's token in the given unit and hands the default on to the
// newest other one.
func (s *Service) Remove(tx *db.Tx, g auth.Grant, m Method) error {
	tx.ExecOne(NotFound(), `UPDATE payment_method SET status = 2, is_default = 0, doc = $3 WHERE realm_id = $1 AND id = $2 AND status <> 2`, g.Realm(), m.ID, []byte{})
	if m.IsDefault {
		tx.Exec(`UPDATE payment_method SET is_default = 1 WHERE realm_id = $1 AND id =
			(SELECT max(id) FROM payment_method WHERE realm_id = $1 AND customer_id = $2 AND status = 0)`, g.Realm(), m.CustomerID)
	}
	s.Events.RecordOn(tx, g, event.MethodRemoved, m.CustomerID, m.ID)
	return s.Audit.Add(tx, g, audit.Entry{Action: audit.MethodRemove, Customers: []int64{m.CustomerID}, Object: m.ID})
}

func (s *Service) seal(r owner.Room, m Method, key vault.Subject) ([]byte, error) {
	plain, err := json.Marshal(m.Details)
	if err != nil {
		return nil, err
	}
	return key.Seal(r.Place("payment_method", m.ID, "doc"), plain)
}

// IsTwice reports that a unit broke because the customer's card or default was saved by
// another at the same time; the caller looks again.
func IsTwice(err error) bool {
	var v *db.Violation
	return errors.As(err, &v) && v.Table == "payment_method"
}
