package stripe

import (
	"context"
	"errors"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// abandoned is the reason with which we cancel an intent that nobody confirmed: it tells a
// key that was closed from a hold that was given back.
const abandoned = "abandoned"

// errSession says that a page was opened and nothing has been paid on it yet.
var errSession = errors.New("stripe: the page is not paid")

// resolve finds the intent of a charge.
//
// With Stripe's reference it is asked for. With our key alone there are two ways, and both
// are needed. Search finds metadata, but a new intent only after up to a minute
// (docs.stripe.com/search#data-freshness). The create sent again under its idempotency key
// gives the first answer for at least a day (docs.stripe.com/api/idempotent_requests), and
// would make a second intent after that, when Search has long known the first. So Search
// comes first and the create second. If there was none, the create has made it now:
// unconfirmed, it moves nothing, and Fetch cancels it.
func (c *Connector) resolve(ctx context.Context, s *sdk.Client, ref provider.Ref) (*sdk.PaymentIntent, error) {
	id := ref.Reference
	if strings.HasPrefix(id, "cs_") {
		session, err := s.V1CheckoutSessions.Retrieve(ctx, id, nil)
		if err != nil {
			return nil, failure("read the session", err, false)
		}
		if session.PaymentIntent == nil {
			return nil, errSession
		}
		id = session.PaymentIntent.ID
	}
	if id == "" {
		found, err := c.byKey(ctx, s, ref)
		if err != nil {
			return nil, err
		}
		id = found
	}
	return retrieve(ctx, s, id)
}

// byKey finds or makes the intent of a key.
func (c *Connector) byKey(ctx context.Context, s *sdk.Client, ref provider.Ref) (string, error) {
	search := &sdk.PaymentIntentSearchParams{SearchParams: sdk.SearchParams{Query: "metadata['" + keyMetadata + "']:'" + quoted(ref.Key) + "'", Single: true}}
	for found, err := range s.V1PaymentIntents.Search(ctx, search).All(ctx) {
		if err != nil && status(err) != 400 { // 400: Stripe does not search in every country
			return "", failure("search", err, false)
		}
		if err != nil {
			break
		}
		return found.ID, nil
	}
	intent, err := c.create(ctx, s, ref)
	if err != nil {
		return "", err
	}
	return intent.ID, nil
}

func quoted(key string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(key)
}

// create makes the intent of a key, or gives the one that the key made. Nothing but key
// and amount may go into it: Stripe refuses the same key with other parameters.
func (c *Connector) create(ctx context.Context, s *sdk.Client, ref provider.Ref) (*sdk.PaymentIntent, error) {
	minor, err := toStripe(ref.Amount)
	if err != nil {
		return nil, err
	}
	intent, err := s.V1PaymentIntents.Create(ctx, &sdk.PaymentIntentCreateParams{
		Params:             idempotent(ref.Key, "create"),
		Amount:             &minor,
		Currency:           sdk.String(strings.ToLower(ref.Amount.Currency)),
		PaymentMethodTypes: sdk.StringSlice([]string{"card"}),
		Metadata:           map[string]string{keyMetadata: ref.Key},
	})
	return intent, failure("create", err, true)
}

func retrieve(ctx context.Context, s *sdk.Client, id string) (*sdk.PaymentIntent, error) {
	intent, err := s.V1PaymentIntents.Retrieve(ctx, id, &sdk.PaymentIntentRetrieveParams{Expand: expand()})
	return intent, failure("read", err, false)
}

func expand() []*string { return sdk.StringSlice([]string{"latest_charge", "payment_method"}) }

// untouched reports an intent that nobody has tried to confirm.
func untouched(p *sdk.PaymentIntent) bool {
	open := p.Status == sdk.PaymentIntentStatusRequiresPaymentMethod || p.Status == sdk.PaymentIntentStatusRequiresConfirmation
	return open && p.LastPaymentError == nil && p.LatestCharge == nil
}

// Fetch implements provider.Connector. Ref needs the amount unless it has a reference. An
// intent that was never confirmed is cancelled first, which makes Absent a promise: a
// confirm that is still on its way is refused by Stripe.
func (c *Connector) Fetch(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	s, err := c.client(a)
	if err != nil {
		return provider.Outcome{}, err
	}
	if strings.HasPrefix(ref.Reference, "seti_") {
		return c.fetchSetup(ctx, s, ref.Reference)
	}
	intent, err := c.resolve(ctx, s, ref)
	if errors.Is(err, errSession) {
		return c.fetchSession(ctx, s, ref.Reference)
	}
	if err == nil && untouched(intent) && !strings.HasPrefix(ref.Reference, "cs_") {
		intent, err = c.close(ctx, s, intent.ID, abandoned)
	}
	if err != nil {
		return provider.Outcome{}, err
	}
	return outcome(intent), nil
}

// close cancels an intent and tells how it stands then, whoever was first.
func (c *Connector) close(ctx context.Context, s *sdk.Client, id, why string) (*sdk.PaymentIntent, error) {
	_, err := s.V1PaymentIntents.Cancel(ctx, id, &sdk.PaymentIntentCancelParams{CancellationReason: sdk.String(why)})
	if err != nil && !hasCode(err, sdk.ErrorCodePaymentIntentUnexpectedState) {
		return nil, failure("cancel", err, false)
	}
	return retrieve(ctx, s, id)
}

// Cancel implements provider.Connector.
func (c *Connector) Cancel(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	out, err := c.Fetch(ctx, a, ref)
	if err != nil || out.State != provider.Authorised && out.State != provider.Challenge {
		return out, err
	}
	s, err := c.client(a)
	if err != nil {
		return out, err
	}
	if strings.HasPrefix(out.Reference, "cs_") {
		if _, err := s.V1CheckoutSessions.Expire(ctx, out.Reference, nil); err != nil && status(err) != 400 {
			return provider.Outcome{}, failure("expire", err, false)
		}
		return c.Fetch(ctx, a, ref)
	}
	intent, err := c.close(ctx, s, out.Reference, "requested_by_customer")
	if err != nil {
		return provider.Outcome{}, err
	}
	return outcome(intent), nil
}

// Capture implements provider.Connector.
func (c *Connector) Capture(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	s, err := c.client(a)
	if err != nil {
		return provider.Outcome{}, err
	}
	intent, err := c.resolve(ctx, s, ref)
	if err != nil {
		return provider.Outcome{}, err
	}
	if intent.Status != sdk.PaymentIntentStatusRequiresCapture {
		return outcome(intent), nil
	}
	params := &sdk.PaymentIntentCaptureParams{Params: idempotent(ref.Key, "capture"), Expand: expand()}
	if ref.Amount.Minor > 0 {
		minor, err := toStripe(ref.Amount)
		if err != nil {
			return provider.Outcome{}, err
		}
		params.AmountToCapture = &minor
	}
	captured, err := s.V1PaymentIntents.Capture(ctx, intent.ID, params)
	if hasCode(err, sdk.ErrorCodePaymentIntentUnexpectedState) {
		captured, err = retrieve(ctx, s, intent.ID)
	} else {
		err = failure("capture", err, true)
	}
	if err != nil {
		return provider.Outcome{}, err
	}
	return outcome(captured), nil
}

// Refund implements provider.Connector.
func (c *Connector) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	s, err := c.client(a)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	minor, err := toStripe(o.Amount)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	intent, err := c.resolve(ctx, s, o.Ref)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	made, err := s.V1Refunds.Create(ctx, &sdk.RefundCreateParams{
		Params: idempotent(o.Key, "refund"), PaymentIntent: &intent.ID, Amount: &minor,
		Metadata: map[string]string{keyMetadata: o.Key, chargeMetadata: o.Ref.Key},
	})
	if status(err) == 400 { // already refunded, more than is left, nothing taken: for good
		if refused := failure("refund", err, false); !hasType(err, sdk.ErrorTypeIdempotency) {
			return provider.RefundOutcome{State: provider.Declined, Amount: o.Amount}, nil
		} else {
			return provider.RefundOutcome{}, refused
		}
	}
	if err != nil {
		return provider.RefundOutcome{}, failure("refund", err, false)
	}
	if made.Status != sdk.RefundStatusSucceeded { // the answer may be the first one again
		if made, err = s.V1Refunds.Retrieve(ctx, made.ID, nil); err != nil {
			return provider.RefundOutcome{}, failure("read the refund", err, false)
		}
	}
	return refundOutcome(made), nil
}

func hasType(err error, t sdk.ErrorType) bool {
	var theirs *sdk.Error
	return errors.As(err, &theirs) && theirs.Type == t
}

func refundOutcome(r *sdk.Refund) provider.RefundOutcome {
	out := provider.RefundOutcome{Reference: r.ID, Amount: fromStripe(r.Amount, string(r.Currency)), State: provider.Pending}
	switch r.Status {
	case sdk.RefundStatusSucceeded:
		out.State = provider.Approved
	case sdk.RefundStatusFailed, sdk.RefundStatusCanceled:
		out.State = provider.Declined
	}
	return out
}
