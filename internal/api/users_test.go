package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// newUser invites somebody and lets them accept.
func newUser(t *testing.T, s *apptest.Server, admin, name, email string, role auth.Role) (int64, string) {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/users", Key: admin, Body: m{"name": name, "email": email, "role": role}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	accepted := s.Do(t, apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": tokenOf(t, got), "password": password}})
	require.Equal(t, 200, accepted.Status, "%s", accepted.Body)
	require.Equal(t, "active", accepted.JSON(t)["status"])
	return got.ID(t), email
}

func tokenOf(t *testing.T, invited apptest.Response) string {
	t.Helper()
	link, _ := invited.JSON(t)["invitationLink"].(string)
	page, token, _ := strings.Cut(link, "#")
	require.True(t, strings.HasSuffix(page, "/accept"), "%s", invited.Body)
	return token
}

func signIn(email, password string, more ...any) apptest.Request {
	body := m{"email": email, "password": password}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return apptest.Request{Method: "POST", Path: "/auth/login", Key: "-", Body: body}
}

func logIn(t *testing.T, s *apptest.Server, email string, mode auth.Mode) string {
	t.Helper()
	got := s.Do(t, signIn(email, password, "mode", mode))
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["accessToken"].(string)
}

func bearer(token, method, path string) apptest.Request {
	return apptest.Request{Method: method, Path: path, Key: "-", Header: h("Authorization", "Bearer "+token)}
}

func status(t *testing.T, s *apptest.Server, r apptest.Request) int {
	t.Helper()
	return s.Do(t, r).Status
}

// TestSigningIn: from an invitation to signing out, at the root and below a base.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		_, email := newUser(t, s.Server, s.Live, "Ana Ruiz", "Ana@shop.example", auth.Support)
		live := logIn(t, s.Server, "ana@SHOP.example", auth.Live)
		require.True(t, strings.HasPrefix(live, "florin_live_st_"))
		atRoot := signIn(email, password, "mode", "test")
		atRoot.Path = "//auth/login"
		got := s.Do(t, atRoot)
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
		test := got.JSON(t)["accessToken"].(string)
		customer := create(t, s.Server, s.Live, m{"name": "Live", "email": "l@example.com"}).ID(t)
		require.Equal(t, 200, status(t, s.Server, bearer(live, "GET", path(customer))))
		require.Equal(t, 404, status(t, s.Server, bearer(test, "GET", path(customer))), "the other mode")
		require.Equal(t, 403, status(t, s.Server, bearer(live, "DELETE", path(customer))), "Support erases nobody")
		require.Equal(t, 403, status(t, s.Server, bearer(live, "GET", "/users")))
		require.Equal(t, 403, status(t, s.Server, apptest.Request{Method: "GET", Path: "/users/me/sessions"}), "a key has no sessions")

		var list struct {
			Data []struct {
				ID      int64
				Current bool
			}
		}
		second := logIn(t, s.Server, email, auth.Live)
		require.NoError(t, json.Unmarshal(s.Do(t, bearer(live, "GET", "/users/me/sessions")).Body, &list))
		require.Len(t, list.Data, 2, "the test session is not seen from live mode")
		require.Equal(t, []bool{true, false}, []bool{list.Data[0].Current, list.Data[1].Current})
		require.Equal(t, 204, status(t, s.Server, bearer(live, "DELETE", fmt.Sprint("/users/me/sessions/", list.Data[1].ID))))
		require.Equal(t, 401, status(t, s.Server, bearer(second, "GET", "/customers")), "ended")
		require.Equal(t, 404, status(t, s.Server, bearer(live, "DELETE", fmt.Sprint("/users/me/sessions/", list.Data[1].ID))))
		require.Equal(t, 204, status(t, s.Server, bearer(live, "POST", "/auth/logout")))
		require.Equal(t, 401, status(t, s.Server, bearer(live, "GET", "/customers")), "signed out")
		require.Equal(t, 200, status(t, s.Server, bearer(test, "GET", "/customers")))
		for _, secret := range []string{live, test, password, "shop.example", "Ana Ruiz"} {
			require.NotContains(t, strings.ToLower(s.Logs.String()), strings.ToLower(secret))
		}
	})
}

