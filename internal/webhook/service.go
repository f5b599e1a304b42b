package webhook

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/lease"
	"github.com/florin-gateway/florin/internal/owner"
)

// Client posts; egress.Client is the one outside tests of its own.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Service keeps endpoints and delivers to them. Build it with New.
type Service struct {
	Store  *db.DB
	Owners *owner.Service
	Audit  *audit.Log
	Events *event.Log
	Clock  clock.Clock
	IDs    *id.Source
	Random func() uint64
	Client Client
	Leases *lease.Desk // nil where there is one process
	// PlainHTTP allows http in live mode, because the operator allowed networks; egress
	// holds it to those.
	PlainHTTP bool
	// Body writes what is posted of an event.
	Body func(ctx context.Context, r owner.Room, e event.Event, full bool) ([]byte, error)

	// SwitchedOff tells the owner's people that an endpoint gets nothing any more; why is
	// Gone or Failing. nil: the event and the trail alone do.
	SwitchedOff func(ctx context.Context, r owner.Room, e Endpoint, why string) error

	lines *lines
	wake  chan struct{}
}

// lines are the deliveries under way by endpoint, with what ends them.
type lines struct {
	mu      sync.Mutex
	stop    map[int64]context.CancelFunc
	realm   map[int64]int64 // by endpoint too
	running sync.WaitGroup
}

// New completes a service.
func New(s Service) *Service {
	s.lines = &lines{stop: map[int64]context.CancelFunc{}, realm: map[int64]int64{}}
	s.wake = make(chan struct{}, 1)
	return &s
}

// leaseName is held by the one node that delivers.
const leaseName = "webhooks"

// Wake tells Run that there may be something to deliver.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// changed ends the line of an endpoint that was changed, so that a new one reads it anew.
func (s *Service) changed(endpointID int64) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	if stop := s.lines.stop[endpointID]; stop != nil {
		stop()
	}
	s.Wake()
}

// Run delivers until ctx ends: at once when woken, and every interval for what other nodes
// wrote. It waits for the posts under way, which ctx's end breaks off.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	defer s.lines.running.Wait()
	held := time.Time{}
	clock.Repeat(ctx, interval, s.wake, func(ctx context.Context) bool {
		if s.Leases != nil && s.Clock.Now().Sub(held) > lease.Length/3 {
			if err := s.Leases.Hold(ctx, leaseName); err != nil {
				s.stopAll()
				if !errors.Is(err, lease.ErrTaken) && ctx.Err() == nil {
					failed(err)
				}
				return false
			}
			held = s.Clock.Now()
		}
		if err := s.Dispatch(ctx, failed); err != nil && ctx.Err() == nil {
			failed(err)
		}
		return false
	})
}

func (s *Service) stopAll() {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	for _, stop := range s.lines.stop {
		stop()
	}
}

// behind is an endpoint with something to do.
type behind struct{ realm, endpoint int64 }

// Dispatch starts a line for each endpoint that is behind or has events whose time has
// come, and has none.
func (s *Service) Dispatch(ctx context.Context, failed func(error)) error {
	now := s.Clock.Millis()
	var all []behind
	add := func(r db.Row) error {
		var b behind
		err := r.Scan(&b.realm, &b.endpoint)
		all = append(all, b)
		return err
	}
	err := s.Store.Each(ctx, db.Worker(), `SELECT e.realm_id, e.id FROM webhook_endpoint e WHERE e.enabled = 1 AND e.next_at <= $1
		AND e.position < (SELECT coalesce(max(v.seq), 0) FROM event v WHERE v.realm_id = e.realm_id)`, []any{now}, add)
	if err != nil {
		return err
	}
	err = s.Store.Each(ctx, db.Worker(), `SELECT DISTINCT d.realm_id, d.endpoint_id FROM webhook_delivery d
		JOIN webhook_endpoint e ON e.realm_id = d.realm_id AND e.id = d.endpoint_id WHERE d.due_at <= $1 AND e.enabled = 1 AND e.next_at <= $1`, []any{now}, add)
	if err != nil {
		return err
	}
	closed, err := s.Owners.Closed(ctx)
	if err != nil {
		return err
	}
	s.hold(closed)
	for _, b := range all {
		if !closed[b.realm] {
			s.begin(ctx, b, failed)
		}
	}
	return nil
}

