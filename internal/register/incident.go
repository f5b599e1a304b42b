package register

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

// Service keeps the register.
type Service struct {
	Store  *db.DB
	Owners *owner.Service
	Audit  *audit.Log
	Events *event.Log
	Clock  clock.Clock
	IDs    *id.Source
	// Recipients names who gets customers' data, for records of processing.
	Recipients func(ctx context.Context, r owner.Room) ([]string, error)
	// Mail tells whoever looks after privacy at an owner; nil where no mail is sent.
	Mail func(ctx context.Context, r owner.Room, subject, body string) error
}

// toNotify is how long after it became aware of a breach a controller has to notify it (GDPR
// Art. 33(1)). A period in hours runs through weekends and holidays (Regulation (EEC, Euratom)
// No 1182/71, Art. 3(3) and (4)).
const toNotify = 72 * time.Hour

// Risks of an incident. One that is Unlikely needs no notification.
const (
	Unknown  = "unknown"
	Unlikely = "unlikely"
	Likely   = "likely"
	High     = "high" // the persons are told too (Art. 34)
)

// Risks lists them.
func Risks() []string { return []string{Unknown, Unlikely, Likely, High} }

// Incident is one breach, or what may be one.
type Incident struct {
	ID       int64
	UserID   int64     // who recorded it
	Aware    time.Time // when the owner knew; the clock runs from here
	From, To time.Time // when somebody may have had access; To zero: until now
	Risk     string
	Notified time.Time // the authority was
	Informed time.Time // the persons were
	Closed   time.Time
	Facts
	version int64
}

// Facts are what is sealed of an incident (Art. 33(3) and (5)).
type Facts struct {
	Description  string   `json:"description"`
	Consequences string   `json:"consequences,omitempty"`
	Measures     string   `json:"measures,omitempty"`
	DelayReason  string   `json:"delayReason,omitempty"`
	Reference    string   `json:"reference,omitempty"` // the authority's
	Credentials  []int64  `json:"credentials,omitempty"`
	Addresses    []string `json:"addresses,omitempty"`
}

// Recorded is when it was put in.
func (i Incident) Recorded() time.Time { return id.Time(i.ID) }

// Due is until when the authority must be notified.
func (i Incident) Due() time.Time { return i.Aware.Add(toNotify) }

// Running reports whether the clock runs: nobody was notified, and somebody must be.
func (i Incident) Running() bool {
	return i.Notified.IsZero() && i.Closed.IsZero() && i.Risk != Unlikely
}

// Late reports whether the notification came after the 72 hours, or has not come by then.
func (i Incident) Late(now time.Time) bool {
	if i.Running() {
		return now.After(i.Due())
	}
	return i.Notified.After(i.Due())
}

// AlsoIncident runs in the unit of a change.
type AlsoIncident func(*db.Tx, Incident) error

func (s *Service) check(i Incident) error {
	now := s.Clock.Now()
	var faults []fault.Field
	bad := func(is bool, name, message string) {
		if is {
			faults = append(faults, fault.Field{Path: "/" + name, Code: "invalid", Message: message})
		}
	}
	bad(i.Aware.After(now), "awareAt", "must not lie ahead")
	bad(!i.To.IsZero() && !i.To.After(i.From), "to", "must be after from")
	bad(i.From.After(i.Aware), "from", "must not be after awareAt")
	bad(i.Notified.After(now) || !i.Notified.IsZero() && i.Notified.Before(i.Aware), "notifiedAt", "must be between awareAt and now")
	bad(i.Informed.After(now) || !i.Informed.IsZero() && i.Informed.Before(i.Aware), "personsInformedAt", "must be between awareAt and now")
	bad(i.Notified.After(i.Due()) && i.DelayReason == "", "delayReason", "must say why it took more than 72 hours (GDPR Art. 33(1))")
	if len(faults) > 0 {
		return fault.Fields(faults)
	}
	return nil
}

// Report records an incident.
func (s *Service) Report(ctx context.Context, g auth.Grant, in Incident, also AlsoIncident) error {
	if in.Aware.IsZero() {
		in.Aware = s.Clock.Now()
	}
	if err := s.check(in); err != nil {
		return err
	}
	in.ID, in.UserID = s.IDs.Next(), g.Actor().ID
	return s.write(ctx, g, in, audit.IncidentCreate, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.Exec(`INSERT INTO incident (realm_id, id, user_id, version, aware_at, from_at, to_at, risk, notified_at, informed_at, closed_at, told, mailed, doc)
			VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11)`, r.Realm(), in.ID, in.UserID, millis(in.Aware), millis(in.From), millis(in.To), in.Risk,
			millis(in.Notified), millis(in.Informed), millis(in.Closed), sealed)
		s.Events.RecordOn(tx, g, event.IncidentReported, 0, in.ID)
		return also(tx, in)
	})
}

