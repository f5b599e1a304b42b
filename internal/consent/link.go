package consent

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// ConsentLink is the kind of link that opens the page of one consent.
const ConsentLink = "consent"

// Link lets whoever holds it see, confirm and withdraw one consent. Its token is kept as a
// hash alone.
type Link struct {
	Address string // of the page
	To      string // the customer's e-mail address
	Letter  Letter // what the mail says that asks for a confirmation
	token   string
}

func (s *Service) newLink(p customer.Person, purpose Purpose) Link {
	token := vault.NewToken(s.Random)
	return Link{Address: s.PublicURL() + "/your-data/" + token, To: p.Email, token: token,
		Letter: Letter{Language: p.Preferences.Language, Name: p.Name, Purpose: purpose.Said()}}
}

// Said is a purpose in its owner's words, or by its name.
func (p Purpose) Said() string {
	if p.Description != "" {
		return p.Description
	}
	return p.Name
}

func (s *Service) addLink(tx *db.Tx, r owner.Room, customerID, objectID int64, kind string, l Link, expires time.Time) {
	hash, until := vault.Digest(l.token), int64(0)
	if !expires.IsZero() {
		until = expires.UnixMilli()
	}
	tx.Exec(`INSERT INTO customer_link (realm_id, id, customer_id, object_id, kind, expires_at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.Realm(), s.IDs.Next(), customerID, objectID, kind, until, hash[:])
}

// Page is what a link opens.
type Page struct {
	Grant    auth.Grant
	Owner    owner.Owner
	Kind     string
	Customer customer.Person
	Consent  Consent // of a ConsentLink
	Purpose  Purpose
	room     owner.Room
	object   int64
}

// ByToken finds what a link opens. A token that is wrong or over answers as one that never
// was. The read is in the trail.
func (s *Service) ByToken(ctx context.Context, token string, from auth.Origin) (Page, error) {
	gone := fault.New(fault.NotFound, fault.NotFoundCode, "This link is not valid")
	if len(token) != vault.TokenLength {
		return Page{}, gone
	}
	hash := vault.Digest(token)
	var realm, customerID, objectID, expires int64
	var p Page
	err := s.Store.One(ctx, db.Worker(), `SELECT realm_id, customer_id, object_id, kind, expires_at FROM customer_link WHERE hash = $1`, []any{hash[:]}, &realm, &customerID, &objectID, &p.Kind, &expires)
	if errors.Is(err, db.ErrNoRows) || err == nil && expires != 0 && expires <= s.Clock.Millis() {
		return p, gone
	}
	if err != nil {
		return p, err
	}
	o, mode, err := s.Owners.ByRealm(ctx, realm)
	if err != nil {
		return p, err
	}
	p.object = objectID
	p.Grant, p.Owner = auth.Customer(o.ID, realm, mode, from), o
	if p.room, p.Customer, err = s.person(ctx, p.Grant, customerID); err != nil {
		return p, err
	}
	if err = s.fill(ctx, &p, objectID); err != nil {
		return p, err
	}
	return p, s.Audit.Note(ctx, p.Grant, audit.Entry{Action: audit.PageRead, Customers: []int64{customerID}, Object: objectID})
}

// fill reads the consent that a page is about.
func (s *Service) fill(ctx context.Context, p *Page, consentID int64) error {
	if p.Kind != ConsentLink {
		return nil
	}
	found, err := s.read(ctx, p.room, p.Customer, ` AND id = $3`, consentID)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return noConsent()
	}
	p.Consent = found[0]
	p.Purpose, _, err = s.purpose(ctx, p.room, p.Consent.Purpose)
	p.Purpose.Name = p.Consent.Purpose
	return err
}

// Confirm makes a consent that waited count. It happens once, and not after its time.
func (s *Service) Confirm(ctx context.Context, p Page, t Trace) error {
	trace, err := sealed(p.Customer.Key, place(p.room.Realm(), p.Consent.ID, "confirmation"), t)
	if err != nil {
		return err
	}
	g, now := p.Grant, s.Clock.Millis()
	err = s.Store.Write(ctx, p.room.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(noConsent(), `UPDATE consent SET pending_until = 0, confirmed_at = $4, confirmation = $5 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND pending_until > $4 AND withdrawn_at = 0`,
			p.room.Realm(), p.Customer.ID, p.Consent.ID, now, trace)
		s.Events.RecordOn(tx, g, event.ConsentGiven, p.Customer.ID, p.Consent.ID, p.Consent.Purpose)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ConsentConfirm, Customers: []int64{p.Customer.ID}, Object: p.Consent.ID})
	})
	s.Events.Wake()
	return err
}
