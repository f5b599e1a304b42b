package webhook

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

const (
	insertAttempt = `INSERT INTO webhook_attempt (realm_id, endpoint_id, id, event_id, kind, customer_id, status, took, problem, answered, answer)`
	attemptWidth  = 11
)

// answers are the rows of the tries that ended.
func (l *line) answers() ([]any, error) {
	rows := make([]any, 0, attemptWidth*len(l.tries))
	for _, t := range l.tries {
		more, err := t.row(l.room, l.endpoint.ID)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (t try) row(r owner.Room, endpointID int64) ([]any, error) {
	answer := []byte{}
	if len(t.answer) > 0 {
		var err error
		if answer, err = r.Keys.Seal(r.Place("webhook_attempt", t.id, "answer"), t.answer); err != nil {
			return nil, err
		}
	}
	return []any{r.Realm(), endpointID, t.id, t.event.ID, t.event.Kind, t.event.CustomerID, t.status, t.took.Milliseconds(), t.problem, db.Flag(len(answer) > 0), answer}, nil
}

// Attempt is one try to deliver an event.
type Attempt struct {
	ID         int64
	EventID    int64
	Kind       string
	CustomerID int64
	Status     int64 // 0: no answer
	Took       time.Duration
	Problem    string
	Answer     string // its first 4 KiB
}

// Time is when it was made.
func (a Attempt) Time() time.Time { return id.Time(a.ID) }

// Attempts lists tries, the newest first: before an id if it is not 0, of one event if
// that is not 0.
func (s *Service) Attempts(ctx context.Context, g auth.Grant, endpointID, eventID, before int64, limit int) ([]Attempt, error) {
	r, _, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = 1 << 62
	}
	var all []Attempt
	var customers []int64
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, event_id, kind, customer_id, status, took, problem, answer FROM webhook_attempt
		WHERE realm_id = $1 AND endpoint_id = $2 AND id < $3 AND (event_id = $4 OR $4 = 0) ORDER BY id DESC LIMIT $5`,
		[]any{r.Realm(), endpointID, before, eventID, limit}, func(line db.Row) error {
			a, err := scanAttempt(r, line)
			all = append(all, a)
			if a.Answer != "" && a.CustomerID != 0 {
				customers = append(customers, a.CustomerID)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.AttemptsRead, Object: endpointID, Customers: customers})
}

func scanAttempt(r owner.Room, line db.Row) (Attempt, error) {
	var a Attempt
	var took int64
	var sealed []byte
	if err := line.Scan(&a.ID, &a.EventID, &a.Kind, &a.CustomerID, &a.Status, &took, &a.Problem, &sealed); err != nil {
		return a, err
	}
	a.Took = time.Duration(took) * time.Millisecond
	if len(sealed) == 0 {
		return a, nil
	}
	plain, err := r.Keys.Open(r.Place("webhook_attempt", a.ID, "answer"), sealed)
	a.Answer = string(plain)
	return a, err
}

// Purge deletes tries that are older than thirty days.
func (s *Service) Purge(ctx context.Context, g auth.Grant) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	old := id.First(s.Clock.Now().Add(-attemptLife))
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM webhook_attempt WHERE realm_id = $1 AND id < $2`, r.Realm(), old)
		return nil
	})
}

// RemoveAttempt deletes one try, in the unit of a retention run.
func RemoveAttempt(tx *db.Tx, realm, endpointID, attemptID int64) {
	tx.Exec(`DELETE FROM webhook_attempt WHERE realm_id = $1 AND endpoint_id = $2 AND id = $3`, realm, endpointID, attemptID)
}
