package payment_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// desk is a Florin whose background work runs only when a test says so, on a clock that a
// test moves.
type desk struct {
	*app.App
	g     auth.Grant
	clock *clock.Fake
	shut  func() error
	count atomic.Int64
}

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const rates = `{"base":"USD","days":{"2026-01-01":{"EUR":"0.8","JPY":"150","BHD":"0.376","BTC":"0.00001"}}}`

func each(t *testing.T, run func(t *testing.T, d *desk), options ...app.Option) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json")}
		require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		run(t, open(t, c, options...))
	})
}

func open(t *testing.T, c config.Config, options ...app.Option) *desk {
	t.Helper()
	return openAt(t, c, start, options...)
}

func openAt(t *testing.T, c config.Config, at time.Time, options ...app.Option) *desk {
	t.Helper()
	fake := clock.NewFake(at)
	a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), append(options, app.WithClock(fake.Clock()))...)
	require.NoError(t, err)
	shut := sync.OnceValue(func() error { return a.Close(context.Background()) })
	t.Cleanup(func() { require.NoError(t, shut()) })
	_, err = a.Handler(config.Serve{}, "https://pay.example", func() bool { return false })
	require.NoError(t, err)
	_, err = a.FirstRun(t.Context())
	require.NoError(t, err)
	owners, err := a.Owners.List(t.Context())
	require.NoError(t, err)
	return &desk{App: a, shut: shut, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")}
}

func (d *desk) customer(t *testing.T) int64 {
	t.Helper()
	return d.customerOf(t, strconv.FormatInt(d.count.Add(1), 10))
}

func (d *desk) customerOf(t *testing.T, name string) int64 {
	t.Helper()
	body, err := strictjson.Parse(fmt.Appendf(nil, `{"name":"María Ñandú","email":"payer-%s@example.com"}`, strings.ReplaceAll(name, " ", "-")))
	require.NoError(t, err)
	c, err := d.Customers.Create(t.Context(), d.g, customer.Input{Body: body}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
	return c.ID
}

func (d *desk) request(t *testing.T, customerID int64, amount, currency string) *payment.Request {
	t.Helper()
	q, err := d.Payments.Create(t.Context(), d.g, payment.Draft{Amount: amount, Currency: currency, ClientID: customerID}, payment.Keep{})
	require.NoError(t, err)
	return q
}

func (d *desk) get(t *testing.T, requestID int64) *payment.Request {
	t.Helper()
	q, err := d.Payments.Get(t.Context(), d.g, requestID)
	require.NoError(t, err)
	return q
}

func cardOf(t require.TestingT, number string) *card.Card {
	n, err := card.ParseNumber(number)
	require.NoError(t, err)
	code, err := card.ParseCode("123")
	require.NoError(t, err)
	return &card.Card{Number: n, Code: code, ExpMonth: 9, ExpYear: 2030, Holder: "María Ñandú"}
}

// The sandbox's cards that these tests use (docs/test-cards.md).
const (
	good       = "4242424242424242"
	declined   = "4000000000009995"
	challenged = "4000000000003220"
	timesOut   = "4000000000000119"
	repeated   = "4000000000000077"
	disputed   = "4000000000000259"
)

func (d *desk) pay(t *testing.T, requestID int64, number string) (payment.Result, error) {
	t.Helper()
	return d.Payments.Pay(t.Context(), d.g, requestID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, number)}, payment.Keep{})
}

func (d *desk) paid(t *testing.T, requestID int64) payment.Result {
	t.Helper()
	res, err := d.pay(t, requestID, good)
	require.NoError(t, err)
	require.Equal(t, payment.Paid, res.Status)
	return res
}

// sums are what a customer's profile says, and what a recount of the requests gives.
type sums struct {
	Total      int64
	ByCurrency map[string]int64
}

