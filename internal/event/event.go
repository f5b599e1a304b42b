package event

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
)

// Kinds of events of this version (wire contract, section 6).
const (
	CustomerCreated      = "customer.created"
	CustomerUpdated      = "customer.updated"
	CustomerDeleted      = "customer.deleted"
	CustomerErased       = "customer.erased"
	CustomerRestricted   = "customer.restricted"
	CustomerUnrestricted = "customer.restriction_lifted"

	RequestCreated   = "payment_request.created"
	RequestPending   = "payment_request.pending"
	RequestPaid      = "payment_request.paid"
	RequestUnpaid    = "payment_request.unpaid"
	RequestCancelled = "payment_request.cancelled"
	RequestArchived  = "payment_request.archived"

	PaymentApproved = "payment.approved"
	PaymentDeclined = "payment.declined"
	PaymentRefunded = "payment.refunded"
	PaymentReversed = "payment.reversed" // an approval that came too late was given back
	DisputeOpened   = "payment.dispute_opened"
	DisputeClosed   = "payment.dispute_closed"

	MethodAdded    = "payment_method.added"
	MethodUpdated  = "payment_method.updated"
	MethodRemoved  = "payment_method.removed"
	MethodExpiring = "payment_method.expiring"
	MethodExpired  = "payment_method.expired"

	EndpointDisabled = "webhook_endpoint.disabled"
	WebhookTest      = "webhook.test" // sent by request, in no log

	// CustomerVerified is of an e-mail address, a phone number or an identity.
	CustomerVerified     = "customer.verified"
	VerificationStarted  = "verification.started"
	VerificationResubmit = "verification.resubmit" // better documents are asked for
	VerificationFailed   = "verification.failed"
	ScreeningMatched     = "screening.matched" // somebody has to decide
	ScreeningDecided     = "screening.decided"

	ProfileConfirmed = "profile.confirmed"
	ProfileDisputed  = "profile.correction_requested" // the interaction that it is about says what

	ConsentAsked     = "consent.requested" // waits for a click in a mail
	ConsentGiven     = "consent.given"
	ConsentWithdrawn = "consent.withdrawn"
	ObjectionRaised  = "objection.raised"
	ObjectionEnded   = "objection.answered"

	PrivacyRequestReceived  = "privacy_request.received"
	PrivacyRequestExtended  = "privacy_request.extended"
	PrivacyRequestCompleted = "privacy_request.completed"
	PrivacyRequestRefused   = "privacy_request.refused"
	PrivacyRequestDueSoon   = "privacy_request.due_soon"
	PrivacyRequestOverdue   = "privacy_request.overdue"
	RecipientNotice         = "recipient.notice"
	IncidentReported        = "incident.reported"
	IncidentClock           = "incident.clock" // 48 or 24 of the 72 hours are left, or none
)

// Kinds lists the events that an endpoint can ask for.
func Kinds() []string {
	return []string{CustomerCreated, CustomerUpdated, CustomerDeleted, CustomerErased, CustomerRestricted, CustomerUnrestricted, RequestCreated, RequestPending, RequestPaid, RequestUnpaid, RequestCancelled,
		RequestArchived, PaymentApproved, PaymentDeclined, PaymentRefunded, PaymentReversed, DisputeOpened, DisputeClosed, MethodAdded, MethodUpdated, MethodRemoved,
		MethodExpiring, MethodExpired, EndpointDisabled, ProfileConfirmed, ProfileDisputed, ConsentAsked, ConsentGiven, ConsentWithdrawn, ObjectionRaised, ObjectionEnded,
		CustomerVerified, VerificationStarted, VerificationResubmit, VerificationFailed, ScreeningMatched, ScreeningDecided,
		PrivacyRequestReceived, PrivacyRequestExtended, PrivacyRequestCompleted, PrivacyRequestRefused, PrivacyRequestDueSoon, PrivacyRequestOverdue, RecipientNotice, IncidentReported, IncidentClock}
}

// Event is something that happened to a customer.
type Event struct {
	Seq        int64 // its number in the realm, from 1
	ID         int64
	Kind       string
	CustomerID int64    // 0 where it concerns nobody
	ObjectID   int64    // the payment request or payment method that it is about, or 0
	Fields     []string // names of what changed
}

// Time is when it happened.
func (e Event) Time() time.Time { return id.Time(e.ID) }

// Log writes and reads events.
type Log struct {
	store  *db.DB
	nextID func() int64
	wake   chan struct{}

	numbered func() // hears of each run that gave numbers; may be nil
}

// NewLog makes the log; nextID numbers events before they have their place in order.
func NewLog(store *db.DB, nextID func() int64) *Log {
	return &Log{store: store, nextID: nextID, wake: make(chan struct{}, 1)}
}

// OnNumbered has f called after events got their numbers on this node. Call it before Run.
func (l *Log) OnNumbered(f func()) { l.numbered = f }

