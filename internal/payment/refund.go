package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// Refund is money given back.
type Refund struct {
	ID        int64
	RequestID int64
	State     provider.State // Pending, Approved (done) or Declined
	Amount    money.Amount
	Reference string
	base      int64
}

// Created is when it was asked for.
func (f Refund) Created() time.Time { return id.Time(f.ID) }

func refundKey(refundID int64) string { return fmt.Sprintf("florin-refund-%d", refundID) }

func exceeds() *fault.Error {
	return fault.New(fault.Conflict, fault.RefundExceedsPaid, "The refund exceeds what was paid and not yet given back")
}

// Refund gives back an amount of a paid request; literal is a JSON number, "" for all that
// is left. The amount is set aside before the provider is called, so that however many
// refunds run at once they never exceed what was paid.
func (s *Service) Refund(ctx context.Context, g auth.Grant, requestID int64, literal string, keep Keep) (Result, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Result{}, err
	}
	var q *Request
	var f Refund
	err = s.retry(requestID, func() (err error) {
		q, f, err = s.reserve(ctx, r, requestID, literal, keep)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	out, err := s.callRefund(ctx, r, q, f)
	if err != nil {
		return Result{Request: q, Refund: f}, nil // pending; the task asks again
	}
	return s.settleRefund(context.WithoutCancel(ctx), r, requestID, f.ID, out, keep)
}

// reserve sets the amount aside.
func (s *Service) reserve(ctx context.Context, r owner.Room, requestID int64, literal string, keep Keep) (*Request, Refund, error) {
	q, err := s.find(ctx, r, requestID)
	if err != nil {
		return nil, Refund{}, err
	}
	f := Refund{ID: s.IDs.Next(), RequestID: requestID, State: provider.Pending, Amount: money.Amount{Minor: q.refundable(), Currency: q.Amount.Currency}}
	if literal != "" {
		if f.Amount, err = amount(literal, q.Amount.Currency); err != nil {
			return nil, f, err
		}
	}
	if q.Status != Paid || f.Amount.Minor > q.refundable() || f.Amount.Minor <= 0 {
		return nil, f, exceeds()
	}
	q.refunding += f.Amount.Minor
	sealed, err := q.seal(r)
	if err != nil {
		return nil, f, err
	}
	return q, f, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.step(tx, q, codeRefunding, f.Amount)
		if err := keep.begin(tx, Result{Request: q, Refund: f}); err != nil {
			return err
		}
		q.move(tx, sealed)
		f.insert(tx, r)
		s.task(tx, r, task{kind: refundTask, requestID: q.ID, subjectID: f.ID, due: s.Clock.Now().Add(askAfter)})
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentRefund, q))
	})
}

func (f Refund) insert(tx *db.Tx, r owner.Room) {
	tx.Exec(`INSERT INTO payment_refund (realm_id, request_id, id, user_id, state, amount, base_amount, reference) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Realm(), f.RequestID, f.ID, r.Grant.Actor().ID, int64(f.State), f.Amount.Minor, f.base, f.Reference)
}

// callRefund orders the refund at the provider that took the money.
func (s *Service) callRefund(ctx context.Context, r owner.Room, q *Request, f Refund) (provider.RefundOutcome, error) {
	a, err := s.findAttempt(ctx, r, `id = $2`, q.AttemptID)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	u, err := s.Routing.Open(ctx, r, a.providerID)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	bounded, stop := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer stop()
	return u.Connector.Refund(bounded, u.Account, provider.RefundOrder{Key: refundKey(f.ID), Ref: a.ref(q), Amount: f.Amount})
}

// askRefund makes the same call again: with its key it only tells how the refund stands.
func (s *Service) askRefund(ctx context.Context, r owner.Room, t task) (bool, error) {
	q, err := s.find(ctx, r, t.requestID)
	if err != nil {
		return false, err
	}
	f, err := s.findRefund(ctx, r, `request_id = $2 AND id = $3`, q, t.requestID, t.subjectID)
	if err != nil || f.State != provider.Pending {
		return err == nil, err
	}
	out, err := s.callRefund(ctx, r, q, f)
	if err != nil || !oneOf(out.State, provider.Approved, provider.Declined) {
		return false, nil
	}
	_, err = s.settleRefund(ctx, r, q.ID, f.ID, out, Keep{})
	return err == nil, err
}

func (s *Service) findRefund(ctx context.Context, r owner.Room, where string, q *Request, args ...any) (Refund, error) {
	all, err := s.refunds(ctx, r, where, q, args...)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Refund{}, err
	}
	return all[0], nil
}

func (s *Service) refunds(ctx context.Context, r owner.Room, where string, q *Request, args ...any) ([]Refund, error) {
	all := []Refund{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, state, amount, base_amount, reference FROM payment_refund WHERE realm_id = $1 AND `+where+` ORDER BY id`,
		append([]any{r.Realm()}, args...), func(row db.Row) error {
			f := Refund{RequestID: q.ID, Amount: money.Amount{Currency: q.Amount.Currency}}
			var state int64
			err := row.Scan(&f.ID, &state, &f.Amount.Minor, &f.base, &f.Reference)
			f.State = provider.State(state)
			all = append(all, f)
			return err
		})
	return all, err
}

