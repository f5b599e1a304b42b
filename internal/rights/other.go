package rights

import (
	"context"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// History has nothing to tell: that somebody asked for their rights is no matter of the
// support that reads histories (customer.Other).
func (s *Service) History(context.Context, auth.Grant, int64, int64, int) ([]customer.HistoryItem, error) {
	return nil, nil
}

// Forget empties what is sealed of a customer's requests. Their skeleton stays: that and when
// rights were asked for and granted is what the owner must be able to show (Art. 5(2),
// 17(3)(e)). Recipients are told (Art. 19). The digest of what was attached goes too: a short text can be guessed from it.
func (s *Service) Forget(ctx context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	recipients, tell, err := s.telling(ctx, g, customerID, Erasure, nil)
	return customer.Forgetting{Report: []string{
		"removed the texts and files of requests of the data subject; their kinds, days and steps are kept to show that they were answered",
		fmt.Sprintf("recorded a notice to each of %d recipients", recipients),
	}, Do: func(tx *db.Tx) {
		tell(tx)
		s.ForgetAgain(tx, g.Realm(), customerID)
	}}, err
}

// ForgetAgain does the same in older data (customer.Other): recipients were told before.
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`DELETE FROM disclosure WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
	tx.Exec(`UPDATE privacy_request SET version = version + 1, doc = $3 WHERE realm_id = $1 AND customer_id = $2`, realm, customerID, []byte{})
	tx.Exec(`UPDATE privacy_request_step SET doc = $3 WHERE realm_id = $1 AND customer_id = $2`, realm, customerID, []byte{})
	tx.Exec(`UPDATE privacy_request_evidence SET doc = $3 WHERE realm_id = $1 AND customer_id = $2`, realm, customerID, []byte{})
	tx.Exec(`UPDATE privacy_request_evidence SET sha256 = '', size = 0 WHERE realm_id = $1 AND customer_id = $2 AND kind = 'attached'`, realm, customerID)
}
