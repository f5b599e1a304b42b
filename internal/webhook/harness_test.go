package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
	"github.com/florin-gateway/florin/internal/webhook"
)

// desk is a Florin whose background work runs only when a test says so, on a clock that a
// test moves. It may call this machine.
type desk struct {
	*app.App
	g     auth.Grant
	clock *clock.Fake
	count int
}

func each(t *testing.T, run func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), EgressAllow: "127.0.0.0/8"}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		run(t, open(t, c))
	})
}

func open(t *testing.T, c config.Config) *desk {
	t.Helper()
	fake := clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), app.WithClock(fake.Clock()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })
	_, err = a.FirstRun(t.Context())
	require.NoError(t, err)
	owners, err := a.Owners.List(t.Context())
	require.NoError(t, err)
	return &desk{App: a, clock: fake, g: auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")}
}

func nothing(*db.Tx, *customer.Customer, vault.Subject) error { return nil }

func parsed(t *testing.T, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(text))
	require.NoError(t, err)
	return v
}

// customer makes a customer, and with it an event customer.created.
func (d *desk) customer(t *testing.T) int64 {
	t.Helper()
	d.count++
	c, err := d.Customers.Create(t.Context(), d.g, customer.Input{Body: parsed(t, fmt.Sprintf(`{"name":"Zoë 王","email":"c%d@example.com"}`, d.count))}, nothing)
	require.NoError(t, err)
	return c.ID
}

// change makes an event customer.updated.
func (d *desk) change(t *testing.T, customerID int64) {
	t.Helper()
	d.count++
	_, err := d.Customers.Update(t.Context(), d.g, customerID, customer.Change{Input: customer.Input{Body: parsed(t, fmt.Sprintf(`{"address":"Calle %d"}`, d.count))}}, nothing)
	require.NoError(t, err)
}

// round numbers events and delivers what is due now.
func (d *desk) round(t *testing.T) {
	t.Helper()
	for {
		n, err := d.Events.Sequence(t.Context())
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	require.NoError(t, d.Webhooks.Round(t.Context()))
}

func (d *desk) after(t *testing.T, wait time.Duration) {
	t.Helper()
	d.clock.Advance(wait)
	d.round(t)
}

func (d *desk) endpoint(t *testing.T, draft webhook.Draft) webhook.Endpoint {
	t.Helper()
	if draft.Payload == "" {
		draft.Payload = webhook.Thin
	}
	if draft.Events == nil {
		draft.Events = []string{"*"}
	}
	draft.Enabled = true
	require.Empty(t, d.Webhooks.Check(d.g, &draft))
	var made webhook.Endpoint
	require.NoError(t, d.Webhooks.Create(t.Context(), d.g, draft, func(_ *db.Tx, e webhook.Endpoint) error { made = e; return nil }))
	return made
}

func (d *desk) get(t *testing.T, id int64) webhook.Endpoint {
	t.Helper()
	e, err := d.Webhooks.Get(t.Context(), d.g, id)
	require.NoError(t, err)
	return e
}

// message is a post as a receiver saw it.
type message struct {
	http.Header
	body []byte
}

func (m message) data(t *testing.T) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(m.body, &all))
	return all["data"].(map[string]any)
}

func (m message) customer(t *testing.T) int64 {
	t.Helper()
	n, _ := m.data(t)["customerId"].(float64)
	return int64(n)
}

// receiver is a merchant's system, which answers as a test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(w http.ResponseWriter, m message) // nil: 204
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		m := message{req.Header.Clone(), body}
		r.mu.Lock()
		r.got = append(r.got, m)
		answer := r.answer
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, m)
	}))
	t.Cleanup(r.Close)
	return r
}

// says sets what it answers from now on.
func (r *receiver) says(answer func(w http.ResponseWriter, m message)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) saysStatus(status int) {
	r.says(func(w http.ResponseWriter, _ message) { w.WriteHeader(status) })
}

// heard takes what came since it was last asked.
func (r *receiver) heard() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func ids(all []message) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = m.Get("Webhook-Id")
	}
	return out
}
