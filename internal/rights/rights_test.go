package rights_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/rights"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// office is a Florin whose background work runs only when a test says so, on a clock that a
// test moves.
type office struct {
	*app.App
	g     auth.Grant
	clock *clock.Fake
	count int
}

var start = time.Date(2027, 1, 31, 9, 30, 0, 0, time.UTC) // a Sunday, the last of a month

func each(t *testing.T, run func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir()}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		fake := clock.NewFake(start)
		a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), app.WithClock(fake.Clock()))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })
		_, err = a.Handler(config.Serve{}, "https://pay.example", func() bool { return false })
		require.NoError(t, err)
		_, err = a.FirstRun(t.Context())
		require.NoError(t, err)
		owners, err := a.Owners.List(t.Context())
		require.NoError(t, err)
		run(t, &office{App: a, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")})
	})
}

func (o *office) customer(t *testing.T) int64 {
	t.Helper()
	o.count++
	v, err := strictjson.Parse(fmt.Appendf(nil, `{"name":"Zoë 王 %d","email":"rights%d@example.com"}`, o.count, o.count))
	require.NoError(t, err)
	c, err := o.Customers.Create(t.Context(), o.g, customer.Input{Body: v}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
	return c.ID
}

func (o *office) receive(t *testing.T, kind string, customerID int64) rights.Request {
	t.Helper()
	q, err := o.Rights.Receive(t.Context(), o.g, rights.Request{Kind: kind, CustomerID: customerID, Channel: "letter", Note: "Ich möchte wissen … 😀"}, nil)
	require.NoError(t, err)
	return q
}

func (o *office) verify(t *testing.T, requestID int64) {
	t.Helper()
	_, err := o.Rights.Verify(t.Context(), o.g, requestID, true, "email_answered", rights.Words{Reference: "ticket 4711"}, nil)
	require.NoError(t, err)
}

func (o *office) events(t *testing.T, kind string) (n int) {
	t.Helper()
	for more := 1; more > 0; {
		var err error
		more, err = o.Events.Sequence(t.Context())
		require.NoError(t, err)
	}
	all, err := o.Events.After(t.Context(), o.g, 0, 10_000)
	require.NoError(t, err)
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// change patches a customer.
func (o *office) change(t *testing.T, customerID int64, body string) {
	t.Helper()
	v, err := strictjson.Parse([]byte(body))
	require.NoError(t, err)
	_, err = o.Customers.Update(t.Context(), o.g, customerID, customer.Change{Input: customer.Input{Body: v}}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// TestOverTheYear goes through a simulated year: what is told and by when.
// Shows: GDPR Art. 12(3)
func TestOverTheYear(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		var letters []string
		broken := true
		o.Rights.Mail = func(_ context.Context, _ owner.Room, subject, body string) error {
			if broken {
				return errors.New("no mail server")
			}
			letters = append(letters, subject+"\n"+body)
			return nil
		}
		person := o.customer(t)
		q, longer := o.receive(t, rights.Access, person), o.receive(t, rights.Objection, person)
		require.Equal(t, "2027-03-01", q.Due.Format(time.DateOnly), "28 February is a Sunday")
		quiet := o.receive(t, rights.Access, person)
		_, err := o.Rights.Refuse(t.Context(), o.g, quiet.ID, "no_data", rights.Words{Note: "told by mail"}, nil)
		require.NoError(t, err)
		extended, err := o.Rights.Extend(t.Context(), o.g, longer.ID, "complexity", rights.Words{Note: "three systems"}, nil)
		require.NoError(t, err)
		require.Equal(t, "2027-04-30", extended.Due.Format(time.DateOnly))
		seen := map[string]string{} // day → what was told on it
		soon, late := 0, 0
		for o.clock.Clock().Now().Before(time.Date(2028, 1, 31, 0, 0, 0, 0, time.UTC)) {
			today := o.clock.Clock().Now().Format(time.DateOnly)
			err := o.Rights.Remind(t.Context(), o.g)
			if broken && today == "2027-02-22" {
				require.Error(t, err, "it is tried again the next hour")
				broken = false
				err = o.Rights.Remind(t.Context(), o.g)
			}
			require.NoError(t, err)
			nowSoon, nowLate := o.events(t, "privacy_request.due_soon"), o.events(t, "privacy_request.overdue")
			if nowSoon != soon || nowLate != late {
				seen[today] = fmt.Sprint(nowSoon-soon, " ", nowLate-late)
				soon, late = nowSoon, nowLate
			}
			o.clock.Advance(24 * time.Hour)
		}
		require.Equal(t, map[string]string{"2027-02-22": "1 0", "2027-03-02": "0 1", "2027-04-23": "1 0", "2027-05-01": "0 1"}, seen)
		require.Len(t, letters, 4, "one a time")
		require.Contains(t, letters[0], fmt.Sprint("access  request ", q.ID, ", received on 2027-01-31"))
		require.Contains(t, letters[1], "OVERDUE")
		require.NotContains(t, fmt.Sprint(letters), "Zoë")
		report, err := o.Rights.Report(t.Context(), o.g, start.AddDate(-1, 0, 0), start.AddDate(1, 0, 0))
		require.NoError(t, err)
		require.Equal(t, []rights.Count{{Kind: rights.Access, State: rights.Received, Requests: 1, Late: 1}, {Kind: rights.Access, State: rights.Refused, Requests: 1, Days: []int{0}},
			{Kind: rights.Objection, State: rights.Extended, Requests: 1, Late: 1}}, report)
	})
}

// TestMoves: what may be done in which state, each refusal beside what works.
// Shows: GDPR Art. 12(3), Art. 12(6)
func TestMoves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		person := o.customer(t)
		q := o.receive(t, rights.Access, person)
		complete := func(outcome rights.Outcome) error {
			_, err := o.Rights.Complete(t.Context(), o.g, q.ID, outcome, nil)
			return err
		}
		extend := func() error {
			_, err := o.Rights.Extend(t.Context(), o.g, q.ID, "complexity", rights.Words{}, nil)
			return err
		}
		require.Equal(t, fault.IdentityUnverified, codeOf(complete(rights.Outcome{})))
		asked, err := o.Rights.Verify(t.Context(), o.g, q.ID, false, "document", rights.Words{}, nil)
		require.NoError(t, err)
		require.Equal(t, rights.IdentityCheck, asked.State)
		require.Equal(t, fault.IdentityUnverified, codeOf(complete(rights.Outcome{})))
		require.NoError(t, extend())
		require.Equal(t, fault.PrivacyRequestFixed, codeOf(extend()), "once")
		o.verify(t, q.ID)
		require.Equal(t, fault.ValidationError, codeOf(complete(rights.Outcome{Reason: customer.Claims})), "no restriction")
		require.NoError(t, complete(rights.Outcome{Words: rights.Words{Note: "sent by post"}}))
		require.Equal(t, fault.PrivacyRequestClosed, codeOf(complete(rights.Outcome{})))
		require.Equal(t, fault.PrivacyRequestClosed, codeOf(extend()))
		done, err := o.Rights.Get(t.Context(), o.g, q.ID)
		require.NoError(t, err)
		var steps []string
		for _, s := range done.Steps {
			steps = append(steps, s.What)
		}
		require.Equal(t, []string{"received", "identity_asked", "extended", "identity_verified", "completed"}, steps)
		require.Equal(t, []any{"Ich möchte wissen … 😀", "ticket 4711", "sent by post"}, []any{done.Note, done.Steps[3].Reference, done.Steps[4].Note})
		zip, err := o.Rights.Look(t.Context(), o.g, q.ID, done.Evidence[0].ID)
		require.NoError(t, err)
		require.Equal(t, zip.SHA256, rights.Digest(zip.Content))
		require.Equal(t, "PK", string(zip.Content[:2]))
		o.clock.Advance(91 * 24 * time.Hour)
		require.NoError(t, o.Rights.Remind(t.Context(), o.g))
		zip, err = o.Rights.Look(t.Context(), o.g, q.ID, zip.ID)
		require.NoError(t, err)
		require.Empty(t, zip.Content, "the copy has served")
		require.NotEmpty(t, zip.SHA256)

		late := o.receive(t, rights.Access, person)
		o.clock.Advance(32 * 24 * time.Hour)
		_, err = o.Rights.Extend(t.Context(), o.g, late.ID, "complexity", rights.Words{}, nil)
		require.True(t, late.Due.Before(o.clock.Clock().Now()))
		require.Equal(t, fault.PrivacyRequestFixed, codeOf(err), "the first month is over")
	})
}

