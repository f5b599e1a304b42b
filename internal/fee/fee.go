package fee

import (
	"context"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/recent"
)

// Table is one rule. Empty Method or Currency fits any; the amounts are minor units of
// Currency and need one.
type Table struct {
	ID       int64
	Method   string // CREDIT_CARD, …
	Currency string
	Percent  int64 // in hundredths of a basis point: 2.9 % is 29000
	Fixed    int64
	Minimum  int64
	Maximum  int64 // 0 is none
}

// PercentExponent is how many decimals Percent has behind one per cent.
const PercentExponent = 4

const wholePercent = 100 * 10_000 // Percent of everything

// Of is the fee of an amount, never more than the amount.
func (t Table) Of(amount int64) (int64, error) {
	share, err := money.Share(amount, t.Percent, wholePercent)
	if err != nil {
		return 0, err
	}
	fee := max(share+t.Fixed, t.Minimum)
	if t.Maximum != 0 {
		fee = min(fee, t.Maximum)
	}
	return min(fee, amount), nil
}

// Service keeps fee tables.
type Service struct {
	Store  *db.DB
	Owners *owner.Service
	Audit  *audit.Log
	Clock  clock.Clock
	IDs    *id.Source

	recent recent.Values[[]Table]
}

// For is the fee of a payment in a realm, in its own minor units, by tables that are at
// most a second old.
func (s *Service) For(ctx context.Context, g auth.Grant, method string, a money.Amount) (int64, error) {
	all, err := s.recent.Of(s.Clock, g.Realm(), func() ([]Table, error) { return s.tables(ctx, g) })
	if err != nil {
		return 0, err
	}
	var best *Table
	for i, t := range all {
		fits := (t.Method == "" || t.Method == method) && (t.Currency == "" || t.Currency == a.Currency)
		if fits && (best == nil || t.rank() > best.rank()) {
			best = &all[i]
		}
	}
	if best == nil {
		return 0, nil
	}
	return best.Of(a.Minor)
}

// rank puts a table for a way of paying before one for a currency.
func (t Table) rank() int {
	rank := 0
	if t.Method != "" {
		rank += 2
	}
	if t.Currency != "" {
		rank++
	}
	return rank
}

func (s *Service) tables(ctx context.Context, g auth.Grant) ([]Table, error) {
	all := []Table{}
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, method, currency, percent, fixed, minimum, maximum FROM fee_table WHERE realm_id = $1 ORDER BY id`,
		[]any{g.Realm()}, func(r db.Row) error {
			var t Table
			err := r.Scan(&t.ID, &t.Method, &t.Currency, &t.Percent, &t.Fixed, &t.Minimum, &t.Maximum)
			all = append(all, t)
			return err
		})
	return all, err
}

// List gives a realm's tables in order of id.
func (s *Service) List(ctx context.Context, g auth.Grant) ([]Table, error) {
	if _, err := s.Owners.Enter(ctx, g, s.Audit); err != nil {
		return nil, err
	}
	all, err := s.tables(ctx, g)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.FeesRead})
}

// Put stores a table in the place of one for the same method and currency. also runs in
// the unit.
func (s *Service) Put(ctx context.Context, g auth.Grant, t Table, also func(*db.Tx, Table) error) (Table, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return t, err
	}
	if faults := t.check(); len(faults) > 0 {
		return t, fault.Fields(faults)
	}
	t.ID = s.IDs.Next()
	defer s.recent.Forget(r.Realm())
	return t, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM fee_table WHERE realm_id = $1 AND method = $2 AND currency = $3`, r.Realm(), t.Method, t.Currency)
		tx.Exec(`INSERT INTO fee_table (realm_id, id, method, currency, percent, fixed, minimum, maximum) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Realm(), t.ID, t.Method, t.Currency, t.Percent, t.Fixed, t.Minimum, t.Maximum)
		if err := also(tx, t); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.FeesChange, Object: t.ID})
	})
}

func (t Table) check() []fault.Field {
	var faults []fault.Field
	bad := func(wrong bool, path, message string) {
		if wrong {
			faults = append(faults, fault.Field{Path: path, Code: "invalid", Message: message})
		}
	}
	bad(t.Percent < 0 || t.Percent > wholePercent, "/percent", "must be from 0 to 100")
	bad(t.Currency == "" && (t.Fixed != 0 || t.Minimum != 0 || t.Maximum != 0), "/currency", "is required for amounts")
	bad(t.Maximum != 0 && t.Maximum < t.Minimum, "/maximum", "must not be below the minimum")
	return faults
}

// Remove deletes a table.
func (s *Service) Remove(ctx context.Context, g auth.Grant, tableID int64) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	defer s.recent.Forget(r.Realm())
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(fault.New(fault.NotFound, fault.FeeNotFound, "Fee table not found"), `DELETE FROM fee_table WHERE realm_id = $1 AND id = $2`, r.Realm(), tableID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.FeesChange, Object: tableID})
	})
}
