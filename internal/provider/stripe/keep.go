package stripe

import (
	"context"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// Keep implements provider.Keeper with a SetupIntent, or with Stripe's page where neither a
// card nor a token is there. Made again with the same key it gives the same method.
func (c *Connector) Keep(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	s, err := c.client(a)
	if err != nil {
		return provider.Outcome{}, err
	}
	ch.Save = true
	method, refused, err := c.method(ctx, s, ch)
	if err != nil || refused != nil {
		return orNothing(refused), err
	}
	payer, err := c.payer(ctx, s, ch)
	if err != nil {
		return provider.Outcome{}, err
	}
	if method == "" {
		return c.setupPage(ctx, s, ch, payer)
	}
	made, err := s.V1SetupIntents.Create(ctx, &sdk.SetupIntentCreateParams{
		Params: idempotent(ch.Key, "setup"), Customer: &payer, PaymentMethod: &method, Confirm: sdk.Bool(true), Usage: sdk.String("off_session"),
		PaymentMethodTypes: sdk.StringSlice([]string{"card"}), ReturnURL: optional(ch.ReturnURL), Metadata: map[string]string{keyMetadata: ch.Key},
	})
	if e := cardError(err); e != nil {
		out := provider.Outcome{State: provider.Declined, Payer: payer}
		declined(&out, e)
		return out, nil
	}
	if err != nil {
		return provider.Outcome{}, failure("setup", err, true)
	}
	return c.fetchSetup(ctx, s, made.ID)
}

func (c *Connector) setupPage(ctx context.Context, s *sdk.Client, ch provider.Charge, payer string) (provider.Outcome, error) {
	params := c.session(ch, payer, "setup")
	params.SetupIntentData = &sdk.CheckoutSessionCreateSetupIntentDataParams{Metadata: map[string]string{keyMetadata: ch.Key}}
	params.PaymentMethodTypes = sdk.StringSlice([]string{"card"})
	made, err := s.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return provider.Outcome{}, failure("setup page", err, true)
	}
	return c.fetchSession(ctx, s, made.ID)
}

func (c *Connector) fetchSetup(ctx context.Context, s *sdk.Client, id string) (provider.Outcome, error) {
	setup, err := s.V1SetupIntents.Retrieve(ctx, id, &sdk.SetupIntentRetrieveParams{Expand: sdk.StringSlice([]string{"payment_method"})})
	if err != nil {
		return provider.Outcome{}, failure("read the setup", err, false)
	}
	return setupOutcome(setup), nil
}

func setupOutcome(p *sdk.SetupIntent) provider.Outcome {
	out := provider.Outcome{Reference: p.ID}
	if p.Customer != nil {
		out.Payer = p.Customer.ID
	}
	facts(&out, p.PaymentMethod)
	switch p.Status {
	case sdk.SetupIntentStatusSucceeded:
		out.State = provider.Approved
		if p.PaymentMethod != nil {
			out.Saved = keeps(p.PaymentMethod)
		}
	case sdk.SetupIntentStatusProcessing:
		out.State = provider.Pending
	case sdk.SetupIntentStatusCanceled:
		out.State = provider.Cancelled
	case sdk.SetupIntentStatusRequiresAction:
		out.State = provider.Challenge
		if p.NextAction != nil && p.NextAction.RedirectToURL != nil {
			out.RedirectURL = p.NextAction.RedirectToURL.URL
		}
	default:
		if p.LastSetupError != nil {
			out.State = provider.Declined
			declined(&out, p.LastSetupError)
		}
	}
	return out
}

// Forget implements provider.Keeper. 404 and 400 are a method that is gone or was never
// attached.
func (c *Connector) Forget(ctx context.Context, a provider.Account, token string) error {
	s, err := c.client(a)
	if err != nil {
		return err
	}
	_, err = s.V1PaymentMethods.Detach(ctx, token, nil)
	if status(err) == 404 || status(err) == 400 {
		return nil
	}
	return failure("forget", err, false)
}

// ForgetPayer implements provider.Keeper: deleting a customer detaches its methods.
func (c *Connector) ForgetPayer(ctx context.Context, a provider.Account, payer string) error {
	s, err := c.client(a)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(payer, "cus_") {
		return nil
	}
	_, err = s.V1Customers.Delete(ctx, payer, nil)
	if status(err) == 404 {
		return nil
	}
	return failure("forget the payer", err, false)
}
