package sandbox

import (
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// event documents are the bodies of callbacks. Amounts are minor units.
type eventDoc struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Created int64       `json:"created"`
	Charge  chargeDoc   `json:"charge"`
	Refund  *refundDoc  `json:"refund,omitempty"`
	Dispute *disputeDoc `json:"dispute,omitempty"`
}

type chargeDoc struct {
	Key            string    `json:"key"`
	Reference      string    `json:"reference"`
	State          string    `json:"state"`
	Amount         int64     `json:"amount"`
	Currency       string    `json:"currency"`
	Refunded       int64     `json:"refunded"`
	RedirectURL    string    `json:"redirect_url,omitempty"`
	Decline        string    `json:"decline,omitempty"`
	IssuerResponse string    `json:"issuer_response,omitempty"`
	ThreeDS        string    `json:"three_ds,omitempty"`
	Card           *cardDoc  `json:"card,omitempty"`
	Saved          *savedDoc `json:"saved,omitempty"`
	Payer          string    `json:"payer,omitempty"`
}

type cardDoc struct {
	Brand    string `json:"brand"`
	BIN      string `json:"bin"`
	Last4    string `json:"last4"`
	Country  string `json:"country"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
}

type savedDoc struct {
	Token           string `json:"token"`
	Type            string `json:"type"`
	SchemeReference string `json:"scheme_reference"`
	Fingerprint     string `json:"fingerprint"`
}

type refundDoc struct {
	Key       string `json:"key"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
}

type disputeDoc struct {
	Reference string `json:"reference"`
	State     string `json:"state"`
	Amount    int64  `json:"amount"`
	Reason    string `json:"reason"`
	DueAt     int64  `json:"due_at"`
}

func showCharge(key string, o provider.Outcome) chargeDoc {
	d := chargeDoc{Key: key, Reference: o.Reference, State: o.State.String(), Amount: o.Amount.Minor, Currency: o.Amount.Currency,
		Refunded: o.Refunded, RedirectURL: o.RedirectURL, Decline: o.Decline, IssuerResponse: o.IssuerResponse, ThreeDS: o.ThreeDS, Payer: o.Payer}
	if o.Card.Brand != "" {
		card := cardDoc(o.Card)
		d.Card = &card
	}
	if o.Saved != nil {
		d.Saved = &savedDoc{o.Saved.Token, o.Saved.Type, o.Saved.SchemeReference, o.Saved.Fingerprint}
	}
	return d
}

func (d chargeDoc) outcome() *provider.Outcome {
	o := &provider.Outcome{State: provider.ParseState(d.State), Reference: d.Reference, Amount: money.Amount{Minor: d.Amount, Currency: d.Currency},
		Refunded: d.Refunded, Decline: d.Decline, IssuerResponse: d.IssuerResponse, ThreeDS: d.ThreeDS, Payer: d.Payer}
	if d.Card != nil {
		o.Card = provider.CardFacts(*d.Card)
	}
	if d.Saved != nil {
		o.Saved = &provider.Saved{Token: d.Saved.Token, Type: d.Saved.Type, SchemeReference: d.Saved.SchemeReference, Fingerprint: d.Saved.Fingerprint}
	}
	return o
}

// notice is the event in the words of package provider.
func (d eventDoc) notice() (provider.Notice, error) {
	amount := money.Amount{Minor: d.Charge.Amount, Currency: d.Charge.Currency}
	n := provider.Notice{ID: d.ID, Ref: provider.Ref{Key: d.Charge.Key, Reference: d.Charge.Reference, Amount: amount}}
	switch {
	case d.Type == chargeMoved:
		n.Charge = d.Charge.outcome()
	case d.Type == refundMoved && d.Refund != nil:
		n.Refund = &provider.RefundNotice{Key: d.Refund.Key, RefundOutcome: provider.RefundOutcome{State: provider.ParseState(d.Refund.State),
			Reference: d.Refund.Reference, Amount: money.Amount{Minor: d.Refund.Amount, Currency: d.Refund.Currency}}}
	case d.Type == disputeMoved && d.Dispute != nil:
		n.Dispute = &provider.Dispute{Reference: d.Dispute.Reference, Amount: money.Amount{Minor: d.Dispute.Amount, Currency: d.Charge.Currency},
			Reason: d.Dispute.Reason, DueAt: time.UnixMilli(d.Dispute.DueAt).UTC(), State: provider.DisputeState(d.Dispute.State)}
	default:
		return n, errors.New("sandbox: an event of another type")
	}
	return n, nil
}