func (d *desk) sums(t *testing.T, customerID int64) (kept, counted sums) {
	t.Helper()
	realm := d.g.Realm()
	kept, counted = sums{ByCurrency: map[string]int64{}}, sums{ByCurrency: map[string]int64{}}
	require.NoError(t, d.Store.One(t.Context(), db.Realm(realm), `SELECT total_deposits FROM customer WHERE realm_id = $1 AND id = $2`, []any{realm, customerID}, &kept.Total))
	read := func(sql string, into map[string]int64) {
		require.NoError(t, d.Store.Each(t.Context(), db.Realm(realm), sql, []any{realm, customerID}, func(row db.Row) error {
			var currency string
			var amount int64
			err := row.Scan(&currency, &amount)
			into[currency] = amount
			return err
		}))
	}
	read(`SELECT currency, amount FROM customer_deposit WHERE realm_id = $1 AND customer_id = $2`, kept.ByCurrency)
	read(`SELECT currency, CAST(sum(amount - refunded - charged_back) AS BIGINT) FROM payment_request WHERE realm_id = $1 AND customer_id = $2 AND status = 1 GROUP BY currency`, counted.ByCurrency)
	require.NoError(t, d.Store.One(t.Context(), db.Realm(realm), `SELECT CAST(coalesce(sum(base_amount - base_refunded - base_charged_back), 0) AS BIGINT) FROM payment_request
		WHERE realm_id = $1 AND customer_id = $2 AND status = 1`, []any{realm, customerID}, &counted.Total))
	return kept, counted
}

func (d *desk) requireSums(t *testing.T, customerID int64) sums {
	t.Helper()
	kept, counted := d.sums(t, customerID)
	require.Equal(t, counted, kept, "the kept sums equal a recount")
	return kept
}

// pass moves the clock and lets the background work happen, until nothing is due.
func (d *desk) pass(t *testing.T, wait time.Duration) {
	t.Helper()
	d.clock.Advance(wait)
	for range 20 {
		sent, err := d.Sandbox.DeliverDue(t.Context())
		require.NoError(t, err)
		done, err := d.Payments.RunDue(t.Context())
		require.NoError(t, err)
		_, err = d.Payments.Expire(t.Context())
		require.NoError(t, err)
		if sent == 0 && done == 0 {
			return
		}
	}
}

// ledger is what the sandbox's own books say of a request's attempts.
func (d *desk) ledger(t *testing.T, request *payment.Request) (taken, held int64) {
	t.Helper()
	a, err := d.Payments.Account(t.Context(), d.g.Realm(), 1)
	require.NoError(t, err)
	keys := map[string]bool{}
	require.NoError(t, d.Store.Each(t.Context(), db.Realm(d.g.Realm()), `SELECT id FROM payment_attempt WHERE realm_id = $1 AND request_id = $2`, []any{d.g.Realm(), request.ID}, func(row db.Row) error {
		var id int64
		err := row.Scan(&id)
		keys[fmt.Sprintf("florin-%d", id)] = true
		return err
	}))
	require.NoError(t, d.Sandbox.Report(t.Context(), a, start.Add(-time.Hour), d.clock.Clock().Now().Add(time.Hour), func(e provider.Entry) error {
		if !keys[e.Ref.Key] {
			return nil
		}
		switch e.State {
		case provider.Approved:
			taken += e.Amount.Minor - e.Refunded
		case provider.Authorised:
			held += e.Amount.Minor
		}
		return nil
	}))
	return taken, held
}

// onSQLite runs a test with one option on SQLite.
func onSQLite(t *testing.T, option app.Option, run func(t *testing.T, d *desk)) {
	t.Helper()
	c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json")}
	require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
	run(t, open(t, c, option))
}

func account(t *testing.T, d *desk, kind string) int64 {
	t.Helper()
	a, err := d.Routing.Create(t.Context(), d.g, routing.Draft{Kind: kind, Name: kind, Enabled: true,
		Credentials: map[string]string{"callback": "callback-secret-of-tests", "fingerprint": "fingerprint-secret-of-tests"}}, func(*db.Tx, routing.Account) error { return nil })
	require.NoError(t, err)
	return a.ID
}

func rule(t *testing.T, d *desk, providerID, priority int64) {
	t.Helper()
	_, err := d.Routing.AddRule(t.Context(), d.g, routing.Rule{ProviderID: providerID, Priority: priority, Weight: 1}, func(*db.Tx, routing.Rule) error { return nil })
	require.NoError(t, err)
}

// panics is a testing.T for code that runs beside the test.
type panics struct{}

func (panics) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panics) FailNow()                          { panic("failed") }

// minor writes minor units of a currency with two decimals as a JSON number.
func minor(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
