package api_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/api"
	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/gate"
)

type m = map[string]any

// row is one request and everything that must be true of its answer.
type row struct {
	send   apptest.Request
	status int
	code   string   // the error's code
	has    []string // what the body holds
	lacks  []string // what neither body nor log may hold
	header m        // name → value, "" for absent, true for present
	audit  string   // "action result" of the record with the request's id
	events []string // kinds that the request caused
}

// suite runs rows one after the other on one server, so that events can be told apart.
type suite struct {
	*apptest.Server
	key   string // whose events and trail are looked at; the live admin's if empty
	seen  int    // events so far
	count int
}

func (s *suite) run(t *testing.T, rows map[string]row, each ...func(*row)) {
	t.Helper()
	for name, r := range rows {
		for _, change := range each {
			change(&r)
		}
		t.Run(name, func(t *testing.T) { s.check(t, r) })
	}
}

func (s *suite) check(t *testing.T, r row) apptest.Response {
	t.Helper()
	s.count++
	requestID := "row-" + strconv.Itoa(s.count)
	if r.send.Header == nil {
		r.send.Header = http.Header{}
	}
	if r.send.Header.Get("X-Request-Id") == "" {
		r.send.Header.Set("X-Request-Id", requestID)
	}
	got := s.Do(t, r.send)
	require.Equal(t, r.status, got.Status, "%s", got.Body)
	if r.code != "" || got.Status >= 400 {
		requireError(t, got, r.code)
	}
	for _, text := range r.has {
		require.Contains(t, string(got.Body), text)
	}
	for _, text := range r.lacks {
		require.NotContains(t, string(got.Body), text)
		require.NotContains(t, s.Logs.String(), text)
	}
	requireHeaders(t, got, r.header)
	if r.audit != "" {
		require.Contains(t, s.trail(t, requestID), r.audit)
	}
	require.Equal(t, append([]string{}, r.events...), s.newEvents(t))
	return got
}

func requireHeaders(t *testing.T, got apptest.Response, want m) {
	t.Helper()
	for name, value := range want {
		switch v := value.(type) {
		case bool:
			require.NotEmpty(t, got.Header.Get(name), name)
		case string:
			require.Equal(t, v, got.Header.Get(name), name)
		}
	}
}

// requireError checks the one shape of every error (section 2).
func requireError(t *testing.T, got apptest.Response, code string) {
	t.Helper()
	require.Equal(t, "application/json; charset=utf-8", got.Header.Get("Content-Type"))
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	var e struct {
		Error *struct {
			Code, Message *string
			Details       *struct {
				Timestamp, RequestID string
				CustomerID           *string
				PaymentRequestID     *string
				DeclineReason        *string
				IssuerResponse       *string
				TriesLeft            *string
				MatchedOn            []string
				Fields               []struct{ Path, Code, Message string }
			}
		}
	}
	d := json.NewDecoder(strings.NewReader(string(got.Body)))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&e), "%s", got.Body)
	require.NotNil(t, e.Error.Details, "%s", got.Body)
	require.Equal(t, code, *e.Error.Code, "%s", got.Body)
	require.NotEmpty(t, *e.Error.Message)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, e.Error.Details.Timestamp)
	require.Equal(t, got.Header.Get("X-Request-Id"), e.Error.Details.RequestID)
	for _, f := range e.Error.Details.Fields {
		require.NotEmpty(t, f.Code)
		require.NotEmpty(t, f.Message)
	}
}

// trail gives "action result" of each record with a request id.
func (s *suite) trail(t *testing.T, requestID string) []string {
	t.Helper()
	var page struct {
		Data []struct{ Action, Result, RequestID string }
	}
	require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/audit?limit=50", Key: s.key}).Body, &page))
	var found []string
	for _, r := range page.Data {
		if r.RequestID == requestID {
			found = append(found, r.Action+" "+r.Result)
		}
	}
	return found
}

