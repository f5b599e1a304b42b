package customer

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// Other is a feature that keeps something about customers in tables of its own. A test
// finds every table with a customer_id and holds it to one of them.
type Other interface {
	// History gives its lines with ids below before, newest first, at most limit.
	History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]HistoryItem, error)
	// Forget reads what must be known before the customer's key is gone. It may refuse:
	// CUSTOMER_ON_HOLD.
	Forget(ctx context.Context, g auth.Grant, customerID int64, key vault.Subject) (Forgetting, error)
	// ForgetAgain queues the removal of what older data, restored from a backup, still have
	// of somebody who was erased since. Their key is gone; it can't refuse, and tells nobody:
	// all that was done when they were erased.
	ForgetAgain(tx *db.Tx, realm, customerID int64)
}

// Forgetting is a feature's part of an erasure.
type Forgetting struct {
	Do     func(*db.Tx) // queues its statements in the erasure's unit
	Report []string     // what is removed, kept and told, without a value of the person
}

func (s *Service) othersForget(ctx context.Context, r room, c *Customer) ([]Forgetting, error) {
	key, err := r.Keys.Subject(ctx, c.keyID)
	if err != nil {
		return nil, err
	}
	var all []Forgetting
	for _, other := range s.Others {
		forget, err := other.Forget(ctx, r.Grant, c.ID, key)
		if err != nil {
			return nil, err
		}
		all = append(all, forget)
	}
	return all, nil
}