// hold ends the lines of owners who were suspended. What they have not been told waits.
func (s *Service) hold(closed map[int64]bool) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	for endpoint, stop := range s.lines.stop {
		if closed[s.lines.realm[endpoint]] {
			stop()
		}
	}
}

func (s *Service) begin(ctx context.Context, b behind, failed func(error)) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	if s.lines.stop[b.endpoint] != nil {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	s.lines.stop[b.endpoint], s.lines.realm[b.endpoint] = stop, b.realm
	s.lines.running.Go(func() {
		err := s.deliver(ctx, b)
		s.lines.mu.Lock()
		delete(s.lines.stop, b.endpoint)
		delete(s.lines.realm, b.endpoint)
		s.lines.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		stop()
		if err == nil {
			s.Wake() // an event may have come between its last look and its end
		}
	})
}

// deliver is one line from its start to its end.
func (s *Service) deliver(ctx context.Context, b behind) error {
	o, mode, err := s.Owners.ByRealm(ctx, b.realm)
	if err != nil {
		return err
	}
	r, err := s.Owners.Enter(ctx, auth.System(o.ID, b.realm, mode, "webhooks"), s.Audit)
	if err != nil {
		return err
	}
	all, err := s.endpoints(ctx, r, b.endpoint)
	if err != nil || len(all) == 0 || !all[0].Enabled {
		return err
	}
	e := &all[0]
	l := &line{s: s, room: r, endpoint: e, failures: e.Failures, since: e.FailingSince, window: newWindow(), position: e.position, read: e.position, ends: make(chan end)}
	return l.run(ctx)
}

// Test posts one message of the kind webhook.test now and tells how it ended.
func (s *Service) Test(ctx context.Context, g auth.Grant, endpointID int64) (Attempt, error) {
	r, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return Attempt{}, err
	}
	if err := s.Audit.Note(ctx, g, audit.Entry{Action: audit.EndpointTest, Object: endpointID}); err != nil {
		return Attempt{}, err
	}
	t := s.post(ctx, r, &e, event.Event{ID: s.IDs.Next(), Kind: event.WebhookTest, Fields: []string{}})
	rows, err := t.row(r, e.ID)
	if err != nil {
		return Attempt{}, err
	}
	a := Attempt{ID: t.id, EventID: t.event.ID, Kind: t.event.Kind, Status: t.status, Took: t.took, Problem: t.problem, Answer: strings.ToValidUTF8(string(t.answer), "\uFFFD")}
	return a, s.Store.Write(context.WithoutCancel(ctx), r.Scope(), func(tx *db.Tx) error {
		tx.Insert(insertAttempt, attemptWidth, rows...)
		return nil
	})
}

// mostReplayed is how many events one call sends again.
const mostReplayed = 10000

// Replay has events sent again that the endpoint wants, delivered or not, and says how
// many: with the same ids, in order for each customer. More than 10,000 at once are
// refused.
func (s *Service) Replay(ctx context.Context, g auth.Grant, endpointID int64, gap event.Range, also func(*db.Tx, int) error) error {
	r, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return err
	}
	gap.Kinds = e.Events
	found, err := s.Events.Find(ctx, g, gap, mostReplayed+1)
	switch {
	case err != nil:
		return err
	case gap.ID != 0 && len(found) == 0:
		return noEvent()
	case len(found) > mostReplayed:
		return tooMany()
	}
	rows := make([]any, 0, 6*len(found))
	for _, v := range found {
		if v.Seq <= e.position {
			rows = append(rows, r.Realm(), e.ID, v.Seq, v.CustomerID, s.Clock.Millis(), int64(1))
		}
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		for at := 0; at < len(rows); at += 6 {
			tx.Exec(`INSERT INTO webhook_delivery (realm_id, endpoint_id, seq, customer_id, due_at, tries) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (realm_id, endpoint_id, seq) DO NOTHING`, rows[at:at+6]...)
		}
		if err := also(tx, len(found)); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.EndpointReplay, Object: e.ID})
	})
	s.Wake()
	return err
}
