package leave

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// Count is how many rows of a table an owner has.
type Count struct {
	Table string
	Rows  int64
	Kept  bool
}

// Counts are the rows of each table, in both modes.
func (s *Service) Counts(ctx context.Context, o owner.Owner) ([]Count, error) {
	var all []Count
	for _, t := range archive.Tables() {
		c := Count{Table: t.Name, Kept: t.Kept}
		for _, p := range parts(t, o) {
			var n int64
			if err := s.Store.One(ctx, p.scope, `SELECT count(*) FROM `+t.Name+` WHERE `+t.By()+` = $1`, []any{p.of}, &n); err != nil {
				return nil, err
			}
			c.Rows += n
		}
		all = append(all, c)
	}
	return all, nil
}

// part is one realm of a table, or the owner's rows of one that has no realms.
type part struct {
	scope db.Scope
	of    int64
}

func parts(t archive.Table, o owner.Owner) []part {
	if t.Owner {
		return []part{{db.Worker(), o.ID}}
	}
	var all []part
	for _, realm := range []int64{o.LiveRealm, o.TestRealm} {
		scope := db.Realm(realm)
		if t.Worker {
			scope = db.Worker()
		}
		all = append(all, part{scope, realm})
	}
	return all
}

// ErrActive says that an owner must be suspended first.
var ErrActive = errors.New("the owner is active: suspend it first (PATCH /owners/{id})")

// Destroy destroys an owner's keys and then deletes all rows, as often as it is called
// until it is done. What it began can't be undone: from its first step on the owner is
// leaving.
func (s *Service) Destroy(ctx context.Context, o owner.Owner, progress func(rows int64)) error {
	if !o.Suspended() {
		return ErrActive
	}
	if o.Status != owner.Leaving {
		if err := s.Owners.Leave(ctx, o.ID, func(tx *db.Tx) error { return s.record(tx, o, audit.OwnerLeave, nil) }); err != nil {
			return err
		}
	}
	counts, err := s.Counts(ctx, o)
	if err != nil {
		return err
	}
	var done int64
	told := func(n int64) {
		done += n
		progress(done)
	}
	if err := s.empty(ctx, o, archive.Due(), told); err != nil {
		return err
	}
	if err := s.Vault.DestroyOwner(ctx, o.ID, []int64{o.LiveRealm, o.TestRealm}); err != nil {
		return err
	}
	if err := s.empty(ctx, o, archive.Rest(), told); err != nil {
		return err
	}
	return s.Owners.Bury(ctx, o.ID, func(tx *db.Tx) error { return s.record(tx, o, audit.OwnerDestroy, counts) })
}

// record stands in the operator's trail.
func (s *Service) record(tx *db.Tx, o owner.Owner, action string, counts []Count) error {
	e := audit.Entry{Action: action, Object: o.ID}
	for _, c := range counts {
		if c.Rows > 0 && !c.Kept {
			e.Fields = append(e.Fields, fmt.Sprintf("%s=%d", c.Table, c.Rows))
		}
	}
	return s.Audit.Add(tx, auth.System(0, 0, "", "leave"), e)
}

// atOnce is how many rows one unit deletes: others' units do not wait long for it.
const atOnce = 500

func (s *Service) empty(ctx context.Context, o owner.Owner, all []archive.Table, progress func(int64)) error {
	for _, t := range all {
		if t.Kept {
			continue
		}
		for _, p := range parts(t, o) {
			if err := s.emptyPart(ctx, t, p, progress); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) emptyPart(ctx context.Context, t archive.Table, p part, progress func(int64)) error {
	for {
		var left int64
		err := s.Store.One(ctx, p.scope, `SELECT count(*) FROM (SELECT 1 FROM `+t.Name+` WHERE `+t.By()+` = $1 LIMIT $2) AS few`, []any{p.of, int64(atOnce)}, &left)
		if err != nil || left == 0 {
			return err
		}
		err = s.Store.Write(ctx, p.scope, func(tx *db.Tx) error {
			if t.Name == "staff_user" { // these rows name no owner
				tx.Exec(`DELETE FROM staff_address WHERE user_id IN (SELECT id FROM staff_user WHERE owner_id = $1)`, p.of)
				tx.Exec(`DELETE FROM staff_recovery WHERE user_id IN (SELECT id FROM staff_user WHERE owner_id = $1)`, p.of)
			}
			tx.Exec(deletion(t), p.of, int64(atOnce))
			return nil
		})
		if err != nil {
			return err
		}
		progress(left)
	}
}

// deletion deletes the first rows of a realm or an owner.
func deletion(t archive.Table) string {
	names := t.Key
	if strings.Contains(names, ",") {
		names = "(" + names + ")"
	}
	return `DELETE FROM ` + t.Name + ` WHERE ` + t.By() + ` = $1 AND ` + names + ` IN (SELECT ` + t.Key + ` FROM ` + t.Name + ` WHERE ` + t.By() + ` = $1 ORDER BY ` + t.Key + ` LIMIT $2)`
}
