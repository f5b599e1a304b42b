package payment

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/provider"
)

// rank orders the states of an attempt: news only ever moves one up, so that any order and
// any repetition of it ends in the same place. Approved is last: money that was taken is a
// fact, whatever was said before.
func rank(s provider.State) int {
	switch s {
	case provider.Challenge, provider.Pending:
		return 1
	case provider.Authorised:
		return 2
	case provider.Declined, provider.Absent, provider.Cancelled:
		return 3
	case provider.Approved:
		return 4
	default:
		return 0
	}
}

// settling is one attempt, its request and the news of it.
type settling struct {
	request *Request
	attempt attempt
	try     try
	out     provider.Outcome
	keep    Keep
	due     bool // something is to be done at once: a task, a notification
}

// settleStarted is settle for whoever started the attempt and knows how its unit left it.
// No other news of it can have come in between without moving the request: then the
// version stops this one, and it is settled like any other. It spares four reads.
func (s *Service) settleStarted(ctx context.Context, r owner.Room, p *run, out provider.Outcome) (Result, error) {
	n := &settling{request: p.request.next(), attempt: p.attempt, try: tryOf(p), out: out, keep: p.keep}
	if rank(out.State) <= rank(n.attempt.state) || unequal(n.request, out) {
		return s.settle(ctx, r, p.attempt.id, out, p.keep)
	}
	unlock := s.lock(p.request.ID)
	result, err := s.apply(ctx, r, n)
	unlock()
	if isMoved(err) || method.IsTwice(err) {
		return s.settle(ctx, r, p.attempt.id, out, p.keep)
	}
	switch {
	case err != nil:
	case n.due:
		s.Wake()
	default:
		s.Events.Wake()
	}
	return result, err
}

// settle writes what a provider says of an attempt.
func (s *Service) settle(ctx context.Context, r owner.Room, attemptID int64, out provider.Outcome, keep Keep) (Result, error) {
	a, err := s.findAttempt(ctx, r, `id = $2`, attemptID)
	if err != nil {
		return Result{}, err
	}
	var result Result
	err = s.retry(a.requestID, func() (err error) {
		result, err = s.settleOnce(ctx, r, attemptID, out, keep)
		return err
	})
	if err == nil {
		s.Wake()
	}
	return result, err
}

func (s *Service) settleOnce(ctx context.Context, r owner.Room, attemptID int64, out provider.Outcome, keep Keep) (Result, error) {
	a, err := s.findAttempt(ctx, r, `id = $2`, attemptID)
	if err != nil {
		return Result{}, err
	}
	q, err := s.find(ctx, r, a.requestID)
	if err != nil {
		return Result{}, err
	}
	t, err := openTry(r, q, a)
	if err != nil {
		return Result{}, err
	}
	n := &settling{request: q, attempt: a, try: t, out: out, keep: keep}
	if rank(out.State) <= rank(a.state) && !(out.State == provider.Challenge && t.RedirectURL == "" && a.state <= provider.Challenge) {
		return s.nothingNew(ctx, r, n)
	}
	if unequal(q, out) {
		return s.unequal(ctx, r, n)
	}
	return s.apply(ctx, r, n)
}

func unequal(q *Request, out provider.Outcome) bool {
	return out.Amount != (money.Amount{}) && out.Amount != q.Amount
}

// nothingNew keeps the answer all the same: the provider's call ended, and whoever repeats
// the request shall hear how it stands.
func (s *Service) nothingNew(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	result := n.result()
	if n.keep.End == nil {
		return result, nil
	}
	return result, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error { return n.keep.end(tx, result) })
}

// unequal notes that a provider speaks of another sum than was asked. It has no effect on
// money: a person must look.
func (s *Service) unequal(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	q := n.request
	if q.Log.Code == codeUnequal {
		return s.nothingNew(ctx, r, n)
	}
	s.Log.Error("a provider told another amount than ours; the payment stays as it is", "request", q.ID, "attempt", n.attempt.id, "provider", n.attempt.providerID)
	sealed, err := q.seal(r)
	if err != nil {
		return Result{}, err
	}
	return n.result(), s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := n.keep.end(tx, n.result()); err != nil {
			return err
		}
		s.step(tx, q, codeUnequal, q.Amount)
		q.move(tx, sealed)
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentUnequal, q))
	})
}

