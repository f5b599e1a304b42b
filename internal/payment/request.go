package payment

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Status is paymentRequestStatusId of the wire.
type Status int64

// The vendor's numbers (wire contract, section 5). Archived is a view of 1, 2 and 3 and
// stands in no row.
const (
	Waiting Status = iota
	Paid
	Unpaid
	Cancelled
	Pending
	Archived
)

// Transaction is transactionStatusId of the wire.
type Transaction int64

// The vendor's numbers.
const (
	NoTransaction Transaction = iota
	Approved
	Declined
	InProgress
)

// Request is one payment request.
type Request struct {
	ID          int64
	OwnerID     int64
	OwnerName   string
	CustomerID  int64
	UserID      int64
	Status      Status
	Archived    bool
	Transaction Transaction
	Amount      money.Amount
	Rate        money.Rate // to the owner's base currency
	Base        money.Amount
	Fee         int64
	Refunded    int64
	ChargedBack int64
	Attempts    int64
	AttemptID   int64
	ProviderID  int64
	MethodID    int64
	Kind        string
	Reference   string // the provider's number of the transaction
	Log         LogLine
	Expires     time.Time
	PaidAt      time.Time
	Erased      bool // the customer's key is gone: no Details
	Details

	realm           int64
	key             vault.Subject
	keyID           int64
	version         int64
	refunding       int64
	baseRefunded    int64
	baseChargedBack int64
}

// Details are what is sealed under the customer's key, or the owner's without one.
type Details struct {
	PayerCountry string `json:"payerCountry,omitempty"`
	ReferenceID  string `json:"referenceId,omitempty"`
	Notes        string `json:"notes,omitempty"`
	Client       Client `json:"client,omitzero"`
	NotifyURL    string `json:"notifyUrl,omitempty"`
	SuccessURL   string `json:"successUrl,omitempty"`
	FailureURL   string `json:"failureUrl,omitempty"`
	OriginDomain string `json:"originDomain,omitempty"`
	Token        string `json:"token"` // of the link
	Language     string `json:"language,omitempty"`

	// Of the last attempt.
	CardBIN   string `json:"cardBin,omitempty"`
	CardLast4 string `json:"cardLast4,omitempty"`
	CardBrand string `json:"cardBrand,omitempty"`
	ThreeDS   string `json:"threeDs,omitempty"`
	Device    string `json:"device,omitempty"`
	Browser   string `json:"browser,omitempty"`
	OS        string `json:"os,omitempty"`
}

// Client is the customer as they were when the request was made.
type Client struct {
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Address  string `json:"address,omitempty"`
	Phone    string `json:"phone,omitempty"`
	MemberID string `json:"memberId,omitempty"`
}

// LogLine is the last step of a request.
type LogLine struct {
	ID   int64 // 0: none yet
	Code string
}

// Created is when the request was made.
func (q *Request) Created() time.Time { return id.Time(q.ID) }

// Shown is the status on the wire.
func (q *Request) Shown() Status {
	if q.Archived {
		return Archived
	}
	return q.Status
}

// Net is what is left of the amount after the fee.
func (q *Request) Net() int64 { return q.Amount.Minor - q.Fee }

// refundable is what may still be given back.
func (q *Request) refundable() int64 {
	return q.Amount.Minor - q.Refunded - q.refunding - q.ChargedBack
}

// payable reports whether a payer may try now.
func (q *Request) payable(now time.Time) bool {
	return (q.Status == Waiting || q.Status == Unpaid) && !q.Archived && now.Before(q.Expires)
}

// NotFound is the answer for a request that does not exist for this caller.
func NotFound(requestID int64) *fault.Error {
	return fault.New(fault.NotFound, fault.RequestNotFound, "Payment request with ID "+strconv.FormatInt(requestID, 10)+" not found")
}

// processed is the answer for a request that is past what was asked of it.
func processed(message string) *fault.Error {
	return fault.New(fault.Conflict, fault.AlreadyProcessed, message)
}

