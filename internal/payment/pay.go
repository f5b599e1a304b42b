package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
)

// Order is one try to pay a request.
type Order struct {
	Method       provider.Kind
	Card         *card.Card // nil: a saved method, a wallet, or the provider's own page
	Wallet       *provider.Wallet
	MethodID     int64 // a saved method of the request's customer
	Save         bool  // keep the method; needs a customer
	Consent      Consent
	CaptureDelay time.Duration // 0: taken at once
	ThreeDS      bool
	Hosted       bool // the provider's own page
	Merchant     bool // the customer is not there: a saved method charged by the merchant
	Billing      provider.Billing
	Browser      provider.Browser
	Address      string // the payer's IP address, "" if the merchant did not say
	ReturnURL    string
	Seen         *int64 // the tries that the payer knew of; with any other number their form is old and pays nothing
}

// Consent is what shows that the customer agreed to keep the method.
type Consent struct{ Channel, Text, PolicyVersion, Language, Reference string }

// toSave is the consent to keep a method, given at an IP address or none that is known.
func (c Consent) toSave(address string) consent.Consent {
	return consent.Consent{Purpose: consent.SaveMethod, Channel: c.Channel,
		Evidence: consent.Evidence{Text: c.Text, PolicyVersion: c.PolicyVersion, Language: c.Language, Reference: c.Reference, Address: address}}
}

// callTimeout bounds a call to a provider. askAfter leaves such a call the time to end
// before the completer asks.
const (
	callTimeout = 25 * time.Second
	askAfter    = 40 * time.Second
)

// run is one payment on its way.
type run struct {
	order   Order
	request *Request
	attempt attempt
	charge  provider.Charge
	uses    []routing.Use
	keep    Keep
}

// Pay tries to pay a request. A decline is a Result, not an error: it had an effect.
func (s *Service) Pay(ctx context.Context, g auth.Grant, requestID int64, o Order, keep Keep) (Result, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Result{}, err
	}
	if err := s.declines.may(place{r.Realm(), o.Address}); err != nil {
		return Result{}, err
	}
	p := &run{order: o, keep: keep}
	if err := s.retry(requestID, func() error { return s.start(ctx, r, requestID, p) }); err != nil {
		return Result{}, err
	}
	out, err := s.call(ctx, r, p)
	if err != nil {
		return s.unknown(ctx, r, p)
	}
	result, err := s.settleStarted(context.WithoutCancel(ctx), r, p, out)
	if result.Decline != "" {
		s.declines.declined(place{r.Realm(), o.Address})
	}
	return result, err
}

// start moves the request to pending and leaves a task that asks the provider should we
// never come back.
func (s *Service) start(ctx context.Context, r owner.Room, requestID int64, p *run) error {
	var status, sanctioned int64
	q, err := s.find(ctx, r, requestID, &status, &sanctioned)
	if err != nil {
		return err
	}
	if seen := p.order.Seen; seen != nil && *seen != q.Attempts {
		return processed("The payment request was tried meanwhile")
	}
	if err := s.mayTry(q); err != nil {
		return err
	}
	if customer.Status(status) == customer.Restricted {
		return restricted(q.CustomerID)
	}
	if sanctioned != 0 {
		return customer.Sanctioned(q.CustomerID)
	}
	var person customer.Person // only saved methods need to know who pays
	if p.order.Save || p.order.MethodID != 0 {
		if person, err = s.payer(ctx, r, q); err != nil {
			return err
		}
	}
	p.request = q
	if err := s.plan(ctx, r, p, person); err != nil {
		return err
	}
	return s.writeStart(ctx, r, p)
}

func (s *Service) mayTry(q *Request) error {
	switch {
	case q.Erased:
		return fault.Erased(q.CustomerID)
	case q.Status == Pending:
		return processed("A payment of this request is under way")
	case !q.payable(s.Clock.Now()):
		return processed("The payment request can't be paid any more")
	case q.Attempts >= mostAttempts:
		return tooMany(time.Hour, "The payment request was tried too often")
	}
	return nil
}

// MayPay says whether a request can be tried now, or why not.
func (s *Service) MayPay(q *Request) error { return s.mayTry(q) }