// TestFulfilled: what Florin can do it does, and the evidence says so.
func TestFulfilled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		person := o.customer(t)
		open := func(kind string) int64 {
			q := o.receive(t, kind, person)
			o.verify(t, q.ID)
			return q.ID
		}
		complete := func(id int64, outcome rights.Outcome) (rights.Request, error) {
			return o.Rights.Complete(t.Context(), o.g, id, outcome, nil)
		}
		wrong := open(rights.Rectification)
		_, err := complete(wrong, rights.Outcome{})
		require.Equal(t, fault.NothingDone, codeOf(err))
		o.clock.Advance(time.Minute)
		o.change(t, person, `{"email":"right@example.com","address":"Calle Mayor 1"}`)
		q, err := complete(wrong, rights.Outcome{})
		require.NoError(t, err)
		last := q.Steps[len(q.Steps)-1]
		require.Equal(t, []string{"address", "email"}, last.Fields)
		page, err := o.Audit.Find(t.Context(), o.g, audit.Filter{CustomerID: person, Action: audit.CustomerUpdate, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, page.Records[0].ID, last.Object)

		held := open(rights.Restriction)
		_, err = complete(held, rights.Outcome{})
		require.Equal(t, fault.ValidationError, codeOf(err), "needs a reason")
		_, err = complete(held, rights.Outcome{Reason: customer.Contested, Words: rights.Words{Note: "the birth date"}})
		require.NoError(t, err)
		restriction, err := o.Customers.Restriction(t.Context(), o.g, person)
		require.NoError(t, err)
		require.Equal(t, customer.Contested, restriction.Reason)
		_, err = complete(open(rights.Restriction), rights.Outcome{Reason: customer.Claims})
		require.NoError(t, err, "restricted already is restricted")
		_, err = complete(open(rights.Objection), rights.Outcome{})
		require.Equal(t, fault.ValidationError, codeOf(err), "says what was done")
		_, err = complete(open(rights.Automated), rights.Outcome{Words: rights.Words{Note: "no such decision is taken"}})
		require.NoError(t, err)
	})
}

