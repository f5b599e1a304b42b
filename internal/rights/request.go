package rights

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Kinds of requests, by their articles.
const (
	Access        = "access"             // Art. 15
	Rectification = "rectification"      // Art. 16
	Erasure       = "erasure"            // Art. 17
	Restriction   = "restriction"        // Art. 18
	Portability   = "portability"        // Art. 20
	Objection     = "objection"          // Art. 21
	Automated     = "automated_decision" // Art. 22
)

// Kinds lists them.
func Kinds() []string {
	return []string{Access, Rectification, Erasure, Restriction, Portability, Objection, Automated}
}

// Channels by which a request may come: there is no form for it (EDPB Guidelines 01/2022, 3.1.2).
func Channels() []string {
	return []string{"email", "phone", "letter", "in_person", "chat", "form", "other"}
}

// States of a request.
const (
	Received      = "received"
	IdentityCheck = "identity_check"
	InProgress    = "in_progress"
	Extended      = "extended"
	Completed     = "completed"
	Refused       = "refused"
)

// States lists them.
func States() []string {
	return []string{Received, IdentityCheck, InProgress, Extended, Completed, Refused}
}

// Service is the desk.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Audit     *audit.Log
	Events    *event.Log
	Clock     clock.Clock
	IDs       *id.Source
	Customers *customer.Service
	Consents  *consent.Service
	// Export writes all that is kept of a customer (package privacy).
	Export func(ctx context.Context, g auth.Grant, customerID int64, w io.Writer) error
	// Mail tells whoever looks after privacy at an owner; nil where no mail is sent.
	Mail func(ctx context.Context, r owner.Room, subject, body string) error
}

// Request is what one customer asked for.
type Request struct {
	ID         int64
	CustomerID int64
	UserID     int64 // who took it in
	Kind       string
	Channel    string
	State      string
	Received   time.Time // a day
	Due        time.Time // a day, the last on which it is answered in time
	Extended   bool
	Verified   time.Time // zero until it is known who asks
	Finished   time.Time // zero while open
	Note       string    // sealed; empty after the customer's erasure
	Steps      []Step
	Evidence   []Evidence
	Notices    []Notice // to recipients, of what was done
	version    int64
}

// Open reports whether the request waits for an answer.
func (r Request) Open() bool { return r.Finished.IsZero() }

// DaysLeft counts the days from an instant's day to the last one; below zero it is late.
func (r Request) DaysLeft(now time.Time) int { return int(r.Due.Sub(date(now)).Hours() / 24) }

// Late reports whether the answer came after the last day, or has not come by then.
func (r Request) Late(now time.Time) bool {
	if !r.Open() {
		now = r.Finished
	}
	return r.DaysLeft(now) < 0
}

// Step is one line of a request's history.
type Step struct {
	ID     int64
	UserID int64
	What   string
	Code   string   // a reason or a method, from a list
	Fields []string // names of fields that were corrected
	Object int64    // the audit record of the correction
	Words
}

// At is when it was done.
func (s Step) At() time.Time { return id.Time(s.ID) }

