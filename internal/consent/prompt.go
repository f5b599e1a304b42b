package consent

import (
	"context"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// ProfileLink is the kind of link that asks a customer whether their data are still right.
const ProfileLink = "profile"

// promptLife is how long such a link is good for.
const promptLife = 30 * 24 * time.Hour

// Prompt is one such question. It is answered once.
type Prompt struct {
	ID      int64
	Expires time.Time
}

// AskProfile makes the link to a page on which a customer sees, masked, what is kept of them
// and says whether it is right (GDPR Art. 5(1)(d)). Nobody who is restricted is asked.
func (s *Service) AskProfile(ctx context.Context, g auth.Grant, customerID int64, keep Keep[Prompt]) (Prompt, Link, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return Prompt{}, Link{}, err
	}
	if p.Status == customer.Restricted {
		return Prompt{}, Link{}, fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted: nobody writes to them")
	}
	made := Prompt{ID: s.IDs.Next(), Expires: s.Clock.Now().Add(promptLife).Truncate(time.Millisecond)}
	link := s.newLink(p, Purpose{})
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		customer.Stay(tx, r.Realm(), p.ID)
		s.addLink(tx, r, p.ID, made.ID, ProfileLink, link, made.Expires)
		if err := keep(tx, made, p); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ProfileAsk, Customers: []int64{p.ID}, Object: made.ID})
	})
	return made, link, err
}

// AnswerProfile takes a customer's answer: nothing to correct, or what. A correction becomes
// an interaction for the merchant's service, and an event. The link has done its work.
func (s *Service) AnswerProfile(ctx context.Context, p Page, note string) error {
	g := p.Grant
	used := func(tx *db.Tx) {
		tx.ExecOne(fault.New(fault.NotFound, fault.NotFoundCode, "This link is not valid"), `DELETE FROM customer_link WHERE realm_id = $1 AND customer_id = $2 AND object_id = $3 AND kind = $4`,
			g.Realm(), p.Customer.ID, p.object, ProfileLink)
	}
	defer s.Events.Wake()
	if note = strings.Join(strings.Fields(note), " "); note == "" {
		return s.Store.Write(ctx, p.room.Scope(), func(tx *db.Tx) error {
			used(tx)
			return s.Customers.Confirmed(tx, g, p.Customer.ID)
		})
	}
	body := strictjson.Value{Kind: strictjson.Object, Members: []strictjson.Member{member("channel", "other"), member("subject", note)}}
	_, err := s.Customers.AddInteraction(ctx, g, p.Customer.ID, customer.Input{Body: body}, func(tx *db.Tx, i customer.Interaction, _ vault.Subject) error {
		used(tx)
		s.Events.RecordOn(tx, g, event.ProfileDisputed, p.Customer.ID, i.ID)
		return nil
	})
	return err
}

func member(name, value string) strictjson.Member {
	return strictjson.Member{Name: name, Value: strictjson.Value{Kind: strictjson.String, Text: value}}
}
