package provider

import (
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/money"
)

// Charge is what a provider is asked to take. One of Card, Token and Wallet says from
// where; none of them on a provider's own page.
type Charge struct {
	Key       string // ours, the same when the call is made again
	RequestID int64  // the payment request
	Amount    money.Amount
	Method    Kind
	Capture   bool // take at once; false only holds
	Card      *card.Card
	Token     string // a saved method of this provider
	Wallet    *Wallet
	Save      bool   // keep the method for later
	Payer     string // the provider's id of the customer from an earlier Outcome, or ""
	// MerchantInitiated is a saved method charged without the customer being there, with
	// the scheme's reference of the payment that saved it.
	MerchantInitiated bool
	SchemeReference   string
	ThreeDS           bool // a challenge is wanted whatever the issuer thinks
	ReturnURL         string
	CancelURL         string
	Language          string // of the payer, BCP 47
	Billing           Billing
	Browser           Browser
}

// Billing is what the payer told about themselves. Connectors pass it on and keep none.
type Billing struct{ Name, Email, Phone, Line1, City, State, PostalCode, Country string }

// Browser is what EMV 3-D Secure 2 asks about the payer's browser.
type Browser struct {
	AcceptHeader, IP, Language, UserAgent string
	ColorDepth, ScreenHeight, ScreenWidth int
	Timezone                              int // minutes from UTC, as the browser tells it
	Java, JavaScript                      bool
}

// Wallet is a cryptogram of a device wallet, good for one payment.
type Wallet struct {
	Type       string // APPLE_PAY or GOOGLE_PAY
	Cryptogram card.Cryptogram
	XID, ECI   string
}

// Ref names a charge to its provider.
type Ref struct {
	Key       string // ours
	Reference string // the provider's, "" if it was never told
	Amount    money.Amount
}

// State is where a charge stands.
type State uint8

// Unknown must be asked again; Absent never reached the provider and never will.
const (
	Unknown    State = iota
	Absent           // the provider does not know the key and will not act on it
	Challenge        // the payer must go to RedirectURL
	Pending          // the provider is working on it
	Authorised       // held, not taken
	Approved         // taken
	Declined         // refused; the payer may try again
	Cancelled        // given back, or ended before anything was taken
)

// String is the state for logs and the trail.
func (s State) String() string {
	return [...]string{"unknown", "absent", "challenge", "pending", "authorised", "approved", "declined", "cancelled"}[min(s, Cancelled)]
}

// ParseState reads what String wrote; Unknown for any other word.
func ParseState(word string) State {
	for s := Unknown; s <= Cancelled; s++ {
		if s.String() == word {
			return s
		}
	}
	return Unknown
}

// Outcome is how a charge stands and what is known of the method.
type Outcome struct {
	State          State
	Reference      string
	Amount         money.Amount // as the provider has it; zero if it does not say
	Refunded       int64        // of it, if the provider says
	RedirectURL    string
	Decline        string // one of the Decline… reasons
	IssuerResponse string // the issuer's own code, printable ASCII of at most 40
	ThreeDS        string // authenticated, attempted, failed or ""
	Card           CardFacts
	Saved          *Saved
	Payer          string
}

// CardFacts are what may be shown of a card (PCI DSS 3.4.1).
type CardFacts struct {
	Brand, BIN, Last4, Country string
	ExpMonth, ExpYear          int
}

// Saved is a method that the provider keeps for us.
type Saved struct {
	Token           string
	Type            string // card, wallet, bank_account, upi, crypto
	SchemeReference string
	// Fingerprint recognises the same card under another token, as the provider tells it;
	// "" where it doesn't.
	Fingerprint string
}

// Decline reasons, the same for every provider; the words that integrators already know.
const (
	DoNotHonor         = "do_not_honor"
	InsufficientFunds  = "insufficient_funds"
	LostCard           = "lost_card"
	StolenCard         = "stolen_card"
	ExpiredCard        = "expired_card"
	IncorrectCVC       = "incorrect_cvc"
	IncorrectNumber    = "incorrect_number"
	AuthenticationFail = "authentication_failed"
	Fraud              = "suspected_fraud"
	LimitExceeded      = "limit_exceeded"
	NotPermitted       = "not_permitted"
	MethodUnusable     = "payment_method_unusable"
	ProviderError      = "provider_error"
	GenericDecline     = "generic_decline"
)

// RefundOrder gives money back.
type RefundOrder struct {
	Key    string // ours, the same when the call is made again
	Ref    Ref
	Amount money.Amount
}

// RefundOutcome is how a refund stands: Approved is done, Declined is refused for good,
// Pending and Unknown are asked again.
type RefundOutcome struct {
	State     State
	Reference string
	Amount    money.Amount
}
