package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

// errTimeout is what a caller of a real provider gets when its answer is lost.
var errTimeout = errors.New("sandbox: no answer in time, ask again how the charge stands")

// errReused says that a key came back with another charge.
var errReused = errors.New("sandbox: the key was used for another charge")

// Authorise implements provider.Connector.
func (c *Connector) Authorise(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	if ch.Amount.Minor <= 0 {
		return provider.Outcome{}, fmt.Errorf("sandbox: a charge needs an amount: %w", provider.ErrUnavailable)
	}
	page := ch.Card == nil && ch.Token == "" && (ch.Wallet == nil || ch.Wallet.Cryptogram.IsZero())
	return c.open(ctx, a, ch, page)
}

// Page implements provider.HostedPage.
func (c *Connector) Page(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	ch.Card, ch.Token, ch.Wallet = nil, "", nil
	return c.open(ctx, a, ch, true)
}

// open writes a charge once: the ledger's key decides which of several calls did it, and
// all of them get the same answer.
func (c *Connector) open(ctx context.Context, a provider.Account, ch provider.Charge, page bool) (provider.Outcome, error) {
	if err := ready(a); err != nil {
		return provider.Outcome{}, err
	}
	if ch.Key == "" {
		return provider.Outcome{}, fmt.Errorf("sandbox: a charge needs a key: %w", provider.ErrUnavailable)
	}
	r, err := c.plan(ctx, a, ch, page)
	if err != nil {
		return provider.Outcome{}, err
	}
	// The ledger shares its database with the payment, whose next unit makes both durable.
	// Lost before that, the charge never reached us: Fetch says Absent, as it must.
	err = c.Store.WriteEarly(ctx, r.scope(), func(tx *db.Tx) error {
		tx.Exec(insertCharge, r.args()...)
		c.follow(tx, r)
		return nil
	})
	switch {
	case db.IsViolation(err, "sandbox_charge"):
		return c.again(ctx, a, r)
	case err != nil:
		return provider.Outcome{}, err
	case r.state == provider.Pending:
		return provider.Outcome{}, errTimeout
	}
	return c.outcome(a, r.written()), ctx.Err() // who has gone hears nothing, as with a real provider
}

// written is the row as the ledger has it now, for an answer without reading it back.
func (r *charge) written() *charge {
	row := *r
	row.facts.Country = ""
	if r.token != nil && (r.state == provider.Authorised || r.state == provider.Approved) {
		row.kept = 1
	}
	return &row
}

// again answers a call that was made before.
func (c *Connector) again(ctx context.Context, a provider.Account, r *charge) (provider.Outcome, error) {
	first, err := c.find(ctx, a, r.key)
	switch {
	case err != nil:
		return provider.Outcome{}, err
	case first.state == provider.Absent:
		return provider.Outcome{}, fmt.Errorf("sandbox: the key was closed before the charge came: %w", provider.ErrUnavailable)
	case first.amount != r.amount || first.kind != r.kind:
		return provider.Outcome{}, errReused
	}
	return c.outcome(a, first), nil
}

func (c *Connector) read(ctx context.Context, a provider.Account, key string) (provider.Outcome, error) {
	r, err := c.find(ctx, a, key)
	if err != nil {
		return provider.Outcome{}, err
	}
	return c.outcome(a, r), nil
}

// plan decides everything about a charge before it is written.
func (c *Connector) plan(ctx context.Context, a provider.Account, ch provider.Charge, page bool) (*charge, error) {
	now := c.now()
	r := &charge{
		realm: a.Realm, account: a.ID, key: ch.Key, id: c.IDs(), kind: ch.Method, amount: ch.Amount,
		scenario: amountScenario(ch.Amount.Minor), payer: ch.Payer, nonce: make([]byte, 16),
		created: now, updated: now,
	}
	if err := c.hide(ctx, a, r, ch.ReturnURL); err != nil {
		return nil, err
	}
	if ch.Capture {
		r.atOnce = 1
	}
	if _, err := io.ReadFull(c.Random, r.nonce); err != nil {
		return nil, fmt.Errorf("sandbox: no randomness: %w", provider.ErrUnavailable)
	}
	if err := c.method(ctx, a, ch, r); err != nil {
		return nil, err
	}
	if ch.Save {
		r.saves(a)
	}
	c.start(a, ch, r, page)
	return r, nil
}

