package rights

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
)

// Methods by which it is known who asks. Where nobody reasonably doubts it, nothing more may
// be asked (Art. 12(6)).
func Methods() []string {
	return []string{"no_doubt", "signed_in", "email_answered", "phone_called", "known_details", "document", "in_person", "other"}
}

// ExtensionReasons are those of Art. 12(3).
func ExtensionReasons() []string { return []string{"complexity", "number_of_requests"} }

// RefusalReasons: Art. 12(5) for the first two, 12(2) and 11(2), then an exception such as
// Art. 17(3) or 23, and that nothing is kept.
func RefusalReasons() []string {
	return []string{"manifestly_unfounded", "excessive", "not_identified", "exempt", "no_data"}
}

var errAgain = errors.New("rights: the request was changed by another at the same time") // immutable

const attempts = 5

// turn changes an open request: to says how, and may refuse.
func (s *Service) turn(ctx context.Context, g auth.Grant, requestID int64, action, kind string, to func(*file) (Step, error), also Also) (Request, error) {
	for range attempts {
		f, err := s.open(ctx, g, requestID)
		if err != nil {
			return Request{}, err
		}
		if !f.Request.Open() {
			return Request{}, fault.New(fault.Conflict, fault.PrivacyRequestClosed, "The request was completed or refused already")
		}
		step, err := to(f)
		if err != nil {
			return Request{}, err
		}
		if err = s.store(ctx, f, step, action, kind, nil, nil, also); !errors.Is(err, errAgain) {
			return f.Request, err
		}
	}
	return Request{}, fault.Away(errAgain)
}

// store writes a request that was changed, on condition that nobody else did: an erasure of
// the customer counts as a change.
func (s *Service) store(ctx context.Context, f *file, step Step, action, kind string, proof *Evidence, more func(*db.Tx), also Also) error {
	before := *f
	return s.Store.Write(ctx, f.Scope(), func(tx *db.Tx) error {
		f.Steps, f.Evidence = before.Steps, before.Evidence // the unit may run again
		tx.ExecOne(errAgain, `UPDATE privacy_request SET state = $4, version = version + 1, due = $5, extended = $6, verified_at = $7, finished_at = $8
			WHERE realm_id = $1 AND id = $2 AND version = $3`, f.Realm(), f.ID, before.version, f.State, text(f.Due), db.Flag(f.Extended), millis(f.Verified), millis(f.Finished))
		if proof != nil {
			if err := s.attach(tx, f, *proof); err != nil {
				return err
			}
		}
		if more != nil {
			more(tx)
		}
		return s.record(tx, f, step, action, kind, also)
	})
}

// Verify records how it was made sure who asks, or that they were asked for more.
func (s *Service) Verify(ctx context.Context, g auth.Grant, requestID int64, verified bool, method string, w Words, also Also) (Request, error) {
	return s.turn(ctx, g, requestID, audit.PrivacyRequestIdentity, "", func(f *file) (Step, error) {
		state, step := IdentityCheck, Step{What: stepAsked, Code: method, Words: w}
		if verified {
			state, step.What, f.Verified = InProgress, stepVerified, s.Clock.Now()
		}
		if f.State != Extended { // it stays extended to its end
			f.State = state
		}
		return step, nil
	}, also)
}

// Extend gives two months more, once, as long as the first month has not ended. The person
// must be told within that month, with the reasons (Art. 12(3)).
func (s *Service) Extend(ctx context.Context, g auth.Grant, requestID int64, reason string, w Words, also Also) (Request, error) {
	return s.turn(ctx, g, requestID, audit.PrivacyRequestExtend, event.PrivacyRequestExtended, func(f *file) (Step, error) {
		if f.Extended || f.Late(s.Clock.Now()) {
			return Step{}, fault.New(fault.Conflict, fault.PrivacyRequestFixed, "A request is extended once, while its first month lasts")
		}
		f.Extended, f.State, f.Due = true, Extended, DueOn(f.Received, monthsExtended)
		return Step{What: stepExtended, Code: reason, Words: w}, nil
	}, also)
}

// Refuse ends a request without doing it. The person must be told why, and that they may
// complain to an authority (Art. 12(4)).
func (s *Service) Refuse(ctx context.Context, g auth.Grant, requestID int64, reason string, w Words, also Also) (Request, error) {
	return s.turn(ctx, g, requestID, audit.PrivacyRequestRefuse, event.PrivacyRequestRefused, func(f *file) (Step, error) {
		f.State, f.Finished = Refused, s.Clock.Now()
		return Step{What: stepRefused, Code: reason, Words: w}, nil
	}, also)
}
