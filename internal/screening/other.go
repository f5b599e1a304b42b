package screening

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// History tells nothing: what is looked for is no matter of the customer's history, which
// may be shown to them (customer.Other).
func (s *Service) History(context.Context, auth.Grant, int64, int64, int) ([]customer.HistoryItem, error) {
	return nil, nil
}

// Forget removes what was found (customer.Other). How much it was is told to nobody: the
// report may be shown to the person.
func (s *Service) Forget(_ context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	return customer.Forgetting{Report: []string{"removed the records of screening"}, Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other).
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`DELETE FROM screening_match WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
	tx.Exec(`DELETE FROM screening WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
}
