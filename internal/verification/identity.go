package verification

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Applicant is somebody whose identity is to be looked at. No more of them goes out than
// their language: they show themselves.
type Applicant struct {
	External string // our number of the verification; comes back in callbacks
	Language string
	Scenario string // the sandbox's: the last word of the name
}

// Applied is an applicant as the checker knows them.
type Applied struct {
	Reference string // their number there
	Link      string // where they show documents; empty where there is no such page
}

// Result is what a checker says.
type Result struct {
	Status  string   // Pending, Resubmit, Verified or Failed
	Reasons []string // codes, no text
}

// Notice is a result that a checker told by itself.
type Notice struct {
	External  string
	Reference string
	At        time.Time // by the checker's clock; the order of notices
	Result
}

// Checker is who looks at identities. Its errors hold nothing of a person.
type Checker interface {
	Name() string
	Start(ctx context.Context, a Applicant) (Applied, error)
	Fetch(ctx context.Context, reference string) (Result, error)
	// Parse verifies a callback by its signature; one without a result gives a Notice
	// without a status.
	Parse(header http.Header, body []byte) (Notice, error)
}

func external(realm, customerID, verificationID int64) string {
	return fmt.Sprintf("florin-%d-%d-%d", realm, customerID, verificationID)
}

func parseExternal(text string) (realm, customerID, verificationID int64, ok bool) {
	n, err := fmt.Sscanf(text, "florin-%d-%d-%d", &realm, &customerID, &verificationID)
	return realm, customerID, verificationID, err == nil && n == 3 && text == external(realm, customerID, verificationID)
}

func applicant(r owner.Room, v Verification, p customer.Person) Applicant {
	words := strings.Fields(p.Name)
	last := ""
	if len(words) > 0 {
		last = strings.ToLower(words[len(words)-1])
	}
	return Applicant{External: external(r.Realm(), v.CustomerID, v.ID), Language: p.Preferences.Language, Scenario: last}
}

func badCallback() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "The callback can't be verified")
}

// Callback takes what a checker tells. What can't be verified changes nothing.
func (s *Service) Callback(ctx context.Context, name string, origin auth.Origin, header http.Header, body []byte) error {
	var c Checker
	switch {
	case s.Live.Checker != nil && name == s.Live.Checker.Name():
		c = s.Live.Checker
	case name == s.Sandbox.Name():
		c = s.Sandbox
	default:
		return badCallback()
	}
	n, err := c.Parse(header, body)
	if err != nil {
		return badCallback()
	}
	if n.Status == "" {
		return nil
	}
	return s.hear(context.WithoutCancel(ctx), c, origin, n)
}

// hear applies a notice. One about nobody of ours, or about somebody who is gone, is taken
// and does nothing: the checker must not try again for days.
func (s *Service) hear(ctx context.Context, c Checker, origin auth.Origin, n Notice) error {
	realm, customerID, verificationID, ok := parseExternal(n.External)
	if !ok {
		return nil
	}
	o, mode, err := s.Owners.ByRealm(ctx, realm)
	if fault.Is(err, fault.OwnerNotFound) || err == nil && (mode == auth.Test) != (c == Checker(s.Sandbox)) {
		return nil // the sandbox speaks of test mode alone, and nobody else does
	}
	if err != nil {
		return err
	}
	err = s.apply(ctx, auth.Provider(o.ID, realm, mode, 0, origin), customerID, verificationID, n)
	if fault.Is(err, fault.CustomerErased) || fault.Is(err, fault.CustomerNotFound) || fault.Is(err, fault.VerificationNotFound) {
		return nil
	}
	return err
}

// apply writes what a checker said, unless it said something newer before.
func (s *Service) apply(ctx context.Context, g auth.Grant, customerID, verificationID int64, n Notice) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	for range rounds {
		if err = s.applyOnce(ctx, r, customerID, verificationID, n); !errors.Is(err, errAgain) {
			break
		}
	}
	s.Events.Wake()
	if errors.Is(err, errStale) {
		return nil
	}
	return err
}

func (s *Service) applyOnce(ctx context.Context, r owner.Room, customerID, verificationID int64, n Notice) error {
	return s.Customers.Verify(ctx, r.Grant, customerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		was, err := s.find(ctx, r, p.Key, customerID, verificationID)
		if err != nil {
			return p.Checks, nil, err
		}
		if was.Kind != Identity || was.Status == Superseded || n.At.UnixMilli() <= was.told || n.Reference != was.Reference {
			return p.Checks, nil, errStale
		}
		is := was
		is.Status, is.Reasons, is.told = n.Status, codes(n.Reasons), n.At.UnixMilli()
		checks := p.Checks
		if checks.Identity.Reference == was.Reference { // not of a name that they no longer have
			checks = is.with(checks, s.check(is))
		}
		return checks, func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
			if err := s.write(tx, r, key, was, is, s.nextLook(is)); err != nil {
				return err
			}
			if is.Status == was.Status {
				return s.tell(tx, r, is, audit.VerificationEnd, "unchanged")
			}
			return s.tell(tx, r, is, audit.VerificationEnd, "")
		}, nil
	})
}

const mostReasons = 20

// codes keeps what is a code of a checker's reasons: what is free text may name somebody.
func codes(reasons []string) []string {
	var all []string
	for _, reason := range reasons {
		if len(reason) > 0 && len(reason) <= 64 && strings.Trim(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
			all = append(all, reason)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), mostReasons)]
}

