package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// browser keeps cookies and goes where it is sent.
type browser struct{ http.Client }

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{http.Client{Jar: jar}}
}

// page is where a browser has come to.
type page struct {
	apptest.Response
	at *url.URL
}

func (b *browser) open(t *testing.T, method, address string, form url.Values) page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return page{apptest.Response{Status: resp.StatusCode, Header: resp.Header, Body: text}, resp.Request.URL}
}

// dexProgram is built once, from a module of its own. Without the module proxy, and without
// what an earlier build has kept, it fails: a skipped test would say nothing.
var dexProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "florin-testdex-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "testdex")
	build := exec.Command("go", "build", "-o", file, ".")
	build.Dir = filepath.Join("..", "..", "tools", "testdex")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dex could not be built: %w\n%s", err, text)
	}
	return file, nil
})

// dex serves until the test ends and gives its issuer.
func dex(t *testing.T, back string, email string) (issuer string) {
	t.Helper()
	file, err := dexProgram()
	require.NoError(t, err)
	program := exec.Command(file, "florin", "a secret of dex's and ours", back, email, "dex's own password")
	stdin, err := program.StdinPipe()
	require.NoError(t, err)
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	program.Stderr = os.Stderr
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		require.NoError(t, stdin.Close())
		require.NoError(t, program.Wait())
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// addProvider adds an identity provider and gives its sign-in address.
func addProvider(t *testing.T, s *apptest.Server, key string, body m) (id int64, start string) {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "POST", Path: "/identity-providers", Key: key, Body: body})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	require.NotContains(t, string(got.Body), body["clientSecret"])
	require.Equal(t, s.URL+"/auth/oidc/callback", got.JSON(t)["redirectUri"])
	return got.ID(t), got.JSON(t)["signInUrl"].(string)
}

// TestSignInByDex goes through dex's own pages: somebody who was invited comes in without a
// password, is the same person the next time, and is gone once disabled.
// Shows: PCI DSS 8.3.1
func TestSignInByDex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		issuer := dex(t, s.URL+"/auth/oidc/callback", "ana@shop.example")
		_, start := addProvider(t, s.Server, "", m{"name": "Dex", "issuer": issuer, "clientId": "florin", "clientSecret": "a secret of dex's and ours"})
		signIn := func(b *browser, start, password string) page {
			login := b.open(t, "GET", start, nil)
			require.Equal(t, 200, login.Status, "%s", login.Body)
			require.True(t, strings.HasPrefix(login.at.String(), issuer), login.at)
			return b.open(t, "POST", login.at.String(), url.Values{"login": {"ana@shop.example"}, "password": {password}})
		}
		stranger := signIn(newBrowser(t), start, "dex's own password")
		require.Equal(t, "UNAUTHORIZED", stranger.Code(), "%s", stranger.Body)
		require.Contains(t, string(stranger.Body), "You have not been invited")

		invited := s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "Ana", "email": "Ana@Shop.example", "role": "Support"}})
		user := invited.ID(t)
		wrong := signIn(newBrowser(t), start, "wrong")
		require.True(t, strings.HasPrefix(wrong.at.String(), issuer), "dex keeps them")
		b := newBrowser(t)
		got := signIn(b, start+"?mode=test", "dex's own password")
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Equal(t, []string{"no-store", "no-referrer"}, []string{got.Header.Get("Cache-Control"), got.Header.Get("Referrer-Policy")})
		token := got.JSON(t)["accessToken"].(string)
		require.True(t, strings.HasPrefix(token, "florin_test_st_"))
		require.Equal(t, 200, status(t, s.Server, bearer(token, "GET", "/customers")))
		require.Equal(t, 403, status(t, s.Server, bearer(token, "POST", "/api-keys")), "Support's rights")
		require.Equal(t, "UNAUTHORIZED", b.open(t, "GET", got.at.String(), nil).Code(), "its address is good once")
		require.Equal(t, 401, status(t, s.Server, apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": tokenOf(t, invited), "password": password}}), "coming in was accepting")

		require.Equal(t, 200, signIn(newBrowser(t), start, "dex's own password").Status)
		disable := func(status string) {
			got := s.Do(t, apptest.Request{Method: "PATCH", Path: fmt.Sprint("/users/", user), Body: m{"status": status}})
			require.Equal(t, 200, got.Status, "%s", got.Body)
		}
		disable("disabled")
		require.Equal(t, 401, signIn(newBrowser(t), start, "dex's own password").Status)
		disable("active")
		require.Equal(t, 200, signIn(newBrowser(t), start, "dex's own password").Status)
		var list struct {
			Data []struct {
				ID     int64
				Status string
			}
		}
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/users"}).Body, &list))
		require.Contains(t, list.Data, struct {
			ID     int64
			Status string
		}{user, "active"})
		for _, secret := range []string{"a secret of dex", token, got.at.Query().Get("code"), "ana@shop"} {
			require.NotContains(t, strings.ToLower(s.Logs.String()), secret)
		}
	})
}

