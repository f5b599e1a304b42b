package register

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/owner"
)

// Stages of the clock, as told and mailed keep them.
const (
	calm = iota
	twoDays
	oneDay
	late
)

func (i Incident) stage(now time.Time) int64 {
	left := i.Due().Sub(now)
	switch {
	case !i.Running() || left > 48*time.Hour:
		return calm
	case left > 24*time.Hour:
		return twoDays
	case left >= 0:
		return oneDay
	}
	return late
}

func stageName(stage int64) string {
	return map[int64]string{twoDays: "48h", oneDay: "24h", late: "overdue"}[stage]
}

// errTold says that another node told it.
var errTold = errors.New("register: told already") // immutable

// Remind tells of incidents whose 72 hours have 48 or 24 left, or are over: an event and a
// mail for each of the three, once.
func (s *Service) Remind(ctx context.Context, g auth.Grant) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	type waiting struct {
		Incident
		told
	}
	var all []waiting
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+incidentColumns+` FROM incident WHERE realm_id = $1 AND notified_at = 0 AND closed_at = 0 AND risk <> 'unlikely' ORDER BY id`, []any{r.Realm()}, func(row db.Row) (err error) {
		var w waiting
		w.Incident, err = scanIncident(row, r, &w.told)
		all = append(all, w)
		return err
	})
	now := s.Clock.Now()
	for _, w := range all {
		stage := w.stage(now)
		if err == nil && stage > w.told.told {
			err = s.mark(ctx, r, w.Incident, "told", w.told.told, stage, true)
		}
		if err == nil && s.Mail != nil && stage > w.mailed {
			err = s.post(ctx, r, w.Incident, w.mailed, stage)
		}
		if errors.Is(err, errTold) {
			err = nil
		}
	}
	return err
}

// mark moves what was told on, if it is what it was.
func (s *Service) mark(ctx context.Context, r owner.Room, i Incident, column string, from, to int64, tell bool) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errTold, `UPDATE incident SET `+column+` = $4 WHERE realm_id = $1 AND id = $2 AND `+column+` = $3`, r.Realm(), i.ID, from, to)
		if !tell {
			return nil
		}
		s.Events.RecordOn(tx, r.Grant, event.IncidentClock, 0, i.ID, stageName(to))
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.IncidentRemind, Object: i.ID})
	})
}

// post mails what is due. It is claimed before, and given back if it can't be sent.
func (s *Service) post(ctx context.Context, r owner.Room, i Incident, from, to int64) error {
	if err := s.mark(ctx, r, i, "mailed", from, to, false); err != nil {
		return err
	}
	left := i.Due().Sub(s.Clock.Now()).Truncate(time.Minute)
	text := fmt.Sprintf("%s are left", left)
	if left < 0 {
		text = "the time is over"
	}
	err := s.Mail(ctx, r, fmt.Sprintf("Incident %d: 72 hours end %s", i.ID, i.Due().Format("2 January, 15:04 UTC")),
		fmt.Sprintf("The supervisory authority must be notified of incident %d (%s mode) by %s: %s (GDPR Art. 33).\n\nGET /privacy/incidents/%d/notice drafts the notice, PATCH /privacy/incidents/%d records that it was sent, or that a risk is unlikely.\n",
			i.ID, r.Grant.Actor().Mode, moment(i.Due(), ""), text, i.ID, i.ID))
	if err != nil {
		err = errors.Join(err, s.mark(context.WithoutCancel(ctx), r, i, "mailed", to, from, false))
	}
	return err
}
