package verification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

// Kind is what is verified.
type Kind string

// The kinds.
const (
	Email    Kind = "email"
	Phone    Kind = "phone"
	Identity Kind = "identity"
)

// Where a verification stands. Resubmit asks the person for better documents; a superseded
// one was replaced by the next.
const (
	Pending    = "pending"
	Resubmit   = "resubmit"
	Verified   = "verified"
	Failed     = "failed"
	Expired    = "expired"
	Superseded = "superseded"
)

// NotSent is the reason of a verification that nobody heard of.
const NotSent = "not_sent"

// Rules of codes. Five tries of a million make one guess in 200,000 (NIST SP 800-63B-4
// §3.1.3.1 wants a bound on guesses; §3.1.3.2 allows ten minutes).
const (
	MostTries   = 5
	codeLife    = 10 * time.Minute
	resendAfter = time.Minute
	mostADay    = 5
	// identityLife is how long somebody may take over their documents.
	identityLife = 30 * 24 * time.Hour
)

// Verification is one attempt to find out.
type Verification struct {
	ID         int64
	CustomerID int64
	UserID     int64 // who asked for it
	Kind       Kind
	Status     string
	Provider   string // the connector: smtp, twilio, log, sandbox, sumsub
	Reference  string // the applicant's number there
	Reasons    []string
	Tries      int64
	Expires    time.Time
	Ended      time.Time // zero while it is open

	// Link is where the person shows documents, and Code what was sent in test mode. Both
	// are known to the answer of Start alone.
	Link string
	Code string

	told int64 // when the checker knew what is kept, in milliseconds
	doc
}

// doc is the sealed part of a row.
type doc struct {
	To        string   `json:"to,omitempty"`   // the address or number that the code went to
	Hash      []byte   `json:"hash,omitempty"` // the code's keyed fingerprint
	Reference string   `json:"reference,omitempty"`
	Reasons   []string `json:"reasons,omitempty"`
}

// Started is when it was asked for.
func (v Verification) Started() time.Time { return id.Time(v.ID) }

// Left is how many tries a code has left.
func (v Verification) Left() int64 {
	if v.Kind == Identity || v.Status != Pending {
		return 0
	}
	return MostTries - v.Tries
}

func (v Verification) open() bool { return v.Status == Pending || v.Status == Resubmit }

// Service verifies. Build it with New.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Customers *customer.Service
	Audit     *audit.Log
	Events    *event.Log
	Clock     clock.Clock
	IDs       *id.Source
	Random    func() uint64
	Log       *slog.Logger
	// Live are the connectors of live mode; test mode has the log and the sandbox.
	Live    Connectors
	Sandbox *Sandbox

	wake chan struct{}
}

// Connectors are who is asked, nil where nobody is configured.
type Connectors struct {
	Mail    Sender
	SMS     Sender
	Checker Checker
}

// New completes a service.
func New(s Service) *Service {
	s.wake = make(chan struct{}, 1)
	return &s
}

// Keep keeps the answer for a repetition of the request, in the unit of what it tells.
// Begin is called before anybody outside is, End once it is known what became of it.
type Keep struct {
	Begin func(*db.Tx, Verification, vault.Subject) error
	End   func(*db.Tx, Verification, vault.Subject) error
}

func keepWith(keep func(*db.Tx, Verification, vault.Subject) error, tx *db.Tx, v Verification, key vault.Subject) error {
	if keep == nil {
		return nil
	}
	return keep(tx, v, key)
}

func notFound() error {
	return fault.New(fault.NotFound, fault.VerificationNotFound, "Verification not found")
}

func place(r owner.Room, row int64) vault.Place { return r.Place("verification", row, "doc") }

const columns = `id, customer_id, user_id, kind, status, provider, tries, expires_at, end_id, told_at, doc FROM verification`

func scan(row db.Row, r owner.Room, key vault.Subject) (Verification, error) {
	var v Verification
	var kind string
	var expires, end int64
	var sealed []byte
	err := row.Scan(&v.ID, &v.CustomerID, &v.UserID, &kind, &v.Status, &v.Provider, &v.Tries, &expires, &end, &v.told, &sealed)
	if err != nil {
		return v, err
	}
	v.Kind, v.Expires = Kind(kind), time.UnixMilli(expires).UTC()
	if end != 0 {
		v.Ended = id.Time(end)
	}
	plain, err := key.Open(place(r, v.ID), sealed)
	if err != nil {
		return v, err
	}
	err = json.Unmarshal(plain, &v.doc)
	v.Reference, v.Reasons = v.doc.Reference, v.doc.Reasons
	return v, err
}