// Words are what is sealed of a step.
type Words struct {
	Note      string `json:"note,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// What steps are. The last two are written by Remind.
const (
	stepReceived  = "received"
	stepAsked     = "identity_asked"
	stepVerified  = "identity_verified"
	stepExtended  = "extended"
	stepEvidence  = "evidence"
	stepCompleted = "completed"
	stepRefused   = "refused"
	stepDueSoon   = "due_soon"
	stepOverdue   = "overdue"
)

// Also runs in the unit of a change; the key is the zero Subject once the customer is erased.
type Also func(tx *db.Tx, r Request, key vault.Subject) error

// file is a request on the desk: opened, with what a change of it needs.
type file struct {
	owner.Room
	Request
	key vault.Subject
}

func (f *file) place(table string, row int64) vault.Place { return f.Place(table, row, "doc") }

// seal gives empty bytes for what says nothing. What is personal of an erased customer is not
// taken any more: nothing could ever remove it.
func (f *file) seal(table string, row int64, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil || string(plain) == "{}" || string(plain) == `""` {
		return []byte{}, err
	}
	if f.key.ID == 0 {
		return nil, fault.OneField("/note", "invalid", "must be left out: the customer was erased")
	}
	return f.key.Seal(f.place(table, row), plain)
}

func (f *file) unseal(table string, row int64, sealed []byte, into any) error {
	if len(sealed) == 0 || f.key.ID == 0 {
		return nil
	}
	plain, err := f.key.Open(f.place(table, row), sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// Receive takes a request in. Received may lie behind: letters do.
func (s *Service) Receive(ctx context.Context, g auth.Grant, in Request, also Also) (Request, error) {
	now := s.Clock.Now()
	if in.Received.IsZero() {
		in.Received = date(now)
	}
	if in.Received.After(latestToday(now)) || in.Received.Before(firstDay()) {
		return in, fault.OneField("/received", "invalid", "must be a day that has begun, not before 2018-05-25")
	}
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return in, err
	}
	p, err := s.Customers.Person(ctx, g, in.CustomerID)
	if err != nil {
		return in, err
	}
	in.ID, in.UserID, in.State, in.Due, in.version = s.IDs.Next(), g.Actor().ID, Received, DueOn(in.Received, monthsToAnswer), 1
	f := &file{r, in, p.Key}
	sealed, err := f.seal("privacy_request", f.ID, f.Note)
	if err != nil {
		return in, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.Customers.Touch(tx, r.Realm(), in.CustomerID) // an erasure at the same moment sees the request
		tx.Exec(`INSERT INTO privacy_request (realm_id, id, customer_id, user_id, kind, channel, state, version, received, due, extended, verified_at, finished_at, told, mailed, doc)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 0, 0, 0, 0, 0, $10)`, r.Realm(), f.ID, f.CustomerID, f.UserID, f.Kind, f.Channel, f.State, text(f.Received), text(f.Due), sealed)
		f.Steps = nil // the unit may run again
		return s.record(tx, f, Step{What: stepReceived, Code: f.Channel}, audit.PrivacyRequestCreate, event.PrivacyRequestReceived, also)
	})
	return f.Request, err
}

// record adds a step with its event and audit record to the unit of a change.
func (s *Service) record(tx *db.Tx, f *file, step Step, action, kind string, also Also) error {
	step.ID, step.UserID = s.IDs.Next(), f.Grant.Actor().ID
	sealed, err := f.seal("privacy_request_step", step.ID, step.Words)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO privacy_request_step (realm_id, request_id, id, customer_id, user_id, step, code, fields, object_id, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.Realm(), f.ID, step.ID, f.CustomerID, step.UserID, step.What, step.Code, joined(step.Fields), step.Object, sealed)
	f.Steps = append(f.Steps, step)
	if kind != "" {
		s.Events.RecordOn(tx, f.Grant, kind, f.CustomerID, f.ID, f.Kind)
	}
	if also != nil {
		if err := also(tx, f.Request, f.key); err != nil {
			return err
		}
	}
	return s.Audit.Add(tx, f.Grant, audit.Entry{Action: action, Customers: []int64{f.CustomerID}, Object: f.ID, Fields: step.Fields})
}

func notFound() error {
	return fault.New(fault.NotFound, fault.PrivacyRequestNotFound, "Request of a data subject not found")
}

const requestColumns = `id, customer_id, user_id, kind, channel, state, version, received, due, extended, verified_at, finished_at`

func scan(row db.Row, more ...any) (Request, error) {
	var r Request
	var received, due string
	var extended, verified, finished int64
	err := row.Scan(append([]any{&r.ID, &r.CustomerID, &r.UserID, &r.Kind, &r.Channel, &r.State, &r.version, &received, &due, &extended, &verified, &finished}, more...)...)
	if err != nil {
		return r, err
	}
	r.Extended, r.Verified, r.Finished = extended != 0, instant(verified), instant(finished)
	var bad error
	r.Received, err = parseDay(received)
	r.Due, bad = parseDay(due)
	return r, errors.Join(err, bad)
}

func instant(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// open finds a request with its steps and evidence.
func (s *Service) open(ctx context.Context, g auth.Grant, requestID int64) (*file, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	f := &file{Room: r}
	var sealed []byte
	found := false
	err = s.Store.Row(ctx, r.Scope(), `SELECT `+requestColumns+`, doc FROM privacy_request WHERE realm_id = $1 AND id = $2`, []any{r.Realm(), requestID}, func(row db.Row) (err error) {
		found = true
		f.Request, err = scan(row, &sealed)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound()
	}
	if f.key, err = s.keyOf(ctx, g, f.CustomerID); err != nil {
		return nil, err
	}
	if err := f.unseal("privacy_request", f.ID, sealed, &f.Note); err != nil {
		return nil, err
	}
	return f, errors.Join(s.readSteps(ctx, f), s.readEvidence(ctx, f), s.readNotices(ctx, f))
}

// keyOf is the zero Subject once the customer is erased.
func (s *Service) keyOf(ctx context.Context, g auth.Grant, customerID int64) (vault.Subject, error) {
	p, err := s.Customers.Person(ctx, g, customerID)
	if fault.Is(err, fault.CustomerErased) {
		return vault.Subject{}, nil
	}
	return p.Key, err
}

func (s *Service) readSteps(ctx context.Context, f *file) error {
	return s.Store.Each(ctx, f.Scope(), `SELECT id, user_id, step, code, fields, object_id, doc FROM privacy_request_step WHERE realm_id = $1 AND request_id = $2 ORDER BY id`,
		[]any{f.Realm(), f.ID}, func(row db.Row) error {
			var step Step
			var fields string
			var sealed []byte
			if err := row.Scan(&step.ID, &step.UserID, &step.What, &step.Code, &fields, &step.Object, &sealed); err != nil {
				return err
			}
			step.Fields = split(fields)
			err := f.unseal("privacy_request_step", step.ID, sealed, &step.Words)
			f.Steps = append(f.Steps, step)
			return err
		})
}

// Get shows one request.
func (s *Service) Get(ctx context.Context, g auth.Grant, requestID int64) (Request, error) {
	f, err := s.open(ctx, g, requestID)
	if err != nil {
		return Request{}, err
	}
	return f.Request, s.Audit.Note(ctx, g, audit.Entry{Action: audit.PrivacyRequestRead, Customers: []int64{f.CustomerID}, Object: f.ID})
}

func oneOf(name string, all ...string) bool { return slices.Contains(all, name) }
