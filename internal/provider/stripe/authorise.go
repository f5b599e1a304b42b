package stripe

import (
	"context"
	"fmt"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// Authorise implements provider.Connector. Before the confirm nothing can be taken, so a
// refusal up to there is harmless; from the confirm on, what is not an answer is a doubt.
func (c *Connector) Authorise(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	s, err := c.client(a)
	switch {
	case err != nil:
		return provider.Outcome{}, err
	case ch.Wallet != nil:
		return provider.Outcome{}, fmt.Errorf("stripe: takes wallets by token or on its page, not by cryptogram: %w", provider.ErrUnavailable)
	case ch.Card == nil && ch.Token == "":
		return c.Page(ctx, a, ch)
	}
	method, refused, err := c.method(ctx, s, ch)
	if err != nil || refused != nil {
		return orNothing(refused), err
	}
	intent, err := c.create(ctx, s, provider.Ref{Key: ch.Key, Amount: ch.Amount})
	if err != nil {
		return provider.Outcome{}, err
	}
	if err := c.assign(ctx, s, ch, intent.ID); err != nil {
		return provider.Outcome{}, err
	}
	return c.confirm(ctx, s, ch, intent.ID, method)
}

func orNothing(o *provider.Outcome) provider.Outcome {
	if o == nil {
		return provider.Outcome{}
	}
	return *o
}

// method is the token to charge: a saved one, or that of a card that is told to Stripe now.
// This is the only place where card data leave for Stripe.
func (c *Connector) method(ctx context.Context, s *sdk.Client, ch provider.Charge) (string, *provider.Outcome, error) {
	if ch.Card == nil {
		return ch.Token, nil, nil
	}
	made, err := s.V1PaymentMethods.Create(ctx, &sdk.PaymentMethodCreateParams{
		Params: idempotent(ch.Key, "method"), Type: sdk.String("card"), BillingDetails: billing(ch.Billing),
		Card: &sdk.PaymentMethodCreateCardParams{
			Number: sdk.String(ch.Card.Number.Reveal()), CVC: optional(ch.Card.Code.Reveal()),
			ExpMonth: sdk.Int64(int64(ch.Card.ExpMonth)), ExpYear: sdk.Int64(int64(ch.Card.ExpYear)),
		},
	})
	if e := cardError(err); e != nil {
		out := &provider.Outcome{State: provider.Declined, Amount: ch.Amount}
		declined(out, e)
		return "", out, nil
	}
	if err != nil {
		return "", nil, failure("method", err, true)
	}
	return made.ID, nil, nil
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func billing(b provider.Billing) *sdk.PaymentMethodCreateBillingDetailsParams {
	if b == (provider.Billing{}) {
		return nil
	}
	return &sdk.PaymentMethodCreateBillingDetailsParams{Name: optional(b.Name), Email: optional(b.Email), Phone: optional(b.Phone),
		Address: &sdk.AddressParams{Line1: optional(b.Line1), City: optional(b.City), State: optional(b.State), PostalCode: optional(b.PostalCode), Country: optional(b.Country)}}
}

// payer is Stripe's customer, made where a method shall be kept. It holds nothing of the
// person: Stripe needs it only to tie methods together.
func (c *Connector) payer(ctx context.Context, s *sdk.Client, ch provider.Charge) (string, error) {
	if ch.Payer != "" || !ch.Save {
		return ch.Payer, nil
	}
	made, err := s.V1Customers.Create(ctx, &sdk.CustomerCreateParams{Params: idempotent(ch.Key, "payer"), Metadata: map[string]string{keyMetadata: ch.Key}})
	if err != nil {
		return "", failure("payer", err, true)
	}
	return made.ID, nil
}

// assign gives the intent its payer, which a confirm can't.
func (c *Connector) assign(ctx context.Context, s *sdk.Client, ch provider.Charge, intent string) error {
	payer, err := c.payer(ctx, s, ch)
	if err != nil || payer == "" {
		return err
	}
	_, err = s.V1PaymentIntents.Update(ctx, intent, &sdk.PaymentIntentUpdateParams{Params: idempotent(ch.Key, "assign"), Customer: &payer})
	if hasCode(err, sdk.ErrorCodePaymentIntentUnexpectedState) {
		return nil // moved on already: the confirm tells
	}
	return failure("assign", err, true)
}

func (c *Connector) confirm(ctx context.Context, s *sdk.Client, ch provider.Charge, intent, method string) (provider.Outcome, error) {
	params := &sdk.PaymentIntentConfirmParams{Params: idempotent(ch.Key, "confirm"), PaymentMethod: &method, ReturnURL: optional(ch.ReturnURL),
		CaptureMethod: sdk.String(captureMethod(ch)), Expand: expand()}
	if ch.Save {
		params.SetupFutureUsage = sdk.String("off_session")
	}
	if ch.MerchantInitiated {
		params.OffSession = sdk.Bool(true)
	}
	if ch.ThreeDS && !ch.MerchantInitiated {
		params.PaymentMethodOptions = &sdk.PaymentIntentPaymentMethodOptionsParams{Card: &sdk.PaymentIntentPaymentMethodOptionsCardParams{RequestThreeDSecure: sdk.String("any")}}
	}
	done, err := s.V1PaymentIntents.Confirm(ctx, intent, params)
	if e := cardError(err); e != nil {
		return c.refused(ctx, s, ch, intent, e)
	}
	switch {
	case err == nil && done.Status != sdk.PaymentIntentStatusSucceeded,
		hasCode(err, sdk.ErrorCodePaymentIntentUnexpectedState): // the answer may be the first one again, or a close was faster
		done, err = retrieve(ctx, s, intent)
	case hasCode(err, sdk.ErrorCodeResourceMissing, sdk.ErrorCodePaymentMethodUnexpectedState):
		return provider.Outcome{State: provider.Declined, Amount: ch.Amount, Decline: provider.MethodUnusable}, nil
	default:
		err = failure("confirm", err, true)
	}
	if err != nil {
		return provider.Outcome{}, err
	}
	return outcome(done), nil
}

// refused reads how the intent stands after a decline, so that the answer is the one that
// Fetch gives.
func (c *Connector) refused(ctx context.Context, s *sdk.Client, ch provider.Charge, intent string, e *sdk.Error) (provider.Outcome, error) {
	if now, err := retrieve(ctx, s, intent); err == nil && now.LastPaymentError != nil {
		return outcome(now), nil
	}
	out := provider.Outcome{State: provider.Declined, Reference: intent, Amount: ch.Amount}
	declined(&out, e)
	return out, nil
}

func captureMethod(ch provider.Charge) string {
	if ch.Capture {
		return "automatic"
	}
	return "manual"
}