// payer is the request's customer; the zero Person without one.
func (s *Service) payer(ctx context.Context, r owner.Room, q *Request) (customer.Person, error) {
	if q.CustomerID == 0 {
		return customer.Person{}, nil
	}
	p, err := s.Customers.Person(ctx, r.Grant, q.CustomerID)
	if err == nil && p.Status == customer.Restricted {
		err = restricted(p.ID)
	}
	return p, err
}

// plan chooses the providers and fills the charge.
func (s *Service) plan(ctx context.Context, r owner.Room, p *run, person customer.Person) error {
	q, o := p.request, p.order
	if o.Save && q.CustomerID == 0 {
		return fault.OneField("/savePaymentMethod", "invalid", "needs a payment request with a customer")
	}
	p.attempt = attempt{id: s.IDs.Next(), requestID: q.ID, kind: string(o.Method), methodID: o.MethodID}
	p.charge = provider.Charge{Key: key(p.attempt.id), RequestID: q.ID, Amount: q.Amount, Method: o.Method, Capture: o.CaptureDelay == 0, Card: o.Card, Wallet: o.Wallet,
		Save: o.Save, ThreeDS: o.ThreeDS, MerchantInitiated: o.Merchant, ReturnURL: o.ReturnURL, CancelURL: o.ReturnURL, Language: q.Language,
		Billing: merged(o.Billing, q.Client), Browser: o.Browser}
	if o.CaptureDelay > 0 {
		p.attempt.captureAt = s.Clock.Now().Add(o.CaptureDelay).UnixMilli()
	}
	if o.MethodID != 0 {
		return s.planSaved(ctx, r, p, person)
	}
	var err error
	p.uses, err = s.Routing.Choose(ctx, r, routing.Want{Method: o.Method, Amount: q.Amount, Country: q.PayerCountry})
	if err != nil {
		return err
	}
	return s.findPayerID(ctx, r, p, person)
}

func merged(b provider.Billing, c Client) provider.Billing {
	if b.Name == "" {
		b.Name = c.Name
	}
	if b.Email == "" {
		b.Email = c.Email
	}
	if b.Phone == "" {
		b.Phone = c.Phone
	}
	return b
}

// planSaved charges a saved method at the provider that keeps it.
func (s *Service) planSaved(ctx context.Context, r owner.Room, p *run, person customer.Person) error {
	m, err := s.Methods.Find(ctx, r, person.ID, p.order.MethodID, person.Key)
	if err != nil {
		return err
	}
	if m.Status != 0 {
		return fault.OneField("/paymentMethodId", "expired", "has expired; ask the customer for another")
	}
	u, err := s.Routing.Open(ctx, r, m.ProviderID)
	if err != nil {
		return err
	}
	p.charge.Token, p.charge.Payer, p.charge.SchemeReference = m.Token, m.Payer, m.SchemeReference
	p.request.CardBIN, p.request.CardLast4, p.request.CardBrand = m.BIN, m.Last4, m.Brand
	p.uses = []routing.Use{u}
	return nil
}

// findPayerID takes the provider's own id of the customer from a method saved earlier, so
// that a second method is kept with the same payer.
func (s *Service) findPayerID(ctx context.Context, r owner.Room, p *run, person customer.Person) error {
	if !p.order.Save {
		return nil
	}
	var err error
	p.charge.Payer, err = s.knownPayer(ctx, r, person, p.uses[0].ID)
	return err
}

func (s *Service) writeStart(ctx context.Context, r owner.Room, p *run) error {
	q, a := p.request, &p.attempt
	a.providerID = p.uses[0].ID
	q.Status, q.Transaction, q.Attempts, q.AttemptID = Pending, InProgress, q.Attempts+1, a.id
	q.ProviderID, q.MethodID, q.Kind, q.Reference = a.providerID, a.methodID, a.kind, ""
	if c := p.order.Card; c != nil {
		q.CardBIN, q.CardLast4, q.CardBrand = c.Number.BIN(), c.Number.Last4(), c.Number.Brand()
	}
	q.Device, q.Browser, q.OS = describe(p.order.Browser.UserAgent)
	sealed, err := q.seal(r)
	if err != nil {
		return err
	}
	if a.sealed, err = s.sealTry(r, q, a.id, tryOf(p)); err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := p.keep.begin(tx, Result{Request: q}); err != nil {
			return err
		}
		s.step(tx, q, codeStarted, q.Amount)
		q.move(tx, sealed)
		a.insert(tx, q)
		s.task(tx, r, task{kind: askTask, requestID: q.ID, subjectID: a.id, due: s.Clock.Now().Add(askAfter)})
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentStart, q))
	})
}

