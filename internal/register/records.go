package register

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

// Kinds of entries.
const (
	kindOfficer      = "officer"
	kindConsultation = "consultation"
	kindAssessment   = "assessment"
	kindProcessing   = "processing"
)

// Officer is the data protection officer, or whom else to ask (GDPR Art. 37 to 39).
type Officer struct {
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address,omitempty"`
}

// Consultation is what the officer was asked, and their advice (Art. 39(1)(a) and (c)).
type Consultation struct {
	Date     string `json:"date"` // a day
	Question string `json:"question"`
	Advice   string `json:"advice,omitempty"`
	Followed string `json:"followed,omitempty"` // what was done, and why if it was not followed
}

// Assessment is an assessment of the impact on data protection (Art. 35(7)(a) to (d)).
type Assessment struct {
	Title       string `json:"title"`
	Description string `json:"description"`          // operations and purposes
	Necessity   string `json:"necessity,omitempty"`  // and proportionality
	Risks       string `json:"risks,omitempty"`      // to the persons
	Measures    string `json:"measures,omitempty"`   // that address them
	Advice      string `json:"advice,omitempty"`     // of the officer (Art. 35(2))
	Views       string `json:"views,omitempty"`      // of the persons (Art. 35(9))
	Outcome     string `json:"outcome,omitempty"`    // open, accepted, rejected or prior_consultation (Art. 36)
	ReviewDate  string `json:"reviewDate,omitempty"` // a day
}

// Processing is one record of processing (Art. 30(1)(a) to (g)).
type Processing struct {
	Name       string   `json:"name"`
	Controller string   `json:"controller"` // name and contact; also joint ones and the representative
	Officer    string   `json:"officer,omitempty"`
	Purposes   string   `json:"purposes"`
	Persons    string   `json:"persons"`
	Data       string   `json:"data"`
	Recipients string   `json:"recipients,omitempty"`
	Transfers  string   `json:"transfers,omitempty"` // to third countries, with their safeguards
	Retention  string   `json:"retention,omitempty"`
	Security   string   `json:"security,omitempty"`
	Basis      string   `json:"basis,omitempty"`  // of Art. 6; asked for by authorities, not by Art. 30
	Tables     []string `json:"tables,omitempty"` // of Florin, in a draft
}

// Entry is one of them as it is kept.
type Entry[T any] struct {
	ID     int64
	UserID int64
	Doc    T
}

// put seals a document and writes it.
func put[T any](ctx context.Context, s *Service, g auth.Grant, entryID int64, doc T, action string, write func(*db.Tx, owner.Room, []byte) error) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	sealed, err := r.Keys.Seal(r.Place("register_entry", entryID, "doc"), plain)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := write(tx, r, sealed); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: action, Object: entryID})
	})
}

func add[T any](ctx context.Context, s *Service, g auth.Grant, kind string, doc T, also func(*db.Tx, Entry[T]) error) error {
	e := Entry[T]{s.IDs.Next(), g.Actor().ID, doc}
	return put(ctx, s, g, e.ID, doc, audit.RegisterAdd, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.Exec(`INSERT INTO register_entry (realm_id, kind, id, user_id, doc) VALUES ($1, $2, $3, $4, $5)`, r.Realm(), kind, e.ID, e.UserID, sealed)
		return also(tx, e)
	})
}

func noEntry() error {
	return fault.New(fault.NotFound, fault.RegisterEntryNotFound, "There is no such entry in the register")
}

func replace[T any](ctx context.Context, s *Service, g auth.Grant, kind string, entryID int64, doc T) error {
	return put(ctx, s, g, entryID, doc, audit.RegisterChange, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.ExecOne(noEntry(), `UPDATE register_entry SET user_id = $4, doc = $5 WHERE realm_id = $1 AND kind = $2 AND id = $3`, r.Realm(), kind, entryID, g.Actor().ID, sealed)
		return nil
	})
}

