package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/notification/mailtest"
	"github.com/florin-gateway/florin/internal/webhook"
)

// TestThin: what is posted by default names ids and fields, and no personal value.
// Shows: GDPR Art. 5(1)(c), Art. 25
func TestThin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		before := d.customer(t)
		d.round(t)
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL + "/hooks?token=t", Events: []string{event.CustomerUpdated}})
		c := d.customer(t)
		d.change(t, c)
		d.change(t, before)
		d.round(t)
		got := r.heard()
		require.Len(t, got, 2, "what happened before the endpoint and other kinds are none of its")
		for i, of := range []int64{c, before} {
			require.Equal(t, of, got[i].customer(t))
			require.NotContains(t, string(got[i].body), "Calle")
			require.NotContains(t, string(got[i].body), "Zo")
			require.Equal(t, []any{"address"}, got[i].data(t)["fields"])
			require.Equal(t, got[i].Get("Webhook-Id"), got[i].data(t)["id"])
			h := got[i].Header
			require.NoError(t, webhook.Verify(e.Secrets(d.clock.Clock().Now())[0], d.clock.Clock().Now(), h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature"), got[i].body))
		}
		d.round(t)
		require.Empty(t, r.heard(), "each is posted once")
	})
}

// TestFull: who asked for it gets the customer as it is now, but not once it is erased.
func TestFull(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		d.endpoint(t, webhook.Draft{URL: r.URL, Payload: webhook.Full})
		c := d.customer(t)
		d.round(t)
		got := r.heard()
		require.Len(t, got, 1)
		require.Equal(t, "Zoë 王", got[0].data(t)["object"].(map[string]any)["name"])
		require.NoError(t, d.Customers.Erase(t.Context(), d.g, c, nil))
		d.round(t)
		for _, m := range r.heard() {
			require.NotContains(t, string(m.body), "Zo")
			require.NotContains(t, m.data(t), "object")
		}
	})
}

// TestOrder: the events of each customer come in their order, under parallel posts.
func TestOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		d.endpoint(t, webhook.Draft{URL: r.URL})
		var all []int64
		for range 12 {
			all = append(all, d.customer(t))
		}
		for range 8 {
			for _, c := range all {
				d.change(t, c)
			}
		}
		d.round(t)
		last := map[int64]string{}
		got := r.heard()
		require.Len(t, got, 12*9)
		for _, m := range got {
			c, id := m.customer(t), m.Get("Webhook-Id")
			require.Less(t, last[c], id, "customer %d", c)
			last[c] = id
		}
	})
}

// TestDown: while nobody answers, everything waits in its place; the first three tries
// come within twenty seconds, and in the first minute none is more than five seconds away.
func TestDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL})
		r.saysStatus(http.StatusServiceUnavailable)
		var want []string
		for range 40 {
			d.customer(t)
		}
		began := d.clock.Clock().Now()
		d.round(t)
		tries := 1
		for d.clock.Clock().Now().Sub(began) < time.Minute {
			now := d.get(t, e.ID)
			require.EqualValues(t, tries, now.Failures)
			require.EqualValues(t, 40, now.Behind)
			wait := now.NextTry.Sub(d.clock.Clock().Now())
			require.LessOrEqual(t, wait, 5*time.Second)
			d.after(t, wait-time.Millisecond)
			require.Len(t, r.heard(), 1, "one post tries the endpoint, not forty")
			d.after(t, time.Millisecond)
			tries++
			if tries == 4 {
				require.LessOrEqual(t, d.clock.Clock().Now().Sub(began), 20*time.Second)
			}
		}
		r.says(nil)
		want = ids(r.heard())[:1]
		d.after(t, 10*time.Second)
		got := ids(r.heard())
		require.Len(t, got, 40)
		require.Equal(t, want[0], got[0], "the same id at each try")
		slices.Sort(got)
		require.Len(t, slices.Compact(got), 40)
		require.Zero(t, d.get(t, e.ID).Failures)
		require.True(t, d.get(t, e.ID).FailingSince.IsZero())
	})
}

// TestRetryAfter: a receiver that names a time is left alone until then.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		d.endpoint(t, webhook.Draft{URL: r.URL})
		r.says(func(w http.ResponseWriter, _ message) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		d.customer(t)
		d.round(t)
		require.Len(t, r.heard(), 1)
		d.after(t, 89*time.Second)
		require.Empty(t, r.heard())
		r.says(nil)
		d.after(t, time.Second)
		require.Len(t, r.heard(), 1)
	})
}