func (a attempt) insert(tx *db.Tx, q *Request) {
	tx.Insert(`INSERT INTO payment_attempt (realm_id, id, request_id, customer_id, provider_id, kind, state, amount, capture_at, method_id, reference, code, doc)`, 13,
		q.realm, a.id, q.ID, q.CustomerID, a.providerID, a.kind, int64(a.state), q.Amount.Minor, a.captureAt, a.methodID, "", "", a.sealed)
}

// call asks one provider after another until one took the charge or its answer is not
// known. Only ErrUnavailable, which promises that nothing happened, goes on to the next.
func (s *Service) call(ctx context.Context, r owner.Room, p *run) (provider.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	for i, u := range p.uses {
		if i > 0 {
			if err := s.reroute(ctx, r, p, u); err != nil {
				return provider.Outcome{}, err
			}
		}
		out, err := authorise(ctx, u, p)
		if err == nil {
			return out, nil
		}
		s.Log.Warn("a provider did not answer a payment", "provider", u.ID, "kind", u.Kind, "request", p.request.ID, "unavailable", errors.Is(err, provider.ErrUnavailable))
		if !errors.Is(err, provider.ErrUnavailable) {
			return out, err
		}
	}
	return provider.Outcome{State: provider.Declined, Decline: provider.ProviderError}, nil
}

func authorise(ctx context.Context, u routing.Use, p *run) (provider.Outcome, error) {
	if !p.order.Hosted {
		return u.Connector.Authorise(ctx, u.Account, p.charge)
	}
	hosted, ok := u.Connector.(provider.HostedPage)
	if !ok {
		return provider.Outcome{}, provider.ErrUnavailable
	}
	return hosted.Page(ctx, u.Account, p.charge)
}

// reroute writes down which provider is asked next, before it is.
func (s *Service) reroute(ctx context.Context, r owner.Room, p *run, u routing.Use) error {
	return s.retry(p.request.ID, func() error {
		q, err := s.find(ctx, r, p.request.ID)
		if err != nil {
			return err
		}
		if q.Status != Pending || q.AttemptID != p.attempt.id {
			return processed("The payment request was moved meanwhile")
		}
		q.ProviderID = u.ID
		sealed, err := q.seal(r)
		if err != nil {
			return err
		}
		return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			q.move(tx, sealed)
			tx.Exec(`UPDATE payment_attempt SET provider_id = $3 WHERE realm_id = $1 AND id = $2`, r.Realm(), p.attempt.id, u.ID)
			return nil
		})
	})
}

// unknown answers a payment whose outcome nobody knows yet: it stays pending, and the
// provider is asked soon, never charged again.
func (s *Service) unknown(ctx context.Context, r owner.Room, p *run) (Result, error) {
	ctx = context.WithoutCancel(ctx)
	err := s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE payment_task SET due_at = $4 WHERE realm_id = $1 AND subject_id = $2 AND kind = $3`, r.Realm(), p.attempt.id, askTask, s.Clock.Now().Add(time.Second).UnixMilli())
		return nil
	})
	s.Wake()
	q, found := s.find(ctx, r, p.request.ID)
	return Result{Request: q}, errors.Join(err, found)
}

// PaySaved charges a saved method.
func (s *Service) PaySaved(ctx context.Context, g auth.Grant, requestID, methodID int64, keep Keep) (Result, error) {
	return s.Pay(ctx, g, requestID, Order{Method: provider.CreditCard, MethodID: methodID, Merchant: true}, keep)
}
