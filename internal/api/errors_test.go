package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
)

func TestErrorsOfEveryLayer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "Eve", "email": "eve@example.com"})
		s.newEvents(t)
		ask := func(method, path string) apptest.Request { return apptest.Request{Method: method, Path: path} }
		big := `{"name":"` + strings.Repeat("a", 300<<10) + `"}`
		s.run(t, map[string]row{
			"no such path":            {send: ask("GET", "/nothing"), status: 404, code: "NOT_FOUND"},
			"no such root":            {send: ask("GET", "//x"), status: 404, code: "NOT_FOUND"},
			"trailing slash":          {send: ask("GET", "/customers/"), status: 404, code: "NOT_FOUND"},
			"dots":                    {send: ask("GET", "/customers/../customers"), status: 404, code: "NOT_FOUND"},
			"double slash":            {send: ask("GET", "//ipg/2.0.0//customers"), status: 404, code: "NOT_FOUND"},
			"method of a list":        {send: ask("DELETE", "/customers"), status: 405, code: "METHOD_NOT_ALLOWED", header: m{"Allow": "GET, HEAD, POST"}},
			"method of one":           {send: ask("POST", path(c.ID(t))), status: 405, code: "METHOD_NOT_ALLOWED", header: m{"Allow": "GET, HEAD, PUT, PATCH, DELETE"}},
			"method of a document":    {send: ask("POST", "//openapi.json"), status: 405, code: "METHOD_NOT_ALLOWED", header: m{"Allow": "GET, HEAD"}},
			"method nobody has":       {send: ask("BREW", "/customers"), status: 405, code: "METHOD_NOT_ALLOWED"},
			"options":                 {send: ask("OPTIONS", "/customers"), status: 405, code: "METHOD_NOT_ALLOWED", header: m{"Allow": "GET, HEAD, POST"}},
			"body too large":          {send: apptest.Request{Method: "POST", Path: "/customers", Body: big}, status: 413, code: "PAYLOAD_TOO_LARGE"},
			"too large for a patch":   {send: apptest.Request{Method: "PATCH", Path: path(c.ID(t)), Body: big}, status: 413, code: "PAYLOAD_TOO_LARGE"},
			"largest body is read":    {send: apptest.Request{Method: "POST", Path: "/customers", Body: `{"name":"` + strings.Repeat("a", 255<<10) + `"}`}, status: 400, code: "VALIDATION_ERROR", has: []string{"/name", "/email"}},
			"all faults at once":      {send: apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": 7, "phone": "x", "memberId": []int{1}, "preferences": m{"currency": "XXQ"}, "dateOfBirth": "2999-01-01", "billingAddress": m{"country": "ZZ"}}}, status: 400, code: "VALIDATION_ERROR", has: []string{`"/name"`, `"/email"`, `"/phone"`, `"/memberId"`, `"/preferences/currency"`, `"/dateOfBirth"`, `"/billingAddress/country"`}},
			"what is there is served": {send: ask("GET", path(c.ID(t))), status: 200},
			"head":                    {send: ask("HEAD", path(c.ID(t))), status: 200, header: m{"ETag": `"1.0"`}},
		})
	})
}

func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	route := func(path string, handle func(context.Context, *gate.Request) (*gate.Answer, error)) gate.Route {
		return gate.Route{Method: "GET", Path: path, ID: path, Permission: auth.CustomersRead, Audit: "test", Body: gate.NoBody, Rate: gate.PerKey, Handle: handle}
	}
	handler := newHandler(t, s.App, 0,
		route("/panics", func(context.Context, *gate.Request) (*gate.Answer, error) { panic("canary-5831 of a panic") }),
		route("/fails", func(context.Context, *gate.Request) (*gate.Answer, error) { return nil, fmt.Errorf("canary-5832") }),
		route("/works", func(context.Context, *gate.Request) (*gate.Answer, error) {
			return &gate.Answer{Status: 200, Body: []byte("{}")}, nil
		}))
	for path, status := range map[string]int{"/api/panics": 500, "/api/fails": 500, "/api/works": 200} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("X-API-Key", s.Live)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, status, w.Code, path)
		if status == 500 {
			requireError(t, apptest.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}, "INTERNAL_ERROR")
			require.NotContains(t, w.Body.String(), "canary")
		}
	}
	require.NotContains(t, s.Logs.String(), "canary-5831", "a panic's value may be anybody's data")
	require.Contains(t, s.Logs.String(), "errors_test.go")
}

