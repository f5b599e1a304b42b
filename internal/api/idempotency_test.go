package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
)

func once(key, body string) apptest.Request {
	return apptest.Request{Method: "POST", Path: "/customers", Body: body, Header: h("Idempotency-Key", key)}
}

// requireReplay: byte for byte, with the first answer's tag and place, and an id of its own.
func requireReplay(t *testing.T, first, again apptest.Response) {
	t.Helper()
	require.Equal(t, first.Status, again.Status, "%s", again.Body)
	require.Equal(t, string(first.Body), string(again.Body))
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
	require.Empty(t, first.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.Header.Get("ETag"), again.Header.Get("ETag"))
	require.NotEqual(t, first.Header.Get("X-Request-Id"), again.Header.Get("X-Request-Id"))
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		body := customerAt("once@example.com")
		first := s.Do(t, once("k-1", body))
		require.Equal(t, 200, first.Status, "%s", first.Body)
		again := s.Do(t, once("k-1", body))
		requireReplay(t, first, again)
		require.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
		quoted := s.Do(t, once(`"k-1"`, body))
		requireReplay(t, first, quoted)
		other := once("k-1", body)
		other.Path = "//api/customers"
		atOther := s.Do(t, other)
		requireReplay(t, first, atOther)
		require.Equal(t, "/api"+path(first.ID(t)), atOther.Header.Get("Location"))
		require.Equal(t, []string{"customer.created"}, s.newEvents(t))
		reused := s.Do(t, once("k-1", customerAt("another@example.com")))
		require.Equal(t, 422, reused.Status)
		requireError(t, reused, "IDEMPOTENCY_KEY_REUSED")
		require.Empty(t, s.newEvents(t))
		interaction := once("k-1", `{"channel":"chat","subject":"x"}`)
		interaction.Path = path(first.ID(t)) + "/interactions"
		require.Equal(t, 200, s.Do(t, interaction).Status, "another route is another scope")
	})
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		rows := map[string]row{}
		for i, key := range []string{"a", strings.Repeat("k", 255), `"quoted"`, "!~#$%&*", `""a""`} {
			rows["takes "+key] = row{send: once(key, customerAt(fmt.Sprintf("t%d@example.com", i))), status: 200, events: []string{"customer.created"}}
		}
		for _, key := range []string{strings.Repeat("k", 256), "two words", `""`, "café", "tab\tinside"} {
			rows["refuses "+key] = row{send: once(key, customerAt("no@example.com")), status: 400, code: "VALIDATION_ERROR", has: []string{"header/Idempotency-Key"}}
		}
		twice := once("a1", customerAt("no@example.com"))
		twice.Header["Idempotency-Key"] = []string{"a1", "a2"}
		rows["refuses two"] = row{send: twice, status: 400, code: "VALIDATION_ERROR", has: []string{"header/Idempotency-Key"}}
		s.run(t, rows)
		failed := once("later", `{"name":"A"}`)
		require.Equal(t, 400, s.Do(t, failed).Status)
		require.Equal(t, 200, s.Do(t, once("later", customerAt("later@example.com"))).Status, "what had no effect is not kept")
	})
}

func TestIdempotencyScope(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		second := newKey(t, s.Server, "", auth.Live, auth.Admin)
		stranger := otherOwner(t, s.Server, "Other")
		body := customerAt("scope@example.com")
		first := s.Do(t, once("k", body))
		require.Equal(t, 200, first.Status)
		for name, c := range map[string]struct {
			key    string
			status int
		}{"another credential runs again": {second, 409}, "the other mode": {s.Test, 200}, "another owner": {stranger, 200}} {
			r := once("k", body)
			r.Key = c.key
			got := s.Do(t, r)
			require.Equal(t, c.status, got.Status, name)
			require.Empty(t, got.Header.Get("Idempotent-Replayed"), name)
		}
	})
}

