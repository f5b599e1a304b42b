package customer

import (
	"cmp"
	"context"
	"slices"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// Likely is another customer who may be the same person.
type Likely struct {
	CustomerID int64
	Score      float64 // 0 to 1
	Reasons    []string
}

// mostCandidates bounds how many customers one shared value brings in: a phone of a
// whole hotel says nothing about a person.
const mostCandidates = 50

// LikelyDuplicates finds customers who share an e-mail, a member id, a phone, or all
// words of the name.
func (s *Service) LikelyDuplicates(ctx context.Context, g auth.Grant, customerID int64) ([]Likely, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return nil, err
	}
	p, err := c.Profile()
	if err != nil {
		return nil, err
	}
	marks, err := marksOf(r.Keys, r.Owner.IndexVersion, p)
	if err != nil {
		return nil, err
	}
	found, err := s.sharing(ctx, r, customerID, marks)
	if err != nil {
		return nil, err
	}
	e := audit.Entry{Action: audit.CustomerSearch, Filters: []string{"duplicates"}, Customers: []int64{customerID}}
	for _, l := range found {
		e.Customers = append(e.Customers, l.CustomerID)
	}
	return found, s.Audit.Note(ctx, g, e)
}

// weight is how much a shared value says. All words of a name together count 0.5.
func weight(f field) float64 {
	return map[field]float64{byEmail: 0.9, byMemberID: 0.9, byPhone: 0.6}[f]
}

func (s *Service) sharing(ctx context.Context, r room, self int64, marks []mark) ([]Likely, error) {
	others := map[int64]*Likely{}
	for _, m := range marks {
		if m.field() == byNameWord {
			continue
		}
		if err := s.sharers(ctx, r, plan{Marks: []mark{m}}, self, m.field().String(), weight(m.field()), others); err != nil {
			return nil, err
		}
	}
	words := slices.DeleteFunc(slices.Clone(marks), func(m mark) bool { return m.field() != byNameWord })
	if len(words) > 1 {
		if err := s.sharers(ctx, r, plan{Marks: words}, self, "name", 0.5, others); err != nil {
			return nil, err
		}
	}
	found := make([]Likely, 0, len(others))
	for _, l := range others {
		found = append(found, *l)
	}
	slices.SortFunc(found, func(a, b Likely) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.CustomerID, b.CustomerID))
	})
	return found, nil
}

// sharers adds a reason to each customer that a plan finds. Reasons add up as
// independent chances do.
func (s *Service) sharers(ctx context.Context, r room, p plan, self int64, reason string, w float64, others map[int64]*Likely) error {
	sql, args := p.statement(r.Realm(), mostCandidates)
	return s.Store.Each(ctx, r.Scope(), sql, args, func(line db.Row) error {
		row, err := r.scan(line)
		if err != nil || row.ID == self {
			return err
		}
		if others[row.ID] == nil {
			others[row.ID] = &Likely{CustomerID: row.ID}
		}
		l := others[row.ID]
		l.Score = 1 - (1-l.Score)*(1-w)
		l.Reasons = append(l.Reasons, reason)
		return nil
	})
}
