package sandbox

import (
	"context"
	"errors"
	"strconv"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// charge is one row of the ledger. A charge without an amount saved a method.
type charge struct {
	realm, account     int64
	key                string
	id                 int64
	kind               provider.Kind
	state              provider.State
	amount             money.Amount
	captured, refunded int64
	atOnce             int64 // 1 captures by itself
	scenario           scenario
	decline, threeDS   string
	facts              provider.CardFacts
	fingerprint        string
	payer              string
	nonce              []byte
	challenge          []byte // hash of the page's token, nil where there is no page
	token              []byte // hash of the token to save, nil where none is wanted
	returnURL          string
	settlesAt          int64
	created, updated   int64
	kept               int64 // 1 while the saved method is there
}

func (r *charge) scope() db.Scope { return db.Realm(r.realm) }

// columns of a charge, in the order of arguments and scan.
const columns = `realm_id, account_id, charge_key, id, kind, state, amount, currency, captured, refunded, at_once, scenario,
	decline, three_ds, brand, bin, last4, exp_month, exp_year, fingerprint, payer, nonce, challenge_hash, token_hash,
	return_url, settles_at, created_at, updated_at`

const selectCharge = `SELECT ` + columns + `, (SELECT count(*) FROM sandbox_token t
	WHERE t.realm_id = c.realm_id AND t.account_id = c.account_id AND t.hash = c.token_hash) FROM sandbox_charge c`

const insertCharge = `INSERT INTO sandbox_charge (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
	$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)`

func (r *charge) args() []any {
	return []any{r.realm, r.account, r.key, r.id, string(r.kind), r.state.String(), r.amount.Minor, r.amount.Currency, r.captured,
		r.refunded, r.atOnce, string(r.scenario), r.decline, r.threeDS, r.facts.Brand, r.facts.BIN, r.facts.Last4, r.facts.ExpMonth,
		r.facts.ExpYear, r.fingerprint, r.payer, r.nonce, orNull(r.challenge), orNull(r.token), r.returnURL, r.settlesAt, r.created, r.updated}
}

func orNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

func scanCharge(row db.Row) (*charge, error) {
	r := &charge{}
	var kind, state, scene string
	err := row.Scan(&r.realm, &r.account, &r.key, &r.id, &kind, &state, &r.amount.Minor, &r.amount.Currency, &r.captured,
		&r.refunded, &r.atOnce, &scene, &r.decline, &r.threeDS, &r.facts.Brand, &r.facts.BIN, &r.facts.Last4, &r.facts.ExpMonth,
		&r.facts.ExpYear, &r.fingerprint, &r.payer, &r.nonce, &r.challenge, &r.token, &r.returnURL, &r.settlesAt, &r.created, &r.updated, &r.kept)
	r.kind, r.state, r.scenario = provider.Kind(kind), provider.ParseState(state), scenario(scene)
	return r, err
}

// settle moves a charge that was left pending on to its end, once its time has come.
const settle = `UPDATE sandbox_charge SET
	state = CASE WHEN at_once = 1 THEN 'approved' ELSE 'authorised' END,
	captured = CASE WHEN at_once = 1 THEN amount ELSE 0 END
	WHERE realm_id = $1 AND account_id = $2 AND charge_key = $3 AND state = 'pending' AND settles_at <= $4`

// settled is the row as settle would leave it, for those who only look.
func (r *charge) settled(now int64) {
	if r.state == provider.Pending && r.settlesAt <= now {
		r.state = r.success()
		if r.state == provider.Approved {
			r.captured = r.amount.Minor
		}
	}
}

// success is how the charge stands when nothing is in its way.
func (r *charge) success() provider.State {
	if r.atOnce == 1 {
		return provider.Approved
	}
	return provider.Authorised
}

// errNoCharge says that the ledger does not have the key.
var errNoCharge = errors.New("sandbox: no such charge")

// find reads a charge of an account.
func (c *Connector) find(ctx context.Context, a provider.Account, key string) (*charge, error) {
	found, err := c.first(ctx, db.Realm(a.Realm), selectCharge+` WHERE c.realm_id = $1 AND c.account_id = $2 AND c.charge_key = $3`, a.Realm, a.ID, key)
	if err == nil {
		found.settled(c.now())
	}
	return found, err
}

func (c *Connector) first(ctx context.Context, scope db.Scope, sql string, args ...any) (*charge, error) {
	var found *charge
	err := c.Store.Row(ctx, scope, sql, args, func(row db.Row) (err error) {
		found, err = scanCharge(row)
		return err
	})
	if err == nil && found == nil {
		err = errNoCharge
	}
	return found, err
}

func reference(id int64) string { return "sbx_ch_" + strconv.FormatInt(id, 10) }

// outcome tells how a charge stands; the account opens the page's address and the token.
func (c *Connector) outcome(a provider.Account, r *charge) provider.Outcome {
	if r.state == provider.Absent {
		return provider.Outcome{State: provider.Absent}
	}
	out := provider.Outcome{
		State: r.state, Reference: reference(r.id), Amount: r.amount, Refunded: r.refunded,
		Decline: r.decline, IssuerResponse: issuerResponse(r.state, r.decline), ThreeDS: r.threeDS, Card: r.facts, Payer: r.payer,
	}
	if r.captured > 0 {
		out.Amount.Minor = r.captured
	}
	if r.state == provider.Challenge {
		out.RedirectURL = c.PublicURL + challengePath + derive(a, "challenge", r.nonce)
	}
	if r.kept > 0 {
		out.Saved = &provider.Saved{Token: savedToken(a, r.nonce), Type: methodType(r.kind), Fingerprint: r.fingerprint,
			SchemeReference: "sbx_net_" + strconv.FormatInt(r.id, 10)}
	}
	return out
}

// methodType is the wire contract's word for what a kind leaves behind (section 4).
func methodType(k provider.Kind) string {
	switch k {
	case provider.UPI:
		return "upi"
	case provider.BankTransfer:
		return "bank_account"
	case provider.Cryptocurrency:
		return "crypto"
	case provider.ApplePay, provider.GooglePay, provider.PayPal:
		return "wallet"
	}
	return "card"
}
