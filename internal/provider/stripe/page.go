package stripe

import (
	"context"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// Page implements provider.HostedPage with a Checkout Session. Its address is given to
// nobody but the caller: if the answer is lost, nobody can pay there, and the session ends
// by itself within a day. A key that was found Absent must not be used for a page again.
func (c *Connector) Page(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	s, err := c.client(a)
	if err != nil {
		return provider.Outcome{}, err
	}
	minor, err := toStripe(ch.Amount)
	if err != nil {
		return provider.Outcome{}, err
	}
	payer, err := c.payer(ctx, s, ch)
	if err != nil {
		return provider.Outcome{}, err
	}
	data := &sdk.CheckoutSessionCreatePaymentIntentDataParams{CaptureMethod: sdk.String(captureMethod(ch)), Metadata: map[string]string{keyMetadata: ch.Key}}
	if ch.Save {
		data.SetupFutureUsage = sdk.String("off_session")
	}
	params := c.session(ch, payer, "payment")
	params.PaymentIntentData = data
	params.LineItems = []*sdk.CheckoutSessionCreateLineItemParams{{Quantity: sdk.Int64(1), PriceData: &sdk.CheckoutSessionCreateLineItemPriceDataParams{
		Currency: sdk.String(strings.ToLower(ch.Amount.Currency)), UnitAmount: &minor,
		ProductData: &sdk.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: sdk.String("Payment")},
	}}}
	made, err := s.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return provider.Outcome{}, failure("page", err, true)
	}
	return c.fetchSession(ctx, s, made.ID)
}

func (c *Connector) session(ch provider.Charge, payer, mode string) *sdk.CheckoutSessionCreateParams {
	cancel := ch.CancelURL
	if cancel == "" {
		cancel = ch.ReturnURL
	}
	params := &sdk.CheckoutSessionCreateParams{Params: idempotent(ch.Key, "page"), Mode: &mode, ClientReferenceID: sdk.String(ch.Key),
		SuccessURL: optional(ch.ReturnURL), CancelURL: optional(cancel), Customer: optional(payer), Metadata: map[string]string{keyMetadata: ch.Key}}
	if method := onPage(ch.Method); method != "" {
		params.PaymentMethodTypes = sdk.StringSlice([]string{method})
	}
	return params
}

// onPage is Stripe's name of a way of paying that its page offers alone; "" leaves the
// choice to the account's own settings.
func onPage(k provider.Kind) string {
	switch k {
	case provider.CreditCard, provider.ApplePay, provider.GooglePay: // Checkout shows wallets with cards
		return "card"
	case provider.PayPal:
		return "paypal"
	}
	return ""
}

// fetchSession tells how a page stands: open is a challenge, paid is its intent.
func (c *Connector) fetchSession(ctx context.Context, s *sdk.Client, id string) (provider.Outcome, error) {
	session, err := s.V1CheckoutSessions.Retrieve(ctx, id, nil)
	if err != nil {
		return provider.Outcome{}, failure("read the session", err, false)
	}
	out := provider.Outcome{Reference: session.ID, Amount: fromStripe(session.AmountTotal, string(session.Currency)), State: provider.Pending}
	if session.Customer != nil {
		out.Payer = session.Customer.ID
	}
	switch {
	case session.Status == sdk.CheckoutSessionStatusOpen:
		out.State, out.RedirectURL = provider.Challenge, session.URL
	case session.Status == sdk.CheckoutSessionStatusExpired:
		out.State = provider.Cancelled
	case session.SetupIntent != nil:
		return c.fetchSetup(ctx, s, session.SetupIntent.ID)
	case session.PaymentIntent != nil:
		intent, err := retrieve(ctx, s, session.PaymentIntent.ID)
		if err != nil {
			return provider.Outcome{}, err
		}
		return outcome(intent), nil
	}
	return out, nil
}
