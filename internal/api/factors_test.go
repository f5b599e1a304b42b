package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/gate"
)

// with adds a body to a request.
func with(r apptest.Request, body m) apptest.Request {
	r.Body = body
	return r
}

func codeOf(t *testing.T, secret string, from time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(from))
	require.NoError(t, err)
	return code
}

// enrolled sets up one-time codes and gives the seed and the recovery codes.
func enrolled(t *testing.T, s *apptest.Server, token string) (string, []string) {
	t.Helper()
	got := s.Do(t, with(bearer(token, "POST", "/users/me/totp"), m{}))
	require.Equal(t, 200, got.Status, "%s", got.Body)
	require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	secret := got.JSON(t)["secret"].(string)
	require.True(t, strings.HasPrefix(got.JSON(t)["uri"].(string), "otpauth://totp/"), "%s", got.Body)
	confirm := with(bearer(token, "POST", "/users/me/totp/confirm"), m{"otp": codeOf(t, secret, -30*time.Second)})
	confirm.Header.Set("Idempotency-Key", "confirm")
	got = s.Do(t, confirm)
	require.Equal(t, 200, got.Status, "%s", got.Body)
	var shown struct{ RecoveryCodes []string }
	require.NoError(t, json.Unmarshal(got.Body, &shown))
	require.Len(t, shown.RecoveryCodes, 10)
	require.JSONEq(t, `{"recoveryCodes":[]}`, string(s.Do(t, confirm).Body), "shown once")
	return secret, shown.RecoveryCodes
}

// passkeySite is a public URL by which a browser has passkeys.
const passkeySite = "https://pay.shop.example"

// newPasskey answers what a browser is asked for a new passkey.
func newPasskey(t *testing.T, s *apptest.Server, token string) m {
	t.Helper()
	ask := s.Do(t, with(bearer(token, "POST", "/users/me/passkeys/begin"), m{}))
	require.Equal(t, 200, ask.Status, "%s", ask.Body)
	options, err := virtualwebauthn.ParseAttestationOptions(string(ask.Body))
	require.NoError(t, err)
	site := virtualwebauthn.RelyingParty{ID: "pay.shop.example", Origin: passkeySite}
	made := virtualwebauthn.CreateAttestationResponse(site, virtualwebauthn.NewAuthenticator(), aCredential(), *options)
	var credential m
	require.NoError(t, json.Unmarshal([]byte(made), &credential))
	return m{"name": "laptop", "credential": credential}
}

// aCredential is a new one. The library writes a key's coordinates without leading zeros,
// which RFC 8152 §13.1.1 forbids and the server refuses: one key in 128 is made again.
func aCredential() virtualwebauthn.Credential {
	const whole = 77 // octets of a P-256 key in COSE
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == whole {
			return c
		}
	}
}

// ownRequest is one that works on a session's own way in, which it makes fit for it first.
func (f *fixture) ownRequest(t *testing.T, r gate.Route, token string, fresh bool) apptest.Request {
	t.Helper()
	send := f.request(t, r, token, fresh)
	proof := m{"password": password}
	switch r.ID {
	case "changePassword":
		send.Body = m{"current": password, "password": "nine herons on a bicycle"}
	case "confirmTotp":
		made := f.s.Do(t, with(bearer(token, "POST", "/users/me/totp"), m{}))
		send.Body = m{"otp": codeOf(t, made.JSON(t)["secret"].(string), 0)}
	case "removeTotp", "renewRecoveryCodes":
		enrolled(t, f.s, token)
		send.Body = proof
	case "finishPasskey":
		send.Body = newPasskey(t, f.s, token)
	case "renamePasskey", "removePasskey":
		made := f.s.Do(t, with(bearer(token, "POST", "/users/me/passkeys/finish"), newPasskey(t, f.s, token)))
		send.Path = fmt.Sprint("/users/me/passkeys/", made.ID(t))
		send.Body = map[string]m{"renamePasskey": {"name": "phone"}, "removePasskey": proof}[r.ID]
	}
	return send
}

