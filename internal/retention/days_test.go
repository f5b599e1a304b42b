package retention_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// desk is a Florin whose time the test moves, and what the test believes of it.
type desk struct {
	*app.App
	clock  *clock.Fake
	g      auth.Grant
	random *rand.Rand
	count  int

	people []*person
	things []*thing
	days   map[string]int64 // the policies
	gone   map[string]int
	kept   map[string]int
}

// person is a customer as the test knows them.
type person struct {
	id       int64
	last     time.Time // what happened last
	inactive bool
	held     time.Time // until when
	limited  bool      // restricted
	gone     bool
}

// thing is a row of a class.
type thing struct {
	class string
	of    *person
	id    int64
	from  time.Time // what its time is counted from
	gone  bool
}

func open(t *testing.T, url string) *desk {
	c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json")}
	require.NoError(t, os.WriteFile(c.RatesFile, []byte(`{"base":"USD","days":{"2026-01-01":{"EUR":"0.9"}}}`), 0o600))
	if strings.HasPrefix(url, "postgres") {
		c.DatabaseURL = url
	}
	fake := clock.NewFake(start)
	a, err := app.Open(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)), app.WithClock(fake.Clock()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })
	_, err = a.Handler(config.Serve{}, "https://pay.example", func() bool { return false })
	require.NoError(t, err)
	_, err = a.FirstRun(t.Context())
	require.NoError(t, err)
	owners, err := a.Owners.List(t.Context())
	require.NoError(t, err)
	return &desk{App: a, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test"), random: rand.New(rand.NewPCG(3, 5)), days: map[string]int64{}, gone: map[string]int{}, kept: map[string]int{}}
}

func (d *desk) now() time.Time { return d.clock.Clock().Now() }

func input(t *testing.T, format string, args ...any) customer.Input {
	body, err := strictjson.Parse(fmt.Appendf(nil, format, args...))
	require.NoError(t, err)
	return customer.Input{Body: body}
}