// Record adds an event to the unit that changes the customer.
func (l *Log) Record(tx *db.Tx, g auth.Grant, kind string, customer int64, fields []string) {
	l.RecordOn(tx, g, kind, customer, 0, fields...)
}

// RecordOn adds an event about a payment request or a payment method.
func (l *Log) RecordOn(tx *db.Tx, g auth.Grant, kind string, customer, object int64, fields ...string) {
	tx.Insert(`INSERT INTO event_pending (realm_id, id, kind, customer_id, fields, object_id)`, 6,
		g.Realm(), l.nextID(), kind, customer, strings.Join(fields, ","), object)
}

// Wake tells the sequencer that something was committed. It may be called at any time.
func (l *Log) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Woken is what a sequencer waits on besides its clock.
func (l *Log) Woken() <-chan struct{} { return l.wake }

// After lists up to limit events with numbers above after, in order, without a gap.
func (l *Log) After(ctx context.Context, g auth.Grant, after int64, limit int) ([]Event, error) {
	events := make([]Event, 0, limit)
	err := l.store.Each(ctx, db.Realm(g.Realm()),
		`SELECT `+Columns+` FROM event e WHERE e.realm_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
		[]any{g.Realm(), after, limit}, func(r db.Row) error {
			e, err := Scan(r)
			events = append(events, e)
			return err
		})
	return events, err
}

// Columns of a table event named e, for Scan.
const Columns = `e.seq, e.id, e.kind, e.customer_id, e.fields, e.object_id`

// Scan reads Columns, and what more was asked for.
func Scan(r db.Row, more ...any) (Event, error) {
	var e Event
	var fields string
	err := r.Scan(append([]any{&e.Seq, &e.ID, &e.Kind, &e.CustomerID, &fields, &e.ObjectID}, more...)...)
	if e.Fields = []string{}; fields != "" {
		e.Fields = strings.Split(fields, ",")
	}
	return e, err
}

// sequenceBatch bounds how long one run of the sequencer holds SQLite's writer.
const sequenceBatch = 1000

// errAgain says that another sequencer took some of the same events.
var errAgain = errors.New("event: another sequencer was faster")

// Sequence numbers committed events, oldest first within a realm, and says how many.
// The unit deletes exactly the rows that were read before it, and two sequencers can't give one number twice,
// because the later one breaks on the primary key.
func (l *Log) Sequence(ctx context.Context) (int, error) {
	runs, err := l.pending(ctx)
	if err != nil || len(runs) == 0 {
		return 0, err
	}
	count := 0
	err = l.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		count = 0
		for _, r := range runs {
			r.number(tx)
			count += len(r.events)
		}
		return nil
	})
	if errors.Is(err, errAgain) || db.IsViolation(err, "event") {
		return 0, nil
	}
	return count, err
}

// run is the pending events of one realm, in order of id, and its last number.
type run struct {
	realm  int64
	last   int64
	events []pending
}

type pending struct {
	id, customer, object int64
	kind, fields         string
}

func (l *Log) pending(ctx context.Context) ([]run, error) {
	var runs []run
	err := l.store.Each(ctx, db.Worker(), `SELECT realm_id, id, kind, customer_id, fields, object_id FROM event_pending ORDER BY realm_id, id LIMIT $1`,
		[]any{sequenceBatch}, func(r db.Row) error {
			var realm int64
			var p pending
			if err := r.Scan(&realm, &p.id, &p.kind, &p.customer, &p.fields, &p.object); err != nil {
				return err
			}
			if len(runs) == 0 || runs[len(runs)-1].realm != realm {
				runs = append(runs, run{realm: realm})
			}
			runs[len(runs)-1].events = append(runs[len(runs)-1].events, p)
			return nil
		})
	for i := 0; i < len(runs) && err == nil; i++ {
		err = l.store.One(ctx, db.Worker(), `SELECT coalesce(max(seq), 0) FROM event WHERE realm_id = $1`, []any{runs[i].realm}, &runs[i].last)
	}
	return runs, err
}

// number moves a run to its place in order, in a few statements of many rows.
func (r run) number(tx *db.Tx) {
	ids := make([]int64, len(r.events))
	for i, e := range r.events {
		ids[i] = e.id
	}
	tx.DeleteExactly(errAgain, "event_pending", r.realm, ids)
	args := make([]any, 0, 7*len(r.events))
	for i, e := range r.events {
		args = append(args, r.realm, r.last+1+int64(i), e.id, e.kind, e.customer, e.fields, e.object)
	}
	tx.Insert(`INSERT INTO event (realm_id, seq, id, kind, customer_id, fields, object_id)`, 7, args...)
}

// Run numbers events until ctx ends: at once when woken, and every interval for what
// other nodes committed. failed hears of errors, which are tried again.
func (l *Log) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, l.wake, func(ctx context.Context) bool {
		count, err := l.Sequence(ctx)
		if count > 0 && l.numbered != nil {
			l.numbered()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		return count == sequenceBatch
	})
}