// TestSecondFactor: from a password alone to codes and back, over the wire.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Support)
		token := logIn(t, s.Server, email, auth.Live)
		secret, recovery := enrolled(t, s.Server, token)
		totp := codeOf(t, secret, 0)
		refused := m{"WWW-Authenticate": true}
		s.check(t, row{send: signIn(email, password), status: 401, code: "OTP_REQUIRED", header: refused, audit: "user.sign_in OTP_REQUIRED", lacks: []string{email}})
		s.check(t, row{send: signIn(email, "wrong", "otp", totp), status: 401, code: "UNAUTHORIZED", header: refused, has: []string{"E-mail address or password is wrong"}})
		s.check(t, row{send: signIn(email, password, "otp", "000000"), status: 401, code: "UNAUTHORIZED", header: refused, audit: "user.sign_in UNAUTHORIZED"})
		s.check(t, row{send: signIn(email, password, "otp", strings.Repeat("1", 65)), status: 400, code: "VALIDATION_ERROR"})
		s.check(t, row{send: signIn(email, password, "otp", totp), status: 200, audit: "user.sign_in ok", has: []string{`"factorRequired":false`}, lacks: []string{totp}})
		s.check(t, row{send: signIn(email, password, "otp", recovery[0]), status: 200, lacks: []string{recovery[0]}})

		me := func(method, path string, body m) apptest.Request { return with(bearer(token, method, path), body) }
		factors := bearer(token, "GET", "/users/me/factors")
		s.check(t, row{send: factors, status: 200, has: []string{`{"totp":true,"recoveryCodesLeft":9,"passkeys":[]}`}})
		s.check(t, row{send: me("POST", "/users/me/totp", m{}), status: 409, code: "FACTOR_EXISTS"})
		s.check(t, row{send: me("DELETE", "/users/me/totp", m{}), status: 403, code: "PROOF_REQUIRED"})
		s.check(t, row{send: me("POST", "/users/me/recovery-codes", m{"password": "wrong"}), status: 403, code: "PROOF_REQUIRED"})
		s.check(t, row{send: me("POST", "/users/me/recovery-codes", m{"password": password}), status: 200, has: []string{`"recoveryCodes":["`}})
		s.check(t, row{send: signIn(email, password, "otp", recovery[1]), status: 401, code: "UNAUTHORIZED"})
		s.check(t, row{send: me("POST", "/users/me/password", m{"current": password, "password": "teal wombat"}), status: 204, audit: ""})
		s.check(t, row{send: me("DELETE", "/users/me/totp", m{"password": "teal wombat"}), status: 409, code: "FACTOR_NEEDED"})
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/users/me/totp", Body: m{}}, status: 403, code: "FORBIDDEN"})

		user := fmt.Sprint("/users/", id)
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: user + "/factors"}, status: 204})
		s.check(t, row{send: factors, status: 401, code: "UNAUTHORIZED"})
		s.check(t, row{send: signIn(email, "teal wombat"), status: 401, code: "UNAUTHORIZED"})
		link := apptest.Request{Method: "POST", Path: user + "/invitation", Header: h("Idempotency-Key", "link")}
		got := s.Do(t, link)
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Contains(t, string(s.Do(t, link).Body), `"invitationLink":null`, "shown once")
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/auth/accept", Key: "-", Body: m{"token": tokenOf(t, got), "password": password}}, status: 200})
		token = logIn(t, s.Server, email, auth.Live)
		s.check(t, row{send: me("POST", "/users/me/password", m{"current": password, "password": "password password"}), status: 400, code: "VALIDATION_ERROR"})
		for _, shown := range append(recovery, secret) {
			require.NotContains(t, s.Logs.String(), shown)
		}
	})
}

// TestASecondFactorIsRequired by the owner's setting: only what adds one is open.
// Shows: PCI DSS 8.4.1, 8.5.1
func TestASecondFactorIsRequired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		_, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Admin)
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: "/settings", Body: m{"requireSecondFactor": true}}, status: 200, has: []string{`"requireSecondFactor":true`}})
		got := s.Do(t, signIn(email, password))
		require.Equal(t, true, got.JSON(t)["factorRequired"], "%s", got.Body)
		token := got.JSON(t)["accessToken"].(string)
		for _, path := range []string{"/customers", "/users", "/settings"} {
			require.Equal(t, 403, status(t, s.Server, bearer(token, "GET", path)), path)
		}
		enrolled(t, s.Server, token)
		require.Equal(t, 200, status(t, s.Server, bearer(token, "GET", "/customers")), "it has shown both")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: "/customers"}), "keys have no factors")
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: "/settings", Body: m{"requireSecondFactor": "yes"}}, status: 400, code: "VALIDATION_ERROR"})
	})
}

// TestPasskeysOverTheWire: whose site has no name is told so; what is no answer of a browser
// opens nothing. Real ceremonies: internal/access and internal/paypage.
func TestPasskeysOverTheWire(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		_, email := newUser(t, s.Server, s.Live, "Ana", "ana@shop.example", auth.Support)
		token := logIn(t, s.Server, email, auth.Live)
		me := func(method, path string, body m) apptest.Request { return with(bearer(token, method, path), body) }
		begin := apptest.Request{Method: "POST", Path: "/auth/passkey/begin", Key: "-", Body: m{}}
		s.check(t, row{send: me("POST", "/users/me/passkeys/begin", m{}), status: 422, code: "PASSKEYS_OFF", has: []string{"--public-url"}})
		s.check(t, row{send: begin, status: 422, code: "PASSKEYS_OFF"})
		s.check(t, row{send: me("POST", "/users/me/passkeys/finish", m{"name": "laptop"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"path":"/credential"`}})
		s.check(t, row{send: me("PATCH", "/users/me/passkeys/123456789", m{"name": "x"}), status: 404, code: "FACTOR_NOT_FOUND"})
		s.check(t, row{send: me("DELETE", "/users/me/passkeys/123456789", m{}), status: 404, code: "FACTOR_NOT_FOUND"})
	})
	named := apptest.Serve(t, config.Config{DataDir: t.TempDir(), LogLevel: "debug"}, config.Serve{PublicURL: passkeySite})
	got := named.Do(t, apptest.Request{Method: "POST", Path: "//auth/passkey/begin", Key: "-", Body: m{}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	require.Contains(t, string(got.Body), `"rpId":"pay.shop.example"`)
	for _, credential := range []any{m{}, m{"id": "x"}, m{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": m{"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}}} {
		finish := apptest.Request{Method: "POST", Path: "/auth/passkey/finish", Key: "-", Body: m{"credential": credential}}
		require.Equal(t, "UNAUTHORIZED", named.Do(t, finish).Code())
	}
}
