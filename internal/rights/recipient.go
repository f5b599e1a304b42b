package rights

import (
	"context"
	"encoding/json"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// RecipientKinds are what a recipient is to the owner (GDPR Art. 4(7) to (9)).
func RecipientKinds() []string {
	return []string{"processor", "sub_processor", "controller", "joint_controller", "authority", "other"}
}

// Recipient is somebody to whom customers' data are disclosed (Art. 4(9)).
type Recipient struct {
	ID       int64
	UserID   int64
	Kind     string
	Everyone bool  // gets the data of every customer
	Provider int64 // an account with a provider: gets those of whoever pays by it
	Ended    time.Time
	About
}

// About is what is sealed of a recipient, under the owner's key: contacts are people.
type About struct {
	Name       string `json:"name"`
	Receives   string `json:"receives"` // categories of data, and what for
	Contact    string `json:"contact,omitempty"`
	Country    string `json:"country,omitempty"`    // ISO 3166-1 alpha-2
	Safeguards string `json:"safeguards,omitempty"` // of a transfer to a third country (Art. 46)
}

// Since is when it was recorded.
func (r Recipient) Since() time.Time { return id.Time(r.ID) }

// gets reports whether a customer's data went to whoever gets everybody's: until it ended,
// those of customers that there were.
func (r Recipient) gets(customerID int64) bool {
	return r.Everyone && (r.Ended.IsZero() || id.Time(customerID).Before(r.Ended))
}

func aboutPlace(r owner.Room, row int64) vault.Place { return r.Place("recipient", row, "doc") }

// AlsoRecipient runs in the unit of a change of a recipient.
type AlsoRecipient func(*db.Tx, Recipient) error

// AddRecipient records a recipient.
func (s *Service) AddRecipient(ctx context.Context, g auth.Grant, in Recipient, also AlsoRecipient) (Recipient, error) {
	in.ID, in.UserID = s.IDs.Next(), g.Actor().ID
	return in, s.putRecipient(ctx, g, in, audit.RecipientCreate, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.Exec(`INSERT INTO recipient (realm_id, id, user_id, kind, everyone, provider_id, ended_at, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Realm(), in.ID, in.UserID, in.Kind, db.Flag(in.Everyone), in.Provider, millis(in.Ended), sealed)
		return also(tx, in)
	})
}

// ChangeRecipient replaces what is recorded of a recipient. It is never deleted: who got
// somebody's data stays to be told.
func (s *Service) ChangeRecipient(ctx context.Context, g auth.Grant, in Recipient) error {
	return s.putRecipient(ctx, g, in, audit.RecipientChange, func(tx *db.Tx, r owner.Room, sealed []byte) error {
		tx.ExecOne(noRecipient(), `UPDATE recipient SET kind = $3, everyone = $4, provider_id = $5, ended_at = $6, doc = $7 WHERE realm_id = $1 AND id = $2`,
			r.Realm(), in.ID, in.Kind, db.Flag(in.Everyone), in.Provider, millis(in.Ended), sealed)
		return nil
	})
}

func (s *Service) putRecipient(ctx context.Context, g auth.Grant, in Recipient, action string, put func(*db.Tx, owner.Room, []byte) error) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(in.About)
	if err != nil {
		return err
	}
	sealed, err := r.Keys.Seal(aboutPlace(r, in.ID), plain)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := put(tx, r, sealed); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: action, Object: in.ID})
	})
}

func noRecipient() error {
	return fault.New(fault.NotFound, fault.RecipientNotFound, "Recipient not found")
}

// Recipients lists all, the oldest first.
func (s *Service) Recipients(ctx context.Context, g auth.Grant) ([]Recipient, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.recipients(ctx, r, ``)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RecipientsRead})
}

// Recipient shows one.
func (s *Service) Recipient(ctx context.Context, g auth.Grant, recipientID int64) (Recipient, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Recipient{}, err
	}
	all, err := s.recipients(ctx, r, ` AND r.id = $2`, recipientID)
	if err != nil {
		return Recipient{}, err
	}
	if len(all) == 0 {
		return Recipient{}, noRecipient()
	}
	return all[0], s.Audit.Note(ctx, g, audit.Entry{Action: audit.RecipientsRead, Object: recipientID})
}

func (s *Service) recipients(ctx context.Context, r owner.Room, more string, args ...any) ([]Recipient, error) {
	var all []Recipient
	err := s.Store.Each(ctx, r.Scope(), `SELECT r.id, r.user_id, r.kind, r.everyone, r.provider_id, r.ended_at, r.doc FROM recipient r WHERE r.realm_id = $1`+more+` ORDER BY r.id`,
		append([]any{r.Realm()}, args...), func(row db.Row) error {
			one, err := scanRecipient(row, r)
			all = append(all, one)
			return err
		})
	return all, err
}

func scanRecipient(row db.Row, r owner.Room) (Recipient, error) {
	var one Recipient
	var everyone, ended int64
	var sealed []byte
	if err := row.Scan(&one.ID, &one.UserID, &one.Kind, &everyone, &one.Provider, &ended, &sealed); err != nil {
		return one, err
	}
	one.Everyone, one.Ended = everyone != 0, instant(ended)
	plain, err := r.Keys.Open(aboutPlace(r, one.ID), sealed)
	if err != nil {
		return one, err
	}
	return one, json.Unmarshal(plain, &one.About)
}

// disclosed is SQL for the recipients that got the data of the customer $2, but for those that
// get everybody's: by a record of it, or by a provider that they paid or saved a method with.
const disclosed = ` AND (r.everyone = 1 OR EXISTS (SELECT 1 FROM disclosure d WHERE d.realm_id = r.realm_id AND d.customer_id = $2 AND d.recipient_id = r.id)
	OR r.provider_id <> 0 AND (EXISTS (SELECT 1 FROM payment_attempt a WHERE a.realm_id = r.realm_id AND a.customer_id = $2 AND a.provider_id = r.provider_id)
		OR EXISTS (SELECT 1 FROM payment_method m WHERE m.realm_id = r.realm_id AND m.customer_id = $2 AND m.provider_id = r.provider_id)))`

// recipientsOf finds who got a customer's data.
func (s *Service) recipientsOf(ctx context.Context, r owner.Room, customerID int64) ([]Recipient, error) {
	all, err := s.recipients(ctx, r, disclosed, customerID)
	var got []Recipient
	for _, one := range all {
		if one.Everyone && !one.gets(customerID) {
			continue
		}
		got = append(got, one)
	}
	return got, err
}

// RecipientsOf tells who got a customer's data (Art. 15(1)(c), 19), and what they were told.
func (s *Service) RecipientsOf(ctx context.Context, g auth.Grant, customerID int64) ([]Recipient, []Notice, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.Customers.Person(ctx, g, customerID); err != nil {
		return nil, nil, err
	}
	all, err := s.recipientsOf(ctx, r, customerID)
	if err != nil {
		return nil, nil, err
	}
	told, err := s.notices(ctx, r, `customer_id = $2 ORDER BY id`, customerID)
	if err != nil {
		return nil, nil, err
	}
	return all, told, s.Audit.Note(ctx, g, audit.Entry{Action: audit.DisclosuresRead, Customers: []int64{customerID}})
}

// Disclose records that a recipient got a customer's data. Twice is once.
func (s *Service) Disclose(ctx context.Context, g auth.Grant, customerID, recipientID int64) error {
	if _, err := s.Recipient(ctx, g, recipientID); err != nil {
		return err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	if err != nil {
		return err
	}
	if p.Status == customer.Restricted {
		return fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted: they are disclosed to nobody")
	}
	return s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		s.Customers.Touch(tx, g.Realm(), customerID) // an erasure at the same moment tells this recipient too
		tx.Exec(`INSERT INTO disclosure (realm_id, customer_id, recipient_id, id, user_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm_id, customer_id, recipient_id) DO NOTHING`,
			g.Realm(), customerID, recipientID, s.IDs.Next(), g.Actor().ID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.Disclose, Customers: []int64{customerID}, Object: recipientID})
	})
}

// Notice is that a recipient must be told of a rectification, an erasure or a restriction
// (Art. 19). It names people by their number alone.
type Notice struct {
	ID         int64
	CustomerID int64
	Recipient  int64
	Cause      string   // the kind of request that it would be by
	Fields     []string // names of what was corrected
	Done       time.Time
	UserID     int64 // who did
}

// Raised is when.
func (n Notice) Raised() time.Time { return id.Time(n.ID) }

// telling finds who must be told and gives the statements that tell them, for the unit of
// what they are told of: each once, and not at all if the unit fails.
func (s *Service) telling(ctx context.Context, g auth.Grant, customerID int64, cause string, fields []string) (int, func(*db.Tx), error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return 0, func(*db.Tx) {}, err
	}
	all, err := s.recipientsOf(ctx, r, customerID)
	return len(all), func(tx *db.Tx) {
		for _, one := range all {
			noticeID := s.IDs.Next()
			tx.Exec(`INSERT INTO recipient_notice (realm_id, id, customer_id, recipient_id, cause, fields, done_at, user_id) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)`,
				g.Realm(), noticeID, customerID, one.ID, cause, joined(fields))
			s.Events.RecordOn(tx, g, event.RecipientNotice, customerID, noticeID, append([]string{cause}, fields...)...)
		}
	}, err
}

// TellOfRestriction is what customer.Service calls in a restriction.
func (s *Service) TellOfRestriction(ctx context.Context, g auth.Grant, customerID int64) (func(*db.Tx), error) {
	_, tell, err := s.telling(ctx, g, customerID, Restriction, nil)
	return tell, err
}

// Names names those who get customers' data, each with what, for the record of processing
// (Art. 30(1)(d)).
func (s *Service) Names(ctx context.Context, r owner.Room) ([]string, error) {
	all, err := s.recipients(ctx, r, ``)
	var names []string
	for _, one := range all {
		if one.Ended.IsZero() {
			names = append(names, one.Name+" ("+one.Kind+"): "+one.Receives)
		}
	}
	return names, err
}
