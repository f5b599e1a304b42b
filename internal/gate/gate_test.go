package gate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/gate"
)

func newGate() *gate.Gate {
	return gate.New(gate.Config{Clock: clock.System(), Random: func() uint64 { return 7 }, Metrics: gate.NewMetrics(prometheus.NewRegistry())})
}

func whole() gate.Route {
	return gate.Route{Method: "POST", Path: "/things", ID: "makeThing", Permission: auth.CustomersWrite, Audit: "thing.make", Body: gate.JSON, MaxBody: 100, Rate: gate.PerKey,
		Card: func(string) bool { return false }, Handle: func(context.Context, *gate.Request) (*gate.Answer, error) { return &gate.Answer{Status: 200}, nil }}
}

// TestRoutesMustBeWhole: a route that leaves out a decision does not start the server.
// Shows: PCI DSS 7.3.1, 10.2.1; GDPR Art. 5(2)
func TestRoutesMustBeWhole(t *testing.T) {
	t.Parallel()
	_, err := newGate().Handler([]gate.Route{whole()}, []string{"/api"}, nil)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*gate.Route){
		"no permission":             func(r *gate.Route) { r.Permission = "" },
		"no audit action":           func(r *gate.Route) { r.Audit = "" },
		"no body declaration":       func(r *gate.Route) { r.Body = 0 },
		"no body limit":             func(r *gate.Route) { r.MaxBody = 0 },
		"no rate class":             func(r *gate.Route) { r.Rate = 0 },
		"no handler":                func(r *gate.Route) { r.Handle = nil },
		"no operation id":           func(r *gate.Route) { r.ID = "" },
		"no card guard declaration": func(r *gate.Route) { r.Card = nil },
	} {
		r := whole()
		spoil(&r)
		_, err := newGate().Handler([]gate.Route{r}, []string{"/api"}, nil)
		require.ErrorContains(t, err, name)
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted, remote string
		forwarded       []string
		want            string
	}{
		"direct":                     {"", "203.0.113.9:4000", nil, "203.0.113.9"},
		"a stranger's word":          {"10.0.0.0/8", "203.0.113.9:4000", []string{"198.51.100.1"}, "203.0.113.9"},
		"behind a proxy":             {"10.0.0.0/8", "10.1.1.1:4000", []string{"198.51.100.1"}, "198.51.100.1"},
		"what the client put first":  {"10.0.0.0/8", "10.1.1.1:4000", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":                {"10.0.0.0/8,fd00::/8", "[fd00::1]:4000", []string{"198.51.100.1", "10.2.2.2"}, "198.51.100.1"},
		"nonsense":                   {"10.0.0.0/8", "10.1.1.1:4000", []string{"hello"}, "10.1.1.1"},
		"nonsense before the client": {"10.0.0.0/8", "10.1.1.1:4000", []string{"hello, 198.51.100.1"}, "198.51.100.1"},
		"proxies alone":              {"10.0.0.0/8", "10.1.1.1:4000", []string{"10.3.3.3"}, "10.3.3.3"},
		"IPv4 in IPv6":               {"10.0.0.0/8", "[::ffff:10.1.1.1]:4000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"trusted without the field":  {"10.0.0.0/8", "10.1.1.1:4000", nil, "10.1.1.1"},
	} {
		proxies, err := gate.ParseProxies(c.trusted)
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		require.Equal(t, c.want, proxies.Client(r).String(), name)
	}
	for _, bad := range []string{"10.0.0.1", "x", "10.0.0.0/33"} {
		_, err := gate.ParseProxies(bad)
		require.Error(t, err, bad)
	}
}

// TestStrangersGetTheUsualShape: without a database, what needs no credential answers.
func TestStrangersGetTheUsualShape(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	handler, err := newGate().Handler([]gate.Route{whole()}, []string{"/ipg/2.0.0", "/api"}, map[string]http.Handler{"GET /open": page})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		method, path string
		status       int
		allow, code  string
	}{
		"open page":       {"GET", "/open", 200, "", ""},
		"one base":        {"POST", "/api/things", 401, "", "UNAUTHORIZED"},
		"the other base":  {"POST", "/ipg/2.0.0/things", 401, "", "UNAUTHORIZED"},
		"no base":         {"POST", "/things", 404, "", "NOT_FOUND"},
		"other method":    {"GET", "/api/things", 405, "POST", "METHOD_NOT_ALLOWED"},
		"method of open":  {"PUT", "/open", 405, "GET, HEAD", "METHOD_NOT_ALLOWED"},
		"dots":            {"GET", "/api/../open", 404, "", "NOT_FOUND"},
		"doubled slashes": {"POST", "/api//things", 404, "", "NOT_FOUND"},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		require.Equal(t, c.status, w.Code, name)
		require.Equal(t, c.allow, w.Header().Get("Allow"), name)
		require.Contains(t, w.Body.String(), c.code, name)
		require.NotEmpty(t, w.Header().Get("X-Request-Id"), name)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
	}
}

// TestBoundsBeforeAnythingElse: what is too heavy is refused before a route is looked for.
func TestBoundsBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	handler, err := newGate().Handler(nil, []string{"/api"}, map[string]http.Handler{"GET /open": page})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		query, value string
		headers      int
		status       int
	}{
		"light":            {"", "v", 99, 200},
		"many headers":     {"", "v", 101, 400},
		"large headers":    {"", strings.Repeat("v", 1<<10), 33, 400},
		"a large header":   {"", strings.Repeat("v", 30<<10), 1, 200},
		"a long address":   {"?q=" + strings.Repeat("q", 8<<10), "v", 1, 400},
		"a shorter one":    {"?q=" + strings.Repeat("q", 8<<10-100), "v", 1, 200},
		"many of one name": {"", "", 101, 400},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/open"+c.query, nil)
		for i := range c.headers {
			r.Header.Add("X-"+map[bool]string{true: "Same", false: strconv.Itoa(i)}[c.value == ""], c.value)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, name)
	}
}
