package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

const disputePrefix = "sbx_dp_"

// LosingEvidence loses a dispute; any other evidence wins it.
const LosingEvidence = "losing_evidence"

// chargeBack queues the chargeback of a charge whose scenario has one.
func (c *Connector) chargeBack(tx *db.Tx, r *charge) {
	if r.scenario != chargesBack || r.state != provider.Approved {
		return
	}
	id, opens := c.IDs(), c.now()+Delay.Milliseconds()
	tx.Exec(`INSERT INTO sandbox_dispute (realm_id, account_id, id, charge_key, state, amount, opened_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.realm, r.account, id, r.key, string(provider.DisputeOpen), r.captured, opens, opens+DisputeTime.Milliseconds())
	tx.Exec(`UPDATE sandbox_charge SET updated_at = $1 WHERE realm_id = $2 AND account_id = $3 AND charge_key = $4`, opens, r.realm, r.account, r.key)
	c.schedule(tx, r, c.event(disputeMoved, string(provider.DisputeOpen), Delay).about(strconv.FormatInt(id, 10)))
}

func (c *Connector) showDispute(ctx context.Context, a provider.Account, cb callback) (*disputeDoc, error) {
	id, err := strconv.ParseInt(cb.subject, 10, 64)
	if err != nil {
		return nil, errors.New("sandbox: a callback names no dispute")
	}
	d := &disputeDoc{Reference: disputePrefix + cb.subject, State: cb.state, Reason: "fraudulent"}
	err = c.Store.One(ctx, db.Realm(a.Realm), `SELECT amount, due_at FROM sandbox_dispute WHERE realm_id = $1 AND account_id = $2 AND id = $3`,
		[]any{a.Realm, a.ID, id}, &d.Amount, &d.DueAt)
	return d, err
}

// Contest implements provider.Contester. The evidence decides and is not kept.
func (c *Connector) Contest(ctx context.Context, a provider.Account, dispute, evidence string) error {
	if err := ready(a); err != nil {
		return err
	}
	subject, found := strings.CutPrefix(dispute, disputePrefix)
	id, err := strconv.ParseInt(subject, 10, 64)
	if !found || err != nil || evidence == "" {
		return fmt.Errorf("sandbox: needs a dispute of ours and evidence: %w", provider.ErrUnavailable)
	}
	verdict := string(provider.DisputeWon)
	if evidence == LosingEvidence {
		verdict = string(provider.DisputeLost)
	}
	key, err := c.disputed(ctx, a, id)
	if err != nil {
		return err
	}
	return c.Store.Write(ctx, db.Realm(a.Realm), func(tx *db.Tx) error {
		tx.ExecOne(errClosed, `UPDATE sandbox_dispute SET state = $1 WHERE realm_id = $2 AND account_id = $3 AND id = $4 AND state = 'open' AND due_at > $5`,
			verdict, a.Realm, a.ID, id, c.now())
		tx.Exec(`UPDATE sandbox_charge SET updated_at = $1 WHERE realm_id = $2 AND account_id = $3 AND charge_key = $4`, c.now(), a.Realm, a.ID, key)
		c.schedule(tx, &charge{realm: a.Realm, account: a.ID, key: key}, c.event(disputeMoved, verdict, Delay).about(subject))
		return nil
	})
}

var errClosed = fmt.Errorf("sandbox: the dispute is decided, or its time is over: %w", provider.ErrUnavailable)

func (c *Connector) disputed(ctx context.Context, a provider.Account, id int64) (key string, err error) {
	err = c.Store.One(ctx, db.Realm(a.Realm), `SELECT charge_key FROM sandbox_dispute WHERE realm_id = $1 AND account_id = $2 AND id = $3`,
		[]any{a.Realm, a.ID, id}, &key)
	if errors.Is(err, db.ErrNoRows) {
		err = fmt.Errorf("sandbox: no such dispute: %w", provider.ErrUnavailable)
	}
	return key, err
}
