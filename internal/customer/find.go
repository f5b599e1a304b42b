package customer

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// Query says which customers are wanted, in the words of a caller. Empty strings and
// zero times want all.
type Query struct {
	Email, Phone, MemberID, Status, Words string
	CreatedFrom, CreatedTo                time.Time
	Sort                                  string // createDate or updateDate, "-" before it for the newest first
	Limit                                 int
	Cursor                                string
	Fields                                []string
	// Search is a search in a body and is called that in the trail.
	Search bool
	export bool
	free   bool // only customers whose data are not restricted
}

// Page is a run of customers. Cursor is empty at the end.
type Page struct {
	Customers []*Customer
	Cursor    string
	withheld  int // restricted customers that were left out
}

// plan is a query in the words of the tables. It travels inside the cursor, sealed, so
// that the next page needs no filter in its URL.
type plan struct {
	Marks    []mark   `json:"m,omitempty"`
	Nobody   bool     `json:"n,omitempty"` // a filter that nobody can match
	Status   *Status  `json:"s,omitempty"`
	From     int64    `json:"f,omitempty"` // smallest id wanted
	To       int64    `json:"t,omitempty"` // first id no longer wanted
	ByUpdate bool     `json:"u,omitempty"`
	Newest   bool     `json:"d,omitempty"`
	After    *keyset  `json:"a,omitempty"`
	Filters  []string `json:"x,omitempty"`
}

// keyset is where a page ended.
type keyset struct {
	Updated int64 `json:"u,omitempty"`
	ID      int64 `json:"i"`
}

// List answers one page and names everybody on it in the trail.
func (s *Service) List(ctx context.Context, g auth.Grant, q Query) (Page, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Page{}, err
	}
	p, err := s.plan(ctx, r, q)
	if err != nil {
		return Page{}, err
	}
	rows, err := s.rows(ctx, r, p, q.Limit+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		if page.Cursor, err = r.nextCursor(p, rows[len(rows)-1]); err != nil {
			return Page{}, err
		}
	}
	if q.free {
		all := len(rows)
		rows = slices.DeleteFunc(rows, func(row sealedRow) bool { return row.Status == Restricted })
		page.withheld = all - len(rows)
	}
	if page.Customers, err = r.openAll(ctx, rows); err != nil {
		return Page{}, err
	}
	return page, s.Audit.Note(ctx, g, listEntry(q, p, page.Customers))
}

func listEntry(q Query, p plan, shown []*Customer) audit.Entry {
	e := audit.Entry{Action: audit.CustomerList, Filters: p.Filters, Fields: q.Fields}
	if q.Search {
		e.Action = audit.CustomerSearch
	}
	if q.export {
		e.Action = audit.CustomerExport
	}
	for _, c := range shown {
		e.Customers = append(e.Customers, c.ID)
	}
	return e
}

