package providertest

import (
	"testing"

	"github.com/florin-gateway/florin/internal/provider"
)

// What a charge shall meet, besides the decline reasons of package provider.
const (
	Approves   = "approves"
	Challenges = "challenges"
	TimesOut   = "times out"
)

// Book is what the provider itself has written under a key.
type Book struct {
	Charges            int // how many times money was taken or held
	Captured, Refunded int64
}

// Harness is one connector with a provider behind it that a test can steer.
type Harness struct {
	Connector provider.Connector
	Account   provider.Account
	// Stranger is the account with other secrets: what it signs is not believed.
	Stranger provider.Account
	// Failing are accounts with which a call can't succeed: unreachable, refused.
	Failing []provider.Account
	// Charge makes a charge with a new key that meets what it is named after. Challenges
	// and TimesOut may be left out of Meets.
	Charge func(t *testing.T, meets string) provider.Charge
	// Meets lists what Charge can do, besides Approves.
	Meets []string
	// Confirm is the payer saying yes on the page at an address.
	Confirm func(t *testing.T, address string)
	// Callbacks lets time pass and returns what the provider sent since the last call.
	Callbacks func(t *testing.T) []provider.Callback
	// Book reads the provider's own book.
	Book func(t *testing.T, key string) Book
	// Canaries are values that no error may hold, besides those of charges and accounts.
	Canaries []string
}

// Run holds a connector to everything that package provider promises.
func Run(t *testing.T, h Harness) {
	t.Helper()
	s := &suite{Harness: h, watched: &watched{inner: h.Connector, canaries: canaries(h)}}
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"approve", s.approve},
		{"hold and capture", s.holdAndCapture},
		{"hold and cancel", s.holdAndCancel},
		{"declines", s.declines},
		{"one key charges once", s.oneKey},
		{"one key at the same time", s.oneKeyAtOnce},
		{"refund in parts", s.refundParts},
		{"refund too much", s.refundTooMuch},
		{"one refund key", s.oneRefundKey},
		{"refunds at the same time", s.refundsAtOnce},
		{"nothing held, nothing taken", s.nothingHeld},
		{"absent is a promise", s.absent},
		{"absent against a charge", s.absentRace},
		{"late answer", s.late},
		{"challenge", s.challenge},
		{"challenge cancelled", s.challengeCancelled},
		{"callbacks", s.callbacks},
		{"hosted page", s.page},
		{"keep and forget", s.keep},
		{"failures", s.failures},
		{"errors hold nothing", s.errorsHoldNothing},
	} {
		t.Run(part.name, part.run)
	}
}
