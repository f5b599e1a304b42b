package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/owner"
)

const (
	// ahead is how many events a line reads at once, and half of how many it has in hand.
	ahead = 256
	// unwritten bounds how many ends of posts are not yet in the database: what a crash has
	// posted again.
	unwritten = 128
	// settleEvery bounds how long they are not.
	settleEvery = 50 * time.Millisecond
	// patience is how many different events an endpoint may refuse in a row before it counts
	// as failing itself.
	patience = 3
)

// line is the delivery to one endpoint while there is something to deliver.
type line struct {
	s        *Service
	room     owner.Room
	endpoint Endpoint
	window   *window
	position int64     // in the database
	read     int64     // up to where events were read into the window
	tries    []try     // that ended and are not in the database yet
	looked   time.Time // when rows of webhook_delivery were last read
	atEnd    bool      // the log had no more when it was last read
	refused  int       // in a row
	open     *opening
	ends     chan end
}

// opening is why a line stops before it is at the end.
type opening struct {
	gone bool
	wait time.Duration // that the receiver asked for
}

// end is a post that ended.
type end struct {
	item *item
	try  try
}

// run delivers until there is nothing more, the breaker opens, or ctx ends. What is under
// way is waited for, and written down in any case.
func (l *line) run(ctx context.Context) error {
	settle := time.NewTicker(settleEvery)
	defer settle.Stop()
	for {
		if err := l.fill(ctx); err != nil {
			return l.finish(ctx, err)
		}
		if l.window.flying == 0 {
			return l.finish(ctx, nil)
		}
		select {
		case e := <-l.ends:
			l.ended(e)
		case <-settle.C:
			if err := l.settle(ctx); err != nil {
				return l.finish(ctx, err)
			}
		}
		if len(l.tries) >= unwritten {
			if err := l.settle(ctx); err != nil {
				return l.finish(ctx, err)
			}
		}
	}
}

// fill posts as many events as may be under way.
func (l *line) fill(ctx context.Context) error {
	for l.open == nil && ctx.Err() == nil {
		if err := l.load(ctx); err != nil {
			return err
		}
		i := l.window.next()
		if i == nil {
			return nil
		}
		go func() { l.ends <- end{i, l.s.post(ctx, l.room, l.endpoint, i.Event)} }()
	}
	return nil
}

// load reads the next events of the log, if few are left, and each second the rows that
// are due. What is none of the endpoint's is done at once.
func (l *line) load(ctx context.Context) error {
	if l.s.Clock.Now().Sub(l.looked) >= time.Second && len(l.window.again) == 0 {
		if err := l.loadAgain(ctx); err != nil {
			return err
		}
	}
	if len(l.window.fresh) >= ahead || l.atEnd && l.window.flying > 0 {
		return nil
	}
	events, err := l.s.Events.After(ctx, l.room.Grant, l.read, ahead)
	for _, e := range events {
		i := &item{Event: e}
		if !wants(l.endpoint.Events, e.Kind) {
			i.state = done
		}
		l.window.fresh = append(l.window.fresh, i)
		l.read = e.Seq
	}
	l.atEnd = len(events) < ahead
	return err
}

func wants(kinds []string, kind string) bool {
	return kinds[0] == "*" || slices.Contains(kinds, kind)
}

// ended takes in how a post ended. A success shows that what was refused before it was
// refused for its own sake.
func (l *line) ended(e end) {
	l.tries = append(l.tries, e.try)
	l.window.took(e.item, e.try.ok())
	switch {
	case e.try.ok():
		l.refused = 0
	case e.try.stopped:
		l.tries = l.tries[:len(l.tries)-1] // nobody knows; it is posted again
	case e.try.status == 410:
		l.open = &opening{gone: true}
	case e.try.busy():
		l.open = &opening{wait: e.try.after}
	default:
		if l.refused++; l.refused >= patience {
			l.open = &opening{}
		}
	}
}

