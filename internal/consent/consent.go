package consent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/vault"
)

// SaveMethod is the purpose of keeping a payment method for later payments.
const SaveMethod = "save_payment_method"

// Consent is one agreement.
type Consent struct {
	ID        int64
	UserID    int64
	Purpose   string
	Channel   string // payment_page, api, …
	Withdrawn time.Time
	Evidence
}

// Given is when the customer agreed.
func (c Consent) Given() time.Time { return id.Time(c.ID) }

// Evidence is what shows that the customer agreed, sealed under their key.
type Evidence struct {
	PolicyVersion string `json:"policyVersion,omitempty"`
	Text          string `json:"text,omitempty"` // the words that were agreed to
	Language      string `json:"language,omitempty"`
	Address       string `json:"address,omitempty"` // where the agreement came from
	Reference     string `json:"reference,omitempty"`
}

// Service keeps consents.
type Service struct {
	Store  *db.DB
	Clock  clock.Clock
	IDs    *id.Source
	Events *event.Log
}

func place(realm, row int64) vault.Place {
	return vault.Place{Realm: realm, Table: "consent", Row: row, Column: "doc"}
}

// Give adds a consent to the unit of what it allows, and says its id.
func (s *Service) Give(tx *db.Tx, g auth.Grant, customerID int64, key vault.Subject, c Consent) (int64, error) {
	c.ID = s.IDs.Next()
	plain, err := json.Marshal(c.Evidence)
	if err != nil {
		return 0, err
	}
	sealed, err := key.Seal(place(g.Realm(), c.ID), plain)
	if err != nil {
		return 0, err
	}
	tx.Exec(`INSERT INTO consent (realm_id, customer_id, id, user_id, purpose, channel, withdrawn_at, doc) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
		g.Realm(), customerID, c.ID, g.Actor().ID, c.Purpose, c.Channel, sealed)
	s.Events.RecordOn(tx, g, event.ConsentGiven, customerID, 0, c.Purpose)
	return c.ID, nil
}

// Withdraw ends a consent in the unit of what it allowed.
func (s *Service) Withdraw(tx *db.Tx, g auth.Grant, customerID, consentID int64) {
	tx.Exec(`UPDATE consent SET withdrawn_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND withdrawn_at = 0`,
		g.Realm(), customerID, consentID, s.Clock.Millis())
	s.Events.RecordOn(tx, g, event.ConsentWithdrawn, customerID, 0)
}

// List gives a customer's consents, newest first.
func (s *Service) List(ctx context.Context, g auth.Grant, customerID int64, key vault.Subject) ([]Consent, error) {
	all := []Consent{}
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, user_id, purpose, channel, withdrawn_at, doc FROM consent
		WHERE realm_id = $1 AND customer_id = $2 ORDER BY id DESC`, []any{g.Realm(), customerID}, func(row db.Row) error {
		c, err := scan(row, g.Realm(), key)
		all = append(all, c)
		return err
	})
	return all, err
}

func scan(row db.Row, realm int64, key vault.Subject) (Consent, error) {
	var c Consent
	var withdrawn int64
	var sealed []byte
	if err := row.Scan(&c.ID, &c.UserID, &c.Purpose, &c.Channel, &withdrawn, &sealed); err != nil {
		return c, err
	}
	if withdrawn != 0 {
		c.Withdrawn = time.UnixMilli(withdrawn).UTC()
	}
	plain, err := key.Open(place(realm, c.ID), sealed)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(plain, &c.Evidence)
}

// History tells when consents were given (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, purpose FROM consent WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{g.Realm(), customerID, before, limit}, func(row db.Row) error {
			item := customer.HistoryItem{Type: event.ConsentGiven}
			err := row.Scan(&item.ID, &item.Code)
			items = append(items, item)
			return err
		})
	return items, err
}

// Forget deletes what a customer agreed to; that they did is in the trail (customer.Other).
func (s *Service) Forget(_ context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	return customer.Forgetting{Report: []string{"removed the consents"}, Do: func(tx *db.Tx) {
		tx.Exec(`DELETE FROM consent WHERE realm_id = $1 AND customer_id = $2`, g.Realm(), customerID)
	}}, nil
}
