package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// TestOwnRoles: made, given, changed, taken away; by nobody for more than they may.
// Shows: PCI DSS 7.2.1
func TestOwnRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		managers := newKey(t, s.Server, "", auth.Live, "", auth.RolesManage, auth.UsersManage, auth.CustomersRead)
		post := func(key string, name any, permissions ...string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/roles", Key: key, Body: m{"name": name, "permissions": permissions}}
		}
		made := s.Do(t, post("", "Night desk", "customers:read", "payments:read", "payments:read"))
		require.Equal(t, 200, made.Status, "%s", made.Body)
		require.Equal(t, []any{"customers:read", "payments:read"}, made.JSON(t)["permissions"])
		path := fmt.Sprint("/roles/", made.ID(t))
		put := func(key string, permissions ...string) apptest.Request {
			return apptest.Request{Method: "PUT", Path: path, Key: key, Body: m{"permissions": permissions}}
		}
		remove := apptest.Request{Method: "DELETE", Path: path}
		s.run(t, map[string]row{
			"same name":         {send: post("", "Night desk", "customers:read"), status: 409, code: "ROLE_DUPLICATE"},
			"built-in name":     {send: post("", "admin", "customers:read"), status: 400, code: "VALIDATION_ERROR"},
			"operator":          {send: post("", "Operator", "customers:read"), status: 400, code: "VALIDATION_ERROR"},
			"no name":           {send: post("", nil, "customers:read"), status: 400, code: "VALIDATION_ERROR"},
			"markup":            {send: post("", "<b>", "customers:read"), status: 400, code: "VALIDATION_ERROR", lacks: []string{"<b>"}},
			"long name":         {send: post("", fmt.Sprintf("%041d", 0), "customers:read"), status: 400, code: "VALIDATION_ERROR"},
			"any script":        {send: post("", "Ночная смена 夜", "customers:read"), status: 200},
			"no permissions":    {send: post("", "Empty"), status: 400, code: "VALIDATION_ERROR"},
			"unknown":           {send: post("", "Odd", "customers:love"), status: 400, code: "VALIDATION_ERROR"},
			"operator's own":    {send: post("", "Odd", "owners:manage"), status: 400, code: "VALIDATION_ERROR"},
			"own sessions":      {send: post("", "Odd", "sessions:own"), status: 400, code: "VALIDATION_ERROR"},
			"test key":          {send: post(s.Test, "Test", "customers:read"), status: 403, code: "FORBIDDEN"},
			"wider than self":   {send: post(managers, "Wide", "customers:read", "customers:write"), status: 403, code: "FORBIDDEN"},
			"as wide as self":   {send: post(managers, "Like", "customers:read"), status: 200, audit: "role.create ok"},
			"changes a wider":   {send: put(managers, "customers:read"), status: 403, code: "FORBIDDEN"},
			"removes a wider":   {send: apptest.Request{Method: "DELETE", Path: path, Key: managers}, status: 403, code: "FORBIDDEN"},
			"invites to wider":  {send: apptest.Request{Method: "POST", Path: "/users", Key: managers, Body: m{"name": "W", "email": "w@shop.example", "role": "Night desk"}}, status: 403, code: "FORBIDDEN"},
			"invites to a like": {send: apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "L", "email": "l@shop.example", "role": "Night desk"}}, status: 200, has: []string{`"role":"Night desk"`}},
			"list":              {send: apptest.Request{Method: "GET", Path: "/roles"}, status: 200, has: []string{`"name":"Admin"`, `"name":"Night desk"`}, lacks: []string{"Operator"}, audit: "role.list ok"},
		})
		_, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", "Night desk")
		session := logIn(t, s.Server, email, auth.Live)
		key := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "k", "mode": "live", "role": "Night desk"}}).JSON(t)["key"].(string)
		may := func(path string) []int {
			return []int{status(t, s.Server, bearer(session, "GET", path)), status(t, s.Server, apptest.Request{Method: "GET", Path: path, Key: key})}
		}
		require.Equal(t, []int{200, 200}, may("/customers"))
		require.Equal(t, []int{403, 403}, may("/events"))
		require.Equal(t, 200, status(t, s.Server, put("", "events:read")))
		require.Equal(t, []int{403, 403}, may("/customers"))
		require.Equal(t, []int{200, 200}, may("/events"))
		s.run(t, map[string]row{"in use": {send: remove, status: 409, code: "ROLE_IN_USE"}})
		day := fmt.Sprint("/roles/", s.Do(t, post("", "Day", "customers:read")).ID(t))
		bob, _ := newUser(t, s.Server, s.Live, "Bob", "bob@shop.example", "Day")
		s.run(t, map[string]row{"a user's": {send: apptest.Request{Method: "DELETE", Path: day}, status: 409, code: "ROLE_IN_USE"}})
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/users/", bob)}))
		s.run(t, map[string]row{"nobody's": {send: apptest.Request{Method: "DELETE", Path: day}, status: 204, audit: "role.remove ok"}})
		foreign := otherOwner(t, s.Server, "Other")
		require.Equal(t, 400, status(t, s.Server, apptest.Request{Method: "POST", Path: "/api-keys", Key: foreign, Body: m{"name": "k", "mode": "live", "role": "Night desk"}}), "another owner's role is none")
		require.Equal(t, 200, status(t, s.Server, post(foreign, "Night desk", "customers:read")), "names are the owner's own")
		theirs := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Key: foreign, Body: m{"name": "k", "mode": "live", "role": "Night desk"}}).JSON(t)["key"].(string)
		require.Equal(t, []int{200, 403}, []int{status(t, s.Server, bearer(theirs, "GET", "/customers")), status(t, s.Server, bearer(theirs, "GET", "/events"))}, "and so is what they may do")
		require.Equal(t, []int{200, 200}, may("/events"))
	})
}