const columns = `q.id, q.customer_id, q.key_id, q.user_id, q.version, q.status, q.archived, q.transaction_status, q.amount, q.currency, q.base_currency,
	q.rate, q.base_amount, q.fee, q.refunded, q.base_refunded, q.refunding, q.charged_back, q.base_charged_back, q.attempts, q.attempt_id,
	q.provider_id, q.method_id, q.kind, q.reference, q.log_id, q.log_code, q.expires_at, q.paid_at, q.doc`

// scan reads a row, and what more its statement asked for; its details stay sealed.
func scan(r owner.Room, line db.Row, more ...any) (q *Request, sealed []byte, err error) {
	q = &Request{realm: r.Realm(), OwnerID: r.Owner.ID, OwnerName: r.Owner.Name}
	var status, archived, transaction, expires, paid int64
	var rate string
	err = line.Scan(append([]any{&q.ID, &q.CustomerID, &q.keyID, &q.UserID, &q.version, &status, &archived, &transaction, &q.Amount.Minor, &q.Amount.Currency,
		&q.Base.Currency, &rate, &q.Base.Minor, &q.Fee, &q.Refunded, &q.baseRefunded, &q.refunding, &q.ChargedBack, &q.baseChargedBack,
		&q.Attempts, &q.AttemptID, &q.ProviderID, &q.MethodID, &q.Kind, &q.Reference, &q.Log.ID, &q.Log.Code, &expires, &paid, &sealed}, more...)...)
	q.Status, q.Archived, q.Transaction, q.Rate = Status(status), archived != 0, Transaction(transaction), money.Rate(rate)
	q.Expires = time.UnixMilli(expires).UTC()
	if paid != 0 {
		q.PaidAt = time.UnixMilli(paid).UTC()
	}
	return q, sealed, err
}

// open decrypts the details. Without the customer's key there are none.
func (q *Request) open(r owner.Room, key vault.Subject, sealed []byte) error {
	if q.key = key; len(sealed) == 0 {
		q.Erased = true
		return nil
	}
	plain, err := r.Open(key, r.Place("payment_request", q.ID, "doc"), sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &q.Details)
}

func (q *Request) seal(r owner.Room) ([]byte, error) {
	if q.Erased {
		return []byte{}, nil
	}
	plain, err := json.Marshal(q.Details)
	if err != nil {
		return nil, err
	}
	return r.Seal(q.key, r.Place("payment_request", q.ID, "doc"), plain)
}

// errAgain says that somebody else moved the request meanwhile.
var errAgain = errors.New("payment: moved meanwhile")

// isMoved reports whether a unit failed because somebody else moved what it moves.
func isMoved(err error) bool { return errors.Is(err, errAgain) || db.IsNull(err, "payment_request") }

// insert queues a new row.
func (q *Request) insert(tx *db.Tx, sealed []byte) {
	const none, start = int64(0), int64(1)
	tx.Insert(`INSERT INTO payment_request (realm_id, id, customer_id, key_id, user_id, version, was, status, archived, transaction_status, amount, currency,
		base_currency, rate, base_amount, fee, refunded, base_refunded, refunding, charged_back, base_charged_back, attempts, attempt_id,
		provider_id, method_id, kind, reference, log_id, log_code, expires_at, paid_at, doc)`, 32,
		q.realm, q.ID, q.CustomerID, q.key.ID, q.UserID, start, none, none, none, none, q.Amount.Minor, q.Amount.Currency, q.Base.Currency, string(q.Rate),
		none, none, none, none, none, none, none, none, none, none, none, "", "", none, "", q.Expires.UnixMilli(), none, sealed)
}

// move queues the request's next version, on condition that nobody moved it since it was
// read: else the version would become NULL, which its column refuses, and the unit fails
// as isMoved tells. A count of changed rows would say the same and cost PostgreSQL two
// round trips and the group its common commit. Rows of payment_request are never deleted.
// The move itself must be one of the constraint payment_move. A zero-length doc stays one: the customer
// was erased.
func (q *Request) move(tx *db.Tx, sealed []byte) {
	paid := int64(0)
	if !q.PaidAt.IsZero() {
		paid = q.PaidAt.UnixMilli()
	}
	tx.Exec(`UPDATE payment_request SET version = CASE WHEN version = $24 THEN version + 1 END, was = status, status = $3, archived = $4, transaction_status = $5, rate = $6,
		base_amount = $7, fee = $8, refunded = $9, base_refunded = $10, refunding = $11, charged_back = $12, base_charged_back = $13, attempts = $14,
		attempt_id = $15, provider_id = $16, method_id = $17, kind = $18, reference = $19, log_id = $20, log_code = $21, paid_at = $22, doc = $23
		WHERE realm_id = $1 AND id = $2`,
		q.realm, q.ID, int64(q.Status), db.Flag(q.Archived), int64(q.Transaction), string(q.Rate), q.Base.Minor, q.Fee, q.Refunded, q.baseRefunded,
		q.refunding, q.ChargedBack, q.baseChargedBack, q.Attempts, q.AttemptID, q.ProviderID, q.MethodID, q.Kind, q.Reference, q.Log.ID, q.Log.Code, paid, sealed, q.version)
}

