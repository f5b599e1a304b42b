package register_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/register"
)

// office is a Florin whose background work runs only when a test says so.
type office struct {
	*app.App
	g     auth.Grant
	clock *clock.Fake
}

var start = time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC) // holidays do not stop the clock

func open(t testing.TB, url string) *office {
	t.Helper()
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
	return &office{App: a, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")}
}

func each(t *testing.T, run func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) { run(t, open(t, url)) })
}

func (o *office) report(t testing.TB, i register.Incident) (id int64) {
	t.Helper()
	if i.Risk == "" {
		i.Risk = register.Unknown
	}
	require.NoError(t, o.Register.Report(t.Context(), o.g, i, func(_ *db.Tx, i register.Incident) error {
		id = i.ID
		return nil
	}))
	return id
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// as is the grant of a key at an address.
func (o *office) as(t testing.TB, key int64, address string) auth.Grant {
	t.Helper()
	actor := auth.Actor{Kind: auth.APIKey, ID: key, Owner: o.g.Owner(), Realm: o.g.Realm(), Mode: auth.Test, Permissions: []auth.Permission{auth.CustomersRead}}
	g, err := auth.Allow(actor, auth.Origin{Address: address, RequestID: "r"}, auth.CustomersRead)
	require.NoError(t, err)
	return g
}

// clockEvents gives the fields of each event of the clock.
func (o *office) clockEvents(t *testing.T) []string {
	t.Helper()
	for more := 1; more > 0; {
		var err error
		more, err = o.Events.Sequence(t.Context())
		require.NoError(t, err)
	}
	all, err := o.Events.After(t.Context(), o.g, 0, 1000)
	require.NoError(t, err)
	var told []string
	for _, e := range all {
		if e.Kind == "incident.clock" {
			told = append(told, fmt.Sprint(e.ObjectID, " ", e.Fields[0]))
		}
	}
	return told
}

// TestClock: 72 hours from awareness, told with 48 and 24 left and when they are over, once
// each, and not of what needs no notification.
// Shows: GDPR Art. 33
func TestClock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		var letters []string
		broken := 2
		o.Register.Mail = func(_ context.Context, _ owner.Room, subject, _ string) error {
			if broken--; broken > 0 {
				return errors.New("no mail server")
			}
			letters = append(letters, subject)
			return nil
		}
		from := start.Add(-48 * time.Hour)
		id := o.report(t, register.Incident{Facts: register.Facts{Description: "A key was published"}, From: from})
		o.report(t, register.Incident{Facts: register.Facts{Description: "A mail went astray, encrypted"}, From: from, Risk: register.Unlikely})
		notified := o.report(t, register.Incident{Facts: register.Facts{Description: "Told at once"}, From: from})
		_, err := o.Register.Change(t.Context(), o.g, notified, func(i *register.Incident) { i.Notified = start })
		require.NoError(t, err)
		seen := map[int]string{}
		for hour := range 100 {
			before := len(o.clockEvents(t))
			err := o.Register.Remind(t.Context(), o.g)
			require.Equal(t, hour == 24, err != nil, "hour %d: %v", hour, err) // the mail is tried again the next hour
			if told := o.clockEvents(t); len(told) > before {
				seen[hour] = strings.Join(told[before:], ";")
			}
			o.clock.Advance(time.Hour)
		}
		require.Equal(t, map[int]string{24: fmt.Sprint(id, " 48h"), 48: fmt.Sprint(id, " 24h"), 73: fmt.Sprint(id, " overdue")}, seen)
		require.Len(t, letters, 3)
		require.Contains(t, letters[0], "27 December, 18:00 UTC")
		_, err = o.Register.Change(t.Context(), o.g, id, func(i *register.Incident) { i.Notified = o.clock.Clock().Now() })
		require.Equal(t, fault.ValidationError, codeOf(err), "late needs a reason (Art. 33(1))")
		i, err := o.Register.Change(t.Context(), o.g, id, func(i *register.Incident) {
			i.Notified, i.DelayReason = o.clock.Clock().Now(), "Nobody was there"
		})
		require.NoError(t, err)
		require.True(t, i.Late(o.clock.Clock().Now()))
		require.False(t, i.Running())
		for name, bad := range map[string]register.Incident{
			"aware ahead": {Aware: o.clock.Clock().Now().Add(time.Hour), From: from},
			"ends before": {From: from, To: from},
			"from after":  {From: o.clock.Clock().Now(), Aware: from},
		} {
			err := o.Register.Report(t.Context(), o.g, bad, func(*db.Tx, register.Incident) error { return nil })
			require.Equal(t, fault.ValidationError, codeOf(err), name)
		}
	})
}

// brute counts from the pages that GET /audit gives: records by customer.
func (o *office) brute(t *testing.T, wanted func(audit.Record) bool) (records int, by map[int64]int) {
	t.Helper()
	by = map[int64]int{}
	f := audit.Filter{Limit: 100}
	for more := true; more; more = f.Before != 0 {
		page, err := o.Audit.Find(t.Context(), o.g, f)
		require.NoError(t, err)
		for _, r := range page.Records {
			if r.Result != audit.OK || len(r.Customers) == 0 || !wanted(r) {
				continue
			}
			records++
			for _, c := range r.Customers {
				by[c]++
			}
		}
		f.Before = page.Next
	}
	return records, by
}