// finish waits for the posts under way and writes down how everything stands.
func (l *line) finish(ctx context.Context, err error) error {
	for l.window.flying > 0 {
		l.ended(<-l.ends)
	}
	if err != nil {
		return err
	}
	if l.open == nil && ctx.Err() == nil && (l.window.refusals() || l.againRefused()) && !l.lastTaken() {
		l.open = &opening{} // nothing else was there to show that the endpoint is healthy
	}
	return l.settle(context.WithoutCancel(ctx))
}

func (l *line) lastTaken() bool {
	return len(l.tries) > 0 && l.tries[len(l.tries)-1].ok()
}

func (l *line) againRefused() bool {
	return slices.ContainsFunc(l.window.again, func(i *item) bool { return i.state == refused })
}

// never is the time of a row that waits behind another of its customer.
const never = int64(1) << 60

// settle writes down the tries, the rows of what was refused, and how far the line came.
func (l *line) settle(ctx context.Context) error {
	healthy := l.open == nil && (l.refused == 0 && len(l.tries) > 0 || l.window.blocked())
	before := l.position
	var parked []any
	if healthy || l.open != nil {
		l.window.park(healthy, func(i *item, waits bool) {
			due := never
			if wait, _ := retry(1, l.s.Random); !waits {
				due = l.s.Clock.Now().Add(wait).UnixMilli()
			}
			parked = append(parked, l.room.Realm(), l.endpoint.ID, i.Seq, i.CustomerID, due, int64(1))
		})
	}
	l.position = l.window.advance(l.position)
	if l.position == before && len(l.tries) == 0 && l.open == nil {
		return nil
	}
	rows, err := l.answers()
	if err != nil {
		return err
	}
	err = l.s.Store.Write(ctx, l.room.Scope(), func(tx *db.Tx) error {
		if len(parked) > 0 {
			tx.Insert(`INSERT INTO webhook_delivery (realm_id, endpoint_id, seq, customer_id, due_at, tries)`, 6, parked...)
		}
		if len(rows) > 0 {
			tx.Insert(insertAttempt, attemptWidth, rows...)
		}
		if err := l.settleAgain(tx, healthy); err != nil {
			return err
		}
		return l.stand(tx)
	})
	l.tries = l.tries[:0]
	return err
}

// stand writes how the endpoint stands.
func (l *line) stand(tx *db.Tx) error {
	e := &l.endpoint
	now := l.s.Clock.Now()
	if l.open == nil {
		if l.tookSome() && e.Failures > 0 {
			e.Failures, e.FailingSince = 0, time.Time{}
		}
		tx.Exec(`UPDATE webhook_endpoint SET position = $3, failures = $4, failing_since = $5, next_at = 0 WHERE realm_id = $1 AND id = $2 AND position <= $3`,
			l.room.Realm(), e.ID, l.position, e.Failures, millis(e.FailingSince))
		return nil
	}
	e.Failures++
	if e.FailingSince.IsZero() || l.tookSome() {
		e.Failures, e.FailingSince = 1, now
	}
	next := now.Add(max(probe(e.Failures, l.s.Random), min(l.open.wait, longestWait)))
	tx.Exec(`UPDATE webhook_endpoint SET position = $3, failures = $4, failing_since = $5, next_at = $6 WHERE realm_id = $1 AND id = $2 AND position <= $3`,
		l.room.Realm(), e.ID, l.position, e.Failures, millis(e.FailingSince), next.UnixMilli())
	if l.open.gone || now.Sub(e.FailingSince) >= failingFor {
		return l.switchOff(tx)
	}
	return nil
}

func (l *line) tookSome() bool {
	return slices.ContainsFunc(l.tries, try.ok)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// switchOff ends the deliveries of an endpoint until somebody switches it on again; an
// event tells those who listen elsewhere.
func (l *line) switchOff(tx *db.Tx) error {
	why := Failing
	if l.open.gone {
		why = Gone
	}
	tx.Exec(`UPDATE webhook_endpoint SET enabled = 0, reason = $3 WHERE realm_id = $1 AND id = $2`, l.room.Realm(), l.endpoint.ID, why)
	l.s.Events.RecordOn(tx, l.room.Grant, event.EndpointDisabled, 0, l.endpoint.ID)
	return l.s.disabled(tx, l.room, l.endpoint.ID, why)
}
