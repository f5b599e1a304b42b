package customer

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// What can be known of an e-mail address, a phone number or an identity. Empty is
// unverified; a phone that nobody can have is invalid.
const (
	CheckPending = "pending"
	Verified     = "verified"
	CheckFailed  = "failed"
)

// What a screening against sanctions lists can have found. Empty is unscreened.
const (
	Clear     = "clear"     // nothing, or nothing that is this customer
	InReview  = "review"    // entries that wait for a decision
	Confirmed = "confirmed" // this customer is on a list
)

// Check is what is known of one thing that a customer told.
type Check struct {
	Status    string
	At        int64 // milliseconds since 1970, 0 for never
	Provider  string
	Reference string
}

// Checks are all of them. They are sealed with the profile and no client writes them.
type Checks struct{ Email, Phone, Identity, Screening Check }

// kept are the checks that still hold of a changed profile: what was shown to be theirs is
// not shown of another address, number or name. Who is on a list stays there until somebody
// decides otherwise, whatever they call themselves.
func (p Profile) kept(next Profile) Checks {
	k := p.Checks
	renamed := next.Name != p.Name || next.DateOfBirth != p.DateOfBirth
	if normalEmail(next.Email) != normalEmail(p.Email) {
		k.Email = Check{}
	}
	if next.Phone != p.Phone {
		k.Phone = Check{}
	}
	if renamed {
		k.Identity = Check{}
	}
	if renamed && k.Screening.Status == Clear {
		k.Screening = Check{}
	}
	return k
}

// checksJSON is the member "verification" of a profile; nil where nothing was checked.
func (p Profile) checksJSON() []byte {
	if p.Checks == (Checks{}) {
		return nil
	}
	phone := "unverified"
	if p.Phone != "" && !p.PhoneInUse {
		phone = "invalid"
	}
	b := appendCheck(nil, `{"email":`, p.Checks.Email, "unverified")
	b = appendCheck(b, `,"phone":`, p.Checks.Phone, phone)
	b = appendCheck(b, `,"identity":`, p.Checks.Identity, "unverified")
	b = appendCheck(b, `,"screening":`, p.Checks.Screening, "unscreened")
	return append(b, '}')
}

func appendCheck(b []byte, name string, k Check, otherwise string) []byte {
	b = member(append(b, name...), "{", "status", cmp.Or(k.Status, otherwise))
	b = append(b, `,"time":`...)
	if k.At == 0 {
		b = append(b, "null"...)
	} else {
		b = appendTime(b, time.UnixMilli(k.At))
	}
	b = member(b, ",", "provider", k.Provider)
	b = member(b, ",", "reference", k.Reference)
	return append(b, '}')
}

// checksOf reads back what checksJSON wrote.
func checksOf(v strictjson.Value) Checks {
	all, _ := v.Get("verification")
	return Checks{checkOf(all, "email"), checkOf(all, "phone"), checkOf(all, "identity"), checkOf(all, "screening")}
}

func checkOf(all strictjson.Value, name string) Check {
	v, _ := all.Get(name)
	k := Check{Status: textOf(v, "status"), Provider: textOf(v, "provider"), Reference: textOf(v, "reference")}
	if k.Status == "unverified" || k.Status == "invalid" || k.Status == "unscreened" {
		k.Status = ""
	}
	if t, err := time.Parse(timeFormat, textOf(v, "time")); err == nil {
		k.At = t.UnixMilli()
	}
	return k
}

// Sanctioned is the refusal to do business with somebody who is on a list.
func Sanctioned(customerID int64) error {
	return fault.New(fault.Conflict, fault.CustomerSanctioned, "The customer is on a sanctions list: a match was confirmed").With("customerId", text(customerID))
}

// Disclosed is the customer as they themselves may be shown: without what is known of
// sanctions lists, which must not be told to them (Directive (EU) 2015/849 Art. 39).
func (c *Customer) Disclosed() (*Customer, error) {
	p, err := c.Profile()
	if err != nil {
		return nil, err
	}
	p.Checks.Screening = Check{}
	shown := *c
	shown.doc, shown.shown = newDoc(p), nil
	return &shown, nil
}

// Verify changes what is known of a customer. to gives what is known from now on and what
// else belongs to it in the same unit; it is asked again when the customer changed
// meanwhile, so that of two changes at one moment each sees the other.
func (s *Service) Verify(ctx context.Context, g auth.Grant, customerID int64, to func(Person) (Checks, Also, error)) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	for range attempts {
		if err = s.verifyOnce(ctx, r, customerID, to); !errors.Is(err, errAgain) {
			return err
		}
	}
	return fault.Away(errAgain)
}

func (s *Service) verifyOnce(ctx context.Context, r room, customerID int64, to func(Person) (Checks, Also, error)) error {
	before, err := s.find(ctx, r, customerID)
	if err != nil {
		return err
	}
	p, err := s.personOf(ctx, r, before)
	if err != nil {
		return err
	}
	checks, also, err := to(p)
	if err != nil {
		return err
	}
	profile := p.Profile
	profile.Checks = checks
	after := *before
	after.doc = newDoc(profile)
	_, err = s.store(ctx, r, before, &after, p.Profile, profile, also)
	return err
}