// places sends a canary in every place that a client can fill, each time a value that
// is refused there.
func places(canary string, id int64) map[string]apptest.Request {
	all := map[string]apptest.Request{}
	add := func(name string, r apptest.Request) { all[name] = r }
	for _, field := range []string{"name", "email", "address", "phone", "memberId", "dateOfBirth", "status", "metadata", "preferences", "billingAddress", "shippingAddress"} {
		bad := any(canary + "\n\x00@@")
		for kind, v := range map[string]any{"text": bad, "list": []any{bad}, "object": m{"x": bad}} {
			body := m{"name": "A", "email": "a@example.com", field: v}
			add("POST "+field+" "+kind, apptest.Request{Method: "POST", Path: "/customers", Body: body})
			add("PUT "+field+" "+kind, apptest.Request{Method: "PUT", Path: path(id), Body: m{field: v}})
			add("PATCH "+field+" "+kind, apptest.Request{Method: "PATCH", Path: path(id), Body: []any{m{"op": "replace", "path": "/" + field, "value": v}, m{"op": "test", "path": "/name", "value": canary}}})
		}
	}
	for _, part := range []string{"currency", "notifications", "paymentMethod", "language"} {
		add("preferences "+part, apptest.Request{Method: "PUT", Path: path(id), Body: m{"preferences": m{part: canary + "\x00"}}})
	}
	for _, part := range []string{"line1", "city", "country"} {
		add("address "+part, apptest.Request{Method: "PUT", Path: path(id), Body: m{"billingAddress": m{part: canary + "\x00"}}})
	}
	for _, name := range []string{"limit", "cursor", "fields", "sort", "status", "createdFrom", "createdTo"} {
		add("query "+name, apptest.Request{Method: "GET", Path: "/customers?" + name + "=" + canary})
		if name != "limit" {
			add("search "+name, apptest.Request{Method: "POST", Path: "/customers/search", Body: m{name: canary}})
		}
	}
	for _, name := range []string{"from", "to", "customerId", "cursor"} {
		add("audit "+name, apptest.Request{Method: "GET", Path: "/audit?" + name + "=" + canary})
	}
	add("path id", apptest.Request{Method: "GET", Path: "/customers/" + canary})
	add("path", apptest.Request{Method: "GET", Path: "/" + canary})
	add("fragmentary JSON", apptest.Request{Method: "POST", Path: "/customers", Body: `{"name":"` + canary})
	add("bad JSON", apptest.Request{Method: "POST", Path: "/customers", Body: canary})
	add("media type", apptest.Request{Method: "POST", Path: "/customers", Body: `{}`, Header: h("Content-Type", "text/"+canary)})
	add("credential", apptest.Request{Method: "GET", Path: "/customers", Key: canary})
	add("method", apptest.Request{Method: strings.ToUpper(strings.ReplaceAll(canary, "-", "")), Path: "/customers"})
	for _, name := range []string{"Idempotency-Key", "If-Match", "X-Request-Id"} {
		r := apptest.Request{Method: "PUT", Path: path(id), Body: m{"name": 7}, Header: h(name, canary+" ,")}
		if name == "Idempotency-Key" {
			r.Method, r.Path = "POST", "/customers"
		}
		add("header "+name, r)
	}
	add("patch op", apptest.Request{Method: "PATCH", Path: path(id), Body: []any{m{"op": canary, "path": "/name"}}})
	add("patch path", apptest.Request{Method: "PATCH", Path: path(id), Body: []any{m{"op": "remove", "path": "/" + canary}}})
	add("patch from", apptest.Request{Method: "PATCH", Path: path(id), Body: []any{m{"op": "move", "path": "/name", "from": "/" + canary}}})
	for _, field := range []string{"channel", "subject", "status", "satisfaction"} {
		add("interaction "+field, apptest.Request{Method: "POST", Path: path(id) + "/interactions", Body: m{"channel": "chat", "subject": "x", field: canary + "\x00"}})
	}
	for _, field := range []string{"name", "mode", "role", "permissions", "cidrs", "expiresAt"} {
		for kind, v := range map[string]any{"text": canary + "\x00", "list": []any{canary + "\x00"}} {
			add("api key "+field+" "+kind, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "A\x00", "mode": "live", field: v}})
		}
	}
	for _, field := range []string{"baseCurrency", "defaultRegion", "duplicatePolicy", "strictPhone", "notifyUrl", "brandColor", "name"} {
		add("settings "+field, apptest.Request{Method: "PUT", Path: "/settings", Body: m{field: canary + "\x00"}})
	}
	return all
}

// TestErrorsRepeatNothing: no error holds what a client sent, and no log at debug level.
// Shows: GDPR Art. 25
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "Eve", "email": "eve@example.com"})
		n := 0
		for name, r := range places("cnry-zqxj", c.ID(t)) {
			got := s.Do(t, r)
			require.GreaterOrEqual(t, got.Status, 400, "%s: %s", name, got.Body)
			require.Less(t, got.Status, 500, "%s: %s", name, got.Body)
			requireError(t, got, got.Code())
			require.NotContains(t, strings.ToLower(string(got.Body)), "zqxj", name)
			for header, values := range got.Header {
				require.NotContains(t, strings.ToLower(strings.Join(values, " ")), "zqxj", "%s in %s", name, header)
			}
			n++
		}
		require.NotContains(t, strings.ToLower(s.Logs.String()), "zqxj")
		trail := s.Do(t, apptest.Request{Method: "GET", Path: "/audit?limit=200"})
		require.NotContains(t, strings.ToLower(string(trail.Body)), "zqxj")
		t.Logf("%d places", n)
		kept := create(t, s.Server, "", m{"name": "cnry-zqxj", "email": "z@example.com"})
		require.Contains(t, string(kept.Body), "zqxj", "the search would find it")
		require.NotContains(t, strings.ToLower(s.Logs.String()), "zqxj", "nor what was accepted")
		s.Do(t, apptest.Request{Method: "GET", Path: "/customers?q=" + url.QueryEscape("cnry-zqxj")})
		require.NotContains(t, strings.ToLower(s.Logs.String()), "zqxj")
	})
}
