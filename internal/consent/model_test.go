package consent_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// desk is a Florin whose time the test moves.
type desk struct {
	*app.App
	clock *clock.Fake
	g     auth.Grant
	count int
}

func each(t *testing.T, run func(t *testing.T, d *desk)) {
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir()}
		if len(url) > 8 && url[:8] == "postgres" {
			c.DatabaseURL = url
		}
		fake := clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
		a, err := app.Open(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)), app.WithClock(fake.Clock()))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })
		_, err = a.Handler(config.Serve{}, "https://pay.example", func() bool { return false })
		require.NoError(t, err)
		_, err = a.FirstRun(t.Context())
		require.NoError(t, err)
		owners, err := a.Owners.List(t.Context())
		require.NoError(t, err)
		run(t, &desk{App: a, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")})
	})
}

func (d *desk) customer(t require.TestingT) int64 {
	d.count++
	body, err := strictjson.Parse(fmt.Appendf(nil, `{"name":"Zoë 王","email":"z%d@example.com"}`, d.count))
	require.NoError(t, err)
	c, err := d.Customers.Create(context.Background(), d.g, customer.Input{Body: body}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
	return c.ID
}

// believed is what the model thinks of one consent.
type believed struct {
	id             int64
	purpose, token string
	until          time.Time // while it waits
	open           bool
}

// belief is the model: the rules of the law in a few lines, without a database.
type belief struct {
	purposes   map[string]consent.Purpose
	consents   []*believed
	objections []consent.Objection
	restricted bool
}

func (b *belief) allowed(purpose string) bool {
	p, known := b.purposes[purpose]
	if !known || !p.Active || b.restricted {
		return false
	}
	var agreed, objected int64
	for _, c := range b.consents {
		if c.purpose == purpose && c.open && c.until.IsZero() {
			agreed = c.id
		}
	}
	for _, o := range b.objections {
		if o.Purpose == purpose && o.Answer != consent.Grounds && o.Answer != consent.Retired {
			objected = o.ID
		}
	}
	lawful := p.Basis != consent.ByConsent || agreed != 0
	mayObject := p.Marketing || p.Basis == consent.ByConsent || p.Basis == consent.ByInterest || p.Basis == consent.ByPublicTask
	return lawful && (!mayObject || objected <= agreed)
}

// end is what a withdrawal and an objection do to consents.
func (b *belief) end(purpose string) {
	for _, c := range b.consents {
		if c.purpose == purpose {
			c.open = false
		}
	}
}

// run is one sequence of acts against one customer, and against the model.
type run struct {
	t          *rapid.T
	d          *desk
	customerID int64
	b          *belief
	seen       map[int64]consent.Consent
}

var names = []string{"newsletter", "club", "statistics", "offers", "invoices", "survey_2026"} // immutable: drawn from

func (r *run) put(p consent.Purpose) {
	_, err := r.d.Consents.PutPurpose(context.Background(), r.d.g, p)
	if len(consent.CheckPurpose(p)) > 0 {
		require.Error(r.t, err)
		return
	}
	require.NoError(r.t, err)
	r.b.purposes[p.Name] = p
}

func (r *run) setUp(t *rapid.T) {
	r.put(consent.Purpose{Name: rapid.SampledFrom(names).Draw(t, "name"), Basis: rapid.SampledFrom(consent.Bases()).Draw(t, "basis"), Active: rapid.IntRange(0, 4).Draw(t, "active") > 0,
		Marketing: rapid.Bool().Draw(t, "marketing"), DoubleOptIn: rapid.Bool().Draw(t, "twice")})
}

func (r *run) ask(t *rapid.T) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	c, link, err := r.d.Consents.Ask(context.Background(), r.d.g, r.customerID, consent.Consent{Purpose: name, Channel: "web", Evidence: consent.Evidence{Text: "I agree"}},
		func(*db.Tx, consent.Consent, customer.Person) error { return nil })
	p, known := r.b.purposes[name]
	if !known || !p.Active || p.Basis != consent.ByConsent {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, p.DoubleOptIn, !c.PendingUntil.IsZero())
	r.b.consents = append(r.b.consents, &believed{id: c.ID, purpose: name, token: path.Base(link.Address), until: c.PendingUntil, open: true})
}

func (r *run) one(t *rapid.T) *believed {
	if len(r.b.consents) == 0 {
		t.Skip("this step of the model needs a consent, and there is none yet")
	}
	return rapid.SampledFrom(r.b.consents).Draw(t, "consent")
}

