package method

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/vault"
)

// noticeDays is how long before a card's last day its end is told.
const noticeDays = 30

// month is a point in time as expires counts it.
func month(t time.Time) int64 { return int64(t.Year()*100 + int(t.Month())) }

// Expiring readies what is told of a card's coming end, and gives what belongs into its
// unit.
type Expiring func(ctx context.Context, customerID, methodID int64) (func(*db.Tx) error, error)

// Expire marks what has expired in a realm and tells once of what will within 30 days.
// It says how many methods changed.
func (s *Service) Expire(ctx context.Context, g auth.Grant, also Expiring) (int, error) {
	now := s.Clock.Now()
	over, err := s.due(ctx, g, `expires < $2`, month(now))
	if err != nil {
		return 0, err
	}
	// A card ends with its month: 30 days before the last day lies in that month or the one before.
	soon, err := s.due(ctx, g, `told = 0 AND expires >= $2 AND expires <= $3`, month(now), month(now.AddDate(0, 0, noticeDays)))
	if err != nil {
		return 0, err
	}
	for _, m := range over {
		if err := s.expireOne(ctx, g, m); err != nil {
			return 0, err
		}
	}
	told := 0
	for _, m := range soon {
		end := time.Date(int(m.expires/100), time.Month(m.expires%100)+1, 0, 0, 0, 0, 0, time.UTC)
		if now.Before(end.AddDate(0, 0, -noticeDays)) {
			continue
		}
		told++
		if err := s.tell(ctx, g, m, also); err != nil {
			return 0, err
		}
	}
	return len(over) + told, nil
}

type dueRow struct{ id, customer, expires int64 }

func (s *Service) due(ctx context.Context, g auth.Grant, condition string, args ...any) ([]dueRow, error) {
	var all []dueRow
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, customer_id, expires FROM payment_method
		WHERE realm_id = $1 AND status = 0 AND expires <> 0 AND `+condition+` LIMIT 1000`, append([]any{g.Realm()}, args...), func(row db.Row) error {
		var d dueRow
		err := row.Scan(&d.id, &d.customer, &d.expires)
		all = append(all, d)
		return err
	})
	return all, err
}

// errOther says that another node did the same work.
var errOther = errors.New("method: done by another")

func (s *Service) once(ctx context.Context, g auth.Grant, fn func(*db.Tx) error) error {
	err := s.Store.Write(ctx, db.Realm(g.Realm()), fn)
	if errors.Is(err, errOther) {
		return nil
	}
	return err
}

func (s *Service) expireOne(ctx context.Context, g auth.Grant, m dueRow) error {
	return s.once(ctx, g, func(tx *db.Tx) error {
		tx.ExecOne(errOther, `UPDATE payment_method SET status = 1 WHERE realm_id = $1 AND id = $2 AND status = 0`, g.Realm(), m.id)
		s.Events.RecordOn(tx, g, event.MethodExpired, m.customer, m.id)
		return nil
	})
}

func (s *Service) tell(ctx context.Context, g auth.Grant, m dueRow, also Expiring) error {
	told, err := also(ctx, m.customer, m.id)
	if err != nil {
		return err
	}
	return s.once(ctx, g, func(tx *db.Tx) error {
		tx.ExecOne(errOther, `UPDATE payment_method SET told = 1 WHERE realm_id = $1 AND id = $2 AND told = 0`, g.Realm(), m.id)
		s.Events.RecordOn(tx, g, event.MethodExpiring, m.customer, m.id)
		return told(tx)
	})
}

// History tells when methods were saved (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id FROM payment_method WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{g.Realm(), customerID, before, limit}, func(row db.Row) error {
			item := customer.HistoryItem{Type: event.MethodAdded}
			err := row.Scan(&item.ID)
			item.MethodID = item.ID
			items = append(items, item)
			return err
		})
	return items, err
}

// Forget deletes a customer's methods (customer.Other). That the providers forget them
// too is payment's.
func (s *Service) Forget(_ context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	return customer.Forgetting{Report: []string{"removed the saved payment methods"}, Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other).
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`DELETE FROM payment_method WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
}
