package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// oauth posts a form as a client that names itself in it, or by what header says.
func oauth(path, id, secret string, header http.Header, more ...string) apptest.Request {
	form := url.Values{}
	if id != "" {
		form.Set("client_id", id)
	}
	if secret != "" {
		form.Set("client_secret", secret)
	}
	for i := 0; i < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return apptest.Request{Method: "POST", Path: "/oauth/" + path, Key: "-", Header: header, Body: form.Encode()}
}

func basic(id, secret string) http.Header {
	return h("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))))
}

// client makes a key and gives its id and text.
func client(t *testing.T, s *apptest.Server, admin string, mode auth.Mode, permissions ...auth.Permission) (id, secret string) {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Key: admin, Body: m{"name": "client", "mode": mode, "permissions": permissions}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return fmt.Sprint(got.ID(t)), got.JSON(t)["key"].(string)
}

const grant, credentials = "grant_type", "client_credentials"

// TestTokensForClients: from a key to a token, what it opens, and its end, by each way in
// which a client may name itself (RFC 6749 §2.3.1, RFC 6750, RFC 7009, RFC 7662).
func TestTokensForClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id, secret := client(t, s.Server, "", auth.Live, auth.CustomersRead, auth.CustomersWrite)
		atRoot := oauth("token", "", "", basic(id, secret), grant, credentials)
		atRoot.Path = "//oauth/token"
		for _, send := range []apptest.Request{oauth("token", id, secret, nil, grant, credentials), oauth("token", "", "", basic(id, secret), grant, credentials), atRoot} {
			got := s.Do(t, send)
			require.Equal(t, 200, got.Status, "%s", got.Body)
			require.Equal(t, []string{"no-store", "no-cache"}, []string{got.Header.Get("Cache-Control"), got.Header.Get("Pragma")})
			require.Equal(t, []any{"Bearer", 3600.0, "customers:read customers:write"},
				[]any{got.JSON(t)["token_type"], got.JSON(t)["expires_in"], got.JSON(t)["scope"]})
			token := got.JSON(t)["access_token"].(string)
			require.True(t, strings.HasPrefix(token, "florin_live_at_"))
			require.Equal(t, 200, status(t, s.Server, bearer(token, "GET", "/customers")))
			require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: "/customers", Key: token}))
			require.NotContains(t, s.Logs.String(), token)
		}
		got := s.Do(t, oauth("token", id, secret, nil, grant, credentials, "scope", "customers:read", "audience", "unknown ones mean nothing"))
		narrow := got.JSON(t)["access_token"].(string)
		require.Equal(t, []int{200, 403}, []int{status(t, s.Server, bearer(narrow, "GET", "/customers")), status(t, s.Server, bearer(narrow, "POST", "/customers"))})
		inspect := func() (seen m) {
			require.NoError(t, json.Unmarshal(s.Do(t, oauth("introspect", id, secret, nil, "token", narrow)).Body, &seen))
			return seen
		}
		seen := inspect()
		require.Equal(t, []any{true, "customers:read", id, "Bearer"}, []any{seen["active"], seen["scope"], seen["client_id"], seen["token_type"]})
		require.InDelta(t, 3600, seen["exp"].(float64)-seen["iat"].(float64), 1)
		require.Equal(t, 200, status(t, s.Server, oauth("revoke", id, secret, nil, "token", narrow, "token_type_hint", "access_token")))
		require.Equal(t, m{"active": false}, inspect())
		require.Equal(t, 401, status(t, s.Server, bearer(narrow, "GET", "/customers")))
		require.Equal(t, 200, status(t, s.Server, oauth("revoke", id, secret, nil, "token", narrow)), "again is no error")
	})
}