// TestErasureLeavesTheSkeleton: who was erased is no longer in a request, and the request is
// still there to be shown and counted.
func TestErasureLeavesTheSkeleton(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		person, other := o.customer(t), o.customer(t)
		q, attached, theirs := o.receive(t, rights.Erasure, person), o.receive(t, rights.Access, person), o.receive(t, rights.Access, other)
		content := []byte("Zoë lives at Calle Mayor 1")
		for _, id := range []int64{attached.ID, theirs.ID} {
			_, err := o.Rights.Attach(t.Context(), o.g, id, rights.Evidence{Sealed: rights.Sealed{Name: "letter of Zoë", Content: content}}, nil)
			require.NoError(t, err)
		}
		o.verify(t, q.ID)
		_, err := o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{Words: rights.Words{Note: "x"}}, nil)
		require.Equal(t, fault.ValidationError, codeOf(err), "nothing personal is kept")
		done, err := o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{}, nil)
		require.NoError(t, err)
		require.Equal(t, []any{rights.Completed, ""}, []any{done.State, done.Note})
		certificate, err := o.Customers.CertificateOf(t.Context(), o.g, person)
		require.NoError(t, err)
		require.Equal(t, rights.Digest([]byte(certificate.Signed)), done.Evidence[0].SHA256)
		require.Contains(t, certificate.Signed, "requests of the data subject")
		for _, table := range []string{"privacy_request", "privacy_request_step", "privacy_request_evidence"} {
			var rows, full int64
			require.NoError(t, o.Store.One(t.Context(), db.Realm(o.g.Realm()), `SELECT count(*), coalesce(sum(CASE WHEN length(doc) > 0 THEN 1 ELSE 0 END), 0) FROM `+table+` WHERE realm_id = $1 AND customer_id = $2`,
				[]any{o.g.Realm(), person}, &rows, &full))
			require.Positive(t, rows, table)
			require.Zero(t, full, table)
		}
		bare, err := o.Rights.Get(t.Context(), o.g, attached.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"", ""}, []string{bare.Evidence[0].Name, bare.Evidence[0].SHA256})
		whole, err := o.Rights.Get(t.Context(), o.g, theirs.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"letter of Zoë", rights.Digest(content)}, []string{whole.Evidence[0].Name, whole.Evidence[0].SHA256}, "another's stays")
		_, err = o.Rights.Refuse(t.Context(), o.g, attached.ID, "no_data", rights.Words{Note: "to Zoë"}, nil)
		require.Equal(t, fault.ValidationError, codeOf(err))
		_, err = o.Rights.Refuse(t.Context(), o.g, attached.ID, "no_data", rights.Words{}, nil)
		require.NoError(t, err)
		_, err = o.Rights.Receive(t.Context(), o.g, rights.Request{Kind: rights.Access, CustomerID: person, Channel: "email"}, nil)
		require.Equal(t, fault.CustomerErased, codeOf(err))
		list, _, err := o.Rights.List(t.Context(), o.g, rights.Filter{Limit: 10})
		require.NoError(t, err)
		require.Len(t, list, 3)
	})
}

