package customer

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/vault"
)

// statement writes the SQL of a plan. Only texts of this file go into it; values are
// arguments. Every form walks an index in the order of the answer, so a page costs
// the same at ten thousand customers and at a million (TestListPlans).
func (p plan) statement(realm int64, limit int) (string, []any) {
	b := &sqlText{args: []any{realm}}
	driver, others := p.driver()
	b.add(`SELECT ` + columns + ` FROM `)
	idColumn := "c.id"
	if driver != nil && driver.field().inOrder() {
		idColumn = "i.slot"
		b.add(`customer_index i CROSS JOIN customer c WHERE i.realm_id = $1 AND i.kind = `, driver.Kind)
		b.add(` AND i.hash = `, driver.Hash[:])
		b.add(` AND c.realm_id = $1 AND c.id = i.slot`)
	} else {
		b.add(`customer c WHERE c.realm_id = $1`)
		if driver != nil {
			b.oneOf(*driver)
		}
	}
	for _, m := range others {
		b.oneOf(m)
	}
	p.conditions(b, idColumn)
	p.order(b, idColumn)
	b.add(` LIMIT `, limit)
	return b.text.String(), b.args
}

// driver is the mark that leaves the fewest rows.
func (p plan) driver() (*mark, []mark) {
	sorted := slices.Clone(p.Marks)
	if p.Status != nil {
		sorted = append(sorted, statusMark(*p.Status)...)
	}
	if len(sorted) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(sorted, func(a, b mark) int { return int(a.field() - b.field()) })
	return &sorted[0], sorted[1:]
}

func (p plan) conditions(b *sqlText, idColumn string) {
	if p.Status != nil {
		b.add(` AND c.status = ` + strconv.FormatInt(int64(*p.Status), 10))
	}
	if p.From != 0 {
		b.add(` AND `+idColumn+` >= `, p.From)
	}
	if p.To != 0 {
		b.add(` AND `+idColumn+` < `, p.To)
	}
	if p.After == nil {
		return
	}
	than := map[bool]string{true: " < ", false: " > "}[p.Newest]
	if p.ByUpdate {
		b.add(` AND (c.updated_at, c.id)`+than+`(`, p.After.Updated)
		b.add(`, `, p.After.ID)
		b.add(`)`)
		return
	}
	b.add(` AND `+idColumn+than, p.After.ID)
}

func (p plan) order(b *sqlText, idColumn string) {
	way := map[bool]string{true: " DESC", false: ""}[p.Newest]
	if p.ByUpdate {
		b.add(` ORDER BY c.updated_at` + way + `, c.id` + way)
		return
	}
	b.add(` ORDER BY ` + idColumn + way)
}

// sqlText is a statement in the making.
type sqlText struct {
	text strings.Builder
	args []any
}

// add writes a text and, if there is a value, its placeholder.
func (b *sqlText) add(text string, value ...any) {
	b.text.WriteString(text)
	for _, v := range value {
		b.args = append(b.args, v)
		b.text.WriteByte('$')
		b.text.WriteString(strconv.Itoa(len(b.args)))
	}
}

// oneOf keeps customers who have the mark. Every slot is at least 0: that bound is there
// for PostgreSQL, which plans a statement anew each time for as long as it believes that
// knowing the values makes it cheaper. It takes a bound that it can't see for a third of
// the rows, so it comes to keep the plan, which is the same one (TestSearchIsPlannedOnce).
func (b *sqlText) oneOf(m mark) {
	b.add(` AND c.id IN (SELECT x.customer_id FROM customer_index x WHERE x.realm_id = $1 AND x.kind = `, m.Kind)
	b.add(` AND x.hash = `, m.Hash[:])
	if m.field().inOrder() {
		b.add(` AND x.slot = c.id`)
	} else {
		b.add(` AND x.slot >= `, 0)
	}
	b.add(`)`)
}

func (r room) cursorPlace() vault.Place { return r.Place("cursor", 0, "") }

// nextCursor seals where a page ended together with its plan.
func (r room) nextCursor(p plan, last sealedRow) (string, error) {
	p.After = &keyset{ID: last.ID}
	if p.ByUpdate {
		p.After.Updated = last.UpdateDate.UnixMilli()
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sealed, err := r.Keys.Seal(r.cursorPlace(), plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// maxCursor bounds what is decoded before it is known to be ours.
const maxCursor = 4096

// continueFrom opens a cursor. Filters may be repeated beside it, but not changed.
func (r room) continueFrom(asked plan, q Query) (plan, error) {
	bad := fault.New(fault.Invalid, fault.InvalidCursor, "The cursor is not valid for this list")
	sealed, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(q.Cursor) > maxCursor {
		return asked, bad
	}
	plain, err := r.Keys.Open(r.cursorPlace(), sealed)
	if err != nil {
		return asked, bad
	}
	var kept plan
	if err := json.Unmarshal(plain, &kept); err != nil {
		return asked, bad
	}
	if q.Sort == "" {
		asked.ByUpdate, asked.Newest = kept.ByUpdate, kept.Newest
	}
	if (len(asked.Filters) > 0 || q.Sort != "") && !sameQuery(asked, kept, q.Sort != "" && len(asked.Filters) == 0) {
		return asked, bad
	}
	return kept, nil
}

func sameQuery(a, b plan, sortOnly bool) bool {
	a.After, b.After = nil, nil
	if sortOnly {
		return a.ByUpdate == b.ByUpdate && a.Newest == b.Newest
	}
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && string(left) == string(right)
}
