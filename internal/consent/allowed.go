package consent

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// Reasons of a decision.
const (
	Consented  = "consent_given"
	OnBasis    = "basis" // the basis is another than consent and allows it
	NoConsent  = "no_consent"
	Objected   = "objected"
	Restricted = "restricted" // Art. 18
	Inactive   = "inactive"
	Unknown    = "unknown_purpose" // no purpose, so no basis
	Nobody     = "no_customer"
)

// Decision says whether a customer's data may be processed for a purpose now, and why.
type Decision struct {
	Purpose   string
	Basis     Basis
	Marketing bool
	Allowed   bool
	Reason    string
	ConsentID int64 // the newest consent in force, or 0
}

// standing is what is known of one customer and one purpose.
type standing struct {
	customerID int64
	status     customer.Status
	consent    int64 // the newest in force, or 0
	objection  int64 // the newest in force, or 0
}

// decide is the rule. A consent that is newer than an objection was given after it.
func (p Purpose) decide(known bool, st standing) Decision {
	d := Decision{Purpose: p.Name, Basis: p.Basis, Marketing: p.Marketing, ConsentID: st.consent}
	mayObject := p.objectable() || p.Basis == ByConsent
	switch {
	case !known:
		d.Reason = Unknown
	case st.customerID == 0:
		d.Reason = Nobody
	case !p.Active:
		d.Reason = Inactive
	case st.status == customer.Restricted:
		d.Reason = Restricted
	case mayObject && st.objection > st.consent:
		d.Reason = Objected
	case p.Basis != ByConsent:
		d.Allowed, d.Reason = true, OnBasis
	case st.consent == 0:
		d.Reason = NoConsent
	default:
		d.Allowed, d.Reason = true, Consented
	}
	return d
}

// Allowed is the one question that processing asks, each time and at the last moment: may
// this customer's data be processed for this purpose now? Nobody who is gone is.
func (s *Service) Allowed(ctx context.Context, g auth.Grant, customerID int64, purpose string) (Decision, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Decision{}, err
	}
	p, known, err := s.purpose(ctx, r, purpose)
	p.Name = purpose
	if err != nil {
		return Decision{}, err
	}
	found, err := s.standings(ctx, r, purpose, []int64{customerID})
	return p.decide(known, found[customerID]), err
}

// May is Allowed without the reason.
func (s *Service) May(ctx context.Context, g auth.Grant, customerID int64, purpose string) (bool, error) {
	d, err := s.Allowed(ctx, g, customerID, purpose)
	return d.Allowed, err
}

// Among is Allowed for many: those of the customers whose data may be processed for the
// purpose, in order of id. It is what a segment of customers asks.
func (s *Service) Among(ctx context.Context, g auth.Grant, purpose string, customers []int64) ([]int64, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	p, known, err := s.purpose(ctx, r, purpose)
	if err != nil {
		return nil, err
	}
	var allowed []int64
	for some := range slices.Chunk(customers, 256) {
		found, err := s.standings(ctx, r, purpose, some)
		if err != nil {
			return nil, err
		}
		for id, st := range found {
			if p.decide(known, st).Allowed {
				allowed = append(allowed, id)
			}
		}
	}
	slices.Sort(allowed)
	return slices.Compact(allowed), nil
}

// standings reads what the rule needs of some customers, in one question.
func (s *Service) standings(ctx context.Context, r owner.Room, purpose string, customers []int64) (map[int64]standing, error) {
	all := make(map[int64]standing, len(customers))
	text := []byte(`SELECT c.id, c.status,
		coalesce((SELECT max(n.id) FROM consent n WHERE n.realm_id = c.realm_id AND n.customer_id = c.id AND n.purpose = $1 AND n.withdrawn_at = 0 AND n.pending_until = 0), 0),
		coalesce((SELECT max(o.id) FROM objection o WHERE o.realm_id = c.realm_id AND o.customer_id = c.id AND o.purpose = $1 AND o.answer IN ('', 'upheld')), 0)
		FROM customer c WHERE c.realm_id = $2 AND c.id IN (`)
	args := []any{purpose, r.Realm()}
	for i, id := range customers {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(append(text, '$'), int64(i+3), 10)
		args = append(args, id)
	}
	err := s.Store.Each(ctx, r.Scope(), string(append(text, ')')), args, func(row db.Row) error {
		var st standing
		var status int64
		err := row.Scan(&st.customerID, &status, &st.consent, &st.objection)
		st.status = customer.Status(status)
		all[st.customerID] = st
		return err
	})
	return all, err
}

// Decisions says of each purpose whether a customer's data may be processed for it.
func (s *Service) Decisions(ctx context.Context, g auth.Grant, customerID int64) ([]Decision, error) {
	r, _, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	all, err := s.purposes(ctx, r)
	if err != nil {
		return nil, err
	}
	var list []Decision
	for _, name := range slices.Sorted(maps.Keys(all)) {
		found, err := s.standings(ctx, r, name, []int64{customerID})
		if err != nil {
			return nil, err
		}
		list = append(list, all[name].decide(true, found[customerID]))
	}
	return list, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ConsentRead, Customers: []int64{customerID}})
}

func (s *Service) person(ctx context.Context, g auth.Grant, customerID int64) (owner.Room, customer.Person, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return r, customer.Person{}, err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	return r, p, err
}