// TestSwitchedOff: 410 at once, five days of failure after five days; an event tells of
// it, and switched on again the endpoint gets what it missed.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		gone, failing, healthy := newReceiver(t), newReceiver(t), newReceiver(t)
		first, second := d.endpoint(t, webhook.Draft{URL: gone.URL}), d.endpoint(t, webhook.Draft{URL: failing.URL})
		d.endpoint(t, webhook.Draft{URL: healthy.URL, Events: []string{event.EndpointDisabled}})
		gone.saysStatus(http.StatusGone)
		failing.saysStatus(http.StatusInternalServerError)
		d.customer(t)
		d.round(t)
		require.Equal(t, [2]any{false, webhook.Gone}, [2]any{d.get(t, first.ID).Enabled, d.get(t, first.ID).Reason})
		d.round(t)
		told := healthy.heard()
		require.Len(t, told, 1)
		require.EqualValues(t, first.ID, told[0].data(t)["webhookEndpointId"])
		d.after(t, 5*24*time.Hour-time.Minute)
		require.True(t, d.get(t, second.ID).Enabled)
		d.after(t, time.Hour+time.Minute)
		require.Equal(t, [2]any{false, webhook.Failing}, [2]any{d.get(t, second.ID).Enabled, d.get(t, second.ID).Reason})
		failing.says(nil)
		failing.heard()
		d.after(t, 24*time.Hour)
		require.Empty(t, failing.heard())
		now := d.get(t, second.ID)
		now.Enabled = true
		require.NoError(t, d.Webhooks.Update(t.Context(), d.g, second.ID, now.Draft, func(*db.Tx, webhook.Endpoint) error { return nil }))
		d.round(t)
		require.Len(t, failing.heard(), 3, "the customer and two that were switched off")
	})
}

// TestSwitchedOffIsMailed to the owner's admins, without what stands behind the host.
func TestSwitchedOffIsMailed(t *testing.T) {
	t.Parallel()
	box, address := mailtest.New(t)
	d := open(t, config.Config{DataDir: t.TempDir(), EgressAllow: "127.0.0.0/8", SMTPURL: address, MailFrom: "florin@example.com"})
	gone := newReceiver(t)
	e := d.endpoint(t, webhook.Draft{URL: gone.URL + "/hook?token=secret-of-the-address"})
	gone.saysStatus(http.StatusGone)
	d.customer(t)
	d.round(t)
	require.False(t, d.get(t, e.ID).Enabled)
	letter := <-box
	require.Contains(t, letter, fmt.Sprint(e.ID))
	require.Contains(t, letter, "410 Gone")
	require.NotContains(t, letter, "secret-of-the-address")
	d.round(t)
	require.Empty(t, box, "once")
}

// TestPoison: an event that the endpoint refuses while it takes others waits by itself,
// with what follows of its customer; nobody else waits for it. After three days it is
// given up, and what was behind it goes.
func TestPoison(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL})
		bad := d.customer(t)
		r.says(func(w http.ResponseWriter, m message) {
			if m.customer(t) == bad {
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprint(w, "no such customer")
			}
		})
		for range 30 {
			d.customer(t)
			d.change(t, bad)
		}
		d.round(t)
		require.Len(t, r.heard(), 31)
		now := d.get(t, e.ID)
		require.Equal(t, [3]int64{0, 31, 0}, [3]int64{now.Behind, now.Waiting, now.Failures})
		began := d.clock.Clock().Now()
		tries := 0
		for tries < 3 {
			d.after(t, time.Second)
			tries += len(r.heard())
		}
		require.LessOrEqual(t, d.clock.Clock().Now().Sub(began), 20*time.Second)
		for d.get(t, e.ID).Waiting == 31 {
			d.customer(t) // keeps the endpoint healthy
			d.after(t, time.Hour)
		}
		require.Greater(t, d.clock.Clock().Now().Sub(began), 72*time.Hour)
		r.says(nil)
		r.heard()
		for d.get(t, e.ID).Waiting > 0 {
			d.after(t, time.Second)
		}
		got := ids(r.heard())
		require.Len(t, got, 30)
		require.True(t, slices.IsSorted(got))
	})
}

