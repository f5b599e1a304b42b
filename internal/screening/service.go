package screening

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Where a match stands. A withdrawn one is not found any more: the entry left the list, or
// the customer has another name.
const (
	Open          = "open"
	FalsePositive = "false_positive"
	Confirmed     = "confirmed"
	Withdrawn     = "withdrawn"
)

// Match is an entry that a customer may be.
type Match struct {
	ID         int64
	CustomerID int64
	Status     string
	UserID     int64     // who decided, 0 if nobody has
	Decided    time.Time // zero if nobody has
	doc
}

// doc is the sealed part of a row.
type doc struct {
	List      string   `json:"list"`
	Reference string   `json:"reference"`
	Hash      string   `json:"hash"`
	Name      string   `json:"name"`
	Names     []string `json:"names"`
	Births    []string `json:"births,omitempty"`
	Programs  []string `json:"programs,omitempty"`
	Score     float64  `json:"score"`
	Who       string   `json:"who"` // the name and birth date that were compared
	Reason    string   `json:"reason,omitempty"`
}

// Found is when the match was found first.
func (m Match) Found() time.Time { return id.Time(m.ID) }

// Result is what one screening found.
type Result struct {
	CustomerID int64
	Status     string // clear, review or confirmed
	Engine     string
	Stamp      string
	At         time.Time
	Matches    []Match // all that the customer has now, the likeliest first
}

// Service screens.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Customers *customer.Service
	Audit     *audit.Log
	Events    *event.Log
	Clock     clock.Clock
	IDs       *id.Source
	Engine    Engine
	Threshold float64
}

// ConfirmedOf is SQL for whether a match of the customer that two columns name is confirmed,
// 1 or 0: for those who must have nothing to do with them.
func ConfirmedOf(realm, customerID string) string {
	return `CASE WHEN EXISTS (SELECT 1 FROM screening_match x WHERE x.realm_id = ` + realm + ` AND x.customer_id = ` + customerID + ` AND x.status = 'confirmed') THEN 1 ELSE 0 END`
}

var errAgain = errors.New("screening: changed meanwhile")

func none() error {
	return fault.New(fault.NotFound, fault.ScreeningNotFound, "Screening match not found")
}

// rounds bounds how often a screening meets another of the same customer.
const rounds = 5

// Screen looks one customer up now.
func (s *Service) Screen(ctx context.Context, g auth.Grant, customerID int64, end func(*db.Tx, Result, vault.Subject) error) (Result, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Result{}, err
	}
	for range rounds {
		result, err := s.screenOnce(ctx, r, customerID, end)
		if !errors.Is(err, errAgain) {
			s.Events.Wake()
			return result, err
		}
	}
	return Result{}, fault.Away(errAgain)
}

func subject(p customer.Person) Subject {
	who := Subject{Name: p.Name}
	if p.DateOfBirth != "" {
		who.Births = []string{p.DateOfBirth}
	}
	return who
}

func (s *Service) screenOnce(ctx context.Context, r owner.Room, customerID int64, end func(*db.Tx, Result, vault.Subject) error) (Result, error) {
	p, err := s.Customers.Person(ctx, r.Grant, customerID)
	if err != nil {
		return Result{}, err
	}
	stamp, err := s.Engine.Stamp(ctx)
	if err != nil {
		return Result{}, fault.Away(err)
	}
	who := subject(p)
	hits, err := s.Engine.Search(ctx, who)
	if err != nil {
		return Result{}, away(err)
	}
	result := Result{CustomerID: customerID, Engine: s.Engine.Name(), Stamp: stamp, At: s.Clock.Now()}
	err = s.Customers.Verify(ctx, r.Grant, customerID, func(now customer.Person) (customer.Checks, customer.Also, error) {
		if again := subject(now); again.Name != who.Name || !slices.Equal(again.Births, who.Births) {
			return now.Checks, nil, errAgain
		}
		before, err := s.of(ctx, r, now.Key, customerID)
		if err != nil {
			return now.Checks, nil, err
		}
		changes, err := s.merge(r, customerID, who, before, hits)
		if err != nil {
			return now.Checks, nil, err
		}
		result.Matches = changes.all()
		checks := s.checks(now.Checks, &result)
		return checks, s.keep(r, result, changes, end), nil
	})
	return result, err
}

// away tells an engine that does not answer from one that has no lists.
func away(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.Away(err)
}

// change is one match as it was and as it is.
type change struct {
	was, is Match
	mark    []byte
	fresh   bool
}

func (c change) differs() bool {
	return c.fresh || c.was.Status != c.is.Status || c.was.Hash != c.is.Hash || c.was.Score != c.is.Score || c.was.Name != c.is.Name
}

type changes []change

func (all changes) all() []Match {
	found := make([]Match, len(all))
	for i, c := range all {
		found[i] = c.is
	}
	slices.SortStableFunc(found, func(a, b Match) int { return int(math.Round(1000 * (b.Score - a.Score))) })
	return found
}

func mark(r owner.Room, list, reference string) ([]byte, error) {
	sum, err := r.Keys.MAC("screening entry", list, reference)
	return sum[:], err
}