// hide keeps the way back sealed; most charges never need one.
func (c *Connector) hide(ctx context.Context, a provider.Account, r *charge, back string) (err error) {
	if back == "" {
		return nil
	}
	if r.returnURL, err = c.Hide(ctx, a, back); err != nil {
		return fmt.Errorf("sandbox: the way back can't be sealed: %w", provider.ErrUnavailable)
	}
	return nil
}

// method takes from a card, or from a saved one, what may be kept of it (PCI DSS 3.4.1),
// and what it does.
func (c *Connector) method(ctx context.Context, a provider.Account, ch provider.Charge, r *charge) error {
	switch {
	case ch.Card != nil:
		r.facts = factsOf(*ch.Card)
		r.fingerprint = fingerprint(a, ch.Card.Number.Reveal())
		r.scenario = cardScenario(ch.Card, c.Clock.Now())
	case ch.Token != "":
		return c.useToken(ctx, a, ch.Token, r)
	case ch.Method == provider.CreditCard: // the page pretends that this card was typed there
		r.facts = provider.CardFacts{Brand: "visa", BIN: "42424242", Last4: "4242", Country: country, ExpMonth: 12, ExpYear: c.Clock.Now().Year() + 3}
		r.fingerprint = fingerprint(a, r.facts.BIN+r.facts.BIN)
	}
	return nil
}

// country is where every test card was issued.
const country = "US"

func factsOf(c card.Card) provider.CardFacts {
	return provider.CardFacts{Brand: c.Number.Brand(), BIN: c.Number.BIN(), Last4: c.Number.Last4(), Country: country,
		ExpMonth: c.ExpMonth, ExpYear: c.ExpYear}
}

// saves has the method kept when the charge succeeds.
func (r *charge) saves(a provider.Account) {
	r.token = hash(savedToken(a, r.nonce))
	if r.payer == "" {
		r.payer = "sbx_pay_" + strconv.FormatInt(r.id, 10)
	}
}

// start is the charge's first state.
func (c *Connector) start(a provider.Account, ch provider.Charge, r *charge, page bool) {
	asks := r.scenario == challenges || r.scenario == challengeDeclines || ch.ThreeDS && r.scenario.declines() == ""
	switch {
	case page, asks && !ch.MerchantInitiated:
		r.state = provider.Challenge
		r.challenge = hash(derive(a, "challenge", r.nonce))
	case asks: // nobody is there to answer
		r.state, r.decline = provider.Declined, provider.AuthenticationFail
	default:
		c.finish(r)
	}
}

// finish takes a charge to its end, or as near as its scenario lets it come.
func (c *Connector) finish(r *charge) {
	r.decline = r.scenario.declines()
	switch {
	case r.decline != "":
		r.state = provider.Declined
	case r.scenario == timesOut:
		r.state, r.settlesAt = provider.Pending, c.now()+Delay.Milliseconds()
		r.updated = r.settlesAt
	default:
		if r.state = r.success(); r.state == provider.Approved {
			r.captured = r.amount.Minor
		}
	}
}

// follow queues what a state brings with it: a kept method, callbacks, a chargeback.
func (c *Connector) follow(tx *db.Tx, r *charge) {
	switch r.state {
	case provider.Pending:
		c.keep(tx, r)
		c.schedule(tx, r, c.event(chargeMoved, r.success().String(), Delay))
	case provider.Authorised, provider.Approved:
		c.keep(tx, r)
		if r.scenario == repeats {
			c.repeat(tx, r)
		}
		c.chargeBack(tx, r)
	}
}
