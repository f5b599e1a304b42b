package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

// errMoved says that a conditional update came too late: another call was first.
var errMoved = errors.New("sandbox: the charge stands otherwise")

// Capture implements provider.Connector. Ref.Amount, if it has one, is taken in part.
func (c *Connector) Capture(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	if err := ready(a); err != nil {
		return provider.Outcome{}, err
	}
	r, err := c.find(ctx, a, ref.Key)
	if errors.Is(err, errNoCharge) {
		return provider.Outcome{}, fmt.Errorf("sandbox: nothing was held under this key: %w", provider.ErrUnavailable)
	}
	if err != nil {
		return provider.Outcome{}, err
	}
	if r.state != provider.Authorised {
		return c.outcome(a, r), nil
	}
	r.captured = r.amount.Minor
	if ref.Amount.Minor > 0 {
		r.captured = ref.Amount.Minor
	}
	if r.captured > r.amount.Minor {
		return provider.Outcome{}, fmt.Errorf("sandbox: more than was held: %w", provider.ErrUnavailable)
	}
	return c.move(ctx, a, r, provider.Approved)
}

// Cancel implements provider.Connector. A key that never came is closed.
func (c *Connector) Cancel(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	out, err := c.Fetch(ctx, a, ref)
	if err != nil || out.State != provider.Authorised && out.State != provider.Challenge {
		return out, err
	}
	r, err := c.find(ctx, a, ref.Key)
	if err != nil {
		return provider.Outcome{}, err
	}
	if r.state != provider.Authorised && r.state != provider.Challenge {
		return c.outcome(a, r), nil
	}
	return c.move(ctx, a, r, provider.Cancelled)
}

// move changes the state from the one that was read, once, and tells how things stand.
func (c *Connector) move(ctx context.Context, a provider.Account, r *charge, to provider.State) (provider.Outcome, error) {
	from := r.state
	r.state = to
	err := c.Store.Write(ctx, r.scope(), func(tx *db.Tx) error {
		tx.Exec(settle, r.realm, r.account, r.key, c.now())
		tx.ExecOne(errMoved, `UPDATE sandbox_charge SET state = $1, captured = $2, updated_at = $3
			WHERE realm_id = $4 AND account_id = $5 AND charge_key = $6 AND state = $7`,
			to.String(), r.captured, c.now(), r.realm, r.account, r.key, from.String())
		if to == provider.Approved {
			c.chargeBack(tx, r)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errMoved) {
		return provider.Outcome{}, err
	}
	return c.read(ctx, a, r.key)
}

// Fetch implements provider.Connector. A key that is not known is closed first: only then
// is Absent a promise, because a charge that is still on its way finds the key taken.
func (c *Connector) Fetch(ctx context.Context, a provider.Account, ref provider.Ref) (provider.Outcome, error) {
	if err := ready(a); err != nil {
		return provider.Outcome{}, err
	}
	out, err := c.read(ctx, a, ref.Key)
	if !errors.Is(err, errNoCharge) {
		return out, err
	}
	closed := &charge{realm: a.Realm, account: a.ID, key: ref.Key, id: c.IDs(), state: provider.Absent, nonce: []byte{}, created: c.now(), updated: c.now()}
	err = c.Store.Write(ctx, closed.scope(), func(tx *db.Tx) error {
		tx.Exec(insertCharge+` ON CONFLICT (realm_id, account_id, charge_key) DO NOTHING`, closed.args()...)
		return nil
	})
	if err != nil {
		return provider.Outcome{}, err
	}
	return c.read(ctx, a, ref.Key)
}