// TestReplay: one event, or those of a time, once more and with the same ids.
func TestReplay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL, Events: []string{event.CustomerCreated}})
		var times []time.Time
		for range 6 {
			times = append(times, d.clock.Clock().Now())
			d.change(t, d.customer(t))
			d.clock.Advance(10 * time.Minute)
		}
		d.round(t)
		first := ids(r.heard())
		require.Len(t, first, 6)
		slices.Sort(first)
		replay := func(gap event.Range) (count int, err error) {
			err = d.Webhooks.Replay(t.Context(), d.g, e.ID, gap, func(_ *db.Tx, n int) error { count = n; return nil })
			d.round(t)
			return count, err
		}
		var id int64
		_, err := fmt.Sscan(first[2], &id)
		require.NoError(t, err)
		n, err := replay(event.Range{ID: id})
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, first[2:3], ids(r.heard()))
		n, err = replay(event.Range{From: times[1], To: times[4]})
		require.NoError(t, err)
		require.Equal(t, 3, n)
		again := ids(r.heard())
		slices.Sort(again)
		require.Equal(t, first[1:4], again)
		_, err = replay(event.Range{ID: id + 1})
		require.Error(t, err, "no such event")
		n, err = replay(event.Range{From: times[5].Add(time.Minute), To: times[5].Add(time.Hour)})
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// TestRotation: both secrets sign until the overlap ends, then the new one alone.
func TestRotation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL})
		now := func() time.Time { return d.clock.Clock().Now() }
		old := e.Secrets(now())[0]
		var fresh string
		require.NoError(t, d.Webhooks.Rotate(t.Context(), d.g, e.ID, time.Hour, true, func(_ *db.Tx, e webhook.Endpoint) error {
			fresh = e.Secrets(now())[0]
			return nil
		}))
		require.True(t, strings.HasPrefix(fresh, "whpk_"))
		fits := func(secret string) bool {
			d.customer(t)
			d.round(t)
			got := r.heard()
			require.Len(t, got, 1)
			return webhook.Verify(secret, now(), got[0].Get("Webhook-Id"), got[0].Get("Webhook-Timestamp"), got[0].Get("Webhook-Signature"), got[0].body) == nil
		}
		require.True(t, fits(old))
		require.True(t, fits(fresh))
		d.clock.Advance(time.Hour)
		require.False(t, fits(old))
		require.True(t, fits(fresh))
	})
}

// TestAttempts: every try can be read, with the first of what the receiver answered; the
// answer goes with the customer whom it may name.
func TestAttempts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		e := d.endpoint(t, webhook.Draft{URL: r.URL})
		r.says(func(w http.ResponseWriter, m message) { fmt.Fprint(w, "thanks for Zoë", strings.Repeat("x", 9000)) })
		c := d.customer(t)
		d.round(t)
		all, err := d.Webhooks.Attempts(t.Context(), d.g, e.ID, 0, 0, 10)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Equal(t, int64(200), all[0].Status)
		require.Len(t, all[0].Answer, 4096)
		require.True(t, strings.HasPrefix(all[0].Answer, "thanks for Zoë"))
		require.NoError(t, d.Customers.Erase(t.Context(), d.g, c, nil))
		all, err = d.Webhooks.Attempts(t.Context(), d.g, e.ID, all[0].EventID, 0, 10)
		require.NoError(t, err)
		require.Equal(t, "", all[0].Answer)
		tried, err := d.Webhooks.Test(t.Context(), d.g, e.ID)
		require.NoError(t, err)
		require.Equal(t, [2]any{int64(200), event.WebhookTest}, [2]any{tried.Status, tried.Kind})
		d.clock.Advance(31 * 24 * time.Hour)
		require.NoError(t, d.Webhooks.Purge(t.Context(), d.g))
		all, err = d.Webhooks.Attempts(t.Context(), d.g, e.ID, 0, 0, 10)
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

// TestAddresses: without the operator's word nothing on this machine or in private
// networks is called, and the try says so.
func TestAddresses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		r := newReceiver(t)
		allowed := d.endpoint(t, webhook.Draft{URL: r.URL})
		for _, address := range []string{"https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://[::ffff:10.0.0.1]/"} {
			e := d.endpoint(t, webhook.Draft{URL: address})
			tried, err := d.Webhooks.Test(t.Context(), d.g, e.ID)
			require.NoError(t, err)
			require.Equal(t, [2]any{int64(0), "refused_address"}, [2]any{tried.Status, tried.Problem}, address)
		}
		tried, err := d.Webhooks.Test(t.Context(), d.g, allowed.ID)
		require.NoError(t, err)
		require.Equal(t, int64(204), tried.Status)
	})
}

// TestChecks: what is wrong with a draft is said, all at once.
func TestChecks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		draft := webhook.Draft{URL: "ftp://x", Events: []string{"customer.created", "nonsense"}, Payload: "fat", Description: strings.Repeat("d", 201)}
		var paths []string
		for _, f := range d.Webhooks.Check(d.g, &draft) {
			paths = append(paths, f.Path)
		}
		require.ElementsMatch(t, []string{"/url", "/events/1", "/payload", "/description"}, paths)
		live := auth.System(d.g.Owner(), d.g.Realm(), auth.Live, "test")
		plain := webhook.Draft{URL: "http://shop.example/", Events: []string{"*", "customer.created"}, Payload: webhook.Full}
		require.Empty(t, d.Webhooks.Check(live, &plain), "the operator allows networks, and so http there")
		require.Equal(t, []string{"*"}, plain.Events)
		d.Webhooks.PlainHTTP = false
		require.Len(t, d.Webhooks.Check(live, &plain), 1)
	})
}

// TestKinds: every kind that an event can have can be asked for.
func TestKinds(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(event.Kinds())
	require.NoError(t, err)
	require.NotContains(t, string(text), event.WebhookTest)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(event.Kinds()))), len(event.Kinds()))
}
