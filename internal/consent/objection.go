package consent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Answers to an objection. Without one it blocks, as with Upheld.
const (
	Upheld  = "upheld"
	Grounds = "compelling_grounds" // Art. 21(1): processing goes on, for a reason that is kept
	Retired = "withdrawn"          // the customer took it back
)

// Objection is a customer's no to a purpose (Art. 21). It blocks from the moment it is
// written.
type Objection struct {
	ID         int64
	UserID     int64 // who recorded it
	Purpose    string
	Channel    string
	Note       string // the customer's words
	Answer     string // "", Upheld, Grounds or Retired
	Reason     string // the owner's, of the answer
	AnsweredBy int64
	Answered   time.Time
}

// Raised is when it was recorded.
func (o Objection) Raised() time.Time { return id.Time(o.ID) }

// Blocks reports whether nothing is processed for its purpose because of it.
func (o Objection) Blocks() bool { return o.Answer == "" || o.Answer == Upheld }

func objectionPlace(realm, row int64, column string) vault.Place {
	return vault.Place{Realm: realm, Table: "objection", Row: row, Column: column}
}

// Object records an objection. Consents for the same purpose end with it. also runs in the
// same unit.
func (s *Service) Object(ctx context.Context, g auth.Grant, customerID int64, o Objection, also Keep[Objection]) (Objection, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return o, err
	}
	if err := s.mayObject(ctx, r, o.Purpose); err != nil {
		return o, err
	}
	open, err := s.read(ctx, r, p, ` AND withdrawn_at = 0 AND purpose = $3`, o.Purpose)
	if err != nil {
		return o, err
	}
	o.ID, o.UserID = s.IDs.Next(), g.Actor().ID
	note, err := sealed(p.Key, objectionPlace(r.Realm(), o.ID, "doc"), o.Note)
	if err != nil {
		return o, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		customer.Stay(tx, r.Realm(), p.ID)
		tx.Exec(`INSERT INTO objection (realm_id, customer_id, id, user_id, purpose, channel, answer, answered_at, answered_by, doc, reason) VALUES ($1, $2, $3, $4, $5, $6, '', 0, 0, $7, $8)`,
			r.Realm(), p.ID, o.ID, o.UserID, o.Purpose, o.Channel, note, []byte{})
		for _, c := range open {
			if err := s.end(tx, g, p, c, Trace{Channel: o.Channel, Reference: "objection"}, errAgain); err != nil {
				return err
			}
		}
		if err := also(tx, o, p); err != nil {
			return err
		}
		s.Events.RecordOn(tx, g, event.ObjectionRaised, p.ID, o.ID, o.Purpose)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ObjectionRaise, Customers: []int64{p.ID}, Object: o.ID})
	})
	s.Events.Wake()
	if errors.Is(err, errAgain) {
		return o, fault.Away(errAgain)
	}
	return o, err
}

// errAgain says that another request moved the same consents.
var errAgain = errors.New("consent: moved by another request")

func (s *Service) mayObject(ctx context.Context, r owner.Room, name string) error {
	p, known, err := s.purpose(ctx, r, name)
	switch {
	case err != nil:
		return err
	case !known:
		return fault.OneField("/purpose", "invalid", "is no purpose of this owner")
	case !p.objectable() && p.Basis == ByConsent:
		return fault.OneField("/purpose", "invalid", "rests on consent: withdraw it")
	case !p.objectable():
		return fault.OneField("/purpose", "invalid", "rests on a basis that the law lets nobody object to (GDPR Art. 21(1))")
	}
	return nil
}

// AnswerObjection says what became of an objection. Compelling grounds need a reason, and
// there are none for marketing (Art. 21(3)).
func (s *Service) AnswerObjection(ctx context.Context, g auth.Grant, customerID, objectionID int64, answer, reason string) (Objection, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return Objection{}, err
	}
	o, err := s.objection(ctx, r, p, objectionID)
	if err != nil {
		return o, err
	}
	purpose, _, err := s.purpose(ctx, r, o.Purpose)
	if err != nil {
		return o, err
	}
	if answer == Grounds && purpose.Marketing {
		return o, fault.OneField("/answer", "invalid", "can't be compelling_grounds for marketing (GDPR Art. 21(3))")
	}
	if answer == Grounds && reason == "" {
		return o, fault.OneField("/reason", "required", "is required: the grounds that override the customer's interests (GDPR Art. 21(1))")
	}
	was := o.Answer
	o.Answer, o.Reason, o.AnsweredBy, o.Answered = answer, reason, g.Actor().ID, instant(s.Clock.Millis())
	why, err := sealed(p.Key, objectionPlace(r.Realm(), o.ID, "reason"), reason)
	if err != nil {
		return o, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(noObjection(), `UPDATE objection SET answer = $4, answered_at = $5, answered_by = $6, reason = $7 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND answer = $8`,
			r.Realm(), p.ID, o.ID, answer, o.Answered.UnixMilli(), o.AnsweredBy, why, was)
		s.Events.RecordOn(tx, g, event.ObjectionEnded, p.ID, o.ID, o.Purpose)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ObjectionEnd, Customers: []int64{p.ID}, Object: o.ID})
	})
	s.Events.Wake()
	return o, err
}

// ValidAnswer reports whether an answer is one of the three.
func ValidAnswer(answer string) bool {
	return slices.Contains([]string{Upheld, Grounds, Retired}, answer)
}

func noObjection() error {
	return fault.New(fault.NotFound, fault.ObjectionNotFound, "There is no such objection that is open")
}

// objection finds one that can be answered: the customer's taking it back is the last word.
func (s *Service) objection(ctx context.Context, r owner.Room, p customer.Person, objectionID int64) (Objection, error) {
	all, err := s.readObjections(ctx, r, p)
	for _, o := range all {
		if o.ID == objectionID && o.Answer != Retired {
			return o, err
		}
	}
	if err == nil {
		err = noObjection()
	}
	return Objection{}, err
}

// Objections lists a customer's, newest first.
func (s *Service) Objections(ctx context.Context, g auth.Grant, customerID int64) ([]Objection, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	all, err := s.readObjections(ctx, r, p)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ObjectionsRead, Customers: []int64{customerID}})
}

func (s *Service) readObjections(ctx context.Context, r owner.Room, p customer.Person) ([]Objection, error) {
	all := []Objection{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, purpose, channel, answer, answered_at, answered_by, doc, reason FROM objection WHERE realm_id = $1 AND customer_id = $2 ORDER BY id DESC`,
		[]any{r.Realm(), p.ID}, func(row db.Row) error {
			var o Objection
			var at int64
			var doc, reason []byte
			if err := row.Scan(&o.ID, &o.UserID, &o.Purpose, &o.Channel, &o.Answer, &at, &o.AnsweredBy, &doc, &reason); err != nil {
				return err
			}
			o.Answered = instant(at)
			err := errors.Join(open(p.Key, objectionPlace(r.Realm(), o.ID, "doc"), doc, &o.Note), open(p.Key, objectionPlace(r.Realm(), o.ID, "reason"), reason, &o.Reason))
			all = append(all, o)
			return err
		})
	return all, err
}