// TestIdentityProviders are added by those who may do everything, and show no secret.
func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		managers := newKey(t, s.Server, "", auth.Live, "", auth.UsersManage)
		send := func(key string, change m) apptest.Request {
			body := m{"name": "Directory", "issuer": "https://login.shop.example", "clientId": "florin", "clientSecret": "hidden words"}
			for name, value := range change {
				body[name] = value
			}
			return apptest.Request{Method: "POST", Path: "/identity-providers", Key: key, Body: body}
		}
		id, _ := addProvider(t, s.Server, "", send("", nil).Body.(m))
		one := fmt.Sprint("/identity-providers/", id)
		s.run(t, map[string]row{
			"by whoever manages users":  {send: send(managers, nil), status: 403, code: "FORBIDDEN"},
			"they may look":             {send: apptest.Request{Method: "GET", Path: one, Key: managers}, status: 200, has: []string{`"issuer":"https://login.shop.example"`}, lacks: []string{"hidden words"}},
			"by a test key":             {send: send(s.Test, nil), status: 403, code: "FORBIDDEN"},
			"everybody":                 {send: send("", m{"role": "Support"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"path":"/domains"`}},
			"everybody of a domain":     {send: send("", m{"role": "Support", "domains": []string{"Bücher.example"}}), status: 200, has: []string{"xn--bcher-kva.example"}},
			"an operator":               {send: send("", m{"role": "Operator", "domains": []string{"shop.example"}}), status: 400, code: "VALIDATION_ERROR"},
			"no domain":                 {send: send("", m{"domains": []string{"a b"}}), status: 400, code: "VALIDATION_ERROR"},
			"no issuer":                 {send: send("", m{"issuer": "shop"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"path":"/issuer"`}},
			"an issuer with a question": {send: send("", m{"issuer": "https://login.shop.example?a=b"}), status: 400, code: "VALIDATION_ERROR"},
			"no secret":                 {send: send("", m{"clientSecret": ""}), status: 400, code: "VALIDATION_ERROR", has: []string{`"path":"/clientSecret"`}},
			"a change of one thing":     {send: apptest.Request{Method: "PUT", Path: one, Body: m{"enabled": false}}, status: 200, has: []string{`"enabled":false`, `"clientId":"florin"`}, audit: "identity_provider.change ok"},
			"a bad mode":                {send: apptest.Request{Method: "GET", Path: fmt.Sprint("/auth/oidc/", id, "?mode=both"), Key: "-"}, status: 400, code: "VALIDATION_ERROR"},
			"nobody's":                  {send: apptest.Request{Method: "GET", Path: "/auth/oidc/123456789", Key: "-"}, status: 404, code: "IDENTITY_PROVIDER_NOT_FOUND"},
			"no id":                     {send: apptest.Request{Method: "GET", Path: "/auth/oidc/x", Key: "-"}, status: 400, code: "INVALID_FORMAT"},
			"an answer to nothing":      {send: apptest.Request{Method: "GET", Path: "/auth/oidc/callback?code=a&state=b&hd=shop.example", Key: "-"}, status: 401, code: "UNAUTHORIZED"},
		})
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprint("/auth/oidc/", id), Key: "-"}), "switched off")
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: one}))
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "GET", Path: one}))
	})
}