var errAgain = errors.New("register: changed by another at the same time") // immutable

// Change changes an incident by what change does to it. What it was before stands in the
// trail by the names of its fields.
func (s *Service) Change(ctx context.Context, g auth.Grant, incidentID int64, change func(*Incident)) (Incident, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Incident{}, err
	}
	for range 5 {
		i, err := s.find(ctx, r, incidentID)
		if err != nil {
			return i, err
		}
		change(&i)
		if err := s.check(i); err != nil {
			return i, err
		}
		err = s.write(ctx, g, i, audit.IncidentChange, func(tx *db.Tx, r owner.Room, sealed []byte) error {
			tx.ExecOne(errAgain, `UPDATE incident SET version = version + 1, aware_at = $4, from_at = $5, to_at = $6, risk = $7, notified_at = $8, informed_at = $9, closed_at = $10, doc = $11
				WHERE realm_id = $1 AND id = $2 AND version = $3`, r.Realm(), i.ID, i.version, millis(i.Aware), millis(i.From), millis(i.To), i.Risk, millis(i.Notified), millis(i.Informed), millis(i.Closed), sealed)
			return nil
		})
		if !errors.Is(err, errAgain) {
			return i, err
		}
	}
	return Incident{}, fault.Away(errAgain)
}

func (s *Service) write(ctx context.Context, g auth.Grant, i Incident, action string, put func(*db.Tx, owner.Room, []byte) error) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(i.Facts)
	if err != nil {
		return err
	}
	sealed, err := r.Keys.Seal(r.Place("incident", i.ID, "doc"), plain)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := put(tx, r, sealed); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: action, Object: i.ID})
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

const incidentColumns = `id, user_id, version, aware_at, from_at, to_at, risk, notified_at, informed_at, closed_at, told, mailed, doc`

// told is what was told of an incident's clock.
type told struct{ told, mailed int64 }

func scanIncident(row db.Row, r owner.Room, t *told) (Incident, error) {
	var i Incident
	var aware, from, to, notified, informed, closed int64
	var sealed []byte
	if err := row.Scan(&i.ID, &i.UserID, &i.version, &aware, &from, &to, &i.Risk, &notified, &informed, &closed, &t.told, &t.mailed, &sealed); err != nil {
		return i, err
	}
	i.Aware, i.From, i.To, i.Notified, i.Informed, i.Closed = instant(aware), instant(from), instant(to), instant(notified), instant(informed), instant(closed)
	plain, err := r.Keys.Open(r.Place("incident", i.ID, "doc"), sealed)
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(plain, &i.Facts)
}

func (s *Service) find(ctx context.Context, r owner.Room, incidentID int64) (Incident, error) {
	var i Incident
	found := false
	err := s.Store.Row(ctx, r.Scope(), `SELECT `+incidentColumns+` FROM incident WHERE realm_id = $1 AND id = $2`, []any{r.Realm(), incidentID}, func(row db.Row) (err error) {
		found = true
		i, err = scanIncident(row, r, &told{})
		return err
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, fault.IncidentNotFound, "Incident not found")
	}
	return i, err
}

// Incident shows one.
func (s *Service) Incident(ctx context.Context, g auth.Grant, incidentID int64) (Incident, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Incident{}, err
	}
	i, err := s.find(ctx, r, incidentID)
	if err != nil {
		return i, err
	}
	return i, s.Audit.Note(ctx, g, audit.Entry{Action: audit.IncidentRead, Object: incidentID})
}

// Incidents lists them, the newest first. Next is 0 at the end.
func (s *Service) Incidents(ctx context.Context, g auth.Grant, before int64, limit int) (all []Incident, next int64, err error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = id.Max
	}
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+incidentColumns+` FROM incident WHERE realm_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, []any{r.Realm(), before, limit + 1}, func(row db.Row) error {
		i, err := scanIncident(row, r, &told{})
		all = append(all, i)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, s.Audit.Note(ctx, g, audit.Entry{Action: audit.IncidentRead})
}
