package customer

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// doc is a profile as JSON in the shape of the answer, in the two runs that stand on
// either side of the computed fields. It is what is sealed.
type doc struct {
	phoneInUse bool
	first      []byte // "name":…,"email":…,"address":…,"phone":…,"memberId":…
	rest       []byte // "dateOfBirth":…, … ,"metadata":{…}
	checks     []byte // {"email":…,"phone":…,"identity":…,"screening":…}; nil if nothing was checked
}

func newDoc(p Profile) doc {
	b := make([]byte, 0, 512)
	b = member(b, "", "name", p.Name)
	b = member(b, ",", "email", p.Email)
	b = member(b, ",", "address", p.Address)
	b = member(b, ",", "phone", p.Phone)
	b = member(b, ",", "memberId", p.MemberID)
	split := len(b)
	b = member(b, "", "dateOfBirth", p.DateOfBirth)
	b = addressMember(b, "billingAddress", p.Billing)
	b = addressMember(b, "shippingAddress", p.Shipping)
	b = preferencesMember(b, p.Preferences)
	b = metadataMember(b, p.Metadata)
	return doc{p.PhoneInUse, b[:split:split], b[split:], p.checksJSON()}
}

func member(b []byte, before, name, value string) []byte {
	b = append(append(append(append(b, before...), '"'), name...), `":`...)
	if value == "" {
		return append(b, "null"...)
	}
	return strictjson.AppendString(b, value)
}

func addressMember(b []byte, name string, a *Address) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	if a == nil {
		return append(b, "null"...)
	}
	b = member(b, "{", "line1", a.Line1)
	b = member(b, ",", "line2", a.Line2)
	b = member(b, ",", "city", a.City)
	b = member(b, ",", "state", a.State)
	b = member(b, ",", "postalCode", a.PostalCode)
	b = member(b, ",", "country", a.Country)
	return append(b, '}')
}

func preferencesMember(b []byte, p Preferences) []byte {
	b = append(b, `,"preferences":`...)
	b = member(b, "{", "currency", p.Currency)
	b = append(b, `,"notifications":`...)
	if p.Notifications == "" {
		b = append(b, "null"...)
	}
	b = append(b, p.Notifications...)
	b = member(b, ",", "paymentMethod", p.PaymentMethod)
	b = member(b, ",", "language", p.Language)
	return append(b, '}')
}

func metadataMember(b []byte, pairs []Pair) []byte {
	b = append(b, `,"metadata":{`...)
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strictjson.AppendString(b, p.Key)
		b = append(b, ':')
		b = strictjson.AppendString(b, p.Value)
	}
	return append(b, '}')
}

// bytes is the plain text that is sealed: a flag, the first run, a line feed (which
// JSON strings never hold unescaped), the rest, and after one more what was checked.
func (d doc) bytes() []byte {
	b := make([]byte, 0, 3+len(d.first)+len(d.rest)+len(d.checks))
	flag := byte('-')
	if d.phoneInUse {
		flag = '+'
	}
	b = append(append(b, flag), d.first...)
	b = append(append(b, '\n'), d.rest...)
	if d.checks == nil {
		return b
	}
	return append(append(b, '\n'), d.checks...)
}

var errDoc = errors.New("customer: a stored profile is damaged")

func parseDoc(plain []byte) (doc, error) {
	end := bytes.IndexByte(plain, '\n')
	if end < 1 {
		return doc{}, errDoc
	}
	rest, checks, checked := bytes.Cut(plain[end+1:], []byte{'\n'})
	if !checked {
		checks = nil
	}
	return doc{plain[0] == '+', plain[1:end:end], rest, checks}, nil
}

// DocJSON gives what was sealed of a profile as one JSON object.
func DocJSON(plain []byte) ([]byte, error) {
	d, err := parseDoc(plain)
	if err != nil {
		return nil, err
	}
	return d.json(), nil
}

func (d doc) json() []byte {
	text := append(append(append([]byte{'{'}, d.first...), ','), d.rest...)
	if d.checks != nil {
		text = append(append(text, `,"verification":`...), d.checks...)
	}
	return append(text, '}')
}

