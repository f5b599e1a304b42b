package verification

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// rounds bounds how often tries of one code meet: no more can be answered than there are.
const rounds = MostTries + 1

func over() error {
	return fault.New(fault.Conflict, fault.VerificationOver, "The verification takes no code: it is over, or its address was changed, or it has none; start another")
}

func wrong(left int64) error {
	return fault.New(fault.Unprocessable, fault.CodeWrong, "The code is wrong").With("triesLeft", fmt.Sprint(left))
}

// Check takes the code that the person read. A wrong one is counted before it is answered,
// so that of any number of guesses at one moment no more than MostTries are.
func (s *Service) Check(ctx context.Context, g auth.Grant, customerID, verificationID int64, code string, end func(*db.Tx, Verification, vault.Subject) error) (Verification, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Verification{}, err
	}
	for range rounds {
		v, err := s.checkOnce(ctx, r, customerID, verificationID, code, end)
		if !errors.Is(err, errAgain) {
			s.Events.Wake()
			return v, err
		}
	}
	return Verification{}, over()
}

func (s *Service) checkOnce(ctx context.Context, r owner.Room, customerID, verificationID int64, code string, end func(*db.Tx, Verification, vault.Subject) error) (Verification, error) {
	var v Verification
	var answer error
	err := s.Customers.Verify(ctx, r.Grant, customerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		was, err := s.find(ctx, r, p.Key, customerID, verificationID)
		if err == nil {
			err = s.mayCheck(was, p)
		}
		if err != nil {
			return p.Checks, nil, err
		}
		if v, answer, err = s.judge(r, was, code); err != nil {
			return p.Checks, nil, err
		}
		checks := p.Checks
		if v.Status != Pending {
			checks = v.with(checks, s.check(v))
		}
		return checks, s.count(r, was, v, answer, end), nil
	})
	if err != nil {
		return v, err
	}
	return v, answer
}

func (s *Service) mayCheck(v Verification, p customer.Person) error {
	to := map[Kind]string{Email: p.Email, Phone: p.Phone}[v.Kind]
	switch {
	case p.Status == customer.Restricted:
		return fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted: they are kept, and neither read nor used")
	case v.Kind == Identity, v.Status != Pending, !s.Clock.Now().Before(v.Expires), v.To != to:
		return over()
	}
	return nil
}

// judge compares in constant time and says what becomes of the verification.
func (s *Service) judge(r owner.Room, v Verification, code string) (Verification, error, error) {
	given, err := hash(r, v.ID, code)
	if err != nil {
		return v, nil, err
	}
	if subtle.ConstantTimeCompare(given, v.Hash) == 1 {
		v.Status, v.Hash = Verified, nil
		return v, nil, nil
	}
	if v.Tries++; v.Tries >= MostTries {
		v.Status, v.Hash = Failed, nil
	}
	return v, wrong(MostTries - v.Tries), nil
}

// count writes a try and what it came to.
func (s *Service) count(r owner.Room, was, is Verification, answer error, end func(*db.Tx, Verification, vault.Subject) error) customer.Also {
	return func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
		due := time.Time{}
		if is.open() {
			due = is.Expires
		}
		if err := s.write(tx, r, key, was, is, due); err != nil {
			return err
		}
		if answer == nil {
			if err := keepWith(end, tx, is, key); err != nil {
				return err
			}
		}
		if is.open() {
			return s.tell(tx, r, is, audit.VerificationCheck, fault.CodeWrong)
		}
		return s.tell(tx, r, is, audit.VerificationCheck, "")
	}
}
