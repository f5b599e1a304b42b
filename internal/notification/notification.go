package notification

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Channel is how a notification travels.
type Channel string

// Form is the vendor's post to notifyUrl; Mail goes to the customer.
const (
	Form Channel = "form"
	Mail Channel = "mail"
)

// Message is what is sent, sealed until then.
type Message struct {
	To      string `json:"to"` // an address of the web or of mail
	Subject string `json:"subject,omitempty"`
	Body    []byte `json:"body"`
}

// Delivery is a message on its way.
type Delivery struct {
	Message
	ID         int64 // the same at each try
	CustomerID int64
	Purpose    string // what the customer's data are used for by it, "" for none of the owner's purposes
}

// Sender delivers one message of a channel. An error means: try again later.
type Sender interface {
	Send(ctx context.Context, r owner.Room, d Delivery) error
}

// Service keeps and sends notifications.
type Service struct {
	Store   *db.DB
	Owners  *owner.Service
	Audit   *audit.Log
	Clock   clock.Clock
	IDs     *id.Source
	Random  func() uint64
	Senders map[Channel]Sender
	wake    chan struct{}
}

// New makes the service; a channel without a sender takes no messages.
func New(s Service) *Service {
	s.wake = make(chan struct{}, 1)
	return &s
}

// Sends reports whether a channel is set up.
func (s *Service) Sends(c Channel) bool { return s.Senders[c] != nil }

// Add puts a message into the unit of what it tells of. About names the payment request
// and the customer, whose key seals it.
func (s *Service) Add(tx *db.Tx, r owner.Room, about About, c Channel, m Message) error {
	if s.Senders[c] == nil || m.To == "" {
		return nil
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	rowID := s.IDs.Next()
	sealed, err := r.Seal(about.Key, r.Place("notification", rowID, "doc"), plain)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO notification (realm_id, id, channel, request_id, customer_id, key_id, due_at, tries, doc, purpose) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`,
		r.Realm(), rowID, string(c), about.RequestID, about.CustomerID, about.Key.ID, s.Clock.Millis(), sealed, about.Purpose)
	return nil
}

// About is what a message is about.
type About struct {
	RequestID  int64
	CustomerID int64
	Key        vault.Subject // the zero Subject: the owner's key
	Purpose    string        // of a mail: whether it may be served is asked when it goes out
}

// Forget deletes what waits for a customer, in the unit of their erasure.
func Forget(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`DELETE FROM notification WHERE realm_id = $1 AND customer_id = $2`, realm, customerID)
}

const (
	atOnce = 64
	// lease is how long a claimed message is not tried by another: longer than a send takes.
	lease = time.Minute
	// giveUp is how long a message is tried (wire contract, section 6).
	giveUp = 72 * time.Hour
	least  = 5 * time.Second
	most   = 3 * time.Hour
)

// due is a row that waits.
type due struct {
	realm, id, customer, key, at, tries int64
	channel                             Channel
	purpose                             string
}

// DeliverDue sends what is due and says how many were sent.
func (s *Service) DeliverDue(ctx context.Context) (int, error) {
	var rows []due
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, id, channel, customer_id, key_id, due_at, tries, purpose FROM notification WHERE due_at <= $1 ORDER BY due_at LIMIT $2`,
		[]any{s.Clock.Millis(), atOnce}, func(r db.Row) error {
			var d due
			var channel string
			err := r.Scan(&d.realm, &d.id, &channel, &d.customer, &d.key, &d.at, &d.tries, &d.purpose)
			d.channel = Channel(channel)
			rows = append(rows, d)
			return err
		})
	if err != nil {
		return 0, err
	}
	sent := make(chan bool, len(rows))
	slots := make(chan struct{}, 8)
	errs := make(chan error, len(rows))
	for _, d := range rows {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			ok, err := s.deliver(ctx, d)
			sent <- ok
			errs <- err
		}()
	}
	return tally(len(rows), sent, errs)
}

func tally(n int, sent <-chan bool, errs <-chan error) (count int, err error) {
	for range n {
		if <-sent {
			count++
		}
		err = errors.Join(err, <-errs)
	}
	return count, err
}

// errTaken says that another node has the row.
var errTaken = errors.New("notification: taken by another")

// deliver claims a row and sends it.
func (s *Service) deliver(ctx context.Context, d due) (bool, error) {
	o, mode, err := s.Owners.ByRealm(ctx, d.realm)
	if err != nil {
		return false, err
	}
	r, err := s.Owners.Enter(ctx, auth.System(o.ID, d.realm, mode, "notify"), s.Audit)
	if err != nil {
		return false, err
	}
	tried := int64(1)
	if o.Suspended() { // it waits, and is looked at again in a minute
		tried = 0
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errTaken, `UPDATE notification SET due_at = $4, tries = tries + $5 WHERE realm_id = $1 AND id = $2 AND due_at = $3`,
			d.realm, d.id, d.at, s.Clock.Now().Add(lease).UnixMilli(), tried)
		return nil
	})
	if errors.Is(err, errTaken) || err == nil && o.Suspended() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.send(ctx, r, d)
}

func (s *Service) send(ctx context.Context, r owner.Room, d due) (bool, error) {
	m, err := s.open(ctx, r, d)
	if errors.Is(err, vault.ErrNoKey) || errors.Is(err, db.ErrNoRows) {
		return false, s.drop(ctx, r, d, "")
	}
	sender := s.Senders[d.channel]
	if err != nil || sender == nil {
		return false, err
	}
	if sender.Send(ctx, r, Delivery{m, d.id, d.customer, d.purpose}) == nil {
		return true, s.drop(ctx, r, d, "")
	}
	if s.Clock.Now().Sub(id.Time(d.id)) >= giveUp {
		return false, s.drop(ctx, r, d, "notification.given_up")
	}
	return false, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE notification SET due_at = $3 WHERE realm_id = $1 AND id = $2`, d.realm, d.id, s.Clock.Now().Add(s.backoff(d.tries)).UnixMilli())
		return nil
	})
}

// backoff doubles from five seconds to three hours, less up to a fifth at random so that
// receivers that came back are not met by everybody at once.
func (s *Service) backoff(tries int64) time.Duration {
	wait := most
	if tries < 12 {
		wait = min(most, least<<tries)
	}
	return wait - time.Duration(s.Random()%uint64(wait/5))
}

func (s *Service) open(ctx context.Context, r owner.Room, d due) (Message, error) {
	var m Message
	var sealed []byte
	if err := s.Store.One(ctx, r.Scope(), `SELECT doc FROM notification WHERE realm_id = $1 AND id = $2`, []any{d.realm, d.id}, &sealed); err != nil {
		return m, err
	}
	key, err := r.Key(ctx, d.key)
	if err != nil {
		return m, err
	}
	plain, err := r.Open(key, r.Place("notification", d.id, "doc"), sealed)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(plain, &m)
}

func (s *Service) drop(ctx context.Context, r owner.Room, d due, action string) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM notification WHERE realm_id = $1 AND id = $2`, d.realm, d.id)
		if action == "" {
			return nil
		}
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Object: d.id})
	})
}

// Wake tells Run that something was added.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends: at once when woken, and every interval for what waited.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, s.wake, func(ctx context.Context) bool {
		if _, err := s.DeliverDue(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		return false
	})
}
