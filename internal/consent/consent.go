package consent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Consent is one agreement.
type Consent struct {
	ID           int64
	UserID       int64
	Purpose      string
	Channel      string    // payment_page, api, …
	PendingUntil time.Time // set while it waits for the customer's confirmation, or did in vain
	Confirmed    time.Time
	Withdrawn    time.Time
	Evidence
	Confirmation Trace
	Withdrawal   Trace
}

// Given is when the customer agreed, or was asked to confirm that they do.
func (c Consent) Given() time.Time { return id.Time(c.ID) }

// State is pending, expired, given or withdrawn.
func (c Consent) State(now time.Time) string {
	switch {
	case !c.Withdrawn.IsZero():
		return "withdrawn"
	case c.PendingUntil.IsZero():
		return "given"
	case now.Before(c.PendingUntil):
		return "pending"
	default:
		return "expired"
	}
}

// Evidence is what shows that the customer agreed, sealed under their key.
type Evidence struct {
	PolicyVersion string `json:"policyVersion,omitempty"`
	Text          string `json:"text,omitempty"` // the words that were agreed to
	Language      string `json:"language,omitempty"`
	Address       string `json:"address,omitempty"` // where the agreement came from
	Reference     string `json:"reference,omitempty"`
}

// Trace is how a consent was confirmed or withdrawn, sealed under the customer's key.
type Trace struct {
	Channel   string `json:"channel,omitempty"`
	Address   string `json:"address,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// Channels are the ways on which consents and objections arrive.
func Channels() []string {
	return []string{"api", "payment_page", "web", "app", "email", "phone", "paper", "in_person", "chat", "other"}
}

// Service keeps purposes, consents and objections.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Customers *customer.Service
	Audit     *audit.Log
	Clock     clock.Clock
	IDs       *id.Source
	Events    *event.Log
	Random    func() uint64
	PublicURL func() string
}

func place(realm, row int64, column string) vault.Place {
	return vault.Place{Realm: realm, Table: "consent", Row: row, Column: column}
}

func sealed(key vault.Subject, p vault.Place, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return key.Seal(p, plain)
}

// Give adds a consent to the unit of what it allows, and says its id.
func (s *Service) Give(tx *db.Tx, g auth.Grant, customerID int64, key vault.Subject, c Consent) (int64, error) {
	c.ID = s.IDs.Next()
	return c.ID, s.add(tx, g, customerID, key, c)
}

func (s *Service) add(tx *db.Tx, g auth.Grant, customerID int64, key vault.Subject, c Consent) error {
	doc, err := sealed(key, place(g.Realm(), c.ID, "doc"), c.Evidence)
	if err != nil {
		return err
	}
	kind, pending := event.ConsentGiven, int64(0)
	if !c.PendingUntil.IsZero() {
		kind, pending = event.ConsentAsked, c.PendingUntil.UnixMilli()
	}
	tx.Exec(`INSERT INTO consent (realm_id, customer_id, id, user_id, purpose, channel, withdrawn_at, doc, pending_until, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, 0)`,
		g.Realm(), customerID, c.ID, g.Actor().ID, c.Purpose, c.Channel, doc, pending)
	s.Events.RecordOn(tx, g, kind, customerID, c.ID, c.Purpose)
	return nil
}

// confirmWithin is how long a customer has to confirm a consent by mail.
const confirmWithin = 7 * 24 * time.Hour

// Keep runs in the unit of a new consent or objection: it keeps the answer for a repetition.
type Keep[T any] func(*db.Tx, T, customer.Person) error

// Ask records a consent. Where its purpose wants a double opt-in it waits for the customer,
// who has the link. Link is the page on which they confirm and withdraw.
func (s *Service) Ask(ctx context.Context, g auth.Grant, customerID int64, c Consent, keep Keep[Consent]) (Consent, Link, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return c, Link{}, err
	}
	purpose, err := s.asking(ctx, r, c.Purpose)
	if err != nil {
		return c, Link{}, err
	}
	if purpose.DoubleOptIn {
		c.PendingUntil = s.Clock.Now().Add(confirmWithin).Truncate(time.Millisecond)
	}
	if c.PolicyVersion == "" {
		c.PolicyVersion = purpose.PolicyVersion
	}
	c.ID, c.UserID = s.IDs.Next(), g.Actor().ID
	link := s.newLink(p, purpose)
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		customer.Stay(tx, r.Realm(), p.ID)
		if err := s.add(tx, g, p.ID, p.Key, c); err != nil {
			return err
		}
		s.addLink(tx, r, p.ID, c.ID, ConsentLink, link, time.Time{})
		if err := keep(tx, c, p); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ConsentGive, Customers: []int64{p.ID}, Object: c.ID})
	})
	s.Events.Wake()
	return c, link, err
}

// asking finds a purpose that somebody can agree to.
func (s *Service) asking(ctx context.Context, r owner.Room, name string) (Purpose, error) {
	p, known, err := s.purpose(ctx, r, name)
	switch {
	case err != nil:
		return p, err
	case !known || !p.Active:
		return p, fault.OneField("/purpose", "invalid", "is no purpose of this owner that is in use")
	case p.Basis != ByConsent:
		return p, fault.OneField("/purpose", "invalid", "rests on another basis than consent")
	}
	return p, nil
}

// Usable refuses what a purpose that is switched off would be for.
func (s *Service) Usable(ctx context.Context, r owner.Room, name string) error {
	p, known, err := s.purpose(ctx, r, name)
	if err == nil && (!known || !p.Active) {
		err = fault.New(fault.Conflict, fault.PurposeInactive, "This owner does not process data for that purpose")
	}
	return err
}

func noConsent() error {
	return fault.New(fault.NotFound, fault.ConsentNotFound, "There is no such consent in force")
}

// Withdraw ends a consent, and with it every other one for the same purpose unless each
// stands for a thing of its own (Art. 7(3)). also runs in the same unit: what rests on the
// consent ends with it.
func (s *Service) Withdraw(ctx context.Context, g auth.Grant, customerID, consentID int64, t Trace, also func(*db.Tx) error) error {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return err
	}
	all, err := s.open(ctx, r, p)
	if err != nil {
		return err
	}
	ends, found := ending(all, consentID)
	if !found {
		return noConsent()
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		for _, c := range ends {
			if err := s.end(tx, g, p, c, t, noConsent()); err != nil {
				return err
			}
		}
		if err := also(tx); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ConsentEnd, Customers: []int64{p.ID}, Object: consentID})
	})
	s.Events.Wake()
	return err
}

// ending are the consents that end with one of them.
func ending(open []Consent, consentID int64) (ends []Consent, found bool) {
	for _, c := range open {
		if c.ID == consentID {
			ends, found = append(ends, c), true
		}
	}
	for _, c := range open {
		if found && c.ID != consentID && c.Purpose == ends[0].Purpose && !(Purpose{Name: c.Purpose}).single() {
			ends = append(ends, c)
		}
	}
	return ends, found
}

// end writes one withdrawal.
func (s *Service) end(tx *db.Tx, g auth.Grant, p customer.Person, c Consent, t Trace, gone error) error {
	trace, err := sealed(p.Key, place(g.Realm(), c.ID, "withdrawal"), t)
	if err != nil {
		return err
	}
	tx.ExecOne(gone, `UPDATE consent SET withdrawn_at = $4, withdrawal = $5 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND withdrawn_at = 0`,
		g.Realm(), p.ID, c.ID, s.Clock.Millis(), trace)
	s.Events.RecordOn(tx, g, event.ConsentWithdrawn, p.ID, c.ID, c.Purpose)
	return nil
}

// EndWith ends the consent that a saved method rested on, in the unit of its removal.
func (s *Service) EndWith(tx *db.Tx, g auth.Grant, customerID, consentID int64) {
	if consentID == 0 {
		return
	}
	tx.Exec(`UPDATE consent SET withdrawn_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND withdrawn_at = 0`,
		g.Realm(), customerID, consentID, s.Clock.Millis())
	s.Events.RecordOn(tx, g, event.ConsentWithdrawn, customerID, consentID, SaveMethod)
}

// open are the consents of a customer that are not withdrawn, those that wait too.
func (s *Service) open(ctx context.Context, r owner.Room, p customer.Person) ([]Consent, error) {
	return s.read(ctx, r, p, ` AND withdrawn_at = 0`)
}

// List gives a customer's consents, newest first, those that ended too.
func (s *Service) List(ctx context.Context, g auth.Grant, customerID int64) ([]Consent, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	all, err := s.read(ctx, r, p, "")
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ConsentRead, Customers: []int64{customerID}})
}

func (s *Service) read(ctx context.Context, r owner.Room, p customer.Person, where string, args ...any) ([]Consent, error) {
	all := []Consent{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, purpose, channel, pending_until, confirmed_at, withdrawn_at, doc, confirmation, withdrawal FROM consent
		WHERE realm_id = $1 AND customer_id = $2`+where+` ORDER BY id DESC`, append([]any{r.Realm(), p.ID}, args...), func(row db.Row) error {
		c, err := scan(row, r.Realm(), p.Key)
		all = append(all, c)
		return err
	})
	return all, err
}

