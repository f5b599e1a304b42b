package customer

import (
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/id"
)

// Status is where a customer stands.
type Status int64

// Active is the zero status. Restricted is GDPR Art. 18 and set by privacy alone.
const (
	Active Status = iota
	Inactive
	Restricted
)

// String is the status on the wire.
func (s Status) String() string {
	switch s {
	case Inactive:
		return "inactive"
	case Restricted:
		return "restricted"
	default:
		return "active"
	}
}

// Customer is one row with its profile opened.
type Customer struct {
	ID        int64
	Owner     int64
	OwnerName string
	UserID    int64 // the credential that created it
	Version   int64
	Facts     int64 // changes with computed fields
	Status    Status

	HasPaymentRequests bool
	TotalDeposits      int64 // minor units of the owner's base currency
	Exponent           int   // decimals of that currency
	UpdateDate         time.Time

	realm    int64
	keyID    int64
	deposits string // "EUR:500,USD:1000", as the table's rows are joined
	doc      doc
	shown    *doc // in the doc's place for whoever may not see it; nil where they may
}

// CreateDate is the millisecond in which the customer was made: its id's.
func (c *Customer) CreateDate() time.Time { return id.Time(c.ID) }

// ETag is "<version>.<facts>" in quotes (RFC 9110 §8.8.3).
func (c *Customer) ETag() string {
	tag := append(make([]byte, 0, 24), '"')
	tag = append(strconv.AppendInt(tag, c.Version, 10), '.')
	return string(append(strconv.AppendInt(tag, c.Facts, 10), '"'))
}

// Profile is what a customer told, in normal form; an empty string is null.
type Profile struct {
	Name, Email, Address, Phone, MemberID string
	// PhoneInUse is false for a number of the right shape that no one can have.
	PhoneInUse  bool
	DateOfBirth string
	Billing     *Address
	Shipping    *Address
	Preferences Preferences
	Metadata    []Pair // in the order given
	Checks      Checks
}

// Address is a postal address by its parts.
type Address struct{ Line1, Line2, City, State, PostalCode, Country string }

// Preferences are how a customer likes to pay and to be told.
type Preferences struct {
	Currency      string
	PaymentMethod string
	Language      string
	Notifications string // JSON: true, false or an object of booleans by channel; empty is null
}

// Pair is one entry of metadata.
type Pair struct{ Key, Value string }