func read[T any](ctx context.Context, s *Service, r owner.Room, kind, more string, args ...any) ([]Entry[T], error) {
	var all []Entry[T]
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, doc FROM register_entry WHERE realm_id = $1 AND kind = $2`+more, append([]any{r.Realm(), kind}, args...), func(row db.Row) error {
		var e Entry[T]
		var sealed []byte
		if err := row.Scan(&e.ID, &e.UserID, &sealed); err != nil {
			return err
		}
		plain, err := r.Keys.Open(r.Place("register_entry", e.ID, "doc"), sealed)
		if err != nil {
			return err
		}
		err = json.Unmarshal(plain, &e.Doc)
		all = append(all, e)
		return err
	})
	return all, err
}

func list[T any](ctx context.Context, s *Service, g auth.Grant, kind string, before int64, limit int) (all []Entry[T], next int64, err error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = id.Max
	}
	if all, err = read[T](ctx, s, r, kind, ` AND id < $3 ORDER BY id DESC LIMIT $4`, before, limit+1); err != nil {
		return nil, 0, err
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RegisterRead})
}

func one[T any](ctx context.Context, s *Service, g auth.Grant, kind string, entryID int64) (Entry[T], error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Entry[T]{}, err
	}
	all, err := read[T](ctx, s, r, kind, ` AND id = $3`, entryID)
	if err != nil || len(all) == 0 {
		return Entry[T]{}, errors.Join(err, noEntry())
	}
	return all[0], s.Audit.Note(ctx, g, audit.Entry{Action: audit.RegisterRead, Object: entryID})
}

// officer reads the one entry of its kind; ok is false where nobody is named.
func (s *Service) officer(ctx context.Context, r owner.Room) (Officer, bool, error) {
	all, err := read[Officer](ctx, s, r, kindOfficer, "")
	if err != nil || len(all) == 0 {
		return Officer{}, false, err
	}
	return all[0].Doc, true, nil
}

// Officer shows whom to ask.
func (s *Service) Officer(ctx context.Context, g auth.Grant) (Officer, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Officer{}, err
	}
	o, ok, err := s.officer(ctx, r)
	if err != nil {
		return o, err
	}
	if !ok {
		return o, noEntry()
	}
	return o, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RegisterRead})
}

// Appoint names whom to ask, in place of whoever it was.
func (s *Service) Appoint(ctx context.Context, g auth.Grant, o Officer) error {
	return put(ctx, s, g, 1, o, audit.RegisterChange, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.Exec(`INSERT INTO register_entry (realm_id, kind, id, user_id, doc) VALUES ($1, $2, 1, $3, $4) ON CONFLICT (realm_id, kind, id) DO UPDATE SET user_id = excluded.user_id, doc = excluded.doc`,
			r.Realm(), kindOfficer, g.Actor().ID, sealed)
		return nil
	})
}

// Consult records what the officer was asked.
func (s *Service) Consult(ctx context.Context, g auth.Grant, c Consultation, also func(*db.Tx, Entry[Consultation]) error) error {
	return add(ctx, s, g, kindConsultation, c, also)
}

// Consultations lists them, the newest first.
func (s *Service) Consultations(ctx context.Context, g auth.Grant, before int64, limit int) ([]Entry[Consultation], int64, error) {
	return list[Consultation](ctx, s, g, kindConsultation, before, limit)
}

// Outcomes of an assessment.
func Outcomes() []string { return []string{"open", "accepted", "rejected", "prior_consultation"} }

// Assess records an assessment.
func (s *Service) Assess(ctx context.Context, g auth.Grant, a Assessment, also func(*db.Tx, Entry[Assessment]) error) error {
	return add(ctx, s, g, kindAssessment, a, also)
}

// Reassess replaces one.
func (s *Service) Reassess(ctx context.Context, g auth.Grant, assessmentID int64, a Assessment) error {
	return replace(ctx, s, g, kindAssessment, assessmentID, a)
}

// Assessments lists them, the newest first.
func (s *Service) Assessments(ctx context.Context, g auth.Grant, before int64, limit int) ([]Entry[Assessment], int64, error) {
	return list[Assessment](ctx, s, g, kindAssessment, before, limit)
}

// Assessment shows one.
func (s *Service) Assessment(ctx context.Context, g auth.Grant, assessmentID int64) (Entry[Assessment], error) {
	return one[Assessment](ctx, s, g, kindAssessment, assessmentID)
}

// AddProcessing records a processing activity.
func (s *Service) AddProcessing(ctx context.Context, g auth.Grant, p Processing, also func(*db.Tx, Entry[Processing]) error) error {
	return add(ctx, s, g, kindProcessing, p, also)
}

// ChangeProcessing replaces a record.
func (s *Service) ChangeProcessing(ctx context.Context, g auth.Grant, recordID int64, p Processing) error {
	return replace(ctx, s, g, kindProcessing, recordID, p)
}

// RemoveProcessing removes a record of what is not done any more.
func (s *Service) RemoveProcessing(ctx context.Context, g auth.Grant, recordID int64) error {
	return s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.ExecOne(noEntry(), `DELETE FROM register_entry WHERE realm_id = $1 AND kind = $2 AND id = $3`, g.Realm(), kindProcessing, recordID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RegisterChange, Object: recordID})
	})
}

// Processings lists records, the newest first.
func (s *Service) Processings(ctx context.Context, g auth.Grant, before int64, limit int) ([]Entry[Processing], int64, error) {
	return list[Processing](ctx, s, g, kindProcessing, before, limit)
}

// Processing shows one.
func (s *Service) Processing(ctx context.Context, g auth.Grant, recordID int64) (Entry[Processing], error) {
	return one[Processing](ctx, s, g, kindProcessing, recordID)
}