// result is the answer that the request's state gives.
func (n *settling) result() Result {
	result := Result{Request: n.request}
	if n.request.AttemptID != n.attempt.id {
		return result
	}
	switch n.request.Status {
	case Pending:
		if n.attempt.state == provider.Challenge {
			result.RedirectURL = n.try.RedirectURL
		}
	case Unpaid:
		result.Decline, result.IssuerResponse = n.attempt.code, n.try.Issuer
	}
	return result
}

// apply moves attempt and request by one step.
func (s *Service) apply(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	n.remember()
	waits := n.request.AttemptID == n.attempt.id && oneOf(n.request.Status, Pending, Unpaid)
	switch {
	case !waits && n.takesMoney():
		return s.tooLate(ctx, r, n)
	case !waits:
		return n.result(), s.writeAttempt(ctx, r, n)
	case n.out.State == provider.Approved:
		return s.paid(ctx, r, n)
	case rank(n.out.State) == 3:
		return s.unpaid(ctx, r, n)
	case n.request.Status == Unpaid: // news of what has ended
		return n.result(), s.writeAttempt(ctx, r, n)
	default:
		return s.pending(ctx, r, n)
	}
}

func (n *settling) takesMoney() bool {
	return n.out.State == provider.Approved || n.out.State == provider.Authorised
}

// remember takes what the outcome tells of the attempt into it.
func (n *settling) remember() {
	a, out := &n.attempt, n.out
	a.state = out.State
	if out.Reference != "" {
		a.reference = clean(out.Reference, 255)
	}
	a.code = map[provider.State]string{provider.Challenge: codeChallenge, provider.Pending: codePending, provider.Authorised: codeHeld,
		provider.Approved: codeApproved, provider.Declined: declineOf(out), provider.Absent: codeAbsent, provider.Cancelled: codeCancelled}[out.State]
	if out.RedirectURL != "" {
		n.try.RedirectURL = out.RedirectURL
	}
	n.try.Issuer = clean(out.IssuerResponse, 40)
	if out.Card.Last4 != "" {
		n.try.Card = out.Card
	}
	q := n.request
	if q.AttemptID != a.id {
		return
	}
	q.Reference = a.reference
	if out.ThreeDS != "" {
		q.ThreeDS = out.ThreeDS
	}
	if c := out.Card; c.Last4 != "" {
		q.CardBIN, q.CardLast4, q.CardBrand = c.BIN, c.Last4, c.Brand
	}
}

func declineOf(out provider.Outcome) string {
	if out.Decline == "" {
		return provider.GenericDecline
	}
	return clean(out.Decline, 60)
}

// clean bounds what a provider says before it is kept. A text that looks like a card
// number is dropped: the guard holds for other people's texts too (PCI DSS 3.5.1).
func clean(text string, most int) string {
	if pan.Find(text) {
		return ""
	}
	return contact.Clip(text, most)
}

// write puts the attempt's and the request's next version into a unit with whatever else
// belongs to the step.
func (s *Service) write(ctx context.Context, r owner.Room, n *settling, result func() Result, more func(*db.Tx) error) (Result, error) {
	docTry, err := s.resealTry(r, n)
	if err != nil {
		return Result{}, err
	}
	sealed, err := n.request.seal(r)
	if err != nil {
		return Result{}, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.step(tx, n.request, n.attempt.code, n.request.Amount)
		if err := n.keep.end(tx, result()); err != nil {
			return err
		}
		n.request.move(tx, sealed)
		n.attempt.update(tx, r, docTry)
		return more(tx)
	})
	return result(), err
}

func (s *Service) resealTry(r owner.Room, n *settling) ([]byte, error) {
	if n.request.Erased {
		return []byte{}, nil
	}
	return s.sealTry(r, n.request, n.attempt.id, n.try)
}

