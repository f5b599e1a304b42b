package payment

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/owner"
)

// WithdrawConsent ends a consent and forgets the methods that were saved under it, in one
// unit: what rested on the consent ends with it (GDPR Art. 7(3)).
func (s *Service) WithdrawConsent(ctx context.Context, g auth.Grant, customerID, consentID int64, t consent.Trace) error {
	r, p, err := s.subject(ctx, g, customerID)
	if err != nil {
		return err
	}
	forget, err := s.letGo(ctx, r, p, func(m method.Method) bool { return m.ConsentID == consentID })
	if err != nil {
		return err
	}
	err = s.Consents.Withdraw(ctx, g, customerID, consentID, t, forget)
	s.Wake()
	return err
}

// Object records an objection. One to the keeping of payment methods forgets them.
func (s *Service) Object(ctx context.Context, g auth.Grant, customerID int64, o consent.Objection, keep consent.Keep[consent.Objection]) (consent.Objection, error) {
	r, p, err := s.subject(ctx, g, customerID)
	if err != nil {
		return o, err
	}
	forget, err := s.letGo(ctx, r, p, func(method.Method) bool { return o.Purpose == consent.SaveMethod })
	if err != nil {
		return o, err
	}
	o, err = s.Consents.Object(ctx, g, customerID, o, func(tx *db.Tx, o consent.Objection, p customer.Person) error {
		if err := forget(tx); err != nil {
			return err
		}
		return keep(tx, o, p)
	})
	s.Wake()
	return o, err
}

// subject is a customer who says what may be done with their data: restricted or not.
func (s *Service) subject(ctx context.Context, g auth.Grant, customerID int64) (owner.Room, customer.Person, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return r, customer.Person{}, err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	return r, p, err
}

// letGo readies the removal of some of a customer's methods, here and at their providers.
func (s *Service) letGo(ctx context.Context, r owner.Room, p customer.Person, which func(method.Method) bool) (func(*db.Tx) error, error) {
	all, err := s.Methods.Of(ctx, r, p.ID, p.Key)
	if err != nil {
		return nil, err
	}
	var gone []method.Method
	var tasks []task
	for _, m := range all {
		if !which(m) {
			continue
		}
		t, err := s.forgetting(r, m.ID, forgotten{ProviderID: m.ProviderID, Token: m.Token})
		if err != nil {
			return nil, err
		}
		gone, tasks = append(gone, m), append(tasks, t)
	}
	return func(tx *db.Tx) error {
		for i, m := range gone {
			s.task(tx, r, tasks[i])
			if err := s.Methods.Remove(tx, r.Grant, m); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// maySave refuses to keep a method for an owner whose purpose for it is switched off.
func (s *Service) maySave(ctx context.Context, r owner.Room) error {
	return s.Consents.Usable(ctx, r, consent.SaveMethod)
}

// Saves reports whether an owner keeps payment methods at all: the payment page asks before
// it offers to.
func (s *Service) Saves(ctx context.Context, g auth.Grant) (bool, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return false, err
	}
	err = s.maySave(ctx, r)
	if fault.Is(err, fault.PurposeInactive) {
		return false, nil
	}
	return err == nil, err
}