// settleRefund writes what a provider says of a refund. A refund's state moves once.
func (s *Service) settleRefund(ctx context.Context, r owner.Room, requestID, refundID int64, out provider.RefundOutcome, keep Keep) (Result, error) {
	var result Result
	err := s.retry(requestID, func() error {
		q, err := s.find(ctx, r, requestID)
		if err != nil {
			return err
		}
		f, err := s.findRefund(ctx, r, `request_id = $2 AND id = $3`, q, requestID, refundID)
		if err != nil {
			return err
		}
		if f.State == provider.Pending && oneOf(out.State, provider.Approved, provider.Declined) {
			f.State, f.Reference = out.State, clean(out.Reference, 255)
			q.refunding -= f.Amount.Minor
			result, err = s.writeRefund(ctx, r, q, f, refundWrite{update: true, keep: keep})
			return err
		}
		result = Result{Request: q, Refund: f}
		return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error { return keep.end(tx, result) })
	})
	if err == nil {
		s.Wake()
	}
	return result, err
}

type refundWrite struct {
	update bool // of a refund of ours; false inserts one made in the provider's panel
	keep   Keep
}

// writeRefund ends a refund: its row, the request's sums, the customer's sums.
func (s *Service) writeRefund(ctx context.Context, r owner.Room, q *Request, f Refund, w refundWrite) (Result, error) {
	code := codeNoRefund
	if f.State == provider.Approved {
		code = codeRefund
		if err := q.giveBack(&f); err != nil {
			return Result{}, err
		}
	}
	sealed, err := q.seal(r)
	if err != nil {
		return Result{}, err
	}
	result := Result{Request: q, Refund: f}
	return result, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.step(tx, q, code, f.Amount)
		if err := w.keep.end(tx, result); err != nil {
			return err
		}
		q.move(tx, sealed)
		if w.update {
			tx.ExecOne(errAgain, `UPDATE payment_refund SET state = $4, base_amount = $5, reference = $6 WHERE realm_id = $1 AND request_id = $2 AND id = $3 AND state = $7`,
				r.Realm(), q.ID, f.ID, int64(f.State), f.base, f.Reference, int64(provider.Pending))
		} else {
			f.insert(tx, r)
		}
		s.done(tx, r, refundTask, f.ID)
		if f.State == provider.Approved {
			customer.Deposit(tx, q.realm, q.CustomerID, money.Amount{Minor: -f.Amount.Minor, Currency: f.Amount.Currency}, -f.base)
			s.Events.RecordOn(tx, r.Grant, event.PaymentRefunded, q.CustomerID, q.ID)
			if err := s.mailRefund(tx, r, q, f); err != nil {
				return err
			}
		}
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentRefund, q))
	})
}

// giveBack moves a refund into the sums. In the base currency it is worth its share at the
// rate of the payment, and the last one takes the rounding rest.
func (q *Request) giveBack(f *Refund) error {
	q.Refunded += f.Amount.Minor
	base, err := money.Share(q.Base.Minor, f.Amount.Minor, q.Amount.Minor)
	if err != nil {
		return err
	}
	if f.base = base; q.Refunded == q.Amount.Minor {
		f.base = q.Base.Minor - q.baseRefunded
	}
	q.baseRefunded += f.base
	return nil
}

// refundNotice is a refund that a callback tells of: ours by its key or reference, or one
// made in the provider's own panel.
func (s *Service) refundNotice(ctx context.Context, r owner.Room, a attempt, n provider.RefundNotice) error {
	if refundID := keyID(n.Key, "florin-refund"); refundID != 0 {
		_, err := s.settleRefund(ctx, r, a.requestID, refundID, n.RefundOutcome, Keep{})
		return ignoreNoRows(err)
	}
	if n.Key != "" || n.State != provider.Approved {
		return nil // a late approval's own way back, or nothing certain yet
	}
	return s.retry(a.requestID, func() error {
		q, err := s.find(ctx, r, a.requestID)
		if err != nil {
			return err
		}
		_, err = s.findRefund(ctx, r, `request_id = $2 AND reference = $3`, q, q.ID, n.Reference)
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		if q.Status != Paid || q.AttemptID != a.id || n.Amount.Currency != q.Amount.Currency || n.Amount.Minor > q.Amount.Minor-q.Refunded-q.refunding {
			return s.Audit.Note(ctx, r.Grant, entry(audit.PaymentUnequal, q))
		}
		_, err = s.writeRefund(ctx, r, q, Refund{ID: s.IDs.Next(), RequestID: q.ID, State: provider.Approved, Amount: n.Amount, Reference: clean(n.Reference, 255)}, refundWrite{})
		return err
	})
}