// TestClientsThatFail: RFC 6749 §5.2's errors, in its form and with its statuses, each
// beside the request that works.
func TestClientsThatFail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id, secret := client(t, s.Server, "", auth.Live, auth.CustomersRead)
		otherID, other := client(t, s.Server, otherOwner(t, s.Server, "Other"), auth.Live, auth.CustomersRead)
		_, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Admin)
		session := logIn(t, s.Server, email, auth.Live)
		token := s.Do(t, oauth("token", id, secret, nil, grant, credentials)).JSON(t)["access_token"].(string)
		foreign := s.Do(t, oauth("token", otherID, other, nil, grant, credentials)).JSON(t)["access_token"].(string)
		typed := h("Content-Type", "application/json")
		for name, row := range map[string]struct {
			send   apptest.Request
			status int
			code   string
		}{
			"works":                   {oauth("token", id, secret, nil, grant, credentials), 200, ""},
			"no client":               {oauth("token", "", "", nil, grant, credentials), 401, "invalid_client"},
			"id alone":                {oauth("token", id, "", nil, grant, credentials), 401, "invalid_client"},
			"secret alone":            {oauth("token", "", secret, nil, grant, credentials), 401, "invalid_client"},
			"another's id":            {oauth("token", otherID, secret, nil, grant, credentials), 401, "invalid_client"},
			"another's id by Basic":   {oauth("token", "", "", basic(otherID, secret), grant, credentials), 401, "invalid_client"},
			"wrong secret":            {oauth("token", id, secret[:len(secret)-1], nil, grant, credentials), 401, "invalid_client"},
			"key in the usual header": {oauth("token", id, "", h("X-API-Key", secret), grant, credentials), 401, "invalid_client"},
			"key as a Bearer":         {oauth("token", id, "", h("Authorization", "Bearer "+secret), grant, credentials), 400, "invalid_request"},
			"twice":                   {oauth("token", "", secret, basic(id, secret), grant, credentials), 400, "invalid_request"},
			"two ids":                 {oauth("token", otherID, "", basic(id, secret), grant, credentials), 400, "invalid_request"},
			"a session":               {oauth("token", id, session, nil, grant, credentials), 401, "invalid_client"},
			"a token for a token":     {oauth("token", id, token, nil, grant, credentials), 403, "unauthorized_client"},
			"no grant":                {oauth("token", id, secret, nil), 400, "invalid_request"},
			"empty grant":             {oauth("token", id, secret, nil, grant, ""), 400, "invalid_request"},
			"grant twice":             {oauth("token", id, secret, nil, grant, credentials, grant, credentials), 400, "invalid_request"},
			"other grant":             {oauth("token", id, secret, nil, grant, "password"), 400, "unsupported_grant_type"},
			"wider scope":             {oauth("token", id, secret, nil, grant, credentials, "scope", "customers:read customers:write"), 400, "invalid_scope"},
			"own tokens as scope":     {oauth("token", id, secret, nil, grant, credentials, "scope", "tokens:own"), 400, "invalid_scope"},
			"unknown scope":           {oauth("token", id, secret, nil, grant, credentials, "scope", "everything"), 400, "invalid_scope"},
			"in the URL":              {apptest.Request{Method: "POST", Path: "/oauth/token?grant_type=client_credentials", Key: "-", Header: basic(id, secret), Body: ""}, 415, "invalid_request"},
			"JSON":                    {oauth("token", id, secret, typed.Clone(), grant, credentials), 415, "invalid_request"},
			"not UTF-8":               {oauth("token", id, secret, nil, grant, credentials, "scope", "\xff"), 400, "invalid_request"},
			"too large":               {oauth("token", id, secret, nil, grant, credentials, "x", strings.Repeat("a", 1<<21)), 413, "invalid_request"},
			"a little too large":      {oauth("token", id, secret, nil, grant, credentials, "x", strings.Repeat("a", 8<<10)), 413, "invalid_request"},
			"not too large":           {oauth("introspect", id, secret, nil, "token", strings.Repeat("a", 7<<10)), 200, ""},
			"revoke nothing":          {oauth("revoke", id, secret, nil), 400, "invalid_request"},
			"revoke a key":            {oauth("revoke", id, secret, nil, "token", secret), 400, "unsupported_token_type"},
			"revoke another's":        {oauth("revoke", id, secret, nil, "token", foreign), 200, ""},
			"revoke nonsense":         {oauth("revoke", id, secret, nil, "token", "x\x00"), 200, ""},
			"revoke as nobody":        {oauth("revoke", "", "", nil, "token", token), 401, "invalid_client"},
			"introspect as nobody":    {oauth("introspect", "", "", nil, "token", token), 401, "invalid_client"},
		} {
			t.Run(name, func(t *testing.T) {
				got := s.Do(t, row.send)
				require.Equal(t, row.status, got.Status, "%s", got.Body)
				if row.status == 200 {
					return
				}
				var e map[string]string
				require.NoError(t, json.Unmarshal(got.Body, &e), "%s", got.Body)
				require.Equal(t, row.code, e["error"])
				require.Len(t, e, 2)
				require.NotContains(t, string(got.Body), secret)
				require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
				if row.status == 401 {
					require.Equal(t, `Basic realm="florin"`, got.Header.Get("WWW-Authenticate"))
				}
			})
		}
		for text, active := range map[string]bool{token: true, foreign: false, secret: false, session: false, "x": false} {
			got := s.Do(t, oauth("introspect", id, secret, nil, "token", text))
			require.Equal(t, active, got.JSON(t)["active"])
			require.Equal(t, active, len(got.JSON(t)) > 1, "nothing is told of what is good for nothing")
		}
		require.Equal(t, 200, status(t, s.Server, bearer(foreign, "GET", "/customers")), "nobody else ended it")
		require.Contains(t, trailOf(t, s, "access_token.give"), "UNAUTHORIZED")
	})
}

// trailOf gives the results of the records of an action.
func trailOf(t *testing.T, s *suite, action string) []string {
	t.Helper()
	var page struct {
		Data []struct{ Action, Result string }
	}
	require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/audit?limit=200&action=" + action}).Body, &page))
	var results []string
	for _, r := range page.Data {
		results = append(results, r.Result)
	}
	slices.Sort(results)
	return slices.Compact(results)
}

// TestGuessedClients are throttled like other credentials.
func TestGuessedClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id, secret := client(t, s.Server, "", auth.Live, auth.CustomersRead)
		for range 30 {
			require.Equal(t, 401, status(t, s.Server, oauth("token", id, "guess", nil, grant, credentials)))
		}
		got := s.Do(t, oauth("token", id, secret, nil, grant, credentials))
		require.Equal(t, 429, got.Status)
		require.Equal(t, "temporarily_unavailable", got.JSON(t)["error"])
		require.NotEmpty(t, got.Header.Get("Retry-After"))
	})
}