// TestErasureAfterACrash: an erasure that was done and not written down is found done.
func TestErasureAfterACrash(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		q := o.receive(t, rights.Erasure, o.customer(t))
		o.verify(t, q.ID)
		require.NoError(t, o.Customers.Erase(t.Context(), o.g, q.CustomerID, nil))
		done, err := o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{}, nil)
		require.NoError(t, err)
		require.Equal(t, rights.Certificate, done.Evidence[0].Kind)
	})
}

// TestTwoAtOnce: one of two completes, and each thing is done once.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		q := o.receive(t, rights.Portability, o.customer(t))
		o.verify(t, q.ID)
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{}, nil) })
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				require.Equal(t, fault.PrivacyRequestClosed, codeOf(err))
			}
		}
		require.Equal(t, 1, done)
		require.Equal(t, 1, o.events(t, "privacy_request.completed"))
		require.NoError(t, o.Rights.Export(t.Context(), o.g, q.CustomerID, io.Discard))
	})
}

// TestReceived: days that have not begun anywhere are refused.
func TestReceived(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		person := o.customer(t)
		for received, ok := range map[string]bool{"2027-01-31": true, "2027-02-01": false, "2026-12-31": true, "2018-05-25": true, "2018-05-24": false} {
			at, err := time.Parse(time.DateOnly, received)
			require.NoError(t, err)
			_, err = o.Rights.Receive(t.Context(), o.g, rights.Request{Kind: rights.Access, CustomerID: person, Channel: "email", Received: at}, nil)
			require.Equal(t, ok, err == nil, "%s: %v", received, err)
		}
		o.clock.Advance(time.Hour) // 10:30 UTC: in Kiribati it is tomorrow
		_, err := o.Rights.Receive(t.Context(), o.g, rights.Request{Kind: rights.Access, CustomerID: person, Channel: "email", Received: start.AddDate(0, 0, 1).Truncate(24 * time.Hour)}, nil)
		require.NoError(t, err)
	})
}