func scan(row db.Row, realm int64, key vault.Subject) (Consent, error) {
	var c Consent
	var pending, confirmed, withdrawn int64
	var doc, confirmation, withdrawal []byte
	if err := row.Scan(&c.ID, &c.UserID, &c.Purpose, &c.Channel, &pending, &confirmed, &withdrawn, &doc, &confirmation, &withdrawal); err != nil {
		return c, err
	}
	c.PendingUntil, c.Confirmed, c.Withdrawn = instant(pending), instant(confirmed), instant(withdrawn)
	return c, errors.Join(open(key, place(realm, c.ID, "doc"), doc, &c.Evidence), open(key, place(realm, c.ID, "confirmation"), confirmation, &c.Confirmation),
		open(key, place(realm, c.ID, "withdrawal"), withdrawal, &c.Withdrawal))
}

// instant is a column's time; 0 is never.
func instant(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// open reads a sealed value; nothing was written where there is none.
func open(key vault.Subject, p vault.Place, sealed []byte, into any) error {
	if len(sealed) == 0 {
		return nil
	}
	plain, err := key.Open(p, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// History tells when consents were given and objections raised (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	for kind, table := range map[string]string{event.ConsentGiven: "consent", event.ObjectionRaised: "objection"} {
		err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, purpose FROM `+table+` WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
			[]any{g.Realm(), customerID, before, limit}, func(row db.Row) error {
				item := customer.HistoryItem{Type: kind}
				err := row.Scan(&item.ID, &item.Code)
				items = append(items, item)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// Forget deletes what a customer agreed and objected to; that they did is in the trail
// (customer.Other).
func (s *Service) Forget(_ context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	return customer.Forgetting{Report: []string{"removed the consents and objections"}, Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other).
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	for _, table := range []string{"consent", "objection", "customer_link"} {
		tx.Exec(`DELETE FROM `+table+` WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
	}
}

// RemoveEnded deletes a consent that has ended, in the unit of a retention run, and the link
// to its page.
func RemoveEnded(tx *db.Tx, realm, customerID, consentID int64) {
	tx.Exec(`DELETE FROM consent WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND (withdrawn_at > 0 OR pending_until > 0)`, realm, customerID, consentID)
	tx.Exec(`DELETE FROM customer_link WHERE realm_id = $1 AND customer_id = $2 AND object_id = $3`, realm, customerID, consentID)
}
