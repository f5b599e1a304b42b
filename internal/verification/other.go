package verification

import (
	"context"
	"fmt"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/vault"
)

// History tells when each verification began and ended (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, kind, status, end_id FROM verification WHERE realm_id = $1 AND customer_id = $2 AND (id < $3 OR end_id <> 0 AND end_id < $3) ORDER BY id DESC LIMIT $4`,
		[]any{g.Realm(), customerID, before, 2 * limit}, func(row db.Row) error {
			var begun, ended int64
			var kind, status string
			if err := row.Scan(&begun, &kind, &status, &ended); err != nil {
				return err
			}
			if ended != 0 && ended < before {
				items = append(items, customer.HistoryItem{Type: "verification." + status, ID: ended, Code: kind})
			}
			if begun < before {
				items = append(items, customer.HistoryItem{Type: event.VerificationStarted, ID: begun, Code: kind})
			}
			return nil
		})
	return items, err
}

// Forget removes a customer's verifications (customer.Other).
func (s *Service) Forget(ctx context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	var count, applicants int64
	err := s.Store.One(ctx, db.Realm(g.Realm()), `SELECT count(*), count(CASE WHEN kind = 'identity' AND provider <> 'sandbox' THEN 1 END) FROM verification WHERE realm_id = $1 AND customer_id = $2`,
		[]any{g.Realm(), customerID}, &count, &applicants)
	if err != nil {
		return customer.Forgetting{}, err
	}
	lines := []string{fmt.Sprintf("removed %d verifications", count)}
	if applicants > 0 {
		lines = append(lines, fmt.Sprintf("an identity provider keeps %d applicants for as long as its own contract says: tell it (GDPR Art. 19)", applicants))
	}
	return customer.Forgetting{Report: lines, Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other).
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`DELETE FROM verification WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
}
