package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// callTimeout is how long somebody outside may take.
const callTimeout = 20 * time.Second

// Start begins to verify. When it returns, the code is on its way or the applicant is
// known; if neither could be done the verification has failed with the reason NotSent.
func (s *Service) Start(ctx context.Context, g auth.Grant, customerID int64, kind Kind, keep Keep) (Verification, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Verification{}, err
	}
	c, name, err := s.connector(g.Actor().Mode, kind)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{ID: s.IDs.Next(), CustomerID: customerID, UserID: g.Actor().ID, Kind: kind, Status: Pending, Provider: name}
	var person customer.Person
	err = s.Customers.Verify(ctx, g, customerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		person = p
		if err := s.mayStart(ctx, r, p, kind); err != nil {
			return p.Checks, nil, err
		}
		if err := s.prepare(r, &v, p); err != nil {
			return p.Checks, nil, err
		}
		return v.with(p.Checks, s.check(v)), s.insert(r, v, keep.Begin), nil
	})
	if err != nil {
		return v, err
	}
	return s.reach(context.WithoutCancel(ctx), r, c, v, person, keep.End)
}

// connector is whom a kind of verification goes through.
func (s *Service) connector(mode auth.Mode, kind Kind) (any, string, error) {
	if mode == auth.Test {
		if kind == Identity {
			return s.Sandbox, s.Sandbox.Name(), nil
		}
		return LogSender{s.Log}, LogSender{}.Name(), nil
	}
	needs := map[Kind]string{Email: "--smtp-url and --mail-from", Phone: "--sms-account, --sms-token and --sms-from", Identity: "--sumsub-token, --sumsub-secret, --sumsub-webhook-secret and --sumsub-level"}
	switch {
	case kind == Email && s.Live.Mail != nil:
		return s.Live.Mail, s.Live.Mail.Name(), nil
	case kind == Phone && s.Live.SMS != nil:
		return s.Live.SMS, s.Live.SMS.Name(), nil
	case kind == Identity && s.Live.Checker != nil:
		return s.Live.Checker, s.Live.Checker.Name(), nil
	}
	return nil, "", fault.New(fault.Unprocessable, fault.NoVerificationChannel, "Nobody can be asked in live mode: the operator starts the server with "+needs[kind])
}

// mayStart refuses what can't be verified, or not now.
func (s *Service) mayStart(ctx context.Context, r owner.Room, p customer.Person, kind Kind) error {
	if p.Status == customer.Restricted {
		return fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted: they are kept, and neither read nor used").With("customerId", fmt.Sprint(p.ID))
	}
	known := map[Kind]customer.Check{Email: p.Checks.Email, Phone: p.Checks.Phone}[kind]
	switch {
	case kind == Email && p.Email == "", kind == Phone && p.Phone == "":
		return fault.New(fault.Unprocessable, fault.NothingToVerify, "The customer has none")
	case kind == Phone && !p.PhoneInUse:
		return fault.New(fault.Unprocessable, fault.NothingToVerify, "The customer's phone number is one that nobody can have")
	case known.Status == customer.Verified:
		return fault.New(fault.Conflict, fault.AlreadyVerified, "It is verified already; a change of it takes that back")
	}
	return s.mayAskAgain(ctx, r, p.ID, kind)
}

