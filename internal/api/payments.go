package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

// show makes an answer of a result.
type show func(payment.Result) (*gate.Answer, error)

func subject(q *payment.Request) idempotency.Subject {
	customerID, key := q.Subject()
	return idempotency.Subject{CustomerID: customerID, Key: key}
}

// kept is an answer and how it is kept for a repetition: what is given is what is kept,
// byte for byte.
type kept struct {
	request *gate.Request
	shown   show
	answer  *gate.Answer
}

func keep(r *gate.Request, shown show) *kept { return &kept{request: r, shown: shown} }

func (k *kept) by(record func(*db.Tx, idempotency.Subject, *gate.Answer) error) func(*db.Tx, payment.Result) error {
	return func(tx *db.Tx, res payment.Result) (err error) {
		if k.answer, err = k.shown(res); err != nil {
			return err
		}
		return record(tx, subject(res.Request), k.answer)
	}
}

// twice is for a call with a provider in its middle: what is known before is kept, and what
// is known after in its place.
func (k *kept) twice() payment.Keep {
	return payment.Keep{Begin: k.by(k.request.Record), End: k.by(k.request.Amend)}
}

// once is for a call of one unit.
func (k *kept) once() payment.Keep {
	return payment.Keep{Begin: k.by(k.request.Record), End: k.by(k.request.Record)}
}

func (a *API) createRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	d, err := a.readRequest(r)
	if err != nil {
		return nil, err
	}
	k := keep(r, func(res payment.Result) (*gate.Answer, error) {
		answer, err := encode(http.StatusOK, a.showRequest(r, res.Request))
		answer.Location = "/payment-requests/" + text(res.ID)
		return answer, err
	})
	_, err = a.Payments.Create(ctx, r.Grant, d, k.once())
	return k.answer, clientFaults(err)
}

func (a *API) getRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q, err := a.Payments.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, a.showRequest(r, q))
}

func (a *API) requestStatus(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q, err := a.Payments.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, a.showStatus(r, q))
}

func (a *API) listRequests(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q := payment.Query{Status: statusFilter(r), CustomerID: r.Int("customerId", 1, 1<<53-1, 0), CreatedFrom: r.Time("createdFrom"), CreatedTo: r.Time("createdTo"),
		Limit: int(r.Int("limit", 1, maxLimit, defaultLimit))}
	list := "payment requests " + r.Text("status") + " " + r.Text("customerId")
	var err error
	if q.Before, err = a.position(ctx, r, list); err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, next, err := a.Payments.List(ctx, r.Grant, q)
	if err != nil {
		return nil, err
	}
	page := PaymentRequestPage{Data: make([]PaymentRequest, len(found)), HasMore: next != 0}
	for i, q := range found {
		page.Data[i] = a.showRequest(r, q)
	}
	if page.NextCursor, err = a.cursor(ctx, r, list, next); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

// answerPayment is 200 with how it went, or 402.
func answerPayment(r *gate.Request) show {
	return func(res payment.Result) (*gate.Answer, error) {
		if res.Decline != "" {
			return r.Refusal(payment.DeclinedError(res.Decline, res.IssuerResponse).With("paymentRequestId", text(res.ID))), nil
		}
		shown := PaymentAnswer{Status: "pending", PaymentRequestID: res.ID, TransactionID: idOrNull(res.AttemptID), MethodID: idOrNull(res.MethodID)}
		switch {
		case res.Status == payment.Paid:
			shown.Status = "approved"
		case res.RedirectURL != "":
			shown.Status, shown.RedirectURL = "redirect", &res.RedirectURL
		}
		return encode(http.StatusOK, shown)
	}
}

func (a *API) pay(ctx context.Context, r *gate.Request, o payment.Order) (*gate.Answer, error) {
	k := keep(r, answerPayment(r))
	_, err := a.Payments.Pay(ctx, r.Grant, r.ID, o, k.twice())
	return k.answer, err
}

func (a *API) payByCard(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := a.mayTakeCards(r); err != nil {
		return nil, err
	}
	o, err := a.readCardPayment(r)
	if err != nil {
		return nil, err
	}
	return a.pay(ctx, r, o)
}

// mayTakeCards keeps the operator out of card data unless they said otherwise: then their
// assessment is SAQ D and not A (PCI DSS 4.0.1).
func (a *API) mayTakeCards(r *gate.Request) error {
	if a.AcceptCardData || r.Grant.Actor().Mode == auth.Test {
		return nil
	}
	return fault.New(fault.Forbidden, fault.ForbiddenCode, "This server takes no card data in live mode: send the customer to the payment request's link. The operator can change that with --accept-card-data")
}

func (a *API) paySaved(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	methodID := f.whole("paymentMethodId", 1, 1<<53-1, 0)
	if methodID == 0 && len(f.faults) == 0 {
		f.bad("paymentMethodId", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	return a.pay(ctx, r, payment.Order{Method: provider.CreditCard, MethodID: methodID, Merchant: true})
}

// handleRequest starts a payment in one of the vendor's ways. A card is typed on the
// payment page; any other way has a page of its provider's.
func (a *API) handleRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	method := provider.Kind(r.Word("paymentMethod"))
	if !slices.Contains(provider.Kinds(), method) {
		return nil, fault.New(fault.Invalid, fault.InvalidFormat, "The payment method in the path must be CREDIT_CARD, APPLE_PAY, GOOGLE_PAY, UPI, BANK_TRANSFER, CRYPTOCURRENCY or PAYPAL")
	}
	q, err := a.Payments.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	back := a.Payments.Link(q)
	if method != provider.CreditCard {
		return a.pay(ctx, r, payment.Order{Method: method, Hosted: true, ReturnURL: back + "/return"})
	}
	if err := a.Payments.MayPay(q); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, PaymentAnswer{Status: "redirect", PaymentRequestID: q.ID, RedirectURL: &back})
}

func (a *API) releaseRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	k := keep(r, func(res payment.Result) (*gate.Answer, error) {
		return encode(http.StatusOK, ReleaseAnswer{Status: "released", PaymentRequestID: res.ID, ReleasedAt: stamp(a.Clock.Now())})
	})
	_, err := a.Payments.Release(ctx, r.Grant, r.ID, k.once())
	return k.answer, err
}

