package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// Shows: PCI DSS 10.2.1
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "Eve", "email": "eve@example.com"})
		require.Equal(t, `"1.0"`, c.Header.Get("ETag"))
		s.newEvents(t)
		get := func(tag string) apptest.Request {
			return apptest.Request{Method: "GET", Path: path(c.ID(t)), Header: h("If-None-Match", tag)}
		}
		put := func(method, tag string, body any) apptest.Request {
			return apptest.Request{Method: method, Path: path(c.ID(t)), Header: h("If-Match", tag), Body: body}
		}
		for _, tag := range []string{`"1.0"`, `W/"1.0"`, `"x", "1.0"`, "*"} {
			got := s.check(t, row{send: get(tag), status: 304, header: m{"ETag": `"1.0"`, "Cache-Control": "no-store"}, audit: "customer.read ok"})
			require.Empty(t, got.Body)
		}
		for _, tag := range []string{`"1.1"`, `"2.0"`, "1.0", `"1"`} {
			s.check(t, row{send: get(tag), status: 200, header: m{"ETag": `"1.0"`}, audit: "customer.read ok"})
		}
		for _, method := range []string{"PUT", "PATCH"} {
			for _, tag := range []string{`"99.0"`, `"0.0"`, "1.0", "nonsense", `W/"1.0"`, `""`, `"-1.0"`} {
				s.check(t, row{send: put(method, tag, m{"address": "No 1"}), status: 412, code: "PRECONDITION_FAILED", audit: "customer.update PRECONDITION_FAILED"})
			}
		}
		s.check(t, row{send: put("PUT", `"1.7"`, m{"address": "A 1"}), status: 200, header: m{"ETag": `"2.0"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: put("PATCH", `*`, m{"address": "A 2"}), status: 200, header: m{"ETag": `"3.0"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: put("PATCH", `"1.0", "3.0", "9.0"`, m{"address": "A 3"}), status: 200, header: m{"ETag": `"4.0"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: put("PUT", `"4.0"`, m{"address": "A 3"}), status: 200, header: m{"ETag": `"4.0"`}}) // nothing new
		s.check(t, row{send: put("DELETE", `"3.0"`, nil), status: 412, code: "PRECONDITION_FAILED"})
		s.check(t, row{send: put("DELETE", `"4.0"`, nil), status: 204, events: []string{"customer.deleted", "customer.erased"}})
		s.check(t, row{send: get("*"), status: 410, code: "CUSTOMER_ERASED"})
	})
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for sent, kept := range map[string]bool{"abc-123_X.y": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false, "a b": false, "é": false,
		"<script>": false, "4242424242424242": false} {
		for _, target := range []string{"//healthz", "/customers/1", "/nothing"} {
			got := s.Do(t, apptest.Request{Method: "GET", Path: target, Header: h("X-Request-Id", sent)})
			id := got.Header.Get("X-Request-Id")
			require.Equal(t, kept, id == sent, "%q at %s", sent, target)
			require.Regexp(t, `^[A-Za-z0-9._-]{1,64}$`, id)
		}
	}
}

// Shows: GDPR Art. 25
func TestPersonalAnswersAreNotCached(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := create(t, s, "", m{"name": "Eve", "email": "eve@example.com"})
	require.Equal(t, "no-store", c.Header.Get("Cache-Control"))
	for _, target := range []string{path(c.ID(t)), path(c.ID(t)) + "/history", path(c.ID(t)) + "/duplicates", "/customers", "/audit", "/events", "/settings", "/api-keys", "//readyz"} {
		got := s.Do(t, apptest.Request{Method: "GET", Path: target})
		require.Equal(t, 200, got.Status, target)
		require.Equal(t, "no-store", got.Header.Get("Cache-Control"), target)
		require.Equal(t, "application/json; charset=utf-8", got.Header.Get("Content-Type"), target)
		require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"), target)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		support := newKey(t, s.Server, "", auth.Live, auth.Support)
		get := func(pairs ...string) apptest.Request {
			return apptest.Request{Method: "GET", Path: "/customers", Key: "-", Header: h(pairs...)}
		}
		const challenge = `Bearer realm="florin", ApiKey realm="florin"`
		wrong := s.Live[:len(s.Live)-1] + "a"
		if wrong == s.Live {
			wrong = s.Live[:len(s.Live)-1] + "b"
		}
		refused := func(pairs ...string) row {
			return row{send: get(pairs...), status: 401, code: "UNAUTHORIZED", header: m{"WWW-Authenticate": challenge}, lacks: []string{wrong}}
		}
		s.run(t, map[string]row{
			"none": refused(), "wrong key": refused("X-API-Key", wrong), "wrong bearer": refused("Authorization", "Bearer "+wrong), "basic": refused("Authorization", "Basic eDp5"),
			"empty bearer": refused("Authorization", "Bearer "), "not a key": refused("X-API-Key", "hello"),
			"key":                {send: get("X-API-Key", s.Live), status: 200},
			"bearer":             {send: get("Authorization", "Bearer "+s.Live), status: 200},
			"bearer, other case": {send: get("Authorization", "bearer "+s.Live), status: 200},
			"both, equal":        {send: get("X-API-Key", s.Live, "Authorization", "Bearer "+s.Live), status: 200},
			"both, different":    {send: get("X-API-Key", s.Live, "Authorization", "Bearer "+s.Test), status: 400, code: "INVALID_FORMAT", lacks: []string{s.Live, s.Test}},
			"not permitted": {send: apptest.Request{Method: "POST", Path: "/customers", Key: support, Body: customerAt("x@example.com")}, status: 403, code: "FORBIDDEN",
				audit: "customer.create FORBIDDEN"},
		})
	})
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	handler := newHandler(t, s.App, 2)
	send := func(key string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/customers", nil)
		r.Header.Set("X-API-Key", key)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	limited := 0
	for range 20 {
		w := send(s.Live)
		if w.Code == 200 {
			continue
		}
		limited++
		require.Equal(t, 429, w.Code)
		require.Equal(t, `"key";q=2;w=1`, w.Header().Get("RateLimit-Policy"))
		require.Equal(t, `"key";r=0;t=1`, w.Header().Get("RateLimit"))
		requireError(t, apptest.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}, "RATE_LIMITED")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
	}
	require.Greater(t, limited, 5)
	require.Equal(t, 200, send(s.Test).Code, "another key has a rate of its own")
}

// TestLimitsOfUsersAndOwners: one person has one rate in all sessions, and an owner's
// credentials have the operator's together.
func TestLimitsOfUsersAndOwners(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	send := func(handler http.Handler, credential string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/settings", nil)
		r.Header.Set("Authorization", "Bearer "+credential)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	_, email := newUser(t, s, s.Live, "Ana Ruiz", "ana@shop.example", auth.Admin)
	persons := newHandler(t, s.App, 2)
	first, second := logIn(t, s, email, auth.Live), logIn(t, s, email, auth.Live)
	codes := map[int]int{}
	for range 10 {
		codes[send(persons, first).Code]++
		codes[send(persons, second).Code]++
	}
	require.GreaterOrEqual(t, codes[429], 12)
	require.Equal(t, `"user";q=2;w=1`, send(persons, second).Header().Get("RateLimit-Policy"))

	owners := newHandler(t, s.App, 0)
	for range 20 {
		require.Equal(t, 200, send(owners, s.Live).Code, "no limit")
	}
	owner := create(t, s, s.Live, m{"name": "One", "email": "one@example.com"}).JSON(t)["ownerId"]
	limit := func(n any) {
		got := s.Do(t, apptest.Request{Method: "PATCH", Path: fmt.Sprintf("/owners/%.0f", owner), Key: s.Operator, Body: m{"limits": m{"requestsPerSecond": n}}})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Equal(t, n == nil, got.JSON(t)["limits"].(m)["requestsPerSecond"] == nil)
	}
	limit(2)
	settings(t, s, s.Live, m{"limits": m{"requestsPerSecond": 1000}, "strictPhone": true}) // read-only for the owner
	codes = map[int]int{}
	for range 10 {
		codes[send(owners, s.Live).Code]++
		codes[send(owners, s.Test).Code]++
	}
	require.GreaterOrEqual(t, codes[429], 12)
	require.GreaterOrEqual(t, codes[200], 4)
	require.Equal(t, `"owner";q=2;w=1`, send(owners, s.Test).Header().Get("RateLimit-Policy"))
	stranger := otherOwner(t, s, "Stranger")
	require.Equal(t, 200, send(owners, stranger).Code)
	limit(nil)
	require.Equal(t, 200, send(owners, s.Live).Code)
}

// TestWaitsOfSignIns name their own limit, not the one of failed credentials.
func TestWaitsOfSignIns(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	_, email := newUser(t, s, s.Live, "Ana Ruiz", "ana@shop.example", auth.Support)
	for range 7 {
		if got := s.Do(t, signIn(email, password+".")); got.Status == 429 {
			require.Empty(t, got.Header.Get("RateLimit-Policy"))
			require.Equal(t, []string{`"sign-in";r=0;t=` + got.Header.Get("Retry-After"), "RATE_LIMITED"}, []string{got.Header.Get("RateLimit"), got.Code()})
			return
		}
	}
	require.Fail(t, "no wait")
}

func TestFailedCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	statuses := map[int]int{}
	var last apptest.Response
	for range 40 {
		last = s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: "florin_live_sk_wrong"})
		statuses[last.Status]++
	}
	require.GreaterOrEqual(t, statuses[401], 30)
	require.Greater(t, statuses[429], 5)
	require.Equal(t, 429, last.Status)
	requireError(t, last, "RATE_LIMITED")
	require.Equal(t, "60", last.Header.Get("Retry-After"))
	require.Equal(t, `"address";q=30;w=60`, last.Header.Get("RateLimit-Policy"))
	require.Equal(t, 401, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: "-"}).Status, "no credential is no guess")
}