func (a attempt) update(tx *db.Tx, r owner.Room, sealed []byte) {
	tx.Exec(`UPDATE payment_attempt SET state = $3, reference = $4, code = $5, doc = $6 WHERE realm_id = $1 AND id = $2`, r.Realm(), a.id, int64(a.state), a.reference, a.code, sealed)
}

// writeAttempt keeps news that moves no request.
func (s *Service) writeAttempt(ctx context.Context, r owner.Room, n *settling) error {
	sealed, err := s.resealTry(r, n)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		n.attempt.update(tx, r, sealed)
		s.done(tx, r, askTask, n.attempt.id)
		return n.keep.end(tx, n.result())
	})
}

// pending is a challenge, a wait, or money that is held.
func (s *Service) pending(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	saved, err := s.prepareSaved(ctx, r, n)
	if err != nil {
		return Result{}, err
	}
	result := func() Result { res := n.result(); res.MethodID = savedID(res, saved); return res }
	return s.write(ctx, r, n, result, func(tx *db.Tx) error {
		s.Events.RecordOn(tx, r.Grant, event.RequestPending, n.request.CustomerID, n.request.ID)
		if n.out.State == provider.Authorised {
			s.done(tx, r, askTask, n.attempt.id)
			n.due = n.attempt.captureAt <= s.Clock.Millis()
			s.task(tx, r, task{kind: captureTask, requestID: n.request.ID, subjectID: n.attempt.id, due: time.UnixMilli(max(n.attempt.captureAt, s.Clock.Millis()))})
		} else {
			s.postpone(tx, r, n.attempt.id)
		}
		if err := s.saveMethod(tx, r, n, saved); err != nil {
			return err
		}
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentSettle, n.request))
	})
}

func savedID(res Result, saved *method.Plan) int64 {
	if saved != nil {
		return saved.ID
	}
	return res.MethodID
}

// unpaid ends an attempt without money; the request may be tried again.
func (s *Service) unpaid(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	q := n.request
	q.Status, q.Transaction = Unpaid, Declined
	return s.write(ctx, r, n, n.result, func(tx *db.Tx) error {
		s.ended(tx, r, n.attempt.id)
		s.Events.RecordOn(tx, r.Grant, event.PaymentDeclined, q.CustomerID, q.ID)
		s.Events.RecordOn(tx, r.Grant, event.RequestUnpaid, q.CustomerID, q.ID)
		if err := s.notify(tx, r, n, n.attempt.code); err != nil {
			return err
		}
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentSettle, q))
	})
}

// paid is the one place where money becomes the customer's sums.
func (s *Service) paid(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	q := n.request
	if err := s.price(ctx, r, q); err != nil {
		return Result{}, err
	}
	saved, err := s.prepareSaved(ctx, r, n)
	if err != nil {
		return Result{}, err
	}
	revived := q.Status == Unpaid
	q.Transaction, q.PaidAt = Approved, s.Clock.Now()
	if saved != nil {
		q.MethodID = saved.ID
	}
	if revived {
		return s.revive(ctx, r, n, saved)
	}
	q.Status = Paid
	return s.write(ctx, r, n, n.result, func(tx *db.Tx) error { return s.paidToo(tx, r, n, saved) })
}

// paidToo is what belongs to a payment besides its rows.
func (s *Service) paidToo(tx *db.Tx, r owner.Room, n *settling, saved *method.Plan) error {
	q := n.request
	customer.Deposit(tx, q.realm, q.CustomerID, q.Amount, q.Base.Minor)
	s.ended(tx, r, n.attempt.id)
	if n.attempt.methodID != 0 {
		s.Methods.Used(tx, q.realm, n.attempt.methodID)
	}
	if err := s.saveMethod(tx, r, n, saved); err != nil {
		return err
	}
	s.Events.RecordOn(tx, r.Grant, event.PaymentApproved, q.CustomerID, q.ID)
	s.Events.RecordOn(tx, r.Grant, event.RequestPaid, q.CustomerID, q.ID)
	if err := s.notify(tx, r, n, codeApproved); err != nil {
		return err
	}
	return s.Audit.Add(tx, r.Grant, entry(audit.PaymentSettle, q))
}

