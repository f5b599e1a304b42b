package customer

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Service keeps customers.
type Service struct {
	Store  *db.DB
	Vault  *vault.Vault
	Owners *owner.Service
	Audit  *audit.Log
	Events *event.Log
	Phones *contact.PhoneParser
	Clock  clock.Clock
	IDs    *id.Source
	// Sign signs the certificate of an erasure with the key of the audit trail.
	Sign func(text string) (signed string, err error)
	// TellOfRestriction finds who must be told that a customer was restricted (GDPR Art. 19)
	// and gives the statements that tell them; nil tells nobody.
	TellOfRestriction func(ctx context.Context, g auth.Grant, customerID int64) (func(*db.Tx), error)
	// Ledger keeps the certificate of an erasure outside the database.
	Ledger func(signed string) error
	// Others are features above this one that keep something about customers.
	Others []Other
}

// room is the realm that one call works in.
type room struct{ owner.Room }

func (s *Service) enter(ctx context.Context, g auth.Grant) (room, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	return room{r}, err
}

func (r room) place(id int64) vault.Place { return r.Place("customer", id, "doc") }

// sealedRow is a row of customer before its profile is opened.
type sealedRow struct {
	Customer
	sealed []byte
}

const columns = `c.id, c.key_id, c.user_id, c.version, c.facts, c.status, c.has_payment_requests, c.total_deposits, c.updated_at, c.doc,
	CASE WHEN c.has_payment_requests = 0 THEN '' ELSE coalesce((SELECT string_agg(d.currency || ':' || CAST(d.amount AS TEXT), ',')
		FROM customer_deposit d WHERE d.realm_id = c.realm_id AND d.customer_id = c.id), '') END`

func (r room) scan(row db.Row) (sealedRow, error) {
	var s sealedRow
	var status, updated, requests int64
	err := row.Scan(&s.ID, &s.keyID, &s.UserID, &s.Version, &s.Facts, &status, &requests, &s.TotalDeposits, &updated, &s.sealed, &s.deposits)
	s.HasPaymentRequests = requests != 0
	s.Owner, s.OwnerName, s.realm, s.Exponent = r.Owner.ID, r.Owner.Name, r.Realm(), money.Exponent(r.Owner.BaseCurrency)
	s.Status, s.UpdateDate = Status(status), instant(updated)
	return s, err
}

// open decrypts a row with its key.
func (r room) open(row sealedRow, key vault.Subject) (*Customer, error) {
	plain, err := key.Open(r.place(row.ID), row.sealed)
	if err != nil {
		return nil, err
	}
	c := row.Customer
	if c.doc, err = parseDoc(plain); err == nil && !r.Grant.Actor().Unmasked() {
		err = c.mask()
	}
	return &c, err
}

// find reads one customer without a record in the trail; callers add theirs.
func (s *Service) find(ctx context.Context, r room, customerID int64) (*Customer, error) {
	var row sealedRow
	found := false
	err := s.Store.Row(ctx, r.Scope(), `SELECT `+columns+` FROM customer c WHERE c.realm_id = $1 AND c.id = $2`,
		[]any{r.Realm(), customerID}, func(line db.Row) (err error) {
			found = true
			row, err = r.scan(line)
			return err
		})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, s.absent(ctx, r, customerID)
	}
	if row.hidesFrom(r.Grant.Actor()) {
		return nil, restricted(customerID)
	}
	key, err := r.Keys.Subject(ctx, row.keyID)
	if errors.Is(err, vault.ErrNoKey) {
		return nil, fault.Erased(customerID)
	}
	if err != nil {
		return nil, err
	}
	return r.open(row, key)
}

// absent tells an erased customer from one that never was in this realm.
func (s *Service) absent(ctx context.Context, r room, customerID int64) error {
	var at int64
	err := s.Store.One(ctx, r.Scope(), `SELECT erased_at FROM customer_erased WHERE realm_id = $1 AND id = $2`, []any{r.Realm(), customerID}, &at)
	switch {
	case err == nil:
		return fault.Erased(customerID)
	case errors.Is(err, db.ErrNoRows):
		return fault.NoCustomer(customerID)
	default:
		return err
	}
}

// Get reads one customer. The record of it is durable when Get returns.
func (s *Service) Get(ctx context.Context, g auth.Grant, customerID int64, fields []string) (*Customer, error) {
	return s.read(ctx, g, customerID, audit.Entry{Action: audit.CustomerRead, Fields: fields})
}

// Unmask is Get for somebody who sees masked values otherwise and says what they need
// these for.
func (s *Service) Unmask(ctx context.Context, g auth.Grant, customerID int64, purpose string) (*Customer, error) {
	c, err := s.read(ctx, g, customerID, audit.Entry{Action: audit.CustomerReveal, Purpose: purpose})
	if err != nil {
		return nil, err
	}
	c.shown = nil
	return c, nil
}

func (s *Service) read(ctx context.Context, g auth.Grant, customerID int64, e audit.Entry) (*Customer, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return nil, err
	}
	e.Customers = []int64{customerID}
	return c, s.Audit.Note(ctx, g, e)
}

// isGone reports that a customer is not there, or no longer.
func isGone(err error) bool {
	return fault.Is(err, fault.CustomerNotFound) || fault.Is(err, fault.CustomerErased)
}