// TestFirstAdminSignsIn with what first-run.env says.
func TestFirstAdminSignsIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		got := s.Do(t, signIn(s.AdminEmail, s.AdminPassword))
		require.Equal(t, 200, got.Status, "%s", got.Body)
		token := got.JSON(t)["accessToken"].(string)
		require.Equal(t, 200, status(t, s.Server, bearer(token, "GET", "/users")))
	})
}

// TestSignInsThatFail: one answer for who is unknown, invited, disabled or mistaken, and a
// record in the trail of each known account.
// Shows: PCI DSS 10.2.1
func TestSignInsThatFail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		_, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Support)
		disabled, gone := newUser(t, s.Server, s.Live, "Bob", "bob@shop.example", auth.Support)
		s.Do(t, apptest.Request{Method: "PATCH", Path: fmt.Sprint("/users/", disabled), Body: m{"status": "disabled"}})
		s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "Eve", "email": "eve@shop.example", "role": "Support"}})
		refused := m{"WWW-Authenticate": true}
		s.run(t, map[string]row{
			"right":          {send: signIn(email, password), status: 200, audit: "user.sign_in ok"},
			"wrong password": {send: signIn(email, password+"."), status: 401, code: "UNAUTHORIZED", header: refused, audit: "user.sign_in UNAUTHORIZED", has: []string{"E-mail address or password is wrong"}, lacks: []string{email, password}},
			"unknown":        {send: signIn("nobody@shop.example", password), status: 401, code: "UNAUTHORIZED", header: refused, has: []string{"E-mail address or password is wrong"}, lacks: []string{"nobody@"}},
			"no address":     {send: signIn("nobody", password), status: 401, code: "UNAUTHORIZED", header: refused, has: []string{"E-mail address or password is wrong"}},
			"disabled":       {send: signIn(gone, password), status: 401, code: "UNAUTHORIZED", header: refused, has: []string{"E-mail address or password is wrong"}, audit: "user.sign_in UNAUTHORIZED"},
			"invited":        {send: signIn("eve@shop.example", password), status: 401, code: "UNAUTHORIZED", header: refused, has: []string{"E-mail address or password is wrong"}},
			"foreign owner":  {send: signIn(email, password, "ownerId", 123456789), status: 401, code: "UNAUTHORIZED", header: refused},
			"bad mode":       {send: signIn(email, password, "mode", "both"), status: 400, code: "VALIDATION_ERROR"},
			"no password":    {send: signIn(email, ""), status: 400, code: "VALIDATION_ERROR"},
			"unknown member": {send: signIn(email, password, "remember", true), status: 400, code: "VALIDATION_ERROR"},
			"huge password":  {send: signIn(email, strings.Repeat("a", 1025)), status: 400, code: "VALIDATION_ERROR"},
			"not JSON":       {send: apptest.Request{Method: "POST", Path: "/auth/login", Key: "-", Body: "email=a", Header: h("Content-Type", "text/plain")}, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
			"bad invitation": {send: apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": "florin_user_it_x", "password": password}}, status: 401, code: "UNAUTHORIZED"},
		})
	})
}

