package payment

import (
	"context"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// Draft is a new payment request as a merchant gives it.
type Draft struct {
	Amount   string // a JSON number
	Currency string
	Expires  time.Time // zero: seven days
	ClientID int64     // wins over Inline
	Inline   strictjson.Value
	Lenient  bool
	Details
}

// Limits of the wire contract.
const (
	lifetime     = 7 * 24 * time.Hour
	longestLife  = 365 * 24 * time.Hour
	maxReference = 200
	maxNotes     = 1000
)

// Check finds every fault of a draft that needs no look at the store, and puts its texts
// into their usual form.
func (s *Service) Check(g auth.Grant, d *Draft) []fault.Field {
	c := checker{}
	c.amount(d)
	now := s.Clock.Now()
	if !d.Expires.IsZero() && (!d.Expires.After(now) || d.Expires.After(now.Add(longestLife))) {
		c.bad("/expireDate", "must be in the future and at most a year away")
	}
	c.text(&d.PayerCountry, "/payerCountry", contact.Country)
	c.text(&d.ReferenceID, "/referenceId", func(t string) (string, error) { return contact.ParseText(t, maxReference) })
	c.text(&d.Notes, "/notes", func(t string) (string, error) { return contact.ParseText(t, maxNotes) })
	c.text(&d.OriginDomain, "/originDomain", owner.ParseOrigin)
	c.address(g, &d.NotifyURL, "/notifyUrl")
	c.address(g, &d.SuccessURL, "/successUrl")
	c.address(g, &d.FailureURL, "/failureUrl")
	return c.faults
}

func (c *checker) address(g auth.Grant, to *string, path string) {
	c.text(to, path, contact.WebAddress)
	if g.Actor().Mode == auth.Live && strings.HasPrefix(*to, "http:") {
		c.bad(path, "must be https in live mode")
	}
}

type checker struct{ faults []fault.Field }

func (c *checker) bad(path, message string) {
	c.faults = append(c.faults, fault.Field{Path: path, Code: "invalid", Message: message})
}

func (c *checker) text(to *string, path string, parse func(string) (string, error)) {
	if *to == "" {
		return
	}
	parsed, err := parse(*to)
	if err != nil {
		c.bad(path, err.Error())
	}
	*to = parsed
}

// Create makes a payment request with a link to its page. keep runs in the unit.
func (s *Service) Create(ctx context.Context, g auth.Grant, d Draft, keep Keep) (*Request, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	q, first, err := s.prepare(ctx, r, d)
	if err != nil {
		return nil, err
	}
	sealed, err := q.seal(r)
	if err != nil {
		return nil, err
	}
	hash := vault.Digest(q.Token)
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := keep.begin(tx, Result{Request: q}); err != nil {
			return err
		}
		q.insert(tx, sealed)
		tx.Insert(`INSERT INTO payment_link (realm_id, request_id, hash, expires_at)`, 4, q.realm, q.ID, hash[:], q.Expires.UnixMilli())
		if first {
			customer.Requested(tx, q.realm, q.CustomerID)
		}
		s.Events.RecordOn(tx, g, event.RequestCreated, q.CustomerID, q.ID)
		return s.Audit.Add(tx, g, entry(audit.RequestCreate, q))
	})
	s.Events.Wake()
	return q, err
}

// prepare resolves the customer, the rate and the origin. first is true for a customer
// without a payment request so far.
func (s *Service) prepare(ctx context.Context, r owner.Room, d Draft) (q *Request, first bool, err error) {
	minor, err := amount(d.Amount, d.Currency)
	if err != nil {
		return nil, false, err
	}
	q = &Request{OwnerID: r.Owner.ID, OwnerName: r.Owner.Name, UserID: r.Grant.Actor().ID, Amount: minor, Details: d.Details, realm: r.Realm(), version: 1}
	q.Base.Currency = r.Owner.BaseCurrency
	if q.Rate, err = s.Rates.Between(r.Grant.Actor().Mode, q.Amount.Currency, q.Base.Currency); err != nil {
		return nil, false, err
	}
	if _, err := q.Amount.Convert(q.Rate, q.Base.Currency); err != nil {
		return nil, false, fault.OneField("/amount", "invalid", err.Error())
	}
	if err := s.checkOrigin(ctx, r, q.OriginDomain); err != nil {
		return nil, false, err
	}
	first, err = s.findPayer(ctx, r, q, d)
	if err != nil {
		return nil, false, err
	}
	q.ID, q.Token = s.IDs.Next(), vault.NewToken(s.Random)
	if q.Expires = d.Expires; q.Expires.IsZero() {
		q.Expires = q.Created().Add(lifetime)
	}
	return q, first, nil
}

func (s *Service) checkOrigin(ctx context.Context, r owner.Room, origin string) error {
	if origin == "" {
		return nil
	}
	ok, err := s.Owners.MayCome(ctx, r.Grant, origin)
	if err == nil && !ok {
		err = fault.OneField("/originDomain", "invalid", "is not among this owner's origin domains")
	}
	return err
}

// findPayer is the customer by id, or matched or created from inline fields, or nobody.
func (s *Service) findPayer(ctx context.Context, r owner.Room, q *Request, d Draft) (first bool, err error) {
	var p customer.Person
	switch {
	case d.ClientID != 0:
		p, err = s.Customers.Person(ctx, r.Grant, d.ClientID)
	case len(d.Inline.Members) > 0:
		p, err = s.Customers.MatchOrCreate(ctx, r.Grant, customer.Input{Body: d.Inline, Lenient: d.Lenient})
	default:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.Status == customer.Restricted {
		return false, restricted(p.ID)
	}
	if p.Checks.Screening.Status == customer.Confirmed {
		return false, customer.Sanctioned(p.ID)
	}
	q.CustomerID, q.key, q.keyID = p.ID, p.Key, p.Key.ID
	q.Client = Client{Name: p.Name, Email: p.Email, Address: p.Address, Phone: p.Phone, MemberID: p.MemberID}
	q.Language = p.Preferences.Language
	return !p.HasPaymentRequests, nil
}

// Link is the address of a request's payment page, "" once it can't be opened.
func (s *Service) Link(q *Request) string {
	if q.Token == "" {
		return ""
	}
	return s.PublicURL() + "/pay/" + q.Token
}
