package stripe

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/florin-gateway/florin/internal/provider"
)

const signatureHeader = "Stripe-Signature"

func unbelieved(why string) error { return fmt.Errorf("stripe: %s: %w", why, provider.ErrCallback) }

// ParseCallback implements provider.Connector. The library checks the signature; the age is
// ours to check, by the clock that came with the callback. Events that say nothing of a
// charge, a refund or a dispute are believed and told nothing of.
func (c *Connector) ParseCallback(a provider.Account, cb provider.Callback) ([]provider.Notice, error) {
	header, secret := cb.Header.Get(signatureHeader), a.Secrets[WebhookSecret].Reveal()
	if secret == "" {
		return nil, unbelieved("the account has no webhook secret")
	}
	event, err := webhook.ConstructEventWithOptions(cb.Body, header, secret, webhook.ConstructEventOptions{IgnoreTolerance: true, IgnoreAPIVersionMismatch: true})
	if err != nil {
		return nil, unbelieved("wrong signature, or no event")
	}
	if cb.Now.Sub(sentAt(header)).Abs() > provider.CallbackWindow {
		return nil, unbelieved("outside the time window")
	}
	if event.Livemode != live(a) {
		return nil, unbelieved("an event of the other mode")
	}
	if event.Data == nil || event.ID == "" {
		return nil, unbelieved("an event without an object")
	}
	return notices(event)
}

// sentAt is the time that the signature covers. The library takes the last t of the header,
// and so do we.
func sentAt(header string) time.Time {
	at := int64(0)
	for part := range strings.SplitSeq(header, ",") {
		if text, found := strings.CutPrefix(part, "t="); found {
			at, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	return time.Unix(at, 0)
}

func notices(event sdk.Event) ([]provider.Notice, error) {
	n := provider.Notice{ID: event.ID}
	var err error
	switch kind := string(event.Type); {
	case strings.HasPrefix(kind, "payment_intent."):
		err = chargeNotice(&n, event.Data.Raw)
	case strings.HasPrefix(kind, "setup_intent."):
		err = setupNotice(&n, event.Data.Raw)
	case kind == "checkout.session.expired":
		err = expiredNotice(&n, event.Data.Raw)
	case strings.HasPrefix(kind, "refund."):
		err = refundNotice(&n, event.Data.Raw)
	case strings.HasPrefix(kind, "charge.dispute."):
		err = disputeNotice(&n, event.Data.Raw)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, unbelieved("the event's object can't be read")
	}
	if n.Ref.Key == "" && n.Refund == nil && n.Dispute == nil {
		return nil, nil // made in Stripe's panel or by another program: not ours
	}
	return []provider.Notice{n}, nil
}

func chargeNotice(n *provider.Notice, raw json.RawMessage) error {
	var p sdk.PaymentIntent
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	out := outcome(&p)
	if untouched(&p) || out.State == provider.Absent {
		return nil // payment_intent.created, or a key that we closed ourselves
	}
	n.Ref = provider.Ref{Key: p.Metadata[keyMetadata], Reference: p.ID, Amount: out.Amount}
	n.Charge = &out
	return nil
}

func setupNotice(n *provider.Notice, raw json.RawMessage) error {
	var p sdk.SetupIntent
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	out := setupOutcome(&p)
	if out.State == provider.Unknown {
		return nil
	}
	n.Ref = provider.Ref{Key: p.Metadata[keyMetadata], Reference: p.ID}
	n.Charge = &out
	return nil
}

func expiredNotice(n *provider.Notice, raw json.RawMessage) error {
	var p sdk.CheckoutSession
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	out := provider.Outcome{State: provider.Cancelled, Reference: p.ID, Amount: fromStripe(p.AmountTotal, string(p.Currency))}
	n.Ref = provider.Ref{Key: p.Metadata[keyMetadata], Reference: p.ID, Amount: out.Amount}
	n.Charge = &out
	return nil
}

func refundNotice(n *provider.Notice, raw json.RawMessage) error {
	var r sdk.Refund
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	n.Ref = provider.Ref{Key: r.Metadata[chargeMetadata], Reference: intentID(r.PaymentIntent)}
	n.Refund = &provider.RefundNotice{Key: r.Metadata[keyMetadata], RefundOutcome: refundOutcome(&r)}
	return nil
}

func intentID(p *sdk.PaymentIntent) string {
	if p == nil {
		return ""
	}
	return p.ID
}

func disputeNotice(n *provider.Notice, raw json.RawMessage) error {
	var d sdk.Dispute
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	n.Ref = provider.Ref{Reference: intentID(d.PaymentIntent)}
	n.Dispute = &provider.Dispute{Reference: d.ID, Amount: fromStripe(d.Amount, string(d.Currency)), Reason: word(string(d.Reason)), State: disputeState(d.Status)}
	if d.EvidenceDetails != nil && d.EvidenceDetails.DueBy > 0 {
		n.Dispute.DueAt = time.Unix(d.EvidenceDetails.DueBy, 0).UTC()
	}
	return nil
}

// disputeState: an inquiry that was closed, and a dispute that was prevented, take nothing.
func disputeState(s sdk.DisputeStatus) provider.DisputeState {
	switch s {
	case sdk.DisputeStatusWon, sdk.DisputeStatusWarningClosed, sdk.DisputeStatusPrevented:
		return provider.DisputeWon
	case sdk.DisputeStatusLost:
		return provider.DisputeLost
	}
	return provider.DisputeOpen
}
