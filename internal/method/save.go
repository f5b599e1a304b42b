package method

import (
	"context"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/vault"
)

// New is a method that a provider has just kept.
type New struct {
	CustomerID int64
	Key        vault.Subject
	ProviderID int64
	Provider   string
	Payer      string
	Holder     string
	Saved      provider.Saved
	Card       provider.CardFacts
	Label      string
	Default    bool // takes the mark from the one that has it
}

// Plan is a method ready to be saved: found again or new. Save writes it.
type Plan struct {
	Method
	renewed bool
	takes   bool // the mark of the default from another
	sealed  []byte
}

// Prepare looks whether the customer has the card already and seals the details. It reads
// outside the unit, which stays blind; the unique index decides a race (IsTwice).
func (s *Service) Prepare(ctx context.Context, r owner.Room, n New) (Plan, error) {
	fingerprint, err := fingerprint(r, n)
	if err != nil {
		return Plan{}, err
	}
	have, err := s.Of(ctx, r, n.CustomerID, n.Key)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Method: Method{ID: s.IDs.Next(), CustomerID: n.CustomerID, KeyID: n.Key.ID, IsDefault: true, Fingerprint: fingerprint}}
	for _, m := range have {
		p.IsDefault = p.IsDefault && !m.IsDefault
		if m.Fingerprint == fingerprint {
			label := m.Label
			p.Method, p.renewed = m, true
			p.Label = label
		}
	}
	p.takes = n.Default && !p.IsDefault
	p.IsDefault = p.IsDefault || n.Default
	p.fill(n)
	p.sealed, err = s.seal(r, p.Method, n.Key)
	return p, err
}

func (p *Plan) fill(n New) {
	label := n.Label
	if label == "" {
		label = p.Label
	}
	p.ProviderID, p.Kind, p.Status = n.ProviderID, n.Saved.Type, Active
	p.Details = Details{Provider: n.Provider, Token: n.Saved.Token, Payer: n.Payer, SchemeReference: n.Saved.SchemeReference, Brand: n.Card.Brand, BIN: n.Card.BIN,
		Last4: n.Card.Last4, ExpMonth: n.Card.ExpMonth, ExpYear: n.Card.ExpYear, Holder: n.Holder, Country: n.Card.Country, Label: label}
	p.expires = int64(n.Card.ExpYear*100 + n.Card.ExpMonth)
}

// fingerprint recognises a card of one provider again. What the provider tells is keyed
// once more, so that the column says nothing by itself (PCI DSS 3.5.1.1).
func fingerprint(r owner.Room, n New) (vault.Sum, error) {
	text := n.Saved.Fingerprint
	if text == "" {
		text = n.Saved.Token
	}
	return r.Keys.MAC("payment method", n.Provider, text)
}

// Save writes a prepared method, with the consent that allows it, in the unit of what kept it.
func (s *Service) Save(tx *db.Tx, r owner.Room, p Plan) error {
	action, kind := audit.MethodCreate, event.MethodAdded
	if p.renewed {
		action, kind = audit.MethodUpdate, event.MethodUpdated
		tx.ExecOne(NotFound(), `UPDATE payment_method SET provider_id = $3, status = 0, expires = $4, told = 0, consent_id = $5, doc = $6
			WHERE realm_id = $1 AND id = $2 AND status <> 2`, r.Realm(), p.ID, p.ProviderID, p.expires, p.ConsentID, p.sealed)
	} else {
		tx.Exec(`INSERT INTO payment_method (realm_id, id, customer_id, key_id, provider_id, kind, status, is_default, expires, told, consent_id, fingerprint, used_at, doc)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, 0, $9, $10, 0, $11)`, r.Realm(), p.ID, p.CustomerID, p.KeyID, p.ProviderID, p.Kind,
			db.Flag(p.IsDefault && !p.takes), p.expires, p.ConsentID, p.Fingerprint[:], p.sealed)
	}
	if p.takes {
		makeDefault(tx, r.Realm(), p.CustomerID, p.ID)
	}
	s.Events.RecordOn(tx, r.Grant, kind, p.CustomerID, p.ID)
	return s.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Customers: []int64{p.CustomerID}, Object: p.ID})
}

// Used notes in a payment's unit that a method paid.
func (s *Service) Used(tx *db.Tx, realm, methodID int64) {
	tx.Exec(`UPDATE payment_method SET used_at = $3 WHERE realm_id = $1 AND id = $2`, realm, methodID, s.Clock.Millis())
}