func (d *desk) newPerson(t *testing.T) *person {
	d.count++
	c, err := d.Customers.Create(t.Context(), d.g, input(t, `{"name":"Zoë 王","email":"z%d@example.com"}`, d.count), func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
	p := &person{id: c.ID, last: d.now()}
	d.people = append(d.people, p)
	return p
}

// act lets something happen to somebody.
func (d *desk) act(t *testing.T, p *person) {
	ctx, nothing := t.Context(), func(*db.Tx, *customer.Customer, vault.Subject) error { return nil }
	now := d.now()
	switch what := d.random.IntN(9); {
	case what == 0 && !p.limited:
		p.inactive = !p.inactive
		_, err := d.Customers.Update(ctx, d.g, p.id, customer.Change{Input: input(t, `{"status":"%s"}`, map[bool]string{true: "inactive", false: "active"}[p.inactive])}, nothing)
		require.NoError(t, err)
		p.last = now
	case what == 1:
		i, err := d.Customers.AddInteraction(ctx, d.g, p.id, input(t, `{"channel":"chat","subject":"x","status":"closed"}`), func(*db.Tx, customer.Interaction, vault.Subject) error { return nil })
		require.NoError(t, err)
		d.add("interactions", p, i.ID)
	case what == 2:
		c, _, err := d.Consents.Ask(ctx, d.g, p.id, consent.Consent{Purpose: consent.SaveMethod, Channel: "web"}, func(*db.Tx, consent.Consent, customer.Person) error { return nil })
		require.NoError(t, err)
		require.NoError(t, d.Payments.WithdrawConsent(ctx, d.g, p.id, c.ID, consent.Trace{}))
		d.add("ended_consents", p, c.ID)
	case what == 3 && !p.limited:
		q, err := d.Payments.Create(ctx, d.g, payment.Draft{Amount: "5", Currency: "USD", ClientID: p.id}, payment.Keep{})
		require.NoError(t, err)
		_, err = d.Payments.Release(ctx, d.g, q.ID, payment.Keep{})
		require.NoError(t, err)
		d.add("payment_requests", p, q.ID)
	case what == 4 && p.held.Before(now):
		p.held = now.Add(time.Duration(1+d.random.IntN(2000)) * time.Hour)
		_, err := d.Privacy.Place(ctx, d.g, p.id, privacy.Hold{Reason: "claim", Until: p.held}, func(*db.Tx, privacy.Hold, customer.Person) error { return nil })
		require.NoError(t, err)
	case what == 5:
		if p.limited {
			require.NoError(t, d.Customers.Lift(ctx, d.g, p.id))
		} else {
			_, err := d.Customers.Restrict(ctx, d.g, p.id, customer.Restriction{Reason: customer.Claims})
			require.NoError(t, err)
		}
		p.limited, p.last = !p.limited, now
	}
}

func (d *desk) add(class string, p *person, id int64) {
	d.things = append(d.things, &thing{class: class, of: p, id: id, from: d.now()})
	p.last = d.now()
}

// there tells which rows of a table exist.
func (d *desk) there(t *testing.T, sql string) map[int64]bool {
	all := map[int64]bool{}
	require.NoError(t, d.Store.Each(t.Context(), db.Realm(d.g.Realm()), sql, []any{d.g.Realm()}, func(row db.Row) error {
		var id int64
		err := row.Scan(&id)
		all[id] = true
		return err
	}))
	return all
}

// due is when something is to go; zero for never.
func (d *desk) due(class string, from time.Time) time.Time {
	days := d.days[class]
	if days == 0 {
		return time.Time{}
	}
	return from.AddDate(0, 0, int(days))
}

// check compares what is there with what should be, after a run.
func (d *desk) check(t *testing.T) {
	tables := map[string]map[int64]bool{
		"interactions":     d.there(t, `SELECT id FROM interaction WHERE realm_id = $1`),
		"ended_consents":   d.there(t, `SELECT id FROM consent WHERE realm_id = $1`),
		"payment_requests": d.there(t, `SELECT id FROM payment_request WHERE realm_id = $1 AND length(doc) > 0`),
	}
	people := d.there(t, `SELECT id FROM customer WHERE realm_id = $1`)
	for _, p := range d.people {
		if p.gone {
			continue
		}
		end := d.due("customers", p.last)
		if off := d.due("disabled_customers", p.last); p.inactive && !off.IsZero() && (end.IsZero() || off.Before(end)) {
			end = off
		}
		p.gone = d.judge(t, "customer", end, p, people[p.id])
	}
	for _, x := range d.things {
		if x.gone || x.of.gone {
			x.gone = true // with the person
			continue
		}
		x.gone = d.judge(t, x.class, d.due(x.class, x.from), x.of, tables[x.class][x.id])
	}
}

// judge: gone if and only if its time has come and nothing keeps it. The run was now.
func (d *desk) judge(t *testing.T, class string, end time.Time, p *person, there bool) bool {
	now := d.now()
	over := !end.IsZero() && end.Before(now)
	kept := p.held.After(now) || p.limited
	switch {
	case over && !kept:
		require.False(t, there, "%s is late: due %s, now %s", class, end, now)
		d.gone[class]++
		return true
	case over:
		d.kept[class]++
	}
	require.True(t, there, "%s is gone early or against a hold: due %s, now %s, held until %s, restricted %v", class, end, now, p.held, p.limited)
	return false
}

// wait lets time pass, up to twenty hours: a server that was off for so long. Nothing may be
// late by more than a day.
func (d *desk) wait() {
	d.clock.Advance(time.Duration(1+d.random.IntN(20*60)) * time.Minute)
}

// phases are the policies of eighty days each, also shorter than before, and none.
func phases() map[string][5]int64 {
	return map[string][5]int64{"interactions": {30, 3, 0, 30, 7}, "ended_consents": {365, 365, 0, 365, 365}, "payment_requests": {180, 0, 200, 180, 180},
		"disabled_customers": {60, 20, 0, 60, 20}, "customers": {365, 0, 300, 200, 365}}
}

func (d *desk) policies(t *testing.T) {
	phase := int(d.now().Sub(start) / (80 * 24 * time.Hour))
	for class, days := range phases() {
		if want := days[phase]; d.days[class] != want {
			_, err := d.Retention.Put(t.Context(), d.g, class, want)
			require.NoError(t, err)
			d.days[class] = want
		}
	}
}

// TestFourHundredDays: nothing goes early, nothing more than a day late, nothing that is held
// or restricted, and no audit record at all.
// Shows: PCI DSS 3.2.1, 10.5.1; GDPR Art. 5(1)(e)
func TestFourHundredDays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		d := open(t, url)
		trail := int64(0)
		end, runs := start.AddDate(0, 0, 400), 0
		for d.now().Before(end) {
			if d.random.IntN(3) == 0 {
				d.newPerson(t)
			}
			for range 2 {
				if p := d.people; len(p) > 0 {
					if one := p[d.random.IntN(1+d.random.IntN(len(p)))]; !one.gone { // the oldest oftener
						d.act(t, one)
					}
				}
			}
			d.policies(t)
			d.wait()
			require.NoError(t, d.Retention.RunJob(t.Context(), d.g))
			runs++
			d.check(t)
			var n int64
			require.NoError(t, d.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM audit_pending`, nil, &n))
			require.GreaterOrEqual(t, n, trail, "the trail never shrinks")
			trail = n
		}
		t.Logf("%d runs in 400 days; gone %v; looked at while kept %v", runs, d.gone, d.kept)
		for _, class := range []string{"customer", "interactions", "payment_requests", "ended_consents"} {
			require.Positive(t, d.gone[class], class)
		}
		reports, err := d.Retention.Runs(t.Context(), d.g, 0, 200)
		require.NoError(t, err)
		require.Len(t, reports, 200, "one a day at least")
		for _, r := range reports {
			said, err := customer.CheckCertificate(r.Signed, d.Verifier)
			require.NoError(t, err)
			require.Contains(t, said, fmt.Sprintf("run %d in realm %d", r.ID, d.g.Realm()))
		}
	})
}