func (r *run) confirm(t *rapid.T) {
	c := r.one(t)
	page, err := r.d.Consents.ByToken(context.Background(), c.token, auth.Origin{Address: "203.0.113.7"})
	require.NoError(t, err)
	err = r.d.Consents.Confirm(context.Background(), page, consent.Trace{Channel: "web", Address: "203.0.113.7"})
	if !c.open || c.until.IsZero() || !r.d.clock.Clock().Now().Before(c.until) {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	c.until = time.Time{}
}

func (r *run) withdraw(t *rapid.T) {
	c := r.one(t)
	err := r.d.Payments.WithdrawConsent(context.Background(), r.d.g, r.customerID, c.id, consent.Trace{Channel: "phone"})
	require.Equal(t, c.open, err == nil, "%v", err)
	if c.open {
		r.b.end(c.purpose)
	}
}

func (r *run) object(t *rapid.T) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	o, err := r.d.Payments.Object(context.Background(), r.d.g, r.customerID, consent.Objection{Purpose: name, Channel: "email", Note: "no"}, func(*db.Tx, consent.Objection, customer.Person) error { return nil })
	p, known := r.b.purposes[name]
	if !known || !p.Marketing && p.Basis != consent.ByInterest && p.Basis != consent.ByPublicTask {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	r.b.objections = append(r.b.objections, o)
	r.b.end(name)
}

func (r *run) answer(t *rapid.T) {
	if len(r.b.objections) == 0 {
		t.Skip("this step of the model needs an objection, and there is none yet")
	}
	o := &r.b.objections[rapid.IntRange(0, len(r.b.objections)-1).Draw(t, "objection")]
	answer := rapid.SampledFrom([]string{consent.Upheld, consent.Grounds, consent.Retired}).Draw(t, "answer")
	reason := rapid.SampledFrom([]string{"", "fraud against other customers"}).Draw(t, "reason")
	_, err := r.d.Consents.AnswerObjection(context.Background(), r.d.g, r.customerID, o.ID, answer, reason)
	if o.Answer == consent.Retired || answer == consent.Grounds && (reason == "" || r.b.purposes[o.Purpose].Marketing) {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	o.Answer = answer
}

func (r *run) restrict(t *rapid.T) {
	var err error
	if r.b.restricted {
		err = r.d.Customers.Lift(context.Background(), r.d.g, r.customerID)
	} else {
		_, err = r.d.Customers.Restrict(context.Background(), r.d.g, r.customerID, customer.Restriction{Reason: customer.Objected})
	}
	require.NoError(t, err)
	r.b.restricted = !r.b.restricted
}

// check: the store agrees with the model at once, and what stands in the history stays.
func (r *run) check(t *rapid.T) {
	ctx := context.Background()
	for _, name := range append([]string{"never_set_up"}, names...) {
		d, err := r.d.Consents.Allowed(ctx, r.d.g, r.customerID, name)
		require.NoError(t, err)
		require.Equal(t, r.b.allowed(name), d.Allowed, "%s: %s", name, d.Reason)
		among, err := r.d.Consents.Among(ctx, r.d.g, name, []int64{r.customerID, 123456789})
		require.NoError(t, err)
		require.Equal(t, d.Allowed, len(among) == 1)
	}
	all, err := r.d.Consents.List(ctx, r.d.g, r.customerID)
	require.NoError(t, err)
	require.Len(t, all, len(r.b.consents), "nothing is lost from the history")
	for _, c := range all {
		was, known := r.seen[c.ID]
		if known {
			require.Equal(t, was.Evidence, c.Evidence)
			require.Equal(t, was.Purpose, c.Purpose)
			if !was.Withdrawn.IsZero() {
				require.Equal(t, was, c, "what has ended never changes")
			}
			if !was.Confirmed.IsZero() {
				require.Equal(t, was.Confirmation, c.Confirmation)
			}
		}
		r.seen[c.ID] = c
	}
}

// TestNothingIsProcessedWithoutABasis runs acts of customers and owners in any order against
// a model of the law (GDPR Art. 6, 7, 18, 21).
func TestNothingIsProcessedWithoutABasis(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		rapid.Check(t, func(rt *rapid.T) {
			r := &run{t: rt, d: d, customerID: d.customer(rt), b: &belief{purposes: map[string]consent.Purpose{}}, seen: map[int64]consent.Consent{}}
			for _, name := range names {
				_ = d.Consents.RemovePurpose(context.Background(), d.g, name)
			}
			for i, basis := range []consent.Basis{consent.ByConsent, consent.ByConsent, consent.ByInterest, consent.ByInterest, consent.ByContract} {
				r.put(consent.Purpose{Name: names[i], Basis: basis, Active: true, Marketing: i == 1 || i == 3, DoubleOptIn: i == 1})
			}
			rt.Repeat(map[string]func(*rapid.T){"": r.check, "ask": r.ask, "confirm": r.confirm, "withdraw": r.withdraw, "object": r.object, "answer": r.answer,
				"restrict": r.restrict, "set up": r.setUp, "wait": func(t *rapid.T) {
					d.clock.Advance(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
				}})
		})
	})
}
