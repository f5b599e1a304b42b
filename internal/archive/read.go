package archive

import (
	"context"
	"errors"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// Each reads all rows of a table that are the room's, opened, in order of its key. Nothing
// is held in memory but a row.
func Each(ctx context.Context, store *db.DB, r owner.Room, t Table, line func(Record) error) error {
	scope, of := r.Scope(), r.Realm()
	if t.Owner {
		scope, of = db.Worker(), r.Owner.ID
	}
	return each(ctx, store, r, t, scope, t.selection(""), []any{of}, line)
}

// EachOf reads those rows of a table that are about one customer.
func EachOf(ctx context.Context, store *db.DB, r owner.Room, t Table, customerID int64, line func(Record) error) error {
	return each(ctx, store, r, t, r.Scope(), t.selection(t.about()), []any{r.Realm(), customerID}, line)
}

func each(ctx context.Context, store *db.DB, r owner.Room, t Table, scope db.Scope, sql string, args []any, line func(Record) error) error {
	columns := t.exported()
	return store.Each(ctx, scope, sql, args, func(row db.Row) error {
		rec, err := read(ctx, r, t, columns, row)
		if err != nil {
			return errors.Join(errors.New("archive: a row of "+t.Name+" can't be read"), err)
		}
		return line(rec)
	})
}

// OfCustomers reports whether rows of the table are about a customer.
func (t Table) OfCustomers() bool { return t.about() != "" }

// about is SQL for the rows that are about the customer $2; empty for a table that has none.
func (t Table) about() string {
	switch {
	case t.Name == "customer":
		return " AND t.id = $2"
	case t.has("customer_id"):
		return " AND t.customer_id = $2"
	case t.Name == "payment_refund":
		return " AND t.request_id IN (SELECT q.id FROM payment_request q WHERE q.realm_id = $1 AND q.customer_id = $2)"
	}
	return ""
}

func (t Table) has(name string) bool {
	for _, c := range t.exported() {
		if c.name == name {
			return true
		}
	}
	return false
}

// selection reads a table's rows, with the number of the subject key where another table
// has it.
func (t Table) selection(more string) string {
	var names []string
	for _, c := range t.exported() {
		names = append(names, "t."+c.name)
	}
	from := t.Name + " t"
	switch t.keyFrom {
	case "customer":
		names, from = append(names, "coalesce(k.key_id, 0)"), from+" LEFT JOIN customer k ON k.realm_id = t.realm_id AND k.id = t.customer_id"
	case "payment_request":
		names, from = append(names, "coalesce(k.key_id, 0)"), from+" LEFT JOIN payment_request k ON k.realm_id = t.realm_id AND k.id = t.request_id"
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + from + " WHERE t." + t.By() + " = $1" + more + " ORDER BY t." + strings.ReplaceAll(t.Key, ", ", ", t.")
}