// events gives every event of the live realm as "kind customer".
func events(t *testing.T, s *apptest.Server, key string) []string {
	t.Helper()
	for pending := 1; pending > 0; {
		_, err := s.App.Events.Sequence(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.App.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM event_pending`, nil, &pending))
	}
	var all []string
	for path := "/events?limit=200"; path != ""; {
		var page struct {
			Data []struct {
				Type string
				Data struct{ CustomerID int64 }
			}
			NextCursor string
			HasMore    bool
		}
		got := s.Do(t, apptest.Request{Method: "GET", Path: path, Key: key})
		require.NoError(t, json.Unmarshal(got.Body, &page), "%s", got.Body)
		for _, e := range page.Data {
			all = append(all, fmt.Sprint(e.Type, " ", e.Data.CustomerID))
		}
		if path = ""; page.HasMore {
			path = "/events?limit=200&cursor=" + page.NextCursor
		}
	}
	return all
}

func (s *suite) newEvents(t *testing.T) []string {
	t.Helper()
	all := events(t, s.Server, s.key)
	fresh := []string{}
	for _, e := range all[s.seen:] {
		kind, _, _ := strings.Cut(e, " ")
		fresh = append(fresh, kind)
	}
	s.seen = len(all)
	return fresh
}

// inTest looks at the test mode's events and trail.
func inTest(t *testing.T, run func(t *testing.T, s *suite)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) { run(t, &suite{Server: s, key: s.Test}) })
}

func each(t *testing.T, run func(t *testing.T, s *suite)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) { run(t, &suite{Server: s}) })
}

// eachAt is each on a clock that the test moves.
func eachAt(t *testing.T, run func(t *testing.T, s *suite, c *clock.Fake)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), LogLevel: "debug"}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		fake := clock.NewFake(time.Now().Truncate(time.Millisecond))
		run(t, &suite{Server: apptest.Start(t, c, app.WithClock(fake.Clock()))}, fake)
	})
}

// create stores a customer and fails the test if that does not work.
func create(t *testing.T, s *apptest.Server, key string, body any) apptest.Response {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: key, Body: body})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got
}

func path(id int64) string { return "/customers/" + strconv.FormatInt(id, 10) }

// settings changes the owner's settings and lets no cached ones be used.
func settings(t *testing.T, s *apptest.Server, key string, change m) {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "PUT", Path: "/settings", Key: key, Body: change})
	require.Equal(t, 200, got.Status, "%s", got.Body)
}

// newKey makes a key with a role, or with permissions if the role is empty.
func newKey(t *testing.T, s *apptest.Server, admin string, mode auth.Mode, role auth.Role, permissions ...auth.Permission) string {
	t.Helper()
	body := m{"name": "a key", "mode": mode}
	if role != "" {
		body["role"] = role
	} else {
		body["permissions"] = permissions
	}
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Key: admin, Body: body})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["key"].(string)
}

// otherOwner makes a second merchant and answers its live admin key.
func otherOwner(t *testing.T, s *apptest.Server, name string) string {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/owners", Key: s.Operator, Body: m{"name": name, "baseCurrency": "EUR"}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["adminKey"].(m)["key"].(string)
}

func h(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Add(pairs[i], pairs[i+1])
	}
	return header
}

// newHandler serves the same app a second time through a gate of its own.
func newHandler(t testing.TB, a *app.App, rateLimit int, more ...gate.Route) http.Handler {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	g := gate.New(gate.Config{Access: a.Access, Audit: a.Audit, Idempotency: a.Answers, Clock: a.Clock, Log: a.Log, RateLimit: rateLimit,
		Random: func() uint64 {
			mu.Lock()
			defer mu.Unlock()
			return random.Uint64()
		}, Metrics: gate.NewMetrics(prometheus.NewRegistry())})
	handler, err := g.Handler(append(a.API().Routes(), more...), api.Bases(), nil)
	require.NoError(t, err)
	return handler
}