// Profile parses the sealed profile back, for a change of it.
func (c *Customer) Profile() (Profile, error) {
	v, err := c.doc.value()
	if err != nil {
		return Profile{}, err
	}
	return profileOf(v, c.doc.phoneInUse), nil
}

// mask puts a masked profile where AppendJSON looks.
func (c *Customer) mask() error {
	p, err := c.Profile()
	if err != nil {
		return err
	}
	masked := newDoc(p.Masked())
	c.shown = &masked
	return nil
}

func (d doc) value() (strictjson.Value, error) {
	v, err := strictjson.Parse(d.json())
	if err != nil {
		return v, errDoc
	}
	return v, nil
}

// timeFormat is RFC 3339 in UTC, always three decimals.
const timeFormat = "2006-01-02T15:04:05.000Z"

func appendTime(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), timeFormat), '"')
}

// AppendJSON writes the customer as clients see it, the seed's twelve fields first
// and in the seed's order.
func (c *Customer) AppendJSON(b []byte) []byte {
	profile := &c.doc
	if c.shown != nil {
		profile = c.shown
	}
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, c.ID, 10)
	b = append(b, `,"ownerId":`...)
	b = strconv.AppendInt(b, c.Owner, 10)
	b = append(b, `,"userId":`...)
	b = strconv.AppendInt(b, c.UserID, 10)
	b = append(b, `,"ownerName":`...)
	b = strictjson.AppendString(b, c.OwnerName)
	b = append(append(b, ','), profile.first...)
	b = append(b, `,"hasPaymentRequests":`...)
	b = strconv.AppendBool(b, c.HasPaymentRequests)
	b = append(b, `,"totalDeposits":`...)
	b = money.Append(b, c.TotalDeposits, c.Exponent)
	b = appendTime(append(b, `,"createDate":`...), c.CreateDate())
	b = append(append(b, ','), profile.rest...)
	b = append(b, `,"status":"`...)
	b = append(b, c.Status.String()...)
	b = append(b, `","verification":`...)
	b = c.appendVerification(b)
	b = append(b, `,"depositsByCurrency":{`...)
	b = appendDeposits(b, c.deposits)
	b = append(b, `},"updateDate":`...)
	b = appendTime(b, c.UpdateDate)
	b = append(b, `,"version":`...)
	b = strconv.AppendInt(b, c.Version, 10)
	return append(b, '}')
}

// appendVerification tells what is known of each way of reaching the customer.
func (c *Customer) appendVerification(b []byte) []byte {
	if c.doc.checks != nil {
		return append(b, c.doc.checks...)
	}
	const state = `{"status":"unverified","time":null,"provider":null,"reference":null}`
	const invalid = `{"status":"invalid","time":null,"provider":null,"reference":null}`
	phone := state
	if !c.doc.phoneInUse && !bytes.Contains(c.doc.first, []byte(`"phone":null`)) {
		phone = invalid
	}
	b = append(append(b, `{"email":`...), state...)
	b = append(append(b, `,"phone":`...), phone...)
	b = append(append(b, `,"identity":`...), state...)
	return append(b, `,"screening":{"status":"unscreened","time":null,"provider":null,"reference":null}}`...)
}

// FieldNames are the members of a customer on the wire, in order.
func FieldNames() []string {
	return []string{"id", "ownerId", "userId", "ownerName", "name", "email", "address", "phone", "memberId",
		"hasPaymentRequests", "totalDeposits", "createDate", "dateOfBirth", "billingAddress", "shippingAddress",
		"preferences", "metadata", "status", "verification", "depositsByCurrency", "updateDate", "version"}
}

// AppendFields writes only the named members, in the usual order.
func (c *Customer) AppendFields(b []byte, fields []string) ([]byte, error) {
	if len(fields) == 0 {
		return c.AppendJSON(b), nil
	}
	all, err := strictjson.Parse(c.AppendJSON(nil))
	if err != nil {
		return b, errDoc
	}
	some := strictjson.Value{Kind: strictjson.Object}
	for _, m := range all.Members {
		for _, f := range fields {
			if f == m.Name {
				some.Members = append(some.Members, m)
			}
		}
	}
	return some.Append(b), nil
}
