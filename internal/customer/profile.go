package customer

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Limits of the wire contract, section 3.
const (
	maxAddress       = 500
	maxMemberID      = 100
	maxPart          = 200
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// rules are what checking a profile needs besides the profile.
type rules struct {
	phones        *contact.PhoneParser
	defaultRegion string
	strictPhone   bool
	today         time.Time
	current       Profile // what is stored now: an unchanged phone is not judged again
	drop          bool    // what is not collected is left out, and not refused
	lenient       bool    // RFC 7240 handling=lenient: unknown members are ignored
}

// ReadOnly lists members that clients may send and that are ignored: the vendor's
// own example sends most of them.
func ReadOnly() []string {
	return []string{"id", "ownerId", "userId", "ownerName", "hasPaymentRequests", "totalDeposits", "createDate",
		"verification", "depositsByCurrency", "updateDate", "version"}
}

// Typed reports the members that the card guard leaves to their own parsers.
func Typed(name string) bool {
	return name == "phone" || name == "dateOfBirth" || slices.Contains(ReadOnly(), name)
}

// reader checks one body and collects every fault of it.
type reader struct {
	rules
	profile Profile
	status  *Status
	faults  []fault.Field
}

func (r *reader) bad(path, code, message string) {
	r.faults = append(r.faults, fault.Field{Path: path, Code: code, Message: message})
}

// read checks a whole profile given as JSON members.
func (r *reader) read(v strictjson.Value) {
	if v.Kind != strictjson.Object {
		r.bad("", "type", "must be a JSON object")
		return
	}
	for _, m := range v.Members {
		r.member(m)
	}
	if r.profile.Name == "" && !r.has("/name") {
		r.bad("/name", "required", "is required")
	}
	if r.profile.Email == "" && !r.has("/email") {
		r.bad("/email", "required", "is required")
	}
}

func (r *reader) has(path string) bool {
	return slices.ContainsFunc(r.faults, func(f fault.Field) bool { return f.Path == path })
}

func (r *reader) member(m strictjson.Member) {
	p := &r.profile
	switch m.Name {
	case "name":
		p.Name = r.text("/name", m.Value, contact.ParseName)
	case "email":
		p.Email = r.text("/email", m.Value, parseEmail)
	case "address":
		p.Address = r.line("/address", m.Value, maxAddress)
	case "phone":
		p.Phone = r.text("/phone", m.Value, r.parsePhone)
	case "memberId":
		p.MemberID = r.line("/memberId", m.Value, maxMemberID)
	case "dateOfBirth":
		p.DateOfBirth = r.text("/dateOfBirth", m.Value, func(s string) (string, error) { return contact.ParseBirthDate(s, r.today) })
	case "billingAddress":
		p.Billing = r.address("/billingAddress", m.Value)
	case "shippingAddress":
		p.Shipping = r.address("/shippingAddress", m.Value)
	case "preferences":
		r.preferences(m.Value)
	case "metadata":
		r.metadata(m.Value)
	case "status":
		r.setStatus(m.Value)
	default:
		if !r.lenient && !slices.Contains(ReadOnly(), m.Name) {
			r.unknown("", m.Name)
		}
	}
}

func (r *reader) unknown(path, name string) {
	if !r.lenient {
		r.bad(strictjson.Pointer(path, clip(name)), "unknown", "is not a field of this object")
	}
}

// clip bounds what an error repeats of a member's name.
func clip(name string) string {
	if utf8.RuneCountInString(name) <= 64 {
		return name
	}
	return string([]rune(name)[:64]) + "…"
}

// text reads an optional string; "" after trimming is null.
func (r *reader) text(path string, v strictjson.Value, parse func(string) (string, error)) string {
	if v.Kind == strictjson.Null {
		return ""
	}
	if v.Kind != strictjson.String {
		r.bad(path, "type", "must be a string")
		return ""
	}
	if strings.TrimSpace(v.Text) == "" {
		return ""
	}
	parsed, err := parse(v.Text)
	if err != nil {
		r.bad(path, "invalid", err.Error())
	}
	return parsed
}

func (r *reader) line(path string, v strictjson.Value, limit int) string {
	return r.text(path, v, func(s string) (string, error) { return contact.ParseText(s, limit) })
}

func parseEmail(s string) (string, error) {
	e, err := contact.ParseEmail(s)
	return e.Given, err
}

func (r *reader) parsePhone(s string) (string, error) {
	if s == r.current.Phone {
		r.profile.PhoneInUse = r.current.PhoneInUse
		return s, nil
	}
	p, err := r.phones.Parse(s, r.defaultRegion, r.strictPhone)
	r.profile.PhoneInUse = p.InUse
	return p.E164, err
}

func (r *reader) setStatus(v strictjson.Value) {
	for _, s := range []Status{Active, Inactive, Restricted} {
		if v.Kind == strictjson.String && v.Text == s.String() {
			r.status = &s
			return
		}
	}
	r.bad("/status", "invalid", "must be active or inactive")
}

func (r *reader) address(path string, v strictjson.Value) *Address {
	if v.Kind == strictjson.Null {
		return nil
	}
	if v.Kind != strictjson.Object {
		r.bad(path, "type", "must be an object")
		return nil
	}
	a := &Address{}
	parts := map[string]*string{"line1": &a.Line1, "line2": &a.Line2, "city": &a.City, "state": &a.State, "postalCode": &a.PostalCode}
	for _, m := range v.Members {
		switch part := parts[m.Name]; {
		case part != nil:
			*part = r.line(path+"/"+m.Name, m.Value, maxPart)
		case m.Name == "country":
			a.Country = r.text(path+"/country", m.Value, contact.Country)
		default:
			r.unknown(path, m.Name)
		}
	}
	if *a == (Address{}) {
		return nil
	}
	return a
}

func (r *reader) preferences(v strictjson.Value) {
	if v.Kind == strictjson.Null {
		return
	}
	if v.Kind != strictjson.Object {
		r.bad("/preferences", "type", "must be an object")
		return
	}
	p := &r.profile.Preferences
	for _, m := range v.Members {
		switch m.Name {
		case "currency":
			p.Currency = r.text("/preferences/currency", m.Value, contact.Currency)
		case "paymentMethod":
			p.PaymentMethod = r.line("/preferences/paymentMethod", m.Value, maxMemberID)
		case "language":
			p.Language = r.text("/preferences/language", m.Value, contact.Language)
		case "notifications":
			p.Notifications = r.notifications(m.Value)
		default:
			r.unknown("/preferences", m.Name)
		}
	}
}

// maxChannels bounds the per-channel form of notifications.
const maxChannels = 20

func (r *reader) notifications(v strictjson.Value) string {
	const path = "/preferences/notifications"
	switch v.Kind {
	case strictjson.Null:
		return ""
	case strictjson.Bool:
		return v.Text
	case strictjson.Object:
		kept := strictjson.Value{Kind: strictjson.Object}
		for _, m := range v.Members {
			if m.Value.Kind == strictjson.Null {
				continue // clears a channel that is not set (RFC 7396 §2)
			}
			if m.Value.Kind != strictjson.Bool || utf8.RuneCountInString(m.Name) > maxMetadataKey {
				r.bad(strictjson.Pointer(path, clip(m.Name)), "type", "must be true or false")
			}
			kept.Members = append(kept.Members, m)
		}
		if len(kept.Members) > maxChannels {
			r.bad(path, "too_many", "must have at most 20 channels")
		}
		if len(kept.Members) == 0 {
			return ""
		}
		return string(kept.Append(nil))
	}
	r.bad(path, "type", "must be true, false or an object of channels")
	return ""
}

func (r *reader) metadata(v strictjson.Value) {
	if v.Kind == strictjson.Null {
		return
	}
	if v.Kind != strictjson.Object {
		r.bad("/metadata", "type", "must be an object")
		return
	}
	for _, m := range v.Members {
		path := strictjson.Pointer("/metadata", clip(m.Name))
		switch {
		case m.Value.Kind == strictjson.Null:
		case m.Value.Kind != strictjson.String:
			r.bad(path, "type", "must be a string")
		case m.Name == "" || utf8.RuneCountInString(m.Name) > maxMetadataKey:
			r.bad(path, "invalid", "must have a key of 1 to 40 characters")
		case utf8.RuneCountInString(m.Value.Text) > maxMetadataValue:
			r.bad(path, "too_long", "must be at most 500 characters")
		case strings.ContainsRune(m.Value.Text, 0) || strings.ContainsRune(m.Name, 0):
			r.bad(path, "invalid", "must not contain a NUL character")
		default:
			r.profile.Metadata = append(r.profile.Metadata, Pair{m.Name, m.Value.Text})
		}
	}
	if len(r.profile.Metadata) > maxMetadata {
		r.bad("/metadata", "too_many", "must have at most 50 entries")
	}
}

// profileOf reads back what newDoc wrote, without judging it.
func profileOf(v strictjson.Value, phoneInUse bool) Profile {
	p := Profile{PhoneInUse: phoneInUse, Name: textOf(v, "name"), Email: textOf(v, "email"), Address: textOf(v, "address"),
		Phone: textOf(v, "phone"), MemberID: textOf(v, "memberId"), DateOfBirth: textOf(v, "dateOfBirth")}
	p.Billing, p.Shipping = addressOf(v, "billingAddress"), addressOf(v, "shippingAddress")
	preferences, _ := v.Get("preferences")
	p.Preferences = Preferences{Currency: textOf(preferences, "currency"), PaymentMethod: textOf(preferences, "paymentMethod"),
		Language: textOf(preferences, "language")}
	if n, ok := preferences.Get("notifications"); ok && n.Kind != strictjson.Null {
		p.Preferences.Notifications = string(n.Append(nil))
	}
	metadata, _ := v.Get("metadata")
	for _, m := range metadata.Members {
		p.Metadata = append(p.Metadata, Pair{m.Name, m.Value.Text})
	}
	p.Checks = checksOf(v)
	return p
}

func textOf(v strictjson.Value, name string) string {
	m, _ := v.Get(name)
	return m.Text
}

func addressOf(v strictjson.Value, name string) *Address {
	a, ok := v.Get(name)
	if !ok || a.Kind != strictjson.Object {
		return nil
	}
	return &Address{textOf(a, "line1"), textOf(a, "line2"), textOf(a, "city"), textOf(a, "state"), textOf(a, "postalCode"), textOf(a, "country")}
}