// TestAffectedAreExact: who is affected is what a count over the whole trail says, for sealed
// and unsealed records, by key, by address and by both, at the edges of the time.
// Shows: GDPR Art. 33, Art. 34
func TestAffectedAreExact(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		random := rand.New(rand.NewPCG(7, 7))
		addresses := []string{"203.0.113.7", "2001:db8::7", "198.51.100.1"}
		for n := range 900 {
			o.clock.Advance(time.Duration(random.IntN(1500)) * time.Millisecond)
			e := audit.Entry{Action: []string{audit.CustomerRead, audit.CustomerList, audit.CustomerUpdate}[random.IntN(3)], Customers: []int64{1000 + random.Int64N(60)}}
			switch random.IntN(4) {
			case 0:
				e.Fields = []string{"email", "phone"}[:1+random.IntN(2)]
			case 1:
				e.Result = fault.ForbiddenCode // a refusal showed nothing
			case 2:
				e.Customers = append(e.Customers, 2000+random.Int64N(60))
			}
			require.NoError(t, o.Audit.Note(t.Context(), o.as(t, 501+random.Int64N(3), addresses[random.IntN(3)]), e))
			if n%100 == 50 {
				_, err := o.Sealer.Seal(t.Context())
				require.NoError(t, err)
			}
		}
		o.clock.Advance(time.Second)
		end := o.clock.Clock().Now()
		middle := start.Add(end.Sub(start) / 3).Truncate(time.Second)
		for name, i := range map[string]register.Incident{
			"a key":           {From: start, Facts: register.Facts{Credentials: []int64{502}}},
			"two addresses":   {From: middle, Facts: register.Facts{Addresses: addresses[:2]}},
			"key or address":  {From: start, To: middle, Facts: register.Facts{Credentials: []int64{501}, Addresses: addresses[2:]}},
			"anybody":         {From: middle, To: middle.Add(time.Minute)},
			"nobody there is": {From: start, Facts: register.Facts{Credentials: []int64{999}}},
		} {
			i.Description = name
			id := o.report(t, i)
			records, by := o.brute(t, func(r audit.Record) bool {
				inTime := !r.At.Before(i.From) && (i.To.IsZero() || r.At.Before(i.To)) && r.At.Before(end)
				named := len(i.Credentials)+len(i.Addresses) == 0
				return inTime && (named || slices.Contains(i.Credentials, r.ActorID) || slices.Contains(i.Addresses, r.Address))
			})
			var all []register.Affected
			for after, more := int64(0), true; more; more = after != 0 {
				page, extent, next, err := o.Register.Affected(t.Context(), o.g, id, after, 17)
				require.NoError(t, err)
				require.Equal(t, []int{records, len(by)}, []int{extent.Records, len(extent.Customers)}, name)
				all = append(all, page...)
				after = next
			}
			var ids []int64
			for _, a := range all {
				ids = append(ids, a.CustomerID)
				require.Equal(t, by[a.CustomerID], a.Records, "%s: %d", name, a.CustomerID)
				require.False(t, a.First.After(a.Last))
			}
			require.Equal(t, slices.Sorted(maps.Keys(by)), ids, name)
			require.Equal(t, name == "nobody there is", len(by) == 0)
		}
	})
}

// TestDraftSaysNothingThatIsNotRecorded: what is known stands there, the rest is asked for.
// Shows: GDPR Art. 33, Art. 34
func TestDraftSaysNothingThatIsNotRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		require.NoError(t, o.Audit.Note(t.Context(), o.as(t, 77, "203.0.113.7"), audit.Entry{Action: audit.CustomerRead, Customers: []int64{4711, 4712}, Fields: []string{"email"}}))
		o.clock.Advance(time.Minute)
		id := o.report(t, register.Incident{From: start.Add(-time.Hour), Facts: register.Facts{Description: "A key was published 🔑", Credentials: []int64{77}}})
		d, err := o.Register.Draft(t.Context(), o.g, id)
		require.NoError(t, err)
		for _, has := range []string{"A key was published 🔑", "customers, 2 by the access log", "Records: 1 operations", "Data: email", "customer.read", "27 December 2026, 18:01 UTC",
			"[likely consequences]", "[measures]", "[name and contact of the data protection officer", "not needed: within 72 hours so far"} {
			require.Contains(t, d.Authority, has)
		}
		require.Contains(t, d.Persons, "these data: email")
		require.NotContains(t, d.Persons, "4711")
		require.NoError(t, o.Register.Appoint(t.Context(), o.g, register.Officer{Name: "Dr. Aïcha Ndiaye", Email: "dpo@shop.example"}))
		_, err = o.Register.Change(t.Context(), o.g, id, func(i *register.Incident) {
			i.Consequences, i.Measures, i.Credentials = "Spam", "The key was revoked", []int64{999}
		})
		require.NoError(t, err)
		o.clock.Advance(73 * time.Hour)
		d, err = o.Register.Draft(t.Context(), o.g, id)
		require.NoError(t, err)
		for _, has := range []string{"Dr. Aïcha Ndiaye, dpo@shop.example", "Spam", "The key was revoked", "customers, 0 by", "[categories of data: the access log shows no access", "[reasons for the delay]"} {
			require.Contains(t, d.Authority, has)
		}
	})
}
