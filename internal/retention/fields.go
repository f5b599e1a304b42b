package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

// fields clears what the owner switched off longer ago than the policy says. A profile that
// is held or restricted keeps it.
func (s *Service) fields(ctx context.Context, g auth.Grant, r owner.Room, rep Report, o *Outcome) error {
	var over []string
	for _, u := range r.Owner.NotCollected {
		if u.Since.Before(o.Cutoff) {
			over = append(over, u.Field)
		}
	}
	if len(over) == 0 || !rep.DryRun && s.isClean(r, over) {
		return nil
	}
	var failed error
	err := s.Customers.EachHolder(ctx, g, over, func(h customer.Holder) error {
		why, err := s.keeps(ctx, r, h)
		switch {
		case err != nil:
			return err
		case why != "":
			o.Kept[why]++
			return nil
		case rep.DryRun:
			if o.Removed++; len(o.Samples) < samples {
				o.Samples = append(o.Samples, h.CustomerID)
			}
			return nil
		}
		switch err := s.Customers.ClearFields(ctx, auth.System(g.Owner(), g.Realm(), g.Actor().Mode, fmt.Sprint("retention-", rep.ID)), h.CustomerID, h.Fields); {
		case err == nil:
			o.Removed++
		case fault.Is(err, fault.CustomerRestricted):
			o.Kept[Restricted]++
		case !fault.Is(err, fault.CustomerErased) && !fault.Is(err, fault.CustomerNotFound):
			failed = err // the others go on
		}
		return nil
	})
	if err == nil && failed == nil && len(o.Kept) == 0 && !rep.DryRun {
		s.setClean(r, over)
	}
	if err == nil {
		err = failed
	}
	return err
}

// keeps says why a customer's fields stay, "" if they do not.
func (s *Service) keeps(ctx context.Context, r owner.Room, h customer.Holder) (string, error) {
	if h.Status == customer.Restricted {
		return Restricted, nil
	}
	var holds int64
	err := s.Store.One(ctx, db.Realm(r.Realm()), `SELECT count(*) FROM legal_hold WHERE realm_id = $1 AND customer_id = $2 AND released_at = 0 AND until_at > $3`,
		[]any{r.Realm(), h.CustomerID, s.Clock.Millis()}, &holds)
	if holds > 0 {
		return OnHold, err
	}
	return "", err
}

// isClean and setClean remember a realm in which nobody has the fields.
func (s *Service) isClean(r owner.Room, fields []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clean[r.Realm()] == cleanOf(r, fields)
}

func (s *Service) setClean(r owner.Room, fields []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clean == nil {
		s.clean = map[int64]string{}
	}
	s.clean[r.Realm()] = cleanOf(r, fields)
}

// cleanOf names the fields with the moments since when they are off: one that was on in
// between is looked for again.
func cleanOf(r owner.Room, fields []string) string {
	text := fmt.Sprint(fields)
	for _, u := range r.Owner.NotCollected {
		text += u.Field + u.Since.Format(time.RFC3339Nano)
	}
	return text
}