// next is the request as the move that was just committed left it.
func (q *Request) next() *Request {
	moved := *q
	moved.version++
	return &moved
}

// Kinds of log lines: the code of a step, and its transaction status.
const (
	codeStarted   = "started"
	codeChallenge = "challenge"
	codePending   = "pending"
	codeHeld      = "authorised"
	codeApproved  = "approved"
	codeCancelled = "cancelled"
	codeReleased  = "released"
	codeExpired   = "expired"
	codeLate      = "late_approval"
	codeReversed  = "reversed"
	codeUnequal   = "amount_mismatch"
	codeAbsent    = "not_received"
	codeRefund    = "refunded"
	codeRefunding = "refund_pending"
	codeNoRefund  = "refund_failed"
	codeDispute   = "chargeback"
	codeWon       = "chargeback_won"
	codeLost      = "chargeback_lost"
)

// messages are the codes of log lines for people. immutable: read by Message alone.
var messages = map[string]string{
	"": "", codeStarted: "The payment was sent to the provider", codeChallenge: "The customer must confirm the payment", codePending: "The provider is working on it",
	codeHeld: "The amount is held", codeApproved: "The payment was approved", codeCancelled: "The attempt was cancelled", codeReleased: "The request was released",
	codeExpired: "The request expired", codeLate: "An approval came too late and is given back", codeReversed: "The late approval was given back",
	codeUnequal: "The provider told another amount than asked", codeAbsent: "The payment did not reach the provider", codeRefund: "Money was given back",
	codeRefunding: "A refund is under way", codeNoRefund: "The provider refused a refund", codeDispute: "The customer's bank took the money back",
	codeWon: "A chargeback was won", codeLost: "A chargeback was lost",
}

// Message is what a log line's code means, for people.
func Message(code string) string {
	if text, ok := messages[code]; ok {
		return text
	}
	return DeclineText(code)
}

// declineTexts are the reasons of declines for people. immutable: read by DeclineText alone.
var declineTexts = map[string]string{
	"do_not_honor": "The card was declined by its bank", "insufficient_funds": "The card has insufficient funds", "lost_card": "The card was reported lost",
	"stolen_card": "The card was reported stolen", "expired_card": "The card has expired", "incorrect_cvc": "The card's security code is incorrect",
	"incorrect_number": "The card number is incorrect", "authentication_failed": "The payment was not confirmed", "suspected_fraud": "The payment was declined",
	"limit_exceeded": "The card's limit is exceeded", "not_permitted": "The card does not allow this payment",
	"payment_method_unusable": "The saved payment method can't be used any more", "provider_error": "The payment provider could not process the payment",
}

// DeclineText is a decline reason for people.
func DeclineText(reason string) string {
	if text, ok := declineTexts[reason]; ok {
		return text
	}
	return "The payment was declined"
}

// step sets the request's last line and queues it.
func (s *Service) step(tx *db.Tx, q *Request, code string, a money.Amount) {
	q.Log = LogLine{ID: s.IDs.Next(), Code: code}
	tx.Insert(`INSERT INTO payment_log (realm_id, request_id, id, customer_id, attempt_id, provider_id, transaction_status, code, amount, currency)`, 10, q.realm, q.ID, q.Log.ID, q.CustomerID, q.AttemptID, q.ProviderID, int64(q.Transaction), code, a.Minor, a.Currency)
}

func oneOf[T comparable](value T, all ...T) bool { return slices.Contains(all, value) }