// revive is an approval of an attempt that had been declined, as when events of one
// attempt come out of order: unpaid goes by way of pending, the only legal one.
func (s *Service) revive(ctx context.Context, r owner.Room, n *settling, saved *method.Plan) (Result, error) {
	q := n.request
	sealed, err := q.seal(r)
	if err != nil {
		return Result{}, err
	}
	docTry, err := s.resealTry(r, n)
	if err != nil {
		return Result{}, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		between, after := *q, *q
		between.Status, between.PaidAt = Pending, time.Time{}
		between.move(tx, sealed)
		after.Status, after.version = Paid, between.version+1
		s.step(tx, &after, codeApproved, q.Amount)
		after.move(tx, sealed)
		n.attempt.update(tx, r, docTry)
		n.request = &after
		if err := n.keep.end(tx, n.result()); err != nil {
			return err
		}
		return s.paidToo(tx, r, n, saved)
	})
	return n.result(), err
}

// price sets fee and worth at this moment. A rate that is gone leaves the one of the
// request's creation.
func (s *Service) price(ctx context.Context, r owner.Room, q *Request) error {
	if rate, err := s.Rates.Between(r.Grant.Actor().Mode, q.Amount.Currency, q.Base.Currency); err == nil {
		q.Rate = rate
	}
	base, err := q.Amount.Convert(q.Rate, q.Base.Currency)
	if err != nil {
		return err
	}
	q.Base.Minor = base
	q.Fee, err = s.Fees.For(ctx, r.Grant, q.Kind, q.Amount)
	return err
}

// tooLate gives money back that nobody waits for: the request was cancelled, or paid by
// another attempt. It stays as it is.
func (s *Service) tooLate(ctx context.Context, r owner.Room, n *settling) (Result, error) {
	sealed, err := s.resealTry(r, n)
	if err != nil {
		return Result{}, err
	}
	q := n.request
	n.attempt.code = codeLate
	return n.result(), s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		line := *q
		line.AttemptID, line.ProviderID = n.attempt.id, n.attempt.providerID
		s.step(tx, &line, codeLate, q.Amount)
		n.attempt.update(tx, r, sealed)
		s.ended(tx, r, n.attempt.id)
		n.due = true
		s.task(tx, r, task{kind: reverseTask, requestID: q.ID, subjectID: n.attempt.id, due: s.Clock.Now()})
		if err := n.keep.end(tx, n.result()); err != nil {
			return err
		}
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentLate, q))
	})
}

// prepareSaved readies the method that the provider kept, if it was asked to.
func (s *Service) prepareSaved(ctx context.Context, r owner.Room, n *settling) (*method.Plan, error) {
	q, out := n.request, n.out
	if out.Saved == nil || !n.try.Save || q.Erased || q.CustomerID == 0 {
		return nil, nil
	}
	if err := s.maySave(ctx, r); fault.Is(err, fault.PurposeInactive) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	u, err := s.Routing.Open(ctx, r, n.attempt.providerID)
	if err != nil {
		return nil, err
	}
	plan, err := s.Methods.Prepare(ctx, r, method.New{CustomerID: q.CustomerID, Key: q.key, ProviderID: n.attempt.providerID, Provider: u.Kind, Payer: out.Payer,
		Holder: n.try.Holder, Saved: *out.Saved, Card: n.try.Card})
	return &plan, err
}

// saveMethod writes the consent and the method that it allows.
func (s *Service) saveMethod(tx *db.Tx, r owner.Room, n *settling, saved *method.Plan) error {
	if saved == nil {
		return nil
	}
	consentID, err := s.Consents.Give(tx, r.Grant, n.request.CustomerID, n.request.key, n.try.Consent.toSave(n.try.Address))
	if err != nil {
		return err
	}
	m := *saved
	m.ConsentID = consentID
	return s.Methods.Save(tx, r, m)
}
