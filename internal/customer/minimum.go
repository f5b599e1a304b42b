package customer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

// OptionalFields are those that an owner need not collect (GDPR Art. 5(1)(c)).
func OptionalFields() []string {
	return []string{"address", "phone", "memberId", "dateOfBirth", "billingAddress", "shippingAddress", "preferences", "metadata"}
}

// minimise refuses new values of fields that the owner does not collect; what is stored stays
// until retention removes it, and may be cleared. Read leniently, they are left out.
func (r *reader) minimise(not []owner.Uncollected) {
	if len(not) == 0 {
		return
	}
	given, has := changed(r.current, r.profile), filled(r.profile)
	for _, n := range not {
		switch {
		case !slices.Contains(given, n.Field) || !slices.Contains(has, n.Field):
		case r.lenient || r.drop:
			r.profile.take(n.Field, r.current)
		default:
			r.bad("/"+n.Field, "not_collected", "is not collected by this owner")
		}
	}
}

// take copies one optional field.
func (p *Profile) take(field string, from Profile) {
	switch field {
	case "address":
		p.Address = from.Address
	case "phone":
		p.Phone, p.PhoneInUse = from.Phone, from.PhoneInUse
	case "memberId":
		p.MemberID = from.MemberID
	case "dateOfBirth":
		p.DateOfBirth = from.DateOfBirth
	case "billingAddress":
		p.Billing = from.Billing
	case "shippingAddress":
		p.Shipping = from.Shipping
	case "preferences":
		p.Preferences = from.Preferences
	case "metadata":
		p.Metadata = from.Metadata
	}
}

// Holder is a customer of whom some fields are kept.
type Holder struct {
	CustomerID int64
	Status     Status
	Fields     []string // of those asked for
}

// EachHolder goes through all customers of a realm and gives those of whom any of the fields
// is kept. It opens every profile: for jobs and for whoever counts.
func (s *Service) EachHolder(ctx context.Context, g auth.Grant, fields []string, each func(Holder) error) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	const page = 200
	for after := int64(0); ; {
		rows, err := s.rows(ctx, r, plan{After: &keyset{ID: after}}, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.holders(ctx, r, rows, fields, each); err != nil {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

func (s *Service) holders(ctx context.Context, r room, rows []sealedRow, fields []string, each func(Holder) error) error {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.keyID
	}
	keys, err := r.Keys.Subjects(ctx, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		key, there := keys[row.keyID]
		if !there {
			continue // erased meanwhile
		}
		c, err := r.open(row, key)
		if err != nil {
			return err
		}
		p, err := c.Profile()
		if err != nil {
			return err
		}
		h := Holder{CustomerID: row.ID, Status: row.Status, Fields: slices.DeleteFunc(filled(p), func(f string) bool { return !slices.Contains(fields, f) })}
		if len(h.Fields) == 0 {
			continue
		}
		if err := each(h); err != nil {
			return err
		}
	}
	return nil
}

// Holding counts of how many customers each of the fields is kept.
func (s *Service) Holding(ctx context.Context, g auth.Grant, fields []string) (map[string]int64, error) {
	counts := map[string]int64{}
	err := s.EachHolder(ctx, g, fields, func(h Holder) error {
		for _, f := range h.Fields {
			counts[f]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, s.Audit.Note(ctx, g, audit.Entry{Action: audit.MinimumRead, Fields: fields})
}

// ClearFields empties optional fields of a customer, unless they are restricted (Art. 18).
func (s *Service) ClearFields(ctx context.Context, g auth.Grant, customerID int64, fields []string) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	for range attempts {
		before, err := s.find(ctx, r, customerID)
		if err != nil {
			return err
		}
		if before.Status == Restricted {
			return restricted(customerID)
		}
		old, err := before.Profile()
		if err != nil {
			return err
		}
		next, after := old, *before
		for _, f := range fields {
			next.take(f, Profile{})
		}
		next.Checks = old.kept(next)
		after.doc = newDoc(next)
		if _, err = s.store(ctx, r, before, &after, old, next, nothingMore); !errors.Is(err, errAgain) {
			return err
		}
	}
	return fault.Away(errAgain)
}

// Stale is a profile that nobody has changed or confirmed for long.
type Stale struct {
	CustomerID int64
	Updated    time.Time
	Confirmed  time.Time // zero if never
}

// Stale lists profiles that were last changed and confirmed before a moment, in order of id
// from after on (Art. 5(1)(d)). Restricted ones are left alone.
func (s *Service) Stale(ctx context.Context, g auth.Grant, before time.Time, after int64, limit int) ([]Stale, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	all, ids := []Stale{}, []int64{}
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, updated_at, confirmed_at FROM customer WHERE realm_id = $1 AND id > $2 AND updated_at < $3 AND confirmed_at < $3 AND status <> 2 ORDER BY id LIMIT $4`,
		[]any{r.Realm(), after, before.UnixMilli(), limit}, func(row db.Row) error {
			var one Stale
			var updated, confirmed int64
			err := row.Scan(&one.CustomerID, &updated, &confirmed)
			one.Updated = instant(updated)
			if confirmed > 0 {
				one.Confirmed = instant(confirmed)
			}
			all, ids = append(all, one), append(ids, one.CustomerID)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.CustomerList, Customers: ids, Filters: []string{"olderThan"}})
}

// Confirmed writes down that a customer says their data are right, in the unit of their answer.
func (s *Service) Confirmed(tx *db.Tx, g auth.Grant, customerID int64) error {
	tx.ExecOne(fault.NoCustomer(customerID), `UPDATE customer SET confirmed_at = $3 WHERE realm_id = $1 AND id = $2`, g.Realm(), customerID, s.Clock.Millis())
	s.Events.Record(tx, g, event.ProfileConfirmed, customerID, nil)
	return s.Audit.Add(tx, g, audit.Entry{Action: audit.ProfileConfirm, Customers: []int64{customerID}})
}
