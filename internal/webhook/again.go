package webhook

import (
	"context"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
)

// againAtOnce is how many waiting events a line takes up together.
const againAtOnce = 64

// loadAgain reads which events wait, and those whose time has come.
func (l *line) loadAgain(ctx context.Context) error {
	l.looked = l.s.Clock.Now()
	scope, of := l.room.Scope(), []any{l.room.Realm(), l.endpoint.ID}
	clear(l.window.held)
	err := l.s.Store.Each(ctx, scope, `SELECT customer_id, count(*) FROM webhook_delivery WHERE realm_id = $1 AND endpoint_id = $2 AND customer_id <> 0 GROUP BY customer_id`, of,
		func(r db.Row) error {
			var customer, count int64
			err := r.Scan(&customer, &count)
			l.window.held[customer] = int(count)
			return err
		})
	if err != nil {
		return err
	}
	return l.s.Store.Each(ctx, scope, `SELECT `+event.Columns+`, d.tries
		FROM webhook_delivery d JOIN event e ON e.realm_id = d.realm_id AND e.seq = d.seq
		WHERE d.realm_id = $1 AND d.endpoint_id = $2 AND d.due_at <= $3 ORDER BY d.seq LIMIT $4`, append(of, l.looked.UnixMilli(), againAtOnce),
		func(r db.Row) error {
			i := &item{}
			var err error
			i.Event, err = event.Scan(r, &i.tries)
			l.window.again = append(l.window.again, i)
			return err
		})
}

// settleAgain says what became of waiting events. One that was refused while the endpoint
// itself failed keeps its time: it was not the event's fault.
func (l *line) settleAgain(u *unit, healthy bool) {
	kept := l.window.again[:0]
	for _, i := range l.window.again {
		switch {
		case i.state == done:
			l.over(u, i)
		case i.state == refused && healthy:
			l.later(u, i)
		default:
			kept = append(kept, i)
		}
	}
	clear(l.window.again[len(kept):])
	l.window.again = kept
}

// over deletes a row and lets the next of its customer go.
func (l *line) over(u *unit, i *item) {
	realm, endpoint := l.room.Realm(), l.endpoint.ID
	u.exec(`DELETE FROM webhook_delivery WHERE realm_id = $1 AND endpoint_id = $2 AND seq = $3`, realm, endpoint, i.Seq)
	if i.CustomerID == 0 {
		return
	}
	if l.window.held[i.CustomerID]--; l.window.held[i.CustomerID] > 0 {
		u.exec(`UPDATE webhook_delivery SET due_at = $4 WHERE realm_id = $1 AND endpoint_id = $2
			AND seq = (SELECT min(n.seq) FROM webhook_delivery n WHERE n.realm_id = $1 AND n.endpoint_id = $2 AND n.customer_id = $3)`,
			realm, endpoint, i.CustomerID, l.s.Clock.Millis())
	}
}

// later gives a refused event its next time, or gives it up after three days.
func (l *line) later(u *unit, i *item) {
	wait, ok := retry(i.tries+1, l.s.Random)
	if !ok {
		l.over(u, i)
		*u = append(*u, func(tx *db.Tx) error {
			return l.s.Audit.Add(tx, l.room.Grant, audit.Entry{Action: audit.DeliveryGivenUp, Object: l.endpoint.ID})
		})
		return
	}
	u.exec(`UPDATE webhook_delivery SET due_at = $4, tries = tries + 1 WHERE realm_id = $1 AND endpoint_id = $2 AND seq = $3`,
		l.room.Realm(), l.endpoint.ID, i.Seq, l.s.Clock.Now().Add(wait).UnixMilli())
}