// openAll finds the keys of a page in one round trip. A customer whose key was
// destroyed a moment ago is left out, and one whom the caller may not read now.
func (r room) openAll(ctx context.Context, rows []sealedRow) ([]*Customer, error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.keyID
	}
	keys, err := r.Keys.Subjects(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]*Customer, 0, len(rows))
	for _, row := range rows {
		key, ok := keys[row.keyID]
		if !ok || row.hidesFrom(r.Grant.Actor()) {
			continue
		}
		c, err := r.open(row, key)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (s *Service) rows(ctx context.Context, r room, p plan, limit int) ([]sealedRow, error) {
	if p.Nobody {
		return nil, nil
	}
	sql, args := p.statement(r.Realm(), limit)
	rows := make([]sealedRow, 0, limit)
	err := s.Store.Each(ctx, r.Scope(), sql, args, func(line db.Row) error {
		row, err := r.scan(line)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// plan turns a query's values into blind indexes; no value goes further than here.
func (s *Service) plan(ctx context.Context, r room, q Query) (plan, error) {
	p, faults, err := s.newPlan(ctx, r, q)
	if err != nil {
		return p, err
	}
	if len(faults) > 0 {
		return p, fault.Fields(faults)
	}
	if q.Cursor == "" {
		return p, nil
	}
	return r.continueFrom(p, q)
}

func (s *Service) newPlan(ctx context.Context, r room, q Query) (plan, []fault.Field, error) {
	b := &planner{service: s, room: r}
	b.sort(q.Sort)
	b.dates(q)
	b.status(q.Status)
	b.mark("email", q.Email, byEmail, func(v string) (string, bool) { e, err := contact.ParseEmail(v); return e.Normal, err == nil })
	b.mark("memberId", q.MemberID, byMemberID, func(v string) (string, bool) { t, err := contact.ParseText(v, maxMemberID); return t, err == nil })
	b.mark("phone", q.Phone, byPhone, b.phone)
	if q.Words != "" {
		b.words(ctx, q.Words)
	}
	return b.plan, b.faults, b.err
}

// planner builds a plan and collects every fault of the query.
type planner struct {
	service *Service
	room    room
	plan    plan
	faults  []fault.Field
	err     error
}

func (b *planner) bad(path, message string) {
	b.faults = append(b.faults, fault.Field{Path: "query/" + path, Code: "invalid", Message: message})
}

func (b *planner) sort(sort string) {
	name, newest := strings.CutPrefix(sort, "-")
	switch {
	case sort == "":
		b.plan.Newest = true
	case name == "createDate" || name == "updateDate":
		b.plan.ByUpdate, b.plan.Newest = name == "updateDate", newest
	default:
		b.bad("sort", "must be createDate or updateDate, with a - before it for the newest first")
	}
}

func (b *planner) dates(q Query) {
	if !q.CreatedFrom.IsZero() {
		b.plan.From = id.First(q.CreatedFrom)
		b.plan.Filters = append(b.plan.Filters, "createdFrom")
	}
	if !q.CreatedTo.IsZero() {
		b.plan.To = max(1, id.First(q.CreatedTo))
		b.plan.Filters = append(b.plan.Filters, "createdTo")
	}
}

func (b *planner) status(name string) {
	if name == "" {
		return
	}
	b.plan.Filters = append(b.plan.Filters, "status")
	if name == "erased" {
		b.plan.Nobody = true
		return
	}
	for _, s := range []Status{Active, Inactive, Restricted} {
		if name == s.String() {
			b.plan.Status = &s
			return
		}
	}
	b.bad("status", "must be active, inactive, restricted or erased")
}

// mark adds an exact filter. A value that can't be anybody's finds nobody.
func (b *planner) mark(name, value string, f field, normal func(string) (string, bool)) {
	if value == "" {
		return
	}
	b.plan.Filters = append(b.plan.Filters, name)
	text, ok := normal(value)
	if !ok {
		b.plan.Nobody = true
		return
	}
	b.add(f, text)
}

func (b *planner) add(f field, normal string) {
	hash, err := b.room.Keys.Blind(b.room.Owner.IndexVersion, f.String(), normal)
	if err != nil {
		b.err = err
	}
	b.plan.Marks = append(b.plan.Marks, mark{kind(b.room.Owner.IndexVersion, f), hash})
}

func (b *planner) phone(v string) (string, bool) {
	p, err := b.service.Phones.Parse(v, b.room.Owner.DefaultRegion, false)
	return p.E164, err == nil
}

// words is the free filter q: an e-mail, a phone, a member id, or words of the name
// which must all match.
func (b *planner) words(ctx context.Context, q string) {
	b.plan.Filters = append(b.plan.Filters, "q")
	if e, err := contact.ParseEmail(q); err == nil {
		b.add(byEmail, e.Normal)
		return
	}
	// Before the phone: a member id of digits alone reads as a national number too.
	if b.isMemberID(ctx, q) {
		return
	}
	if number, ok := b.phone(q); ok && strings.IndexFunc(q, unicode.IsLetter) < 0 {
		b.add(byPhone, number)
		return
	}
	words := contact.NameWords(q)
	b.plan.Nobody = b.plan.Nobody || len(words) == 0
	for _, w := range words {
		b.add(byNameWord, w)
	}
}

// isMemberID takes q for a member id if somebody has it.
func (b *planner) isMemberID(ctx context.Context, q string) bool {
	text, err := contact.ParseText(q, maxMemberID)
	if err != nil {
		return false
	}
	b.add(byMemberID, text)
	last := b.plan.Marks[len(b.plan.Marks)-1]
	found := false
	err = b.service.Store.Each(ctx, b.room.Scope(), `SELECT customer_id FROM customer_index WHERE realm_id = $1 AND kind = $2 AND hash = $3 LIMIT 1`,
		[]any{b.room.Realm(), last.Kind, last.Hash[:]}, func(db.Row) error { found = true; return nil })
	if err != nil {
		b.err = err
	}
	if !found {
		b.plan.Marks = b.plan.Marks[:len(b.plan.Marks)-1]
	}
	return found
}
