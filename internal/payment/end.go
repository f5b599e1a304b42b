package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
)

type use = routing.Use

// Release cancels a request that is not paid. One whose payment is under way is
// cancelled only once the provider has ended it; until then it is ALREADY_PROCESSED.
func (s *Service) Release(ctx context.Context, g auth.Grant, requestID int64, keep Keep) (Result, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Result{}, err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil {
		return Result{}, err
	}
	if q.Status == Pending {
		if err := s.endAttempt(ctx, r, q); err != nil {
			return Result{}, err
		}
	}
	return s.cancel(ctx, r, requestID, codeReleased, audit.RequestRelease, keep)
}

// endAttempt asks the provider to end the attempt under way. Afterwards the request is
// unpaid, or paid after all.
func (s *Service) endAttempt(ctx context.Context, r owner.Room, q *Request) error {
	a, err := s.findAttempt(ctx, r, `id = $2`, q.AttemptID)
	if err != nil {
		return err
	}
	if s.inCall(a) {
		return processed("A payment of this request is being made at this moment; try again")
	}
	u, err := s.Routing.Open(ctx, r, a.providerID)
	if err != nil {
		return err
	}
	bounded, stop := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer stop()
	out, err := u.Connector.Cancel(bounded, u.Account, a.ref(q))
	if err != nil || rank(out.State) < 3 {
		return processed("A payment of this request is under way and its provider has not ended it yet; try again")
	}
	_, err = s.settle(bounded, r, a.id, out, Keep{})
	return err
}

// inCall reports that the call that makes an attempt may not have ended: to ask about its
// key now would close the key under it (provider.Absent is a promise).
func (s *Service) inCall(a attempt) bool {
	return a.state == provider.Unknown && s.Clock.Now().Sub(id.Time(a.id)) < callTimeout
}

// cancel moves 0 or 2 to 3.
func (s *Service) cancel(ctx context.Context, r owner.Room, requestID int64, code, action string, keep Keep) (Result, error) {
	var result Result
	err := s.retry(requestID, func() error {
		q, err := s.find(ctx, r, requestID)
		if err != nil {
			return err
		}
		if !oneOf(q.Status, Waiting, Unpaid) {
			return processed("The payment request was processed already and can't be cancelled")
		}
		q.Status = Cancelled
		result = Result{Request: q}
		sealed, err := q.seal(r)
		if err != nil {
			return err
		}
		return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			s.step(tx, q, code, q.Amount)
			if err := keep.end(tx, result); err != nil {
				return err
			}
			q.move(tx, sealed)
			s.Events.RecordOn(tx, r.Grant, event.RequestCancelled, q.CustomerID, q.ID)
			return s.Audit.Add(tx, r.Grant, entry(action, q))
		})
	})
	s.Events.Wake()
	return result, err
}

// Archive puts an ended request out of sight: a view and nothing else.
func (s *Service) Archive(ctx context.Context, g auth.Grant, requestID int64, keep Keep) (Result, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Result{}, err
	}
	var result Result
	err = s.retry(requestID, func() error {
		q, err := s.find(ctx, r, requestID)
		if err != nil {
			return err
		}
		if q.Archived || !oneOf(q.Status, Paid, Unpaid, Cancelled) {
			return processed("Only a payment request that is paid, unpaid or cancelled can be archived, once")
		}
		q.Archived = true
		result = Result{Request: q}
		sealed, err := q.seal(r)
		if err != nil {
			return err
		}
		return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			if err := keep.end(tx, result); err != nil {
				return err
			}
			q.move(tx, sealed)
			s.Events.RecordOn(tx, g, event.RequestArchived, q.CustomerID, q.ID)
			return s.Audit.Add(tx, g, entry(audit.RequestArchive, q))
		})
	})
	return result, err
}

// expireAtOnce bounds one run over ended links.
const expireAtOnce = 500

// Expire cancels requests whose time is over, closes their links, and says how many links
// it closed. A payment under way is waited for.
func (s *Service) Expire(ctx context.Context) (int, error) {
	type link struct{ realm, request int64 }
	var over []link
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, request_id FROM payment_link WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`,
		[]any{s.Clock.Millis(), expireAtOnce}, func(row db.Row) error {
			var l link
			err := row.Scan(&l.realm, &l.request)
			over = append(over, l)
			return err
		})
	for i := 0; i < len(over) && err == nil; i++ {
		err = s.expireOne(ctx, over[i].realm, over[i].request)
	}
	return len(over), err
}

func (s *Service) expireOne(ctx context.Context, realm, requestID int64) error {
	r, err := s.realmOf(ctx, realm, "payment-expiry")
	if err != nil {
		return err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil && !fault.Is(err, fault.RequestNotFound) {
		return err
	}
	if q != nil && q.Status == Pending {
		return s.linkLater(ctx, r, requestID)
	}
	if q != nil && oneOf(q.Status, Waiting, Unpaid) {
		if _, err := s.cancel(ctx, r, requestID, codeExpired, audit.RequestExpire, Keep{}); err != nil {
			return notProcessed(err)
		}
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM payment_link WHERE realm_id = $1 AND request_id = $2`, realm, requestID)
		return nil
	})
}

// notProcessed lets a request that began to be paid in this moment wait.
func notProcessed(err error) error {
	if fault.Is(err, fault.AlreadyProcessed) {
		return nil
	}
	return err
}

// linkLater looks at a pending request again in a minute. The page itself goes by the
// request's own time and is closed already.
func (s *Service) linkLater(ctx context.Context, r owner.Room, requestID int64) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE payment_link SET expires_at = $3 WHERE realm_id = $1 AND request_id = $2`, r.Realm(), requestID, s.Clock.Now().Add(time.Minute).UnixMilli())
		return nil
	})
}

// GiveUp ends the attempt under way for a payer who wants to try another way.
func (s *Service) GiveUp(ctx context.Context, g auth.Grant, requestID int64) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil || q.Status != Pending {
		return err
	}
	return s.endAttempt(ctx, r, q)
}

// Refresh asks the provider how a pending request stands, for a payer who came back from
// the provider's page before its callback did.
func (s *Service) Refresh(ctx context.Context, g auth.Grant, requestID int64) (*Request, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil || q.Status != Pending {
		return q, err
	}
	a, err := s.findAttempt(ctx, r, `id = $2`, q.AttemptID)
	if err != nil || s.inCall(a) {
		return q, err
	}
	u, err := s.Routing.Open(ctx, r, a.providerID)
	if err != nil {
		return nil, err
	}
	bounded, stop := context.WithTimeout(ctx, callTimeout)
	defer stop()
	if _, err := s.ask(bounded, r, q, a, u); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return s.find(ctx, r, requestID)
}
