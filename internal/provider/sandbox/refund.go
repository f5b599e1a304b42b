package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// errTooMuch says that less is left than shall be given back.
var errTooMuch = errors.New("sandbox: more than is left of the charge")

// refund is one row of the ledger.
type refund struct {
	key, charge string
	id          int64
	state       provider.State
	amount      money.Amount
	settlesAt   int64
}

// Refund implements provider.Connector. The row's key decides which of several calls gives
// the money back, the condition on the charge that it is never more than was taken.
func (c *Connector) Refund(ctx context.Context, a provider.Account, order provider.RefundOrder) (provider.RefundOutcome, error) {
	if err := ready(a); err != nil {
		return provider.RefundOutcome{}, err
	}
	if order.Key == "" || order.Amount.Minor <= 0 {
		return provider.RefundOutcome{}, fmt.Errorf("sandbox: a refund needs a key and an amount: %w", provider.ErrUnavailable)
	}
	r := &refund{key: order.Key, charge: order.Ref.Key, id: c.IDs(), state: provider.Approved, amount: order.Amount}
	if amountScenario(order.Amount.Minor) == timesOut {
		r.state, r.settlesAt = provider.Pending, c.now()+Delay.Milliseconds()
	}
	err := c.Store.Write(ctx, db.Realm(a.Realm), func(tx *db.Tx) error { c.giveBack(tx, a, r); return nil })
	if errors.Is(err, errTooMuch) {
		err = c.refuse(ctx, a, r)
	}
	if err != nil && !db.IsViolation(err, "sandbox_refund") {
		return provider.RefundOutcome{}, err
	}
	return c.refundOutcome(ctx, a, order)
}

func (c *Connector) giveBack(tx *db.Tx, a provider.Account, r *refund) {
	tx.Exec(settle, a.Realm, a.ID, r.charge, c.now())
	tx.Exec(insertRefund, r.args(a, c.now())...)
	tx.ExecOne(errTooMuch, `UPDATE sandbox_charge SET refunded = refunded + $1, updated_at = $2
		WHERE realm_id = $3 AND account_id = $4 AND charge_key = $5 AND state = 'approved' AND currency = $6 AND captured - refunded >= $1`,
		r.amount.Minor, c.now(), a.Realm, a.ID, r.charge, r.amount.Currency)
	if r.state == provider.Pending {
		c.schedule(tx, &charge{realm: a.Realm, account: a.ID, key: r.charge},
			c.event(refundMoved, provider.Approved.String(), Delay).about(r.key))
	}
}

// refuse remembers a refund that was too much, so that its key has one answer for ever.
func (c *Connector) refuse(ctx context.Context, a provider.Account, r *refund) error {
	r.state, r.settlesAt = provider.Declined, 0
	return c.Store.Write(ctx, db.Realm(a.Realm), func(tx *db.Tx) error {
		tx.Exec(insertRefund, r.args(a, c.now())...)
		return nil
	})
}

const insertRefund = `INSERT INTO sandbox_refund (realm_id, account_id, refund_key, id, charge_key, state, amount, currency, settles_at, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (r *refund) args(a provider.Account, now int64) []any {
	return []any{a.Realm, a.ID, r.key, r.id, r.charge, r.state.String(), r.amount.Minor, r.amount.Currency, r.settlesAt, now}
}

func (c *Connector) findRefund(ctx context.Context, realm, account int64, key string) (*refund, error) {
	r := &refund{key: key}
	var state string
	err := c.Store.One(ctx, db.Realm(realm), `SELECT id, charge_key, state, amount, currency, settles_at FROM sandbox_refund
		WHERE realm_id = $1 AND account_id = $2 AND refund_key = $3`, []any{realm, account, key},
		&r.id, &r.charge, &state, &r.amount.Minor, &r.amount.Currency, &r.settlesAt)
	if r.state = provider.ParseState(state); r.state == provider.Pending && r.settlesAt <= c.now() {
		r.state = provider.Approved
	}
	return r, err
}

func (c *Connector) refundOutcome(ctx context.Context, a provider.Account, order provider.RefundOrder) (provider.RefundOutcome, error) {
	r, err := c.findRefund(ctx, a.Realm, a.ID, order.Key)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	if r.charge != order.Ref.Key || r.amount != order.Amount {
		return provider.RefundOutcome{}, errors.New("sandbox: the key was used for another refund")
	}
	return provider.RefundOutcome{State: r.state, Reference: refundReference(r.id), Amount: r.amount}, nil
}

func refundReference(id int64) string { return "sbx_re_" + strconv.FormatInt(id, 10) }
