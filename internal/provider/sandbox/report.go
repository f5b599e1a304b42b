package sandbox

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

const reportAtOnce = 500

// Report implements provider.Reporter: every charge that was made before to and moved at
// or after from, oldest first.
func (c *Connector) Report(ctx context.Context, a provider.Account, from, to time.Time, each func(provider.Entry) error) error {
	if err := ready(a); err != nil {
		return err
	}
	for after := int64(0); ; {
		page, last, err := c.reportPage(ctx, a, from, to, after)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := each(e); err != nil {
				return err
			}
		}
		if len(page) < reportAtOnce {
			return nil
		}
		after = last
	}
}

// reportPage reads before anything is said: each may ask the database itself.
func (c *Connector) reportPage(ctx context.Context, a provider.Account, from, to time.Time, after int64) (page []provider.Entry, last int64, err error) {
	err = c.Store.Each(ctx, db.Realm(a.Realm), `SELECT `+columns+`, (SELECT coalesce(sum(d.amount), 0) FROM sandbox_dispute d
		WHERE d.realm_id = c.realm_id AND d.account_id = c.account_id AND d.charge_key = c.charge_key AND d.state <> 'won' AND d.opened_at <= $1)
		FROM sandbox_charge c WHERE c.realm_id = $2 AND c.account_id = $3 AND c.id > $4 AND c.updated_at >= $5 AND c.created_at < $6
		AND c.state <> 'absent' AND c.amount > 0 ORDER BY c.id LIMIT $7`,
		[]any{c.now(), a.Realm, a.ID, after, from.UnixMilli(), to.UnixMilli(), reportAtOnce}, func(row db.Row) error {
			r, err := scanCharge(row)
			if err != nil {
				return err
			}
			r.settled(c.now())
			out := c.outcome(a, r)
			page, last = append(page, provider.Entry{Ref: provider.Ref{Key: r.key, Reference: out.Reference, Amount: r.amount},
				State: r.state, Amount: out.Amount, Refunded: r.refunded, Disputed: r.kept}), r.id
			return nil
		})
	return page, last, err
}
