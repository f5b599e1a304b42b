package customer

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/vault"
)

// Held is a customer's row and the number of its key.
type Held struct{ CustomerID, KeyID int64 }

// EachHeld gives the customers of a realm in batches, in order of id.
func (s *Service) EachHeld(ctx context.Context, realm int64, batch func([]Held) error) error {
	const atOnce = 500
	for after := int64(0); ; {
		var all []Held
		err := s.Store.Each(ctx, db.Realm(realm), `SELECT id, key_id FROM customer WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
			[]any{realm, after, int64(atOnce)}, func(r db.Row) error {
				var h Held
				err := r.Scan(&h.CustomerID, &h.KeyID)
				all = append(all, h)
				return err
			})
		if err != nil || len(all) == 0 {
			return err
		}
		if err := batch(all); err != nil {
			return err
		}
		after = all[len(all)-1].CustomerID
	}
}

// EraseAgain does erasures of one realm again in older data that were restored from a
// backup: without the persons' keys, which are gone, so that rows are found by the customer.
// Who is erased in these data already is left alone. It says how many were not.
func (s *Service) EraseAgain(ctx context.Context, g auth.Grant, all []Erased) (int, error) {
	var due []Erased
	for _, e := range all {
		done, err := s.isErased(ctx, g.Realm(), e)
		if err != nil {
			return 0, err
		}
		if !done {
			due = append(due, e)
		}
	}
	for n := 0; n < len(due); n += marksAtOnce {
		if err := s.eraseAgain(ctx, g, due[n:min(len(due), n+marksAtOnce)]); err != nil {
			return n, err
		}
	}
	return len(due), nil
}

// isErased makes sure of the key besides: an older keystore may have it again.
func (s *Service) isErased(ctx context.Context, realm int64, e Erased) (bool, error) {
	var keyID int64
	err := s.Store.One(ctx, db.Realm(realm), `SELECT key_id FROM customer_erased WHERE realm_id = $1 AND id = $2`, []any{realm, e.CustomerID}, &keyID)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	if err != nil || keyID != 0 {
		return false, err
	}
	missing, err := s.Vault.Missing(ctx, realm, []int64{e.KeyID})
	return len(missing) == 1, err
}

// marksAtOnce is for how many customers one walk through the search index looks, which has
// no order by customer.
const marksAtOnce = 200

func (s *Service) eraseAgain(ctx context.Context, g auth.Grant, due []Erased) error {
	marks, err := s.marksByCustomer(ctx, g.Realm(), due)
	if err != nil {
		return err
	}
	for _, e := range due {
		// The key first: whatever stops this in between, nothing can be read again.
		if err := s.Vault.Destroy(ctx, g.Realm(), e.KeyID); err != nil {
			return err
		}
		if err := s.removeAgain(ctx, g, e, marks[e.CustomerID]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) removeAgain(ctx context.Context, g auth.Grant, e Erased, marks []mark) error {
	unfinished := e.KeyID // FinishErasures signs a certificate and tells of it
	if e.Signed != "" {
		unfinished = 0
	}
	realm := g.Realm()
	return s.Store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM customer WHERE realm_id = $1 AND id = $2`, realm, e.CustomerID)
		tx.Exec(`DELETE FROM customer_erased WHERE realm_id = $1 AND id = $2`, realm, e.CustomerID)
		tx.Exec(`INSERT INTO customer_erased (realm_id, id, key_id, erased_at, report, certificate) VALUES ($1, $2, $3, $4, $5, $6)`,
			realm, e.CustomerID, unfinished, e.At.UnixMilli(), e.Report, e.Signed)
		for _, table := range []string{"restriction", "interaction", "customer_deposit"} {
			tx.Exec(`DELETE FROM `+table+` WHERE realm_id = $1 AND customer_id = $2`, realm, e.CustomerID)
		}
		for _, o := range s.Others {
			o.ForgetAgain(tx, realm, e.CustomerID)
		}
		removeMarks(tx, realm, e.CustomerID, marks)
		s.Events.Record(tx, g, event.CustomerDeleted, e.CustomerID, nil)
		if e.Signed != "" {
			s.Events.Record(tx, g, event.CustomerErased, e.CustomerID, nil)
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.CustomerErase, Customers: []int64{e.CustomerID}})
	})
}

// marksByCustomer finds the search index's rows of some customers.
func (s *Service) marksByCustomer(ctx context.Context, realm int64, due []Erased) (map[int64][]mark, error) {
	wanted := map[int64]bool{}
	for _, e := range due {
		wanted[e.CustomerID] = true
	}
	marks := map[int64][]mark{}
	err := s.Store.Each(ctx, db.Realm(realm), `SELECT customer_id, kind, hash, slot FROM customer_index WHERE realm_id = $1`, []any{realm}, func(r db.Row) error {
		var customer, slot int64
		var m mark
		var hash []byte
		if err := r.Scan(&customer, &m.Kind, &hash, &slot); err != nil || !wanted[customer] {
			return err
		}
		m.Hash = vault.Sum(hash)
		marks[customer] = append(without(marks[customer], []mark{m}), m)
		return nil
	})
	return marks, err
}
