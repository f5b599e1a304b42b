package retention

import (
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/payment"
)

// Class is a kind of data with one rule for when it is no longer needed.
type Class struct {
	Name string
	Says string // what goes, and what its time is counted from
	// Least and Most bound the days of a policy. Most 0 is no bound; Least is how long the
	// law or a card scheme wants it kept.
	Least, Most int
	// Fixed says why there can be no policy, for what is kept or removed by another rule.
	Fixed string

	due    string // SQL for what is due, see window
	remove func(tx *db.Tx, realm, of, row int64)
}

// item is a row that is due, or kept although its time has come.
type item struct {
	id, of int64 // of: the customer or endpoint in its key, or 0
	kept   int64
	at     int64 // the last millisecond in which something happened to it, if not that of its id
}

// Reasons for which something is kept although its time has come.
const (
	OnHold     = "legal_hold"
	Restricted = "restricted"
)

func (it item) why() string {
	return map[int64]string{1: Restricted, 2: OnHold}[it.kept]
}

// Audit is the class of the trail, which no policy shortens: PCI DSS 10.5.1 wants twelve
// months of it, and a proof of what was read and erased is worth nothing without.
const Audit = "audit"

// Uncollected is the class of fields that are not collected any more: it is found by opening
// profiles, not by SQL.
const Uncollected = "uncollected_fields"

// Classes are all there are, in the order in which they run: what belongs to somebody before
// who it belongs to.
func Classes() []Class {
	return []Class{
		{Name: "webhook_attempts", Most: 30, Says: "Tries to tell merchants' systems of events, counted from the try. Without a policy they go after 30 days", due: attempts},
		{Name: "interactions", Says: "Contacts with the merchant's service, counted from the contact, or from its end if that was later", due: interactions, remove: customer.RemoveInteraction},
		{Name: "ended_consents", Least: 365, Says: "Consents that were withdrawn, or never confirmed, with their evidence, counted from that moment", due: consents, remove: consent.RemoveEnded},
		{Name: "payment_requests", Least: 180, Says: "The person in requests that are paid or cancelled, counted from the last step; amounts and dates stay (tax law)", due: requests, remove: payment.Strip},
		{Name: Uncollected, Says: "Optional fields that the owner no longer collects (`notCollected` of the settings), counted from when they were switched off"},
		{Name: "disabled_customers", Says: "Customers whose status is inactive, counted from the last thing that happened to them; erased as by DELETE", due: customersOf("c.status = 1")},
		{Name: "customers", Says: "Customers of any status, counted from the last thing that happened to them; erased as by DELETE", due: customersOf("1 = 1")},
		{Name: Audit, Least: 365, Says: "The audit trail", Fixed: "It is never shortened; PCI DSS 10.5.1 wants twelve months"},
	}
}

// ClassOf finds a class by its name.
func ClassOf(name string) (Class, bool) {
	all := Classes()
	at := slices.IndexFunc(all, func(c Class) bool { return c.Name == name })
	if at < 0 {
		return Class{}, false
	}
	return all[at], true
}

// erases reports whether a class is of customers.
func (c Class) erases() bool { return c.due != "" && c.remove == nil && c.Name != "webhook_attempts" }

// window is what a class's SQL is asked with: $1 realm, $2 the id after which to go on, $3
// the first id of the cut-off's millisecond, $4 that millisecond, $5 now, $6 how many. Ids are
// made of the time, so "older than the cut-off" is an id below $3.
type window struct {
	realm  int64
	after  int64
	cutoff time.Time
	now    time.Time
	limit  int
}

func (w window) args() []any {
	return []any{w.realm, w.after, id.First(w.cutoff), w.cutoff.UnixMilli(), w.now.UnixMilli(), w.limit}
}

// kept is SQL that says why the data of a customer are kept: 0 if they are not.
func kept(customerID string) string {
	return `CASE WHEN EXISTS (SELECT 1 FROM legal_hold h WHERE h.realm_id = $1 AND h.customer_id = ` + customerID + ` AND h.released_at = 0 AND h.until_at > $5) THEN 2
		WHEN ` + customer.StatusOf("$1", customerID) + ` = 2 THEN 1 ELSE 0 END`
}

// attempts, interactions, consents and requests are the SQL of their classes.
const attempts = `SELECT t.id, t.endpoint_id, 0, 0 FROM webhook_attempt t WHERE t.realm_id = $1 AND t.id > $2 AND t.id < $3 AND CAST($4 AS BIGINT) < CAST($5 AS BIGINT) ORDER BY t.id LIMIT $6`

// immutable: SQL
var interactions = `SELECT t.id, t.customer_id, ` + kept("t.customer_id") + `, t.closed_at FROM interaction t
	WHERE t.realm_id = $1 AND t.id > $2 AND t.id < $3 AND t.closed_at < $4 ORDER BY t.id LIMIT $6`

