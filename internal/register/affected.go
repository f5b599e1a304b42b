package register

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
)

// Affected is one customer whose data were shown or changed in an incident.
type Affected struct {
	CustomerID  int64
	Records     int // how often
	First, Last time.Time
	Actions     []string
	Fields      []string // names of the fields that records name
	Whole       bool     // a record names none: all that its action shows
}

// Extent is how far an incident went.
type Extent struct {
	Records   int // of the trail
	Customers []Affected
	Fields    []string
	Whole     bool
}

// suspects reports whether a record is one of the incident's: it succeeded, it was about
// somebody, and it came from a suspected credential or address; of anybody if none is named.
func (i Incident) suspects(r audit.Record) bool {
	anybody := len(i.Credentials) == 0 && len(i.Addresses) == 0
	return r.Result == audit.OK && len(r.Customers) > 0 &&
		(anybody || slices.Contains(i.Credentials, r.ActorID) || slices.Contains(i.Addresses, r.Address))
}

// until is the end of the time in which somebody may have had access.
func (i Incident) until(now time.Time) time.Time {
	if i.To.IsZero() {
		return now
	}
	return i.To
}

// sight gathers what the trail says of one customer.
type sight struct {
	Affected
	actions, fields map[string]bool
}

// extent reads the trail: it names every customer of every read and change (PCI DSS 10.2.1,
// 12.10; GDPR Art. 33(3)(a), 33(5)).
func (s *Service) extent(ctx context.Context, g auth.Grant, i Incident) (Extent, error) {
	var e Extent
	seen := map[int64]*sight{}
	err := s.Audit.Each(ctx, g, i.From, i.until(s.Clock.Now()), func(r audit.Record) error {
		if i.suspects(r) {
			e.Records++
			for _, customerID := range slices.Compact(r.Customers) {
				if seen[customerID] == nil {
					seen[customerID] = &sight{Affected: Affected{CustomerID: customerID, First: r.At, Last: r.At}, actions: map[string]bool{}, fields: map[string]bool{}}
				}
				seen[customerID].add(r)
			}
		}
		return ctx.Err()
	})
	fields := map[string]bool{}
	for _, customerID := range slices.Sorted(maps.Keys(seen)) {
		one := seen[customerID]
		one.Actions, one.Fields = slices.Sorted(maps.Keys(one.actions)), slices.Sorted(maps.Keys(one.fields))
		maps.Copy(fields, one.fields)
		e.Whole = e.Whole || one.Whole
		e.Customers = append(e.Customers, one.Affected)
	}
	e.Fields = slices.Sorted(maps.Keys(fields))
	return e, err
}

func (a *sight) add(r audit.Record) {
	a.Records++
	if r.At.Before(a.First) {
		a.First = r.At
	}
	if r.At.After(a.Last) {
		a.Last = r.At
	}
	a.actions[r.Action] = true
	for _, f := range r.Fields {
		a.fields[f] = true
	}
	a.Whole = a.Whole || len(r.Fields) == 0
}

// Affected computes whose data an incident showed or changed, in order of their numbers after
// one of them; the extent counts all. It reads the whole time anew each time: nothing that
// could be wrong is kept.
func (s *Service) Affected(ctx context.Context, g auth.Grant, incidentID, after int64, limit int) (page []Affected, all Extent, next int64, err error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, all, 0, err
	}
	i, err := s.find(ctx, r, incidentID)
	if err != nil {
		return nil, all, 0, err
	}
	if all, err = s.extent(ctx, g, i); err != nil {
		return nil, all, 0, err
	}
	start, found := slices.BinarySearchFunc(all.Customers, after, func(a Affected, id int64) int { return int(a.CustomerID - id) })
	if found {
		start++
	}
	page = all.Customers[start:]
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].CustomerID
	}
	e := audit.Entry{Action: audit.IncidentAffected, Object: incidentID}
	for _, one := range page {
		e.Customers = append(e.Customers, one.CustomerID)
	}
	return page, all, next, s.Audit.Note(ctx, g, e)
}