// merge puts what was found beside what is known.
func (s *Service) merge(r owner.Room, customerID int64, who Subject, before []Match, hits []Hit) (changes, error) {
	var all changes
	for _, h := range hits {
		d := doc{List: h.List, Reference: h.Entry.Reference, Hash: h.Entry.Hash(), Name: h.Name, Names: h.Entry.Names, Births: h.Entry.Births, Programs: h.Entry.Programs, Score: math.Round(1000*h.Score) / 1000,
			Who: strings.Join(append([]string{who.Name}, who.Births...), "|")}
		m, err := mark(r, h.List, h.Entry.Reference)
		if err != nil {
			return nil, err
		}
		c := change{mark: m, fresh: true, is: Match{ID: s.IDs.Next(), CustomerID: customerID, Status: Open, doc: d}}
		at := slices.IndexFunc(before, func(b Match) bool { return b.List == h.List && b.Reference == h.Entry.Reference })
		if at >= 0 {
			c = change{mark: m, was: before[at], is: before[at].found(d)}
			before = slices.Delete(slices.Clone(before), at, at+1)
		}
		all = append(all, c)
	}
	for _, b := range before {
		c := change{was: b, is: b}
		if b.Status == Open {
			c.is.Status = Withdrawn
		}
		all = append(all, c)
	}
	return all, nil
}

// found is a known match that was found again. A false positive is looked at again once the
// entry says something else, or the customer does.
func (m Match) found(d doc) Match {
	d.Reason = m.Reason
	if m.Status == Withdrawn || m.Status == FalsePositive && (m.Hash != d.Hash || m.Who != d.Who) {
		m.Status, m.UserID, m.Decided, d.Reason = Open, 0, time.Time{}, ""
	}
	if m.Status == FalsePositive {
		return m
	}
	m.doc = d
	return m
}

// checks puts the outcome into the customer's document, if it is another.
func (s *Service) checks(all customer.Checks, result *Result) customer.Checks {
	result.Status = outcome(result.Matches)
	if all.Screening.Status != result.Status {
		all.Screening = customer.Check{Status: result.Status, At: s.Clock.Millis(), Provider: s.Engine.Name()}
	}
	return all
}

func outcome(matches []Match) string {
	status := customer.Clear
	for _, m := range matches {
		switch m.Status {
		case Confirmed:
			return customer.Confirmed
		case Open:
			status = customer.InReview
		}
	}
	return status
}

func docPlace(r owner.Room, row int64) vault.Place { return r.Place("screening_match", row, "doc") }

func (m Match) seal(r owner.Room, key vault.Subject) ([]byte, error) {
	plain, err := json.Marshal(m.doc)
	if err != nil {
		return nil, err
	}
	return key.Seal(docPlace(r, m.ID), plain)
}

// keep writes what a screening changed, and that it took place.
func (s *Service) keep(r owner.Room, result Result, all changes, end func(*db.Tx, Result, vault.Subject) error) customer.Also {
	return func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
		tx.Exec(`INSERT INTO screening (realm_id, customer_id, stamp, at) VALUES ($1, $2, $3, $4) ON CONFLICT (realm_id, customer_id) DO UPDATE SET stamp = excluded.stamp, at = excluded.at`,
			r.Realm(), result.CustomerID, result.Stamp, result.At.UnixMilli())
		opened := 0
		for _, c := range all {
			if !c.differs() {
				continue
			}
			if err := s.write(tx, r, key, c); err != nil {
				return err
			}
			if c.is.Status == Open && c.was.Status != Open {
				opened++
				s.Events.RecordOn(tx, r.Grant, event.ScreeningMatched, result.CustomerID, c.is.ID)
			}
		}
		if end != nil {
			if err := end(tx, result, key); err != nil {
				return err
			}
		}
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.ScreeningRun, Customers: []int64{result.CustomerID}, Count: opened})
	}
}

func (s *Service) write(tx *db.Tx, r owner.Room, key vault.Subject, c change) error {
	sealed, err := c.is.seal(r, key)
	if err != nil {
		return err
	}
	decided := int64(0)
	if !c.is.Decided.IsZero() {
		decided = c.is.Decided.UnixMilli()
	}
	if c.fresh {
		tx.Exec(`INSERT INTO screening_match (realm_id, id, customer_id, mark, status, user_id, decided_at, doc) VALUES ($1, $2, $3, $4, $5, 0, 0, $6)`,
			r.Realm(), c.is.ID, c.is.CustomerID, c.mark, c.is.Status, sealed)
		return nil
	}
	tx.ExecOne(errAgain, `UPDATE screening_match SET status = $3, user_id = $4, decided_at = $5, doc = $6 WHERE realm_id = $1 AND id = $2 AND status = $7 AND decided_at = $8`,
		r.Realm(), c.is.ID, c.is.Status, c.is.UserID, decided, sealed, c.was.Status, millis(c.was.Decided))
	return nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

const columns = `id, customer_id, status, user_id, decided_at, doc FROM screening_match`

func scan(row db.Row, open func(m Match, sealed []byte) ([]byte, error)) (Match, error) {
	var m Match
	var decided int64
	var sealed []byte
	if err := row.Scan(&m.ID, &m.CustomerID, &m.Status, &m.UserID, &decided, &sealed); err != nil {
		return m, err
	}
	if decided != 0 {
		m.Decided = time.UnixMilli(decided).UTC()
	}
	plain, err := open(m, sealed)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(plain, &m.doc)
}

// of lists a customer's matches.
func (s *Service) of(ctx context.Context, r owner.Room, key vault.Subject, customerID int64) ([]Match, error) {
	var all []Match
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+columns+` WHERE realm_id = $1 AND customer_id = $2 ORDER BY id`, []any{r.Realm(), customerID}, func(row db.Row) error {
		m, err := scan(row, func(m Match, sealed []byte) ([]byte, error) { return key.Open(docPlace(r, m.ID), sealed) })
		all = append(all, m)
		return err
	})
	return all, err
}
