package console_test

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/browsertest"
	"github.com/florin-gateway/florin/internal/config"
)

// ceremony is what a console's page does: sign in with a password, add a passkey, sign in
// with it. It gives the statuses on the way, and what the new session may read.
const ceremony = `(async (email, password) => {
	const said = [];
	const send = async (method, path, token, body) => {
		const r = await fetch("/api" + path, {method, headers: {"Content-Type": "application/json", ...(token ? {Authorization: "Bearer " + token} : {})}, body: body && JSON.stringify(body)});
		said.push(path + " " + r.status);
		return r.json();
	};
	let {accessToken} = await send("POST", "/auth/login", null, {email, password});
	let ask = await send("POST", "/users/me/passkeys/begin", accessToken, {});
	let made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(ask.publicKey)});
	await send("POST", "/users/me/passkeys/finish", accessToken, {name: "Chromium", credential: made.toJSON()});
	for (let i = 0; i < 2; i++) {
		ask = await send("POST", "/auth/passkey/begin", null, {});
		const shown = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(ask.publicKey)});
		({accessToken} = await send("POST", "/auth/passkey/finish", null, {mode: "test", credential: shown.toJSON()}));
	}
	await send("GET", "/users/me/factors", accessToken);
	return said;
})`

// TestAPasskeyInABrowser has Chromium make and use one, with its own idea of what WebAuthn
// asks for.
func TestAPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Open(t, 1280, 800, false)
	s := apptest.Serve(t, config.Config{DataDir: t.TempDir()}, config.Serve{PublicURL: "http://localhost:0"})
	port := s.URL[len("http://127.0.0.1"):]
	browsertest.Call(b, webauthn.Enable, webauthn.EnableParams{})
	browsertest.Call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{Protocol: "ctap2", Transport: "internal",
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	b.Visit("http://localhost" + port + "/docs")
	said := browsertest.Await[[]string](b, ceremony+`("`+s.AdminEmail+`", "`+s.AdminPassword+`")`)
	require.Equal(t, []string{"/auth/login 200", "/users/me/passkeys/begin 200", "/users/me/passkeys/finish 200", "/auth/passkey/begin 200", "/auth/passkey/finish 200",
		"/auth/passkey/begin 200", "/auth/passkey/finish 200", "/users/me/factors 200"}, said)
}