// TestUsersHoldNothingOnceDisabled: sessions and own keys end, and do not come back.
// Shows: PCI DSS 8.2.5
func TestUsersHoldNothingOnceDisabled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Support)
		user, own := fmt.Sprint("/users/", id), apptest.Request{Method: "PUT", Path: fmt.Sprint("/users/", id, "/apikey")}
		renew := func() (key string) {
			require.NoError(t, json.Unmarshal(s.Do(t, own).Body, &key))
			return key
		}
		get := func(key string) int {
			return status(t, s.Server, apptest.Request{Method: "GET", Path: "/customers", Key: key})
		}
		older := renew()
		require.Equal(t, 200, get(older))
		key := renew()
		require.Equal(t, []int{401, 200}, []int{get(older), get(key)})
		require.Equal(t, 403, status(t, s.Server, apptest.Request{Method: "POST", Path: "/customers", Key: key, Body: m{"name": "A", "email": "a@example.com"}}), "Support's rights")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PATCH", Path: user, Body: m{"role": "Admin"}}))
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "POST", Path: "/customers", Key: key, Body: m{"name": "A", "email": "a@example.com"}}), "an Admin's")
		session := logIn(t, s.Server, email, auth.Live)
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: user + "/sessions"}))
		require.Equal(t, 401, status(t, s.Server, bearer(session, "GET", "/customers")))
		session = logIn(t, s.Server, email, auth.Live)
		require.Equal(t, 403, status(t, s.Server, apptest.Request{Method: "PATCH", Path: user, Key: "-", Header: h("Authorization", "Bearer "+session), Body: m{"status": "disabled"}}), "nobody their own")

		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PATCH", Path: user, Body: m{"status": "disabled"}}))
		require.Equal(t, []int{401, 401}, []int{get(key), status(t, s.Server, bearer(session, "GET", "/customers"))})
		require.Equal(t, 404, status(t, s.Server, own), "no key for who is disabled")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PATCH", Path: user, Body: m{"status": "active"}}))
		require.Equal(t, []int{401, 401}, []int{get(key), status(t, s.Server, bearer(session, "GET", "/customers"))})
		require.NotEmpty(t, logIn(t, s.Server, email, auth.Live))
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: user}))
		require.Equal(t, 401, status(t, s.Server, signIn(email, password)))
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "DELETE", Path: user}))
	})
}

// TestInvitations are good once, for seven days, and for rights that the inviter has.
// Shows: PCI DSS 7.2.1, 8.2.1, 8.3.5
func TestInvitations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		managers := newKey(t, s.Server, "", auth.Live, "", auth.UsersManage, auth.CustomersRead)
		invite := func(key string, body m) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/users", Key: key, Body: body}
		}
		ana := m{"name": "Ana", "email": "ana@shop.example", "role": "Support"}
		got := s.Do(t, invite("", ana))
		accept := func(token, password string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": token, "password": password}}
		}
		s.run(t, map[string]row{
			"by a test key":   {send: invite(s.Test, m{"name": "B", "email": "b@shop.example", "role": "Support"}), status: 403, code: "FORBIDDEN"},
			"wider than self": {send: invite(managers, m{"name": "B", "email": "b@shop.example", "role": "Support"}), status: 403, code: "FORBIDDEN"},
			"an operator":     {send: invite("", m{"name": "B", "email": "b@shop.example", "role": "Operator"}), status: 400, code: "VALIDATION_ERROR"},
			"no such role":    {send: invite("", m{"name": "B", "email": "b@shop.example", "role": "King"}), status: 400, code: "VALIDATION_ERROR"},
			"no role":         {send: invite("", m{"name": "B", "email": "b@shop.example"}), status: 400, code: "VALIDATION_ERROR"},
			"twice":           {send: invite("", ana), status: 409, code: "USER_DUPLICATE", lacks: []string{"ana@"}},
			"short password":  {send: accept(tokenOf(t, got), "fourteen chars"), status: 400, code: "VALIDATION_ERROR"},
		})
		require.Equal(t, 200, status(t, s.Server, accept(tokenOf(t, got), password)))
		require.Equal(t, 401, status(t, s.Server, accept(tokenOf(t, got), password)), "once")
		other := otherOwner(t, s.Server, "Other")
		again := s.Do(t, invite(other, ana))
		require.Equal(t, 200, again.Status, "another owner learns nothing of ours: %s", again.Body)
		keyed := invite("", m{"name": "K", "email": "k@shop.example", "role": "Support"})
		keyed.Header = h("Idempotency-Key", "invite-k")
		require.NotEmpty(t, tokenOf(t, s.Do(t, keyed)))
		require.Contains(t, string(s.Do(t, keyed).Body), `"invitationLink":null`, "shown once")
	})
}