// immutable: SQL
var consents = `SELECT t.id, t.customer_id, ` + kept("t.customer_id") + `, CASE WHEN t.withdrawn_at > t.confirmed_at THEN t.withdrawn_at ELSE t.confirmed_at END FROM consent t
	WHERE t.realm_id = $1 AND t.id > $2 AND t.id < $3 AND (t.withdrawn_at > 0 AND t.withdrawn_at < $4 OR t.withdrawn_at = 0 AND t.pending_until > 0 AND t.pending_until < $4) ORDER BY t.id LIMIT $6`

// Requests that anything is still due for keep the person: a provider is asked, money is on
// its way back, a dispute is open. immutable: SQL
var requests = `SELECT t.id, t.customer_id, ` + kept("t.customer_id") + `, 0 FROM payment_request t
	WHERE t.realm_id = $1 AND t.id > $2 AND t.id < $3 AND t.log_id < $3 AND t.paid_at < $4 AND t.status IN (1, 3) AND t.refunding = 0 AND length(t.doc) > 0
		AND NOT EXISTS (SELECT 1 FROM payment_log l WHERE l.realm_id = $1 AND l.request_id = t.id AND l.id >= $3)
		AND NOT EXISTS (SELECT 1 FROM payment_dispute d WHERE d.realm_id = $1 AND d.request_id = t.id AND d.state = 'open') ORDER BY t.id LIMIT $6`

// customersOf is SQL for customers to whom nothing happened since the cut-off: no change, no
// confirmation or verification, no payment or step of one, no contact, no consent or
// objection, no use of a saved method. One with a payment under way, an
// open dispute or a request of a data subject that is not finished has something happening.
func customersOf(which string) string {
	return `SELECT c.id, c.id, ` + kept("c.id") + `, 0 FROM customer c
	WHERE c.realm_id = $1 AND c.id > $2 AND c.id < $3 AND c.updated_at < $4 AND c.confirmed_at < $4 AND c.active_at < $4 AND ` + which + `
		AND NOT EXISTS (SELECT 1 FROM payment_request q WHERE q.realm_id = $1 AND q.customer_id = c.id AND (q.id >= $3 OR q.paid_at >= $4 OR q.status = 4 OR q.status IN (0, 2) AND q.expires_at >= $4))
		AND NOT EXISTS (SELECT 1 FROM payment_log l WHERE l.realm_id = $1 AND l.customer_id = c.id AND l.id >= $3)
		AND NOT EXISTS (SELECT 1 FROM payment_dispute d JOIN payment_request q ON q.realm_id = d.realm_id AND q.id = d.request_id WHERE q.realm_id = $1 AND q.customer_id = c.id AND d.state = 'open')
		AND NOT EXISTS (SELECT 1 FROM payment_method m WHERE m.realm_id = $1 AND m.customer_id = c.id AND (m.id >= $3 OR m.used_at >= $4))
		AND NOT EXISTS (SELECT 1 FROM interaction i WHERE i.realm_id = $1 AND i.customer_id = c.id AND (i.id >= $3 OR i.closed_at >= $4))
		AND NOT EXISTS (SELECT 1 FROM consent n WHERE n.realm_id = $1 AND n.customer_id = c.id AND (n.id >= $3 OR n.confirmed_at >= $4 OR n.withdrawn_at >= $4))
		AND NOT EXISTS (SELECT 1 FROM verification v WHERE v.realm_id = $1 AND v.customer_id = c.id AND (v.id >= $3 OR v.end_id >= $3))
		AND NOT EXISTS (SELECT 1 FROM privacy_request x WHERE x.realm_id = $1 AND x.customer_id = c.id AND (x.finished_at = 0 OR x.finished_at >= $4))
		AND NOT EXISTS (SELECT 1 FROM objection o WHERE o.realm_id = $1 AND o.customer_id = c.id AND (o.id >= $3 OR o.answered_at >= $4)) ORDER BY c.id LIMIT $6`
}

// ask gives what is due in a window, by whoever reads rows: a store, or a unit of one.
func (c Class) ask(w window, each func(sql string, args []any, fn func(db.Row) error) error) ([]item, error) {
	var all []item
	err := each(c.due, w.args(), func(row db.Row) error {
		var it item
		err := row.Scan(&it.id, &it.of, &it.kept, &it.at)
		all = append(all, it)
		return err
	})
	return all, err
}

// reader asks outside of any unit.
func (s *Service) reader(ctx context.Context, g auth.Grant) func(string, []any, func(db.Row) error) error {
	return func(sql string, args []any, fn func(db.Row) error) error {
		return s.Store.Each(ctx, db.Realm(g.Realm()), sql, args, fn)
	}
}
