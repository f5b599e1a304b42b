package stripe

import (
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// outcome reads an intent (docs.stripe.com/payments/paymentintents/lifecycle). One that
// wants a method and has a last error was declined: Stripe leaves it open for another try,
// which we make with a new key.
func outcome(p *sdk.PaymentIntent) provider.Outcome {
	out := provider.Outcome{Reference: p.ID, Amount: fromStripe(p.Amount, string(p.Currency))}
	if p.Customer != nil {
		out.Payer = p.Customer.ID
	}
	switch p.Status {
	case sdk.PaymentIntentStatusSucceeded:
		out.State = provider.Approved
		out.Amount = fromStripe(p.AmountReceived, string(p.Currency))
	case sdk.PaymentIntentStatusRequiresCapture:
		out.State = provider.Authorised
	case sdk.PaymentIntentStatusProcessing:
		out.State = provider.Pending
	case sdk.PaymentIntentStatusCanceled:
		out.State = provider.Cancelled
		if p.CancellationReason == abandoned && p.LatestCharge == nil {
			return provider.Outcome{State: provider.Absent}
		}
	case sdk.PaymentIntentStatusRequiresAction:
		out.State = provider.Challenge
		if p.NextAction != nil && p.NextAction.RedirectToURL != nil {
			out.RedirectURL = p.NextAction.RedirectToURL.URL
		}
	case sdk.PaymentIntentStatusRequiresPaymentMethod:
		if p.LastPaymentError != nil {
			out.State = provider.Declined
			declined(&out, p.LastPaymentError)
		}
	}
	facts(&out, p.PaymentMethod)
	ofCharge(&out, p)
	return out
}

// declined fills in why.
func declined(out *provider.Outcome, e *sdk.Error) {
	out.Decline = reason(e)
	out.IssuerResponse = word(string(e.DeclineCode))
	if len(out.IssuerResponse) > 40 {
		out.IssuerResponse = ""
	}
	if out.Decline == provider.AuthenticationFail {
		out.ThreeDS = "failed"
	}
	facts(out, e.PaymentMethod)
}

// facts are what may be shown of a card. Stripe gives no BIN, unless one asks it to.
func facts(out *provider.Outcome, m *sdk.PaymentMethod) {
	if m == nil || m.Card == nil {
		return
	}
	out.Card = provider.CardFacts{Brand: string(m.Card.Brand), Last4: m.Card.Last4, Country: m.Card.Country,
		ExpMonth: int(m.Card.ExpMonth), ExpYear: int(m.Card.ExpYear)}
}

// ofCharge adds what only the charge behind an intent knows.
func ofCharge(out *provider.Outcome, p *sdk.PaymentIntent) {
	if p.LatestCharge == nil {
		return
	}
	out.Refunded = fromStripe(p.LatestCharge.AmountRefunded, string(p.Currency)).Minor
	scheme := ""
	if d := p.LatestCharge.PaymentMethodDetails; d != nil && d.Card != nil {
		scheme = d.Card.NetworkTransactionID
		if d.Card.ThreeDSecure != nil {
			out.ThreeDS = threeDS(string(d.Card.ThreeDSecure.Result))
		}
	}
	if out.State == provider.Approved || out.State == provider.Authorised {
		saved(out, p, scheme)
	}
}

func saved(out *provider.Outcome, p *sdk.PaymentIntent, scheme string) {
	if p.SetupFutureUsage == "" || p.PaymentMethod == nil || p.Customer == nil {
		return
	}
	out.Saved = keeps(p.PaymentMethod)
	out.Saved.SchemeReference = scheme
}

// keeps is a method at Stripe, as we keep it.
func keeps(m *sdk.PaymentMethod) *provider.Saved {
	s := &provider.Saved{Token: m.ID, Type: methodType(m.Type)}
	if m.Card != nil {
		s.Fingerprint = m.Card.Fingerprint
		if m.Card.Wallet != nil && m.Card.Wallet.Type != "" {
			s.Type = "wallet"
		}
	}
	return s
}

func methodType(t sdk.PaymentMethodType) string {
	switch t {
	case sdk.PaymentMethodTypeCard, "":
		return "card"
	case sdk.PaymentMethodTypePaypal:
		return "wallet"
	}
	return "bank_account"
}

func threeDS(result string) string {
	switch result {
	case "authenticated":
		return "authenticated"
	case "attempt_acknowledged":
		return "attempted"
	case "failed":
		return "failed"
	}
	return ""
}
