package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

func standing(s *apptest.Server, owner int64, body m) apptest.Request {
	return apptest.Request{Method: "PATCH", Path: fmt.Sprint("/owners/", owner), Key: s.Operator, Body: body}
}

// TestSuspendedOwners: everything they hold is refused, and works again afterwards; other
// owners do not notice.
func TestSuspendedOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		owner := int64(s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "Ana", "email": "ana@example.com"}}).JSON(t)["ownerId"].(float64))
		stranger := otherOwner(t, s.Server, "Stranger")
		_, email := newUser(t, s.Server, s.Live, "Ana Ruiz", "ana@shop.example", auth.Admin)
		session := logIn(t, s.Server, email, auth.Live)
		bo, _ := newUser(t, s.Server, s.Live, "Bo", "bo@shop.example", auth.Support)
		own := s.Do(t, apptest.Request{Method: "PUT", Path: fmt.Sprint("/users/", bo, "/apikey")})
		invited := tokenOf(t, s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "Cy", "email": "cy@shop.example", "role": "Support"}}))
		accept := apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": invited, "password": password}}
		_, start := addProvider(t, s.Server, "", m{"name": "Nobody", "issuer": "https://10.1.2.3", "clientId": "florin", "clientSecret": "another secret"})
		holds := map[string]apptest.Request{
			"by provider": {Method: "GET", Path: "/" + strings.TrimPrefix(start, s.URL), Key: "-"},
			"live key":    {Method: "GET", Path: "/customers"},
			"test key":    {Method: "GET", Path: "/customers", Key: s.Test},
			"a change":    {Method: "POST", Path: "/payment-requests", Key: s.Test, Body: m{"amount": 3, "unit": "USD"}},
			"not allowed": {Method: "GET", Path: "/owners"},
			"own key":     {Method: "GET", Path: "/customers", Key: string(own.Body[1 : len(own.Body)-1])},
			"session":     bearer(session, "GET", "/customers"),
			"sign-in":     signIn(email, password),
			"metrics":     {Method: "GET", Path: "//metrics"},
		}
		ask := func(want map[string]int) {
			t.Helper()
			for name, r := range holds {
				got := s.Do(t, r)
				if status, ok := want[name]; ok {
					require.Equal(t, status, got.Status, "%s: %s", name, got.Body)
				} else {
					require.Equal(t, []any{403, "OWNER_SUSPENDED"}, []any{got.Status, got.Code()}, "%s: %s", name, got.Body)
					requireError(t, got, "OWNER_SUSPENDED")
					require.NotContains(t, string(got.Body), "contract")
				}
			}
			require.Equal(t, 200, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: stranger}).Status)
		}
		works := map[string]int{"live key": 200, "test key": 200, "a change": 200, "not allowed": 403, "own key": 200, "session": 200, "sign-in": 200, "metrics": 200, "by provider": 503} // whom nobody may call
		ask(works)
		for name, body := range map[string]m{"reason alone": {"reason": "x"}, "limit": {"limits": m{"requestsPerSecond": 0}}, "limits": {"limits": 3}, "other limit": {"limits": m{"requests": 3}}, "unknown": {"status": "closed"}, "leaving": {"status": "leaving", "reason": "x"}, "no reason": {"status": "suspended"}, "member": {"status": "active", "name": "x"}} {
			require.Equal(t, 400, s.Do(t, standing(s.Server, owner, body)).Status, name)
		}
		require.Equal(t, 404, s.Do(t, standing(s.Server, 123456789, m{"status": "active"})).Status)
		ask(works)
		got := s.Do(t, standing(s.Server, owner, m{"status": "suspended", "reason": "The contract has ended"}))
		require.Equal(t, []any{200, "suspended", "The contract has ended"}, []any{got.Status, got.JSON(t)["status"], got.JSON(t)["reason"]}, "%s", got.Body)
		ask(nil)
		require.Equal(t, "OWNER_SUSPENDED", s.Do(t, accept).Code())
		require.Equal(t, 401, s.Do(t, signIn(email, password+".")).Status, "a stranger does not learn it")
		require.Equal(t, 200, s.Do(t, standing(s.Server, owner, m{"status": "active"})).Status)
		ask(works)
		require.Equal(t, 200, s.Do(t, accept).Status)
		s.key = s.Live
		trail := string(s.Do(t, apptest.Request{Method: "GET", Path: "/audit?limit=200"}).Body)
		for _, has := range []string{`"action":"owner.suspend","result":"ok"`, `"action":"owner.resume","result":"ok"`, `"action":"customer.list","result":"OWNER_SUSPENDED"`, `"action":"user.sign_in","result":"OWNER_SUSPENDED"`} {
			require.Contains(t, trail, has)
		}
	})
}

// TestSuspendedElsewhere: a node hears within a second of what another wrote.
func TestSuspendedElsewhere(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	s := apptest.SQLite(t, app.WithClock(fake.Clock()))
	ask := func() int { return s.Do(t, apptest.Request{Method: "GET", Path: "/customers"}).Status }
	require.Equal(t, 200, ask())
	fake.Advance(500 * time.Millisecond)
	require.Equal(t, 200, ask(), "the key is not as old in memory as its owner")
	require.NoError(t, s.App.Store.Write(t.Context(), db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE owner SET status = 'suspended'`)
		return nil
	}))
	fake.Advance(time.Second)
	require.Equal(t, 403, ask())
}

// TestSuspendedOwnersAreToldLater: webhooks wait, and come once the owner is active again.
// A witness's post shows that posts are made meanwhile.
func TestSuspendedOwnersAreToldLater(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		posts := map[string]chan struct{}{"/ours": make(chan struct{}, 10), "/witness": make(chan struct{}, 10)}
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			posts[r.URL.Path] <- struct{}{}
			w.WriteHeader(http.StatusNoContent)
		}))
		t.Cleanup(receiver.Close)
		witness := otherOwner(t, s.Server, "Witness")
		for path, key := range map[string]string{"/ours": s.Live, "/witness": witness} {
			made := s.Do(t, apptest.Request{Method: "POST", Path: "/webhook-endpoints", Key: key, Body: m{"url": receiver.URL + path, "events": []string{"*"}}})
			require.Equal(t, 200, made.Status, "%s", made.Body)
		}
		ours := create(t, s.Server, s.Live, m{"name": "One", "email": "one@example.com"})
		<-posts["/ours"]
		owner := int64(ours.JSON(t)["ownerId"].(float64))
		require.Equal(t, 200, s.Do(t, standing(s.Server, owner, m{"status": "suspended", "reason": "Unpaid"})).Status)
		o, err := s.App.Owners.Get(t.Context(), owner)
		require.NoError(t, err)
		require.NoError(t, s.App.Customers.Erase(t.Context(), auth.System(owner, o.LiveRealm, auth.Live, "test"), ours.ID(t), nil))
		for i := range 3 {
			create(t, s.Server, witness, m{"name": "Two", "email": fmt.Sprintf("two%d@example.com", i)})
			<-posts["/witness"]
		}
		require.Empty(t, posts["/ours"])
		require.Equal(t, 200, s.Do(t, standing(s.Server, owner, m{"status": "active"})).Status)
		<-posts["/ours"]
	})
}