func (v Verification) seal(r owner.Room, key vault.Subject) ([]byte, error) {
	v.doc.Reference, v.doc.Reasons = v.Reference, v.Reasons
	plain, err := json.Marshal(v.doc)
	if err != nil {
		return nil, err
	}
	return key.Seal(place(r, v.ID), plain)
}

func (s *Service) find(ctx context.Context, r owner.Room, key vault.Subject, customerID, verificationID int64) (Verification, error) {
	var v Verification
	found := false
	err := s.Store.Row(ctx, r.Scope(), `SELECT `+columns+` WHERE realm_id = $1 AND customer_id = $2 AND id = $3`, []any{r.Realm(), customerID, verificationID}, func(row db.Row) (err error) {
		found = true
		v, err = scan(row, r, key)
		return err
	})
	if err == nil && !found {
		err = notFound()
	}
	return v, err
}

// Get reads one verification.
func (s *Service) Get(ctx context.Context, g auth.Grant, customerID, verificationID int64) (Verification, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return Verification{}, err
	}
	v, err := s.find(ctx, r, p.Key, customerID, verificationID)
	if err != nil {
		return v, err
	}
	return v, s.Audit.Note(ctx, g, audit.Entry{Action: audit.VerificationRead, Customers: []int64{customerID}, Object: verificationID})
}

// List lists a customer's verifications with ids below before (0: all), newest first.
func (s *Service) List(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]Verification, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = id.Max
	}
	var all []Verification
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+columns+` WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{r.Realm(), customerID, before, limit}, func(row db.Row) error {
			v, err := scan(row, r, p.Key)
			all = append(all, v)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.VerificationRead, Customers: []int64{customerID}})
}

func (s *Service) person(ctx context.Context, g auth.Grant, customerID int64) (owner.Room, customer.Person, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return r, customer.Person{}, err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	return r, p, err
}

var (
	errAgain = errors.New("verification: changed meanwhile")
	errStale = errors.New("verification: nothing new")
)

// write stores what became of a verification, on condition that nobody else did meanwhile.
func (s *Service) write(tx *db.Tx, r owner.Room, key vault.Subject, was, is Verification, due time.Time) error {
	sealed, err := is.seal(r, key)
	if err != nil {
		return err
	}
	end := int64(0)
	if !is.open() {
		end = s.IDs.Next()
	}
	at := int64(0)
	if !due.IsZero() {
		at = due.UnixMilli()
	}
	tx.ExecOne(errAgain, `UPDATE verification SET status = $4, tries = $5, end_id = $6, told_at = $7, due_at = $8, doc = $9
		WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND status = $10 AND tries = $11 AND told_at = $12`,
		r.Realm(), is.CustomerID, is.ID, is.Status, is.Tries, end, is.told, at, sealed, was.Status, was.Tries, was.told)
	return nil
}

// tell adds what the trail and merchants' systems hear of a verification.
func (s *Service) tell(tx *db.Tx, r owner.Room, v Verification, action, result string) error {
	kinds := map[string]string{Pending: event.VerificationStarted, Resubmit: event.VerificationResubmit, Verified: event.CustomerVerified, Failed: event.VerificationFailed, Expired: event.VerificationFailed}
	if result == "" {
		s.Events.RecordOn(tx, r.Grant, kinds[v.Status], v.CustomerID, v.ID, string(v.Kind))
	}
	return s.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Result: result, Customers: []int64{v.CustomerID}, Object: v.ID, Fields: []string{string(v.Kind)}})
}

// with puts one check into the place of its kind.
func (v Verification) with(all customer.Checks, k customer.Check) customer.Checks {
	switch v.Kind {
	case Email:
		all.Email = k
	case Phone:
		all.Phone = k
	default:
		all.Identity = k
	}
	return all
}

func (v Verification) of(all customer.Checks) customer.Check {
	return map[Kind]customer.Check{Email: all.Email, Phone: all.Phone, Identity: all.Identity}[v.Kind]
}

// check is what a verification makes known of the customer.
func (s *Service) check(v Verification) customer.Check {
	k := customer.Check{At: s.Clock.Millis(), Provider: v.Provider, Reference: v.Reference}
	if k.Reference == "" {
		k.Reference = fmt.Sprint(v.ID)
	}
	switch v.Status {
	case Pending, Resubmit:
		k.Status = customer.CheckPending
	case Verified:
		k.Status = customer.Verified
	case Failed:
		k.Status = customer.CheckFailed
	default:
		return customer.Check{}
	}
	return k
}