func (a *API) archiveRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	k := keep(r, func(res payment.Result) (*gate.Answer, error) {
		return encode(http.StatusOK, a.showRequest(r, res.Request))
	})
	_, err := a.Payments.Archive(ctx, r.Grant, r.ID, k.once())
	return k.answer, err
}

func (a *API) refundRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	literal := f.number("amount")
	if err := f.end(); err != nil {
		return nil, err
	}
	return a.refund(ctx, r, literal)
}

func (a *API) refundAll(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return a.refund(ctx, r, "")
}

func (a *API) refund(ctx context.Context, r *gate.Request, literal string) (*gate.Answer, error) {
	k := keep(r, func(res payment.Result) (*gate.Answer, error) { return encode(http.StatusOK, showRefund(res)) })
	_, err := a.Payments.Refund(ctx, r.Grant, r.ID, literal, k.twice())
	return k.answer, err
}

func (a *API) listDisputes(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	state := r.Text("status")
	if !oneOf(state, "", "open", "won", "lost") {
		return nil, fault.Fields([]fault.Field{{Path: "query/status", Code: "invalid", Message: "must be open, won or lost"}})
	}
	before, err := a.position(ctx, r, "disputes "+state)
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, next, err := a.Payments.Disputes(ctx, r.Grant, state, before, limit)
	if err != nil {
		return nil, err
	}
	page := DisputePage{Data: make([]Dispute, len(found)), HasMore: next != 0}
	for i, d := range found {
		page.Data[i] = showDispute(d)
	}
	if page.NextCursor, err = a.cursor(ctx, r, "disputes "+state, next); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

func (a *API) getDispute(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	d, err := a.Payments.Dispute(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showDispute(d))
}

func (a *API) contestDispute(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	evidence := f.text("text")
	if evidence == "" || len([]rune(evidence)) > 20_000 {
		f.bad("text", "invalid", "must have 1 to 20000 characters")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Payments.Contest(ctx, r.Grant, r.ID, evidence, func(tx *db.Tx, d payment.Dispute) (err error) {
		if answer, err = encode(http.StatusOK, showDispute(d)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func (a *API) rates(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	t, err := a.Rates.Latest(r.Grant.Actor().Mode, r.Text("base"))
	if err != nil {
		return nil, err
	}
	return a.showRates(ctx, r, showRates(t))
}

func (a *API) ratesOn(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	day := r.Time("date")
	if day.IsZero() || r.Faults() != nil {
		return nil, first(r.Faults(), fault.Fields([]fault.Field{{Path: "query/date", Code: "required", Message: "is required, like 2026-11-22"}}))
	}
	t, err := a.Rates.On(r.Grant.Actor().Mode, r.Text("base"), day.Format("2006-01-02"))
	if err != nil {
		return nil, err
	}
	return a.showRates(ctx, r, showRates(t))
}

func (a *API) showRates(ctx context.Context, r *gate.Request, shown Rates) (*gate.Answer, error) {
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.RatesRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, shown)
}

func (a *API) listReconciliations(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	if err := r.Faults(); err != nil {
		return nil, err
	}
	all, err := a.Payments.Reconciliations(ctx, r.Grant, limit)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ReconciliationList{Data: list(all, showReconciliation)})
}

func (a *API) reconcile(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	day, err := time.Parse(time.DateOnly, f.text("date"))
	if err != nil || day.After(a.Clock.Now()) {
		f.bad("date", "invalid", "must be a day like 2026-11-22 that has begun")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	all, err := a.Payments.Reconcile(ctx, r.Grant, day)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ReconciliationList{Data: list(all, showReconciliation)})
}
