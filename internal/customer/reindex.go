package customer

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// settle is how long every node needs to see changed settings.
const settle = 1500 * time.Millisecond

// reindexBatch is how many customers one step of a rotation indexes.
const reindexBatch = 200

// Reindex gives an owner's customers blind indexes under a new key and drops the old
// ones. Searches and the duplicate rule hold throughout: while it runs, changes write
// both versions. It can be cut at any point and run again.
func (s *Service) Reindex(ctx context.Context, o owner.Owner, wait func(context.Context, time.Duration) error, progress func(done int64)) error {
	if o.NextIndexVersion == 0 {
		next := o.IndexVersion + 1
		if err := s.Vault.AddIndexVersion(ctx, o.ID, next); err != nil {
			return err
		}
		if err := s.Owners.UseIndexes(ctx, o.ID, o.IndexVersion, next); err != nil {
			return err
		}
		o.NextIndexVersion = next
	}
	if err := wait(ctx, settle); err != nil {
		return err
	}
	var done int64
	for _, mode := range []auth.Mode{auth.Live, auth.Test} {
		err := s.indexRealm(ctx, auth.System(o.ID, o.Realm(mode), mode, "keys-rotate"), o, func(n int) { done += int64(n); progress(done) })
		if err != nil {
			return err
		}
	}
	old := o.IndexVersion
	if err := s.Owners.UseIndexes(ctx, o.ID, o.NextIndexVersion, 0); err != nil {
		return err
	}
	if err := wait(ctx, settle); err != nil {
		return err
	}
	return s.dropIndexes(ctx, o, old)
}

func (s *Service) indexRealm(ctx context.Context, g auth.Grant, o owner.Owner, progress func(int)) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	after := int64(0)
	for {
		rows, err := s.rows(ctx, r, plan{After: &keyset{ID: after}}, reindexBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if err := s.indexOne(ctx, r, o, row.ID); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].ID
		progress(len(rows))
	}
}

// indexOne copies a customer's marks to the next version, each into the slot that it
// has in the present one, on condition that the customer did not change meanwhile.
func (s *Service) indexOne(ctx context.Context, r room, o owner.Owner, customerID int64) error {
	for range attempts {
		c, err := s.find(ctx, r, customerID)
		if isGone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := s.nextRows(ctx, r, o, c)
		if err != nil {
			return err
		}
		err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			tx.ExecOne(errAgain, `UPDATE customer SET version = version WHERE realm_id = $1 AND id = $2 AND version = $3`, c.realm, c.ID, c.Version)
			for _, row := range rows {
				tx.Exec(`INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
					c.realm, row.Kind, row.Hash[:], row.slot, c.ID)
			}
			return nil
		})
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return errAgain
}

func (s *Service) nextRows(ctx context.Context, r room, o owner.Owner, c *Customer) ([]indexRow, error) {
	p, err := c.Profile()
	if err != nil {
		return nil, err
	}
	present, err := marksOf(r.Keys, o.IndexVersion, p)
	if err != nil {
		return nil, err
	}
	next, err := marksOf(r.Keys, o.NextIndexVersion, p)
	if err != nil {
		return nil, err
	}
	var rows []indexRow
	for i, m := range present {
		err := s.Store.Each(ctx, r.Scope(), `SELECT slot FROM customer_index WHERE realm_id = $1 AND kind = $2 AND hash = $3 AND customer_id = $4`,
			[]any{c.realm, m.Kind, m.Hash[:], c.ID}, func(line db.Row) error {
				row := indexRow{mark: next[i]}
				err := line.Scan(&row.slot)
				rows = append(rows, row)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// dropIndexes deletes a version's rows bit by bit, and then its key.
func (s *Service) dropIndexes(ctx context.Context, o owner.Owner, version int) error {
	for _, realm := range []int64{o.LiveRealm, o.TestRealm} {
		for {
			count := 0
			err := s.Store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
				count = 0
				return tx.Each(`DELETE FROM customer_index WHERE (realm_id, kind, hash, slot) IN
					(SELECT realm_id, kind, hash, slot FROM customer_index WHERE realm_id = $1 AND kind >= $2 AND kind < $3 LIMIT 5000) RETURNING slot`,
					[]any{realm, kind(version, 0), kind(version+1, 0)}, func(db.Row) error { count++; return nil })
			})
			if err != nil {
				return err
			}
			if count == 0 {
				break
			}
		}
	}
	return s.Vault.DropIndexVersion(ctx, o.ID, version)
}
