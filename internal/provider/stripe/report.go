package stripe

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/provider"
)

// Report implements provider.Reporter: the intents of ours that were created between the
// two times, as they stand now. Stripe lists by creation alone, so a refund of last week's
// payment is in last week's report.
func (c *Connector) Report(ctx context.Context, a provider.Account, from, to time.Time, each func(provider.Entry) error) error {
	s, err := c.client(a)
	if err != nil {
		return err
	}
	params := &sdk.PaymentIntentListParams{CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()},
		Expand: sdk.StringSlice([]string{"data.latest_charge"})}
	params.Limit = sdk.Int64(100)
	for intent, err := range s.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return failure("report", err, false)
		}
		entry, ours := entryOf(intent)
		if !ours {
			continue
		}
		if err := each(entry); err != nil {
			return err
		}
	}
	return nil
}

func entryOf(p *sdk.PaymentIntent) (provider.Entry, bool) {
	out := outcome(p)
	e := provider.Entry{Ref: provider.Ref{Key: p.Metadata[keyMetadata], Reference: p.ID, Amount: fromStripe(p.Amount, string(p.Currency))},
		State: out.State, Amount: out.Amount, Refunded: out.Refunded}
	if p.LatestCharge != nil && p.LatestCharge.Disputed {
		e.Disputed = out.Amount.Minor
	}
	return e, e.Ref.Key != "" && !untouched(p) && out.State != provider.Absent
}

// Contest implements provider.Contester and submits at once: Stripe takes one answer.
func (c *Connector) Contest(ctx context.Context, a provider.Account, dispute, evidence string) error {
	s, err := c.client(a)
	if err != nil {
		return err
	}
	if dispute == "" || evidence == "" {
		return fmt.Errorf("stripe: needs a dispute and evidence: %w", provider.ErrUnavailable)
	}
	_, err = s.V1Disputes.Update(ctx, dispute, &sdk.DisputeUpdateParams{Submit: sdk.Bool(true), Evidence: &sdk.DisputeUpdateEvidenceParams{UncategorizedText: &evidence}})
	return failure("contest", err, true)
}
