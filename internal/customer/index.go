package customer

import (
	"strconv"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// field is what a blind index is of. The number stands in the table.
type field int64

const (
	byEmail field = iota + 1
	byMemberID
	byPhone
	byNameWord
	byStatus
)

func (f field) String() string {
	return [...]string{"", "email", "memberId", "phone", "name", "status"}[f]
}

// inOrder fields have their rows in order of slot, which is the customer: a page of
// them is a walk along the index.
func (f field) inOrder() bool { return f == byNameWord || f == byStatus }

// statusMark is how customers who are not active are listed without walking past all
// who are. It is no blind index: the hash is the status, the version none.
func statusMark(s Status) []mark {
	if s == Active {
		return nil
	}
	return []mark{{kind(0, byStatus), vault.Sum{byte(s)}}}
}

// unique fields make a second customer a duplicate.
func (f field) unique() bool { return f == byEmail || f == byMemberID }

// kind is the table's column: a version of the index and a field of it.
func kind(version int, f field) int64 { return int64(version)*16 + int64(f) }

// mark is one blind index of one customer.
type mark struct {
	Kind int64
	Hash vault.Sum
}

func (m mark) field() field { return field(m.Kind % 16) }

// marksOf computes the blind indexes of a profile in one version.
func marksOf(keys *vault.Keys, version int, p Profile) ([]mark, error) {
	marks := make([]mark, 0, 8)
	add := func(f field, value string) error {
		if value == "" {
			return nil
		}
		hash, err := keys.Blind(version, f.String(), value)
		marks = append(marks, mark{kind(version, f), hash})
		return err
	}
	email, err := contact.ParseEmail(p.Email)
	if err != nil {
		return nil, err
	}
	if err := add(byEmail, email.Normal); err != nil {
		return nil, err
	}
	if err := add(byMemberID, p.MemberID); err != nil {
		return nil, err
	}
	if err := add(byPhone, p.Phone); err != nil {
		return nil, err
	}
	for _, word := range contact.NameWords(p.Name) {
		if err := add(byNameWord, word); err != nil {
			return nil, err
		}
	}
	return marks, nil
}

// allMarks are the marks in every version that is kept at this moment: two while the
// blind indexes are being rotated.
func allMarks(keys *vault.Keys, o owner.Owner, p Profile) ([]mark, error) {
	marks, err := marksOf(keys, o.IndexVersion, p)
	if err != nil || o.NextIndexVersion == 0 {
		return marks, err
	}
	next, err := marksOf(keys, o.NextIndexVersion, p)
	return append(marks, next...), err
}

// indexRow is one row of customer_index. Its slot is 0 or the customer.
type indexRow struct {
	mark
	slot int64
}

// rowsOf gives each mark its slot. Slot 0 is held by at most one customer of a normal
// form; where duplicates are allowed each has a slot of its own besides.
func rowsOf(marks []mark, customer int64, policy owner.Policy) []indexRow {
	rows := make([]indexRow, len(marks))
	for i, m := range marks {
		rows[i] = indexRow{mark: m}
		if !m.field().unique() || policy == owner.Allow {
			rows[i].slot = customer
		}
	}
	return rows
}

// insertRows adds rows, for PostgreSQL in a statement with literal kinds that binds the
// customer and its realm once.
func insertRows(tx *db.Tx, realm, customer int64, rows []indexRow) {
	if len(rows) == 0 {
		return
	}
	args := make([]any, 0, 5*len(rows))
	var whose, who, free any = realm, customer, int64(0) // each in memory once, not once a row
	for i := range rows {
		slot := who
		if rows[i].slot == 0 {
			slot = free
		}
		args = append(args, whose, rows[i].Kind, rows[i].Hash[:], slot, who)
	}
	short := func() (string, []any) { return shortInsert(realm, customer, rows) }
	tx.InsertShort(short, `INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id)`, 5, args...)
}

func shortInsert(realm, customer int64, rows []indexRow) (string, []any) {
	args := append(make([]any, 0, 2+len(rows)), realm, customer)
	text := append(make([]byte, 0, 96+28*len(rows)), `INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id) VALUES `...)
	for i := range rows {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(append(text, "($1, "...), rows[i].Kind, 10)
		text = strconv.AppendInt(append(text, ", $"...), int64(i+3), 10)
		if rows[i].slot == 0 {
			text = append(text, ", 0, $2)"...)
		} else {
			text = append(text, ", $2, $2)"...)
		}
		args = append(args, rows[i].Hash[:])
	}
	return string(text), args
}

// claimFree takes slot 0 for a customer where nobody holds it, so that a later change
// of policy finds a holder.
func claimFree(tx *db.Tx, realm, customer int64, marks []mark) {
	for _, m := range marks {
		if m.field().unique() {
			tx.Exec(`INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING`,
				realm, m.Kind, m.Hash[:], customer)
		}
	}
}

// removeMarks deletes a customer's rows and hands a freed slot 0 to the oldest other
// customer with the same normal form, if the owner ever allowed duplicates.
func removeMarks(tx *db.Tx, realm, customer int64, marks []mark) {
	for _, m := range marks {
		tx.Exec(`DELETE FROM customer_index WHERE realm_id = $1 AND kind = $2 AND hash = $3 AND customer_id = $4`,
			realm, m.Kind, m.Hash[:], customer)
		if m.field().unique() {
			tx.Exec(`INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id)
				SELECT $1, $2, $3, 0, min(customer_id) FROM customer_index WHERE realm_id = $1 AND kind = $2 AND hash = $3
				HAVING count(*) > 0 ON CONFLICT DO NOTHING`, realm, m.Kind, m.Hash[:])
		}
	}
}

// without gives the marks of a that are not in b.
func without(a, b []mark) []mark {
	var rest []mark
	for _, m := range a {
		found := false
		for _, other := range b {
			found = found || m == other
		}
		if !found {
			rest = append(rest, m)
		}
	}
	return rest
}
