package rights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

// Stages of a reminder, as told and mailed keep them.
const (
	notYet = iota
	dueSoon
	overdue
)

// stage is what must have been told of an open request by now.
func stage(r Request, now time.Time) int64 {
	switch left := r.DaysLeft(now); {
	case left < 0:
		return overdue
	case left <= alarmDays:
		return dueSoon
	}
	return notYet
}

// open request that is due, and what was told of it.
type due struct {
	Request
	stage, told, mailed int64
}

// errTold says that another node told it.
var errTold = errors.New("rights: told already") // immutable

// keptExport is how long the copy of an export stays with its request: the person has it, and
// what is not needed is not kept (Art. 5(1)(e)). Its digest stays.
const keptExport = 90 * 24 * time.Hour

// Remind tells of what is due within seven days, and of what is late: an event and a step of
// each once, and one mail for all. Copies of exports that have served go.
func (s *Service) Remind(ctx context.Context, g auth.Grant) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	all, err := s.due(ctx, r, now)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := s.tell(ctx, r, d); err != nil && !errors.Is(err, errTold) {
			return err
		}
	}
	if err := s.mail(ctx, r, all, now); err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE privacy_request_evidence SET doc = $3 WHERE realm_id = $1 AND kind = 'export' AND id < $2 AND length(doc) > 0`, r.Realm(), id.First(now.Add(-keptExport)), []byte{})
		return nil
	})
}

func (s *Service) due(ctx context.Context, r owner.Room, now time.Time) ([]due, error) {
	var all []due
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+requestColumns+`, told, mailed FROM privacy_request WHERE realm_id = $1 AND finished_at = 0 AND due <= $2 ORDER BY due, id`,
		[]any{r.Realm(), text(date(now).AddDate(0, 0, alarmDays))}, func(row db.Row) (err error) {
			var d due
			if d.Request, err = scan(row, &d.told, &d.mailed); err != nil {
				return err
			}
			d.stage = stage(d.Request, now)
			all = append(all, d)
			return nil
		})
	return all, err
}

// tell records the event once, whichever node is first.
func (s *Service) tell(ctx context.Context, r owner.Room, d due) error {
	if d.told >= d.stage {
		return nil
	}
	what, kind := stepDueSoon, event.PrivacyRequestDueSoon
	if d.stage == overdue {
		what, kind = stepOverdue, event.PrivacyRequestOverdue
	}
	f := &file{Room: r, Request: d.Request}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errTold, `UPDATE privacy_request SET told = $3 WHERE realm_id = $1 AND id = $2 AND told < $3 AND finished_at = 0`, r.Realm(), d.ID, d.stage)
		return s.record(tx, f, Step{What: what}, audit.PrivacyRequestRemind, kind, nil)
	})
}

// mail sends one letter of all that was not mailed yet. It is claimed before, so that one node
// sends it, and given back if it can't be sent.
func (s *Service) mail(ctx context.Context, r owner.Room, all []due, now time.Time) error {
	if s.Mail == nil {
		return nil
	}
	var lines []string
	var claimed []due
	for _, d := range all {
		err := s.claim(ctx, r, d.ID, d.mailed, d.stage)
		if errors.Is(err, errTold) {
			continue
		}
		if err != nil {
			return err
		}
		claimed = append(claimed, d)
		lines = append(lines, fmt.Sprintf("%s  %s  request %d, received on %s%s", text(d.Due), d.Kind, d.ID, text(d.Received), map[bool]string{true: "  OVERDUE"}[d.Late(now)]))
	}
	if len(lines) == 0 {
		return nil
	}
	err := s.Mail(ctx, r, fmt.Sprintf("%d requests of data subjects are due", len(lines)),
		fmt.Sprintf("These requests of data subjects (%s mode) wait for an answer:\n\n%s\n\nGET /privacy/requests/{id} shows each.\n", r.Grant.Actor().Mode, strings.Join(lines, "\n")))
	if err == nil {
		return nil
	}
	for _, d := range claimed {
		err = errors.Join(err, s.claim(context.WithoutCancel(ctx), r, d.ID, d.stage, d.mailed))
	}
	return err
}

func (s *Service) claim(ctx context.Context, r owner.Room, requestID, from, to int64) error {
	if from == to {
		return errTold
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errTold, `UPDATE privacy_request SET mailed = $4 WHERE realm_id = $1 AND id = $2 AND mailed = $3`, r.Realm(), requestID, from, to)
		return nil
	})
}