// looks are the waits before a checker is asked itself: a callback can be lost.
func looks() []time.Duration {
	return []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// nextLook is when somebody who has not decided is asked; the waits grow with the age.
func (s *Service) nextLook(v Verification) time.Time {
	if !v.open() {
		return time.Time{}
	}
	now := s.Clock.Now()
	all := looks()
	wait := all[len(all)-1]
	for _, one := range all {
		if now.Sub(v.Started()) < 5*one {
			wait = one
			break
		}
	}
	if next := now.Add(wait); next.Before(v.Expires) {
		return next
	}
	return v.Expires
}

// due is a row that waits.
type due struct {
	realm, customer, id, at int64
	kind                    Kind
	provider                string
}

const (
	atOnce = 64
	// lease is how long another node leaves a claimed row alone.
	lease = time.Minute
)

// RunDue ends codes that nobody sent back, and asks checkers who have not told. It says how
// many rows were due.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	var rows []due
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, customer_id, id, kind, provider, due_at FROM verification WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2`,
		[]any{s.Clock.Millis(), atOnce}, func(row db.Row) error {
			var d due
			var kind string
			err := row.Scan(&d.realm, &d.customer, &d.id, &kind, &d.provider, &d.at)
			d.kind = Kind(kind)
			rows = append(rows, d)
			return err
		})
	if err != nil {
		return 0, err
	}
	for _, d := range rows {
		err = errors.Join(err, s.work(ctx, d))
	}
	return len(rows), err
}

func (s *Service) work(ctx context.Context, d due) error {
	o, mode, err := s.Owners.ByRealm(ctx, d.realm)
	if err != nil {
		return err
	}
	r, err := s.Owners.Enter(ctx, auth.System(o.ID, d.realm, mode, "verification"), s.Audit)
	if err != nil {
		return err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `UPDATE verification SET due_at = $5 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND due_at = $4`, d.realm, d.customer, d.id, d.at, s.Clock.Now().Add(lease).UnixMilli())
		return nil
	})
	if errors.Is(err, errAgain) {
		return nil // another node has it, or it is over
	}
	if err == nil {
		err = s.look(ctx, r, d)
	}
	if errors.Is(err, errStale) || errors.Is(err, errAgain) || fault.Is(err, fault.CustomerErased) || fault.Is(err, fault.CustomerNotFound) {
		return nil
	}
	return err
}

// look does what is due of one row.
func (s *Service) look(ctx context.Context, r owner.Room, d due) error {
	p, err := s.Customers.Person(ctx, r.Grant, d.customer)
	if err != nil {
		return err
	}
	v, err := s.find(ctx, r, p.Key, d.customer, d.id)
	if err != nil || !v.open() {
		return err
	}
	if !s.Clock.Now().Before(v.Expires) {
		return s.expire(ctx, r, v)
	}
	if d.kind != Identity {
		return s.again(ctx, r, v, v.Expires)
	}
	if d.provider == s.Sandbox.Name() {
		return s.hearSandbox(ctx, r, v)
	}
	return s.ask(ctx, r, v)
}

func (s *Service) again(ctx context.Context, r owner.Room, v Verification, at time.Time) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE verification SET due_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND due_at <> 0`, r.Realm(), v.CustomerID, v.ID, at.UnixMilli())
		return nil
	})
}

// expire ends what nobody finished.
func (s *Service) expire(ctx context.Context, r owner.Room, v Verification) error {
	return s.Customers.Verify(ctx, r.Grant, v.CustomerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		was, err := s.find(ctx, r, p.Key, v.CustomerID, v.ID)
		if err == nil && !was.open() {
			err = errStale
		}
		if err != nil {
			return p.Checks, nil, err
		}
		is := was
		is.Status, is.Hash = Expired, nil
		checks := p.Checks
		if now := is.of(checks); now.Status == customer.CheckPending && (now.Reference == was.Reference || now.Reference == fmt.Sprint(was.ID)) {
			checks = is.with(checks, customer.Check{})
		}
		return checks, func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
			if err := s.write(tx, r, key, was, is, time.Time{}); err != nil {
				return err
			}
			return s.tell(tx, r, is, audit.VerificationEnd, "")
		}, nil
	})
}

// ask asks a checker who has not told. Only a decision counts: what is still pending was
// known, and would make a later callback look old.
func (s *Service) ask(ctx context.Context, r owner.Room, v Verification) error {
	if s.Live.Checker == nil || s.Live.Checker.Name() != v.Provider || v.Reference == "" {
		return s.again(ctx, r, v, s.nextLook(v))
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	result, err := s.Live.Checker.Fetch(call, v.Reference)
	if err != nil || result.Status == v.Status || result.Status == Pending || result.Status == "" {
		return s.again(ctx, r, v, s.nextLook(v)) // asked again; what stands in the way is theirs
	}
	return s.apply(ctx, r.Grant, v.CustomerID, v.ID, Notice{Reference: v.Reference, At: s.Clock.Now(), Result: result})
}

// hearSandbox delivers the callbacks of the sandbox that are due.
func (s *Service) hearSandbox(ctx context.Context, r owner.Room, v Verification) error {
	calls, next := s.Sandbox.calls(external(r.Realm(), v.CustomerID, v.ID), v.Reference, v.Started(), s.Clock.Now())
	if next.IsZero() {
		next = v.Expires
	}
	if err := s.again(ctx, r, v, next); err != nil {
		return err
	}
	for _, c := range calls {
		if err := s.Callback(ctx, s.Sandbox.Name(), auth.Origin{RequestID: "sandbox"}, c.header, c.body); err != nil {
			return err
		}
	}
	return nil
}

// Wake tells Run that something is due.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run does what is due until ctx ends: at once when woken, and every interval.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, s.wake, func(ctx context.Context) bool {
		count, err := s.RunDue(ctx)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		return err == nil && count == atOnce
	})
}
