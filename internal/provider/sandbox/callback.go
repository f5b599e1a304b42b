package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

// Types of events.
const (
	chargeMoved  = "charge.updated"
	refundMoved  = "refund.updated"
	disputeMoved = "dispute.updated"
)

const (
	deliverAtOnce  = 100
	deliverTimeout = 20 * time.Second
	firstRetry     = 30 * time.Second // longer than deliverTimeout: a claim must outlive its call
	giveUpAfter    = 72 * time.Hour
)

// event is one callback that shall be sent.
type event struct {
	id, kind, state, subject string
	after                    time.Duration
}

func (c *Connector) event(kind, state string, after time.Duration) event {
	return event{id: "sbx_ev_" + strconv.FormatInt(c.IDs(), 10), kind: kind, state: state, after: after}
}

// about names the refund or the dispute that the event tells of.
func (e event) about(subject string) event {
	e.subject = subject
	return e
}

func (e event) later(d time.Duration) event {
	e.after += d
	return e
}

// schedule queues a callback in the unit of what it tells.
func (c *Connector) schedule(tx *db.Tx, r *charge, e event) {
	tx.Exec(`INSERT INTO sandbox_callback (realm_id, id, account_id, event_id, kind, charge_key, subject, state, due_at, attempts, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)`,
		r.realm, c.IDs(), r.account, e.id, e.kind, r.key, e.subject, e.state, c.now()+e.after.Milliseconds(), c.now())
}

// repeat sends what happened twice, and an older event last, as real providers may.
func (c *Connector) repeat(tx *db.Tx, r *charge) {
	older := c.event(chargeMoved, provider.Pending.String(), 3*time.Second)
	moved := c.event(chargeMoved, r.state.String(), time.Second)
	c.schedule(tx, r, moved)
	c.schedule(tx, r, moved.later(time.Second))
	c.schedule(tx, r, older)
}

// callback is a row that waits.
type callback struct {
	event
	realm, id, account int64
	charge             string
	dueAt, attempts    int64
	created            int64
}

// DeliverDue sends the callbacks whose time has come and says how many arrived. Several
// nodes share the work; each callback is sent at least once.
func (c *Connector) DeliverDue(ctx context.Context) (int, error) {
	due, err := c.due(ctx)
	sent := 0
	for _, cb := range due {
		ok, sendErr := c.send(ctx, cb)
		if ok {
			sent++
		}
		err = errors.Join(err, sendErr)
	}
	return sent, err
}

func (c *Connector) due(ctx context.Context) ([]callback, error) {
	var due []callback
	err := c.Store.Each(ctx, db.Worker(), `SELECT realm_id, id, account_id, event_id, kind, charge_key, subject, state, due_at, attempts, created_at
		FROM sandbox_callback WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2`, []any{c.now(), deliverAtOnce}, func(r db.Row) error {
		var cb callback
		err := r.Scan(&cb.realm, &cb.id, &cb.account, &cb.event.id, &cb.kind, &cb.charge, &cb.subject, &cb.state, &cb.dueAt, &cb.attempts, &cb.created)
		due = append(due, cb)
		return err
	})
	return due, err
}

// errTaken says that another node sends this callback now.
var errTaken = errors.New("sandbox: the callback is taken")

func (c *Connector) send(ctx context.Context, cb callback) (bool, error) {
	err := c.claim(ctx, cb)
	if errors.Is(err, errTaken) {
		return false, nil
	}
	if err == nil && c.now()-cb.created < giveUpAfter.Milliseconds() {
		err = c.deliver(ctx, cb)
	}
	if err != nil {
		return false, err
	}
	return true, c.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM sandbox_callback WHERE realm_id = $1 AND id = $2`, cb.realm, cb.id)
		return nil
	})
}

// claim moves the callback to its next try: who moves it sends it, and whoever dies over
// it leaves it to the next.
func (c *Connector) claim(ctx context.Context, cb callback) error {
	next := c.now() + (firstRetry << min(cb.attempts, 7)).Milliseconds()
	return c.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(errTaken, `UPDATE sandbox_callback SET due_at = $1, attempts = attempts + 1
			WHERE realm_id = $2 AND id = $3 AND due_at = $4 AND attempts = $5`, next, cb.realm, cb.id, cb.dueAt, cb.attempts)
		return nil
	})
}

func (c *Connector) deliver(ctx context.Context, cb callback) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	a, err := c.Account(ctx, cb.realm, cb.account)
	if err != nil {
		return err
	}
	body, err := c.body(ctx, a, cb)
	if err != nil {
		return err
	}
	now := c.Clock.Now()
	header := http.Header{"Content-Type": {"application/json"}, SignatureHeader: {sign(a, now, body)}}
	return c.Deliver(ctx, a, provider.Callback{Header: header, Body: body, Now: now})
}

// body is the event's document. The state is that of the event, the rest as it stands now.
func (c *Connector) body(ctx context.Context, a provider.Account, cb callback) ([]byte, error) {
	r, err := c.find(ctx, a, cb.charge)
	if err != nil {
		return nil, err
	}
	doc := eventDoc{ID: cb.event.id, Type: cb.kind, Created: cb.created}
	if cb.kind == chargeMoved {
		r.state = provider.ParseState(cb.state)
		if err := c.settleNow(ctx, r); err != nil {
			return nil, err
		}
	}
	doc.Charge = showCharge(r.key, c.outcome(a, r))
	switch cb.kind {
	case refundMoved:
		doc.Refund, err = c.showRefund(ctx, a, cb)
	case disputeMoved:
		doc.Dispute, err = c.showDispute(ctx, a, cb)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// settleNow writes into the ledger what is told to the world.
func (c *Connector) settleNow(ctx context.Context, r *charge) error {
	return c.Store.Write(ctx, r.scope(), func(tx *db.Tx) error {
		tx.Exec(settle, r.realm, r.account, r.key, c.now())
		return nil
	})
}

func (c *Connector) showRefund(ctx context.Context, a provider.Account, cb callback) (*refundDoc, error) {
	r, err := c.findRefund(ctx, a.Realm, a.ID, cb.subject)
	if err != nil {
		return nil, err
	}
	return &refundDoc{Key: r.key, Reference: refundReference(r.id), State: cb.state, Amount: r.amount.Minor, Currency: r.amount.Currency}, nil
}

// Run sends what is due every interval until ctx ends. failed hears of errors, after which
// the callback is tried again.
func (c *Connector) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, nil, func(ctx context.Context) bool {
		if _, err := c.DeliverDue(ctx); err != nil && ctx.Err() == nil {
			failed(fmt.Errorf("sandbox: a callback was not delivered: %w", err))
		}
		return false
	})
}