// mayAskAgain bounds how often somebody is written to: nobody's telephone is a toy, and
// messages cost money. What never left does not count.
func (s *Service) mayAskAgain(ctx context.Context, r owner.Room, customerID int64, kind Kind) error {
	now := s.Clock.Now()
	var count, oldest, latest int64
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, kind FROM verification WHERE realm_id = $1 AND customer_id = $2 AND id > $3 AND reached = 1 ORDER BY id`,
		[]any{r.Realm(), customerID, id.First(now.Add(-24 * time.Hour))}, func(row db.Row) error {
			var rowID int64
			var of string
			err := row.Scan(&rowID, &of)
			if count++; count == 1 {
				oldest = rowID
			}
			if Kind(of) == kind {
				latest = rowID
			}
			return err
		})
	if err != nil {
		return err
	}
	if count >= mostADay {
		return tooOften(id.Time(oldest).Add(24*time.Hour).Sub(now), "Five verifications of a customer a day are the most")
	}
	if wait := id.Time(latest).Add(resendAfter).Sub(now); latest != 0 && wait > 0 {
		return tooOften(wait, "Wait a minute before the next one: the first may still be on its way")
	}
	return nil
}

func tooOften(wait time.Duration, message string) error {
	return &fault.Error{Kind: fault.RateLimited, Code: fault.RateLimitedCode, Message: message, RetryAfter: max(time.Second, wait), Limit: fault.Limit{Name: "verification"}}
}

// prepare makes the code of a verification that has one.
func (s *Service) prepare(r owner.Room, v *Verification, p customer.Person) error {
	now := s.Clock.Now()
	if v.Kind == Identity {
		v.Expires = now.Add(identityLife)
		return nil
	}
	v.Expires = now.Add(codeLife)
	if v.To = p.Email; v.Kind == Phone {
		v.To = p.Phone
	}
	v.Code = fmt.Sprintf("%06d", s.Random()%1_000_000)
	var err error
	v.Hash, err = hash(r, v.ID, v.Code)
	return err
}

// hash is how a code is recognised without being kept.
func hash(r owner.Room, verificationID int64, code string) ([]byte, error) {
	sum, err := r.Keys.MAC("verification code", fmt.Sprint(verificationID), code)
	return sum[:], err
}

// insert adds the row, in the place of one of the same kind that is still open.
func (s *Service) insert(r owner.Room, v Verification, begin func(*db.Tx, Verification, vault.Subject) error) customer.Also {
	return func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
		sealed, err := v.seal(r, key)
		if err != nil {
			return err
		}
		tx.Exec(`UPDATE verification SET status = $4, due_at = 0, end_id = $5 WHERE realm_id = $1 AND customer_id = $2 AND kind = $3 AND status IN ('pending', 'resubmit')`,
			r.Realm(), v.CustomerID, string(v.Kind), Superseded, s.IDs.Next())
		tx.Exec(`INSERT INTO verification (realm_id, customer_id, id, user_id, kind, status, provider, tries, expires_at, end_id, told_at, due_at, reached, doc)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, 0, $8, 1, $9)`,
			r.Realm(), v.CustomerID, v.ID, v.UserID, string(v.Kind), v.Status, v.Provider, v.Expires.UnixMilli(), sealed)
		v.Code = ""
		if err := keepWith(begin, tx, v, key); err != nil {
			return err
		}
		return s.tell(tx, r, v, audit.VerificationStart, "")
	}
}

// reach asks whoever is outside: the row says already that they were asked.
func (s *Service) reach(ctx context.Context, r owner.Room, c any, v Verification, p customer.Person, end func(*db.Tx, Verification, vault.Subject) error) (Verification, error) {
	s.Events.Wake()
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var err error
	was := v
	switch to := c.(type) {
	case Sender:
		err = to.Send(call, letter(v, r.Owner.Name, p.Preferences.Language))
		if r.Grant.Actor().Mode != auth.Test {
			v.Code = ""
		}
		if err == nil {
			return v, nil
		}
	case Checker:
		var a Applied
		a, err = to.Start(call, applicant(r, v, p))
		v.Reference, v.Link = a.Reference, a.Link
	}
	if err != nil {
		s.Log.Warn("a verification could not be sent", "verification", v.ID, "connector", v.Provider, "error", err.Error())
		v.Status, v.Reasons, v.Code = Failed, []string{NotSent}, ""
	}
	return v, s.finishStart(ctx, r, was, v, end)
}

// finishStart keeps the applicant's number, or that nobody was reached.
func (s *Service) finishStart(ctx context.Context, r owner.Room, was, v Verification, end func(*db.Tx, Verification, vault.Subject) error) error {
	err := s.Customers.Verify(ctx, r.Grant, v.CustomerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		checks := p.Checks
		if v.of(checks).Reference == fmt.Sprint(v.ID) { // nobody has begun another meanwhile
			checks = v.with(checks, s.checkOfStart(v))
		}
		return checks, func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
			due := time.Time{}
			if v.open() {
				due = s.Clock.Now()
			}
			if err := s.write(tx, r, key, was, v, due); err != nil {
				return err
			}
			shown := v
			shown.Link = ""
			if err := keepWith(end, tx, shown, key); err != nil || v.open() {
				return err
			}
			tx.Exec(`UPDATE verification SET reached = 0 WHERE realm_id = $1 AND customer_id = $2 AND id = $3`, r.Realm(), v.CustomerID, v.ID)
			return s.tell(tx, r, v, audit.VerificationEnd, "")
		}, nil
	})
	s.Wake()
	if errors.Is(err, errAgain) || fault.Is(err, fault.CustomerErased) {
		return nil // begun again or erased meanwhile
	}
	return err
}

// checkOfStart leaves nothing known where nobody was reached.
func (s *Service) checkOfStart(v Verification) customer.Check {
	if !v.open() {
		return customer.Check{}
	}
	return s.check(v)
}
