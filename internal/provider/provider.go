package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
)

// Connector is one kind of provider. Methods are safe for concurrent use, end when ctx
// does, and never put a value of the payer or the card into an error.
type Connector interface {
	// Authorise asks for money: takes it at once (Charge.Capture) or holds it.
	Authorise(context.Context, Account, Charge) (Outcome, error)
	// Capture takes what was held.
	Capture(context.Context, Account, Ref) (Outcome, error)
	// Cancel gives back what was held, or ends a challenge. The outcome is Cancelled, or
	// what had happened before.
	Cancel(context.Context, Account, Ref) (Outcome, error)
	// Refund gives back what was taken, whole or in part. Made again with the same key it
	// tells how that refund stands.
	Refund(context.Context, Account, RefundOrder) (RefundOutcome, error)
	// Fetch tells how a charge stands. Absent promises that the provider does not know the
	// key and will not act on it any more.
	Fetch(context.Context, Account, Ref) (Outcome, error)
	// ParseCallback verifies a callback on its raw bytes and reads it. An error that wraps
	// ErrCallback changes nothing and is answered 401.
	ParseCallback(Account, Callback) ([]Notice, error)
}

// HostedPage is a connector that has a page of its own for the payer, which keeps card
// data away from us (PCI DSS SAQ A).
type HostedPage interface {
	// Page answers a Challenge whose RedirectURL is the provider's page.
	Page(context.Context, Account, Charge) (Outcome, error)
}

// Keeper is a connector that keeps payment methods and payers.
type Keeper interface {
	// Keep saves a method without a payment: a card, or a token that the provider's own
	// form gave to the browser.
	Keep(context.Context, Account, Charge) (Outcome, error)
	// Forget removes a saved method at the provider; one that is gone is no error.
	Forget(ctx context.Context, a Account, token string) error
	// ForgetPayer removes the payer and all that is kept of them (GDPR Art. 17, 19).
	ForgetPayer(ctx context.Context, a Account, payer string) error
}

// Reporter is a connector that can list what it did, for the daily reconciliation.
type Reporter interface {
	Report(ctx context.Context, a Account, from, to time.Time, each func(Entry) error) error
}

// Contester is a connector that takes evidence in a dispute.
type Contester interface {
	Contest(ctx context.Context, a Account, dispute string, evidence string) error
}

// Kind is a way of paying, in the vendor's words.
type Kind string

// The kinds of the wire contract, section 5.
const (
	CreditCard     Kind = "CREDIT_CARD"
	ApplePay       Kind = "APPLE_PAY"
	GooglePay      Kind = "GOOGLE_PAY"
	UPI            Kind = "UPI"
	BankTransfer   Kind = "BANK_TRANSFER"
	Cryptocurrency Kind = "CRYPTOCURRENCY"
	PayPal         Kind = "PAYPAL"
)

// Kinds lists every way of paying.
func Kinds() []Kind {
	return []Kind{CreditCard, ApplePay, GooglePay, UPI, BankTransfer, Cryptocurrency, PayPal}
}

// About is what a kind of connector says of itself.
type About struct {
	Kind        string // "stripe": its name in /providers and in callback addresses
	Title       string
	Methods     []Kind
	Credentials []Field
	TestOnly    bool // refused for live keys
}

// Field is one credential or setting that an account has.
type Field struct {
	Name     string
	Doc      string
	Secret   bool // write-only: never shown again
	Required bool
	Pattern  string // a regular expression, "" for any text
	// Check finds the faults of a value that is a document of its own; nil for none. Paths
	// are JSON pointers into it.
	Check func(value string) []fault.Field
}

// Registered is a connector and what it says of itself.
type Registered struct {
	About     About
	Connector Connector
}

// Registry is every kind of connector, by its name.
type Registry map[string]Registered

// Account is one owner's access to a provider, in one mode.
type Account struct {
	ID          int64 // paymentProviderId on the wire
	Owner       int64
	Realm       int64
	Mode        auth.Mode
	Kind        string
	CallbackURL string // where the provider reaches us for this account
	Settings    map[string]string
	Secrets     map[string]Secret
}

// Secret is a credential of a provider. It has no printable form.
type Secret struct{ text string }

// NewSecret hides a credential.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the credential to a connector.
func (s Secret) Reveal() string { return s.text }

// String hides it.
func (Secret) String() string { return "[provider secret]" }

// GoString hides it.
func (Secret) GoString() string { return "[provider secret]" }

// MarshalText refuses.
func (Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("provider: a secret can't be marshalled")
}

// ErrUnavailable promises that the provider did nothing: it could not be reached, or it
// refused our credentials, or it does not take this kind of charge.
var ErrUnavailable = errors.New("provider: unavailable, nothing happened")

// ErrCallback says that a callback can't be believed: wrong signature, too old, not ours.
var ErrCallback = errors.New("provider: the callback can't be verified")

// Callback is what came to the callback address, unread.
type Callback struct {
	Header http.Header
	Query  url.Values
	Body   []byte
	Now    time.Time
}

// CallbackWindow is how old a signed callback may be.
const CallbackWindow = 300 * time.Second

// Notice is one thing that a callback tells. Exactly one of Charge, Refund and Dispute is
// set.
type Notice struct {
	ID      string // the provider's id of the event, the same when it is sent again
	Ref     Ref
	Charge  *Outcome
	Refund  *RefundNotice
	Dispute *Dispute
}

// RefundNotice is a refund as the provider tells it, also one that was made in the
// provider's own panel: then Key is empty.
type RefundNotice struct {
	Key string
	RefundOutcome
}

// DisputeState is where a chargeback stands.
type DisputeState string

// An open dispute takes the money away until it is won.
const (
	DisputeOpen DisputeState = "open"
	DisputeWon  DisputeState = "won"
	DisputeLost DisputeState = "lost"
)

// Dispute is a chargeback as the provider tells it.
type Dispute struct {
	Reference string
	Amount    money.Amount
	Reason    string // the scheme's word, printable ASCII
	DueAt     time.Time
	State     DisputeState
}

// Entry is one line of a provider's own report.
type Entry struct {
	Ref      Ref
	State    State
	Amount   money.Amount
	Refunded int64
	Disputed int64
}
