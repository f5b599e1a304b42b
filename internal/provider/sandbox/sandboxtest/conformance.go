package sandboxtest

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/providertest"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
)

// cards are the numbers that meet what the suite asks for.
func cards() map[string]string {
	return map[string]string{
		providertest.Approves:      "4242424242424242",
		providertest.Challenges:    "4000000000003220",
		providertest.TimesOut:      "4000000000000119",
		provider.DoNotHonor:        "4000000000000002",
		provider.InsufficientFunds: "4000000000009995",
		provider.LostCard:          "4000000000009987",
		provider.ExpiredCard:       "4000000000000069",
		provider.IncorrectCVC:      "4000000000000127",
		provider.GenericDecline:    "4012888888881881",
	}
}

// Meets lists what Meeting can do.
func Meets() []string {
	var all []string
	for what := range cards() {
		if what != providertest.Approves {
			all = append(all, what)
		}
	}
	slices.Sort(all)
	return all
}

// Meeting is a charge of a person with a name and an address, for providertest.
func (d *Desk) Meeting(t *testing.T, what string) provider.Charge {
	t.Helper()
	require.Contains(t, cards(), what)
	c := d.Charge(Card(t, cards()[what]))
	c.Billing = provider.Billing{Name: "Žofie Ånström", Email: "zofie@canary.example", Phone: "+46701740605", Line1: "Kungsgatan 44", City: "Malmö", Country: "SE"}
	return c
}

// LateCallbacks lets the sandbox's delay pass and returns what came.
func (d *Desk) LateCallbacks(t *testing.T) []provider.Callback {
	t.Helper()
	d.Advance(sandbox.Delay)
	return d.Callbacks(t)
}

// Stranger is the account with other secrets.
func (d *Desk) Stranger() provider.Account {
	a := d.Account
	a.Secrets = map[string]provider.Secret{sandbox.CallbackSecret: provider.NewSecret(rand.Text()), sandbox.FingerprintSecret: provider.NewSecret(rand.Text())}
	return a
}

// Book reads the ledger past the connector.
func (d *Desk) Book(t *testing.T, key string) providertest.Book {
	t.Helper()
	var b providertest.Book
	realm := db.Realm(d.Account.Realm)
	require.NoError(t, d.Store.Each(t.Context(), realm, `SELECT state, captured FROM sandbox_charge WHERE realm_id = $1 AND account_id = $2 AND charge_key = $3`,
		[]any{d.Account.Realm, d.Account.ID, key}, func(r db.Row) error {
			var state string
			var captured int64
			err := r.Scan(&state, &captured)
			if b.Captured += captured; state != "declined" && state != "challenge" && state != "absent" {
				b.Charges++
			}
			return err
		}))
	require.NoError(t, d.Store.One(t.Context(), realm, `SELECT coalesce(sum(amount), 0) FROM sandbox_refund
		WHERE realm_id = $1 AND account_id = $2 AND charge_key = $3 AND state <> 'declined'`, []any{d.Account.Realm, d.Account.ID, key}, &b.Refunded))
	return b
}