func TestIdempotencyEndsAfterADay(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	s := apptest.SQLite(t, app.WithClock(fake.Clock()))
	settings(t, s, "", m{"duplicatePolicy": "allow"})
	send := once("day", customerAt("day@example.com"))
	first := s.Do(t, send)
	fake.Advance(24*time.Hour - time.Minute)
	_, err := s.App.Answers.Purge(t.Context())
	require.NoError(t, err)
	requireReplay(t, first, s.Do(t, send))
	fake.Advance(2 * time.Minute)
	count, err := s.App.Answers.Purge(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, count)
	second := s.Do(t, send)
	require.Equal(t, 200, second.Status)
	require.NotEqual(t, first.ID(t), second.ID(t))
}

func TestIdempotencyAfterErasure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		send := once("gone", customerAt("gone@example.com"))
		first := s.Do(t, send)
		requireReplay(t, first, s.Do(t, send))
		note := once("gone", `{"channel":"chat","subject":"x"}`)
		note.Path = path(first.ID(t)) + "/interactions"
		require.Equal(t, 200, s.Do(t, note).Status)
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path(first.ID(t))}).Status)
		for _, r := range []apptest.Request{send, note} {
			got := s.Do(t, r)
			require.Equal(t, 410, got.Status, "%s", got.Body)
			requireError(t, got, "CUSTOMER_ERASED")
		}
	})
}

// Shows: PCI DSS 8.6.2
func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		made := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "k", "mode": "test", "role": "Support"}, Header: h("Idempotency-Key", "k1")})
		require.Equal(t, 200, made.Status, "%s", made.Body)
		keyID := made.ID(t)
		for name, c := range map[string]struct {
			send apptest.Request
			at   func(m) any
		}{
			"create": {apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "k", "mode": "test", "role": "Support"}}, func(v m) any { return v["key"] }},
			"rotate": {apptest.Request{Method: "POST", Path: fmt.Sprintf("/api-keys/%d/rotate", keyID)}, func(v m) any { return v["key"] }},
			"owner":  {apptest.Request{Method: "POST", Path: "/owners", Key: s.Operator, Body: m{"name": "N", "baseCurrency": "EUR"}}, func(v m) any { return v["adminKey"].(m)["key"] }},
		} {
			c.send.Header = h("Idempotency-Key", "secret-1")
			first := s.Do(t, c.send)
			require.Equal(t, 200, first.Status, "%s %s", name, first.Body)
			secret, ok := c.at(first.JSON(t)).(string)
			require.True(t, ok, "%s shows its secret at first: %s", name, first.Body)
			require.Regexp(t, `^florin_(live|test)_sk_`, secret)
			again := s.Do(t, c.send)
			require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"), name)
			require.Nil(t, c.at(again.JSON(t)), name)
			require.Equal(t, strings.Replace(string(first.Body), `"`+secret+`"`, "null", 1), string(again.Body), name)
			require.NotContains(t, s.Logs.String(), secret)
		}
	})
}

// TestOneKeyOneEffect sends 100 requests with one key at once.
func TestOneKeyOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		settings(t, s.Server, "", m{"duplicatePolicy": "allow"})
		answers := together(t, 100, func(int) apptest.Response { return s.Do(t, once("same", customerAt("same@example.com"))) })
		bodies := map[string]int{}
		for _, a := range answers {
			if a.Status == http.StatusConflict {
				requireError(t, a, "IDEMPOTENCY_IN_PROGRESS")
				continue
			}
			require.Equal(t, 200, a.Status, "%s", a.Body)
			bodies[string(a.Body)]++
		}
		require.Len(t, bodies, 1)
		require.Equal(t, []string{"customer.created"}, s.newEvents(t))
	})
}

// together runs n calls that start at one moment.
func together(t *testing.T, n int, call func(i int) apptest.Response) []apptest.Response {
	t.Helper()
	answers := make([]apptest.Response, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			answers[i] = call(i)
		})
	}
	close(start)
	all.Wait()
	return answers
}
