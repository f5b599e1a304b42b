package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
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
	endpoint *Endpoint // as it was at the start; posts read it
	failures int64     // in a row
	since    time.Time // when they began
	window   *window
	position int64     // in the database
	read     int64     // up to where events were read into the window
	tries    []try     // that ended and are not in the database yet
	looked   time.Time // when rows of webhook_delivery were last read
	atEnd    bool      // the log had no more when it was last read
	refused  int       // in a row
	open     *opening
	off      string // why it was switched off; empty while it is on
	ends     chan end
	writing  chan error // the end of the write under way; nil without one
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
		due := len(l.tries) >= unwritten
		select {
		case e := <-l.ends:
			l.ended(e)
		case err := <-l.writing:
			if l.writing = nil; err != nil {
				return l.finish(ctx, err)
			}
		case <-settle.C:
			due = true
		}
		if due {
			if err := l.settleSoon(ctx); err != nil {
				return l.finish(ctx, err)
			}
		}
	}
}

// settleSoon writes beside the posts. One write is under way at a time; the next waits for
// it only when twice as much as may be unwritten is.
func (l *line) settleSoon(ctx context.Context) error {
	if l.writing != nil {
		if len(l.tries) < 2*unwritten {
			return nil
		}
		if err := l.written(); err != nil {
			return err
		}
	}
	u, err := l.settle()
	if err != nil || len(u) == 0 {
		return err
	}
	l.writing = make(chan error, 1)
	go func(done chan<- error) { done <- l.write(ctx, u) }(l.writing)
	return nil
}

// written waits for the write under way.
func (l *line) written() error {
	if l.writing == nil {
		return nil
	}
	err := <-l.writing
	l.writing = nil
	return err
}

// unit is what one write says, made before it: a unit of the database may run twice.
type unit []func(*db.Tx) error

func (u *unit) exec(sql string, args ...any) {
	*u = append(*u, func(tx *db.Tx) error { tx.Exec(sql, args...); return nil })
}

func (l *line) write(ctx context.Context, u unit) error {
	return l.s.Store.Write(context.WithoutCancel(ctx), l.room.Scope(), func(tx *db.Tx) error {
		for _, step := range u {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
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
	if l.s.Clock.Now().Sub(l.looked) >= time.Second && len(l.window.again) == 0 && l.writing == nil { // rows on their way would be missed
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
	if before := l.written(); err == nil {
		err = before
	}
	if err != nil {
		return err
	}
	if l.open == nil && ctx.Err() == nil && (l.window.refusals() || l.againRefused()) && !l.lastTaken() {
		l.open = &opening{} // nothing else was there to show that the endpoint is healthy
	}
	u, err := l.settle()
	if err == nil && len(u) > 0 {
		err = l.write(ctx, u)
	}
	if err == nil && l.off != "" && l.s.SwitchedOff != nil {
		err = l.s.SwitchedOff(context.WithoutCancel(ctx), l.room, *l.endpoint, l.off)
	}
	return err
}

func (l *line) lastTaken() bool {
	return len(l.tries) > 0 && l.tries[len(l.tries)-1].ok()
}

func (l *line) againRefused() bool {
	return slices.ContainsFunc(l.window.again, func(i *item) bool { return i.state == refused })
}

// never is the time of a row that waits behind another of its customer.
const never = int64(1) << 60

// settle makes the unit of the tries that ended, the rows of what was refused, and how far
// the line came. From here on the line counts it as written: if the write fails the line
// ends, and the next one posts again.
func (l *line) settle() (unit, error) {
	healthy := l.open == nil && (l.refused == 0 && len(l.tries) > 0 || l.window.blocked())
	before, took := l.position, slices.ContainsFunc(l.tries, try.ok)
	var u unit
	if healthy || l.open != nil {
		l.park(&u, healthy)
	}
	l.position = l.window.advance(l.position)
	if l.position == before && len(l.tries) == 0 && l.open == nil {
		return nil, nil
	}
	rows, err := l.answers()
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		u = append(u, func(tx *db.Tx) error { tx.Insert(insertAttempt, attemptWidth, rows...); return nil })
	}
	l.settleAgain(&u, healthy)
	l.stand(&u, took)
	l.tries = nil
	return u, nil
}

// park gives rows to what others may overtake.
func (l *line) park(u *unit, healthy bool) {
	l.window.park(healthy, func(i *item, waits bool) {
		due := never
		if wait, _ := retry(1, l.s.Random); !waits {
			due = l.s.Clock.Now().Add(wait).UnixMilli()
		}
		u.exec(`INSERT INTO webhook_delivery (realm_id, endpoint_id, seq, customer_id, due_at, tries) VALUES ($1, $2, $3, $4, $5, 1)
			ON CONFLICT (realm_id, endpoint_id, seq) DO NOTHING`, l.room.Realm(), l.endpoint.ID, i.Seq, i.CustomerID, due)
	})
}

const stands = `UPDATE webhook_endpoint SET position = $3, failures = $4, failing_since = $5, next_at = $6 WHERE realm_id = $1 AND id = $2 AND position <= $3`

// stand says how the endpoint stands; took is whether it took anything since the last time.
func (l *line) stand(u *unit, took bool) {
	now, next := l.s.Clock.Now(), int64(0)
	if took {
		l.failures, l.since = 0, time.Time{}
	}
	if l.open != nil {
		if l.failures++; l.since.IsZero() {
			l.since = now
		}
		next = now.Add(max(probe(l.failures, l.s.Random), min(l.open.wait, longestWait))).UnixMilli()
	}
	u.exec(stands, l.room.Realm(), l.endpoint.ID, l.position, l.failures, millis(l.since), next)
	if l.open != nil && (l.open.gone || now.Sub(l.since) >= failingFor) {
		l.switchOff(u)
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// switchOff ends the deliveries of an endpoint until somebody switches it on again; an
// event tells those who listen elsewhere.
func (l *line) switchOff(u *unit) {
	why := Failing
	if l.open.gone {
		why = Gone
	}
	l.off = why
	realm, id := l.room.Realm(), l.endpoint.ID
	u.exec(`UPDATE webhook_endpoint SET enabled = 0, reason = $3 WHERE realm_id = $1 AND id = $2`, realm, id, why)
	*u = append(*u, func(tx *db.Tx) error {
		l.s.Events.RecordOn(tx, l.room.Grant, event.EndpointDisabled, 0, id)
		return l.s.Audit.Add(tx, l.room.Grant, audit.Entry{Action: audit.EndpointOff, Object: id, Fields: []string{why}})
	})
}
