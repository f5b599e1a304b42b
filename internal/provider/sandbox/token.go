package sandbox

import (
	"context"
	"fmt"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

// Keep implements provider.Keeper: a card is kept at once or after a challenge, a token of
// the provider's own form too (FormVisa …), and without either the payer is sent to the
// sandbox's page.
func (c *Connector) Keep(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	ch.Save, ch.Capture, ch.Amount.Minor = true, true, 0
	return c.open(ctx, a, ch, ch.Card == nil && ch.Token == "")
}

// What the sandbox's form would give to a browser.
const (
	FormVisa       = "sbx_form_visa"
	FormMastercard = "sbx_form_mastercard"
	FormDeclined   = "sbx_form_declined"
)

func (c *Connector) form(token string) (provider.CardFacts, bool) {
	facts := provider.CardFacts{Country: country, ExpMonth: 12, ExpYear: c.Clock.Now().Year() + 3}
	switch token {
	case FormVisa, FormDeclined:
		facts.Brand, facts.BIN, facts.Last4 = "visa", "42424242", "4242"
	case FormMastercard:
		facts.Brand, facts.BIN, facts.Last4 = "mastercard", "55555555", "4444"
	default:
		return provider.CardFacts{}, false
	}
	return facts, true
}

// useToken finds a saved method; one that is gone can't be charged any more.
func (c *Connector) useToken(ctx context.Context, a provider.Account, token string, r *charge) error {
	if facts, ok := c.form(token); ok {
		r.facts, r.fingerprint = facts, fingerprint(a, token)
		if token == FormDeclined {
			r.scenario = provider.DoNotHonor
		}
		return nil
	}
	err := c.Store.One(ctx, db.Realm(a.Realm), `SELECT payer, brand, bin, last4, exp_month, exp_year FROM sandbox_token
		WHERE realm_id = $1 AND account_id = $2 AND hash = $3`, []any{a.Realm, a.ID, hash(token)},
		&r.payer, &r.facts.Brand, &r.facts.BIN, &r.facts.Last4, &r.facts.ExpMonth, &r.facts.ExpYear)
	if err == db.ErrNoRows {
		r.scenario = provider.MethodUnusable
		return nil
	}
	if r.facts.Brand != "" {
		r.facts.Country = country
	}
	return err
}

// keep queues the saved method of a charge that wants one.
func (c *Connector) keep(tx *db.Tx, r *charge) {
	if r.token == nil {
		return
	}
	tx.Exec(`INSERT INTO sandbox_token (realm_id, account_id, hash, kind, payer, brand, bin, last4, exp_month, exp_year, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.realm, r.account, r.token, string(r.kind), r.payer,
		r.facts.Brand, r.facts.BIN, r.facts.Last4, r.facts.ExpMonth, r.facts.ExpYear, c.now())
}

// Forget implements provider.Keeper.
func (c *Connector) Forget(ctx context.Context, a provider.Account, token string) error {
	if err := ready(a); err != nil {
		return err
	}
	return c.Store.Write(ctx, db.Realm(a.Realm), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM sandbox_token WHERE realm_id = $1 AND account_id = $2 AND hash = $3`, a.Realm, a.ID, hash(token))
		return nil
	})
}

// ForgetPayer implements provider.Keeper. Of the charges, what was paid stays and who paid
// goes.
func (c *Connector) ForgetPayer(ctx context.Context, a provider.Account, payer string) error {
	if err := ready(a); err != nil {
		return err
	}
	if payer == "" {
		return fmt.Errorf("sandbox: no payer is named: %w", provider.ErrUnavailable)
	}
	return c.Store.Write(ctx, db.Realm(a.Realm), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM sandbox_token WHERE realm_id = $1 AND account_id = $2 AND payer = $3`, a.Realm, a.ID, payer)
		tx.Exec(`UPDATE sandbox_charge SET payer = '', brand = '', bin = '', last4 = '', exp_month = 0, exp_year = 0, fingerprint = ''
			WHERE realm_id = $1 AND account_id = $2 AND payer = $3`, a.Realm, a.ID, payer)
		return nil
	})
}
