package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/rate"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/screening"
	"github.com/florin-gateway/florin/internal/vault"
)

// Service keeps payment requests and everything that happens to them. Build it with New.
type Service struct {
	Store         *db.DB
	Owners        *owner.Service
	Customers     *customer.Service
	Methods       *method.Service
	Consents      *consent.Service
	Routing       *routing.Service
	Fees          *fee.Service
	Rates         *rate.Source
	Notifications *notification.Service
	Audit         *audit.Log
	Events        *event.Log
	Clock         clock.Clock
	IDs           *id.Source
	Random        func() uint64
	PublicURL     func() string
	Log           *slog.Logger

	locks    *[lockCount]sync.Mutex
	declines *declineLimit
	wake     chan struct{}
}

// New completes a service.
func New(s Service) *Service {
	s.locks = &[lockCount]sync.Mutex{}
	s.declines = newDeclineLimit(s.Clock)
	s.wake = make(chan struct{}, 1)
	return &s
}

// Keep records an answer for a repetition of the request, in the units of its effect.
// Begin runs before the provider is called, End after. Both may be nil.
type Keep struct {
	Begin func(*db.Tx, Result) error
	End   func(*db.Tx, Result) error
}

func (k Keep) begin(tx *db.Tx, r Result) error {
	if k.Begin == nil {
		return nil
	}
	return k.Begin(tx, r)
}

func (k Keep) end(tx *db.Tx, r Result) error {
	if k.End == nil {
		return nil
	}
	return k.End(tx, r)
}

// Result is how a request stands after a call.
type Result struct {
	*Request
	RedirectURL    string
	Decline        string // set when declined
	IssuerResponse string
	Refund         Refund // of Refund alone
}

// Subject is whose key seals what is kept of the answer.
func (q *Request) Subject() (customerID int64, key vault.Subject) { return q.CustomerID, q.key }

// attempts bounds how often an operation meets another that moved the same request.
const attempts = 20

// lockCount is far more than payments under way, so that they seldom wait for a stranger.
const (
	lockBits  = 12
	lockCount = 1 << lockBits
)

// lock makes the moves of one request wait for one another on this node; across nodes the
// version decides. Without it fifty refunds at once would spend their time repeating.
func (s *Service) lock(requestID int64) func() {
	m := &s.locks[uint64(requestID)*0x9E3779B97F4A7C15>>(64-lockBits)]
	m.Lock()
	return m.Unlock
}

// retry runs one move until nobody interferes.
func (s *Service) retry(requestID int64, move func() error) error {
	unlock := s.lock(requestID)
	defer unlock()
	for range attempts {
		err := move()
		if !isMoved(err) && !method.IsTwice(err) {
			return err
		}
	}
	return fault.Away(errAgain)
}

func (s *Service) enter(ctx context.Context, g auth.Grant) (owner.Room, error) {
	return s.Owners.Enter(ctx, g, s.Audit)
}

// find reads one request without a record in the trail; callers add theirs. Into status,
// if there is any, come the status of its customer and whether they are on a sanctions list.
func (s *Service) find(ctx context.Context, r owner.Room, requestID int64, status ...any) (*Request, error) {
	also := ""
	if len(status) > 0 {
		also = `, ` + customer.StatusOf(`q.realm_id`, `q.customer_id`) + `, ` + screening.ConfirmedOf(`q.realm_id`, `q.customer_id`)
	}
	var q *Request
	var sealed []byte
	err := s.Store.Row(ctx, r.Scope(), `SELECT `+columns+also+` FROM payment_request q WHERE q.realm_id = $1 AND q.id = $2`, []any{r.Realm(), requestID}, func(line db.Row) (err error) {
		q, sealed, err = scan(r, line, status...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if q == nil {
		return nil, NotFound(requestID)
	}
	key, err := r.Key(ctx, q.keyID)
	if errors.Is(err, vault.ErrNoKey) {
		sealed, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	return q, q.open(r, key, sealed)
}

// attempt is one try at a provider.
type attempt struct {
	id         int64
	requestID  int64
	providerID int64
	kind       string
	state      provider.State
	captureAt  int64 // 0: taken at once
	methodID   int64
	reference  string
	code       string
	sealed     []byte
}

func key(attemptID int64) string { return fmt.Sprintf("florin-%d", attemptID) }

// keyID reads an attempt's or refund's id out of a provider's copy of our key.
func keyID(text, prefix string) int64 {
	var n int64
	if _, err := fmt.Sscanf(text, prefix+"-%d", &n); err != nil || fmt.Sprintf("%s-%d", prefix, n) != text {
		return 0
	}
	return n
}

const attemptColumns = `id, request_id, provider_id, kind, state, capture_at, method_id, reference, code, doc`

func (s *Service) findAttempt(ctx context.Context, r owner.Room, where string, args ...any) (attempt, error) {
	var a attempt
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+attemptColumns+` FROM payment_attempt WHERE realm_id = $1 AND `+where, append([]any{r.Realm()}, args...), func(line db.Row) error {
		var state int64
		err := line.Scan(&a.id, &a.requestID, &a.providerID, &a.kind, &state, &a.captureAt, &a.methodID, &a.reference, &a.code, &a.sealed)
		a.state = provider.State(state)
		return err
	})
	if err == nil && a.id == 0 {
		err = db.ErrNoRows
	}
	return a, err
}

func (a attempt) ref(q *Request) provider.Ref {
	return provider.Ref{Key: key(a.id), Reference: a.reference, Amount: q.Amount}
}

// Wake tells the completer that something may be due.
func (s *Service) Wake() {
	s.Events.Wake()
	s.Notifications.Wake()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func customers(q *Request) []int64 {
	if q.CustomerID == 0 {
		return nil
	}
	return []int64{q.CustomerID}
}

func entry(action string, q *Request) audit.Entry {
	return audit.Entry{Action: action, Customers: customers(q), Object: q.ID}
}
