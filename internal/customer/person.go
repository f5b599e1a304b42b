package customer

import (
	"context"
	"slices"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// StatusOf is SQL for the status of the customer that two columns name, Active if there is
// none: for those who ask about something of the customer and need no more of them.
func StatusOf(realm, id string) string {
	return `coalesce((SELECT s.status FROM customer s WHERE s.realm_id = ` + realm + ` AND s.id = ` + id + `), 0)`
}

// Person is a customer as the features above need one: to be paid by, written to, asked.
type Person struct {
	Profile
	ID                 int64
	Status             Status
	HasPaymentRequests bool
	Key                vault.Subject
}

// Person finds a customer. The record of it in the trail is the caller's: it belongs to
// what the customer is needed for.
func (s *Service) Person(ctx context.Context, g auth.Grant, customerID int64) (Person, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Person{}, err
	}
	return s.person(ctx, r, customerID)
}

func (s *Service) person(ctx context.Context, r room, customerID int64) (Person, error) {
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return Person{}, err
	}
	return s.personOf(ctx, r, c)
}

func (s *Service) personOf(ctx context.Context, r room, c *Customer) (Person, error) {
	profile, err := c.Profile()
	if err != nil {
		return Person{}, err
	}
	key, err := r.Keys.Subject(ctx, c.keyID)
	return Person{Profile: profile, ID: c.ID, Status: c.Status, HasPaymentRequests: c.HasPaymentRequests, Key: key}, err
}

// WantsMail reports whether a customer asked to be told by mail: preferences.notifications
// is true, or an object whose email is. Nobody is told who did not ask, who is restricted
// (GDPR Art. 18) or who is gone.
func (s *Service) WantsMail(ctx context.Context, g auth.Grant, customerID int64) (bool, error) {
	p, err := s.Person(ctx, g, customerID)
	if isGone(err) {
		return false, nil
	}
	if err != nil || p.Status == Restricted {
		return false, err
	}
	v, err := strictjson.Parse([]byte(p.Preferences.Notifications))
	if err != nil {
		return false, nil // not set
	}
	channel, _ := v.Get("email")
	return v.Kind == strictjson.Bool && v.Text == "true" || channel.Kind == strictjson.Bool && channel.Text == "true", nil
}

// MatchOrCreate finds the customer who has the e-mail or member id of a body, by the
// rules of duplicates, or creates one. Name and e-mail are required only of a new one.
func (s *Service) MatchOrCreate(ctx context.Context, g auth.Grant, in Input) (Person, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Person{}, err
	}
	for range attempts {
		found, err := s.match(ctx, r, in)
		if err != nil || found != 0 {
			return s.matched(ctx, r, found, err)
		}
		in.drop = true // a payment is not refused for what its customer told besides
		created, err := s.Create(ctx, g, in, func(*db.Tx, *Customer, vault.Subject) error { return nil })
		if err == nil {
			return s.person(ctx, r, created.ID)
		}
		if !fault.Is(err, fault.CustomerDuplicate) {
			return Person{}, err // otherwise somebody created them meanwhile
		}
	}
	return Person{}, fault.Away(errAgain)
}

func (s *Service) matched(ctx context.Context, r room, found int64, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	return s.person(ctx, r, found)
}

// match reads what of a body can be looked up; faults but for missing fields are told.
func (s *Service) match(ctx context.Context, r room, in Input) (int64, error) {
	read := reader{rules: rules{phones: s.Phones, defaultRegion: r.Owner.DefaultRegion, strictPhone: r.Owner.StrictPhone, today: s.Clock.Now(), lenient: in.Lenient}}
	read.read(in.Body)
	real := slices.DeleteFunc(read.faults, func(f fault.Field) bool { return f.Code == "required" })
	if len(real) > 0 {
		return 0, fault.Fields(real)
	}
	var marks []mark
	for f, value := range map[field]string{byEmail: normalEmail(read.profile.Email), byMemberID: read.profile.MemberID} {
		if value == "" {
			continue
		}
		hash, err := r.Keys.Blind(r.Owner.IndexVersion, f.String(), value)
		if err != nil {
			return 0, err
		}
		marks = append(marks, mark{kind(r.Owner.IndexVersion, f), hash})
	}
	slices.SortFunc(marks, func(a, b mark) int { return int(a.Kind - b.Kind) }) // the e-mail decides if they differ
	found, _, err := s.duplicates(ctx, r, marks)
	return found, err
}

func normalEmail(given string) string {
	e, err := contact.ParseEmail(given)
	if err != nil {
		return ""
	}
	return e.Normal
}
