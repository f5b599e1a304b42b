package access_test

import (
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// securityKey is one in somebody's browser, at a site.
type securityKey struct {
	virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
	site virtualwebauthn.RelyingParty
}

const site = "https://pay.shop.example"

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

func newSecurityKey(u access.User) *securityKey {
	k := &securityKey{virtualwebauthn.NewAuthenticator(), aCredential(),
		virtualwebauthn.RelyingParty{Name: "Shop", ID: "pay.shop.example", Origin: site}}
	k.Options.UserHandle = binary.BigEndian.AppendUint64(nil, uint64(u.ID))
	return k
}

func options(t *testing.T, ask any) string {
	t.Helper()
	text, err := json.Marshal(ask)
	require.NoError(t, err)
	return string(text)
}

// makes answers navigator.credentials.create.
func (k *securityKey) makes(t *testing.T, ask any) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options(t, ask))
	require.NoError(t, err)
	return []byte(virtualwebauthn.CreateAttestationResponse(k.site, k.Authenticator, k.key, *o))
}

// signs answers navigator.credentials.get.
func (k *securityKey) signs(t *testing.T, ask any) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options(t, ask))
	require.NoError(t, err)
	k.key.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(k.site, k.Authenticator, k.key, *o))
}

func party(t *testing.T) access.Party {
	t.Helper()
	p, err := access.NewParty(site + ":443/")
	require.NoError(t, err)
	return p
}

func kept(*db.Tx, access.Passkey) error { return nil }

// register gives a user a passkey.
func (p *porter) register(t *testing.T, g auth.Grant, k *securityKey) access.Passkey {
	t.Helper()
	ask, err := p.Access.BeginPasskey(t.Context(), g, party(t), access.Proof{}, nothing)
	require.NoError(t, err)
	made, _, err := p.Access.FinishPasskey(t.Context(), g, party(t), "laptop", k.makes(t, ask), kept)
	require.NoError(t, err)
	return made
}

func (p *porter) byPasskey(t *testing.T, s *access.Service, answer []byte) (string, error) {
	t.Helper()
	_, token, err := s.LoginByPasskey(t.Context(), party(t), auth.Live, answer, auth.Origin{Address: home})
	return token.Reveal(), err
}

// Shows: PCI DSS 8.3.1, 8.3.11
func TestPasskeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		g, key := p.me(t, token), newSecurityKey(u)
		ask, err := p.Access.BeginPasskey(t.Context(), g, party(t), access.Proof{}, nothing)
		require.NoError(t, err)
		require.Contains(t, options(t, ask), `"residentKey":"required","userVerification":"required"`)
		made, codes, err := p.Access.FinishPasskey(t.Context(), g, party(t), "laptop", key.makes(t, ask), kept)
		require.NoError(t, err)
		require.Len(t, codes, 10, "the first factor")
		more := newSecurityKey(u)
		ask, err = p.Access.BeginPasskey(t.Context(), g, party(t), access.Proof{}, nothing)
		require.NoError(t, err)
		require.Contains(t, options(t, ask), `"excludeCredentials":[{`)
		second, codesAgain, err := p.Access.FinishPasskey(t.Context(), g, party(t), "phone", more.makes(t, ask), kept)
		require.NoError(t, err)
		require.Empty(t, codesAgain)

		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, home)
		require.True(t, fault.Is(err, fault.OTPRequired), "a password alone no longer: %v", err)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: codes[0].Reveal()}, home)
		require.NoError(t, err)

		ask, err = p.Access.BeginPasskeyLogin(t.Context(), party(t))
		require.NoError(t, err)
		require.Contains(t, options(t, ask), `"userVerification":"required"`)
		other := access.NewService(p.Store, p.Owners, p.Audit, p.Vault, p.Clock, p.IDs)
		token, err = p.byPasskey(t, other, key.signs(t, ask))
		require.NoError(t, err, "another node takes the answer")
		require.NoError(t, p.enter(t, token, home))
		has, err := p.Access.Factors(t.Context(), g)
		require.NoError(t, err)
		require.Equal(t, []string{"laptop", "phone"}, []string{has.Passkeys[0].Name, has.Passkeys[1].Name})
		require.Equal(t, p.time.Clock().Now(), has.Passkeys[0].LastUsed)
		require.Zero(t, has.Passkeys[1].LastUsed)
		renamed, err := p.Access.RenamePasskey(t.Context(), g, made.ID, "старый ноутбук", nothing)
		require.NoError(t, err)
		require.Equal(t, "старый ноутбук", renamed.Name)
		_, err = p.Access.RenamePasskey(t.Context(), g, second.ID+100, "x", nothing)
		require.True(t, fault.Is(err, fault.FactorNotFound))

		require.NoError(t, p.Access.RemovePasskey(t.Context(), g, made.ID, access.Proof{}, nothing))
		require.True(t, fault.Is(p.Access.RemovePasskey(t.Context(), g, made.ID, access.Proof{}, nothing), fault.FactorNotFound))
		p.time.Advance(10 * time.Minute)
		require.True(t, fault.Is(p.Access.RemovePasskey(t.Context(), g, second.ID, access.Proof{}, nothing), fault.ProofRequired))
		_, err = p.Access.BeginPasskey(t.Context(), g, party(t), access.Proof{}, nothing)
		require.True(t, fault.Is(err, fault.ProofRequired))
		require.NoError(t, p.Access.RemovePasskey(t.Context(), g, second.ID, access.Proof{Password: password}, nothing))
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, home)
		require.NoError(t, err)
	})
}

// TestPasskeysThatOpenNothing: each row spoils one thing of an answer that opens a session
// otherwise.
// Shows: PCI DSS 8.5.1
func TestPasskeysThatOpenNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u, stranger := p.staff(t, email), p.staff(t, "bob@shop.example")
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		g := p.me(t, token)
		key := newSecurityKey(u)
		made := p.register(t, g, key)
		ask := func() any {
			ask, err := p.Access.BeginPasskeyLogin(t.Context(), party(t))
			require.NoError(t, err)
			return ask
		}
		opens := func() {
			t.Helper()
			token, err := p.byPasskey(t, p.Access, key.signs(t, ask()))
			require.NoError(t, err)
			require.NoError(t, p.enter(t, token, home))
		}
		opens()
		for name, spoil := range map[string]func() []byte{
			"not verified": func() []byte {
				k := *key
				k.Options.UserNotVerified = true
				return k.signs(t, ask())
			},
			"not present": func() []byte {
				k := *key
				k.Options.UserNotPresent = true
				return k.signs(t, ask())
			},
			"another origin": func() []byte {
				k := *key
				k.site.Origin = "https://pay.shop.example.evil.test"
				return k.signs(t, ask())
			},
			"plain http": func() []byte {
				k := *key
				k.site.Origin = "http://pay.shop.example"
				return k.signs(t, ask())
			},
			"another site": func() []byte {
				k := *key
				k.site.ID = "shop.example"
				return k.signs(t, ask())
			},
			"somebody else's key": func() []byte {
				k := newSecurityKey(u)
				return k.signs(t, ask())
			},
			"as somebody else": func() []byte {
				k := *key
				k.Options.UserHandle = binary.BigEndian.AppendUint64(nil, uint64(stranger.ID))
				return k.signs(t, ask())
			},
			"as nobody": func() []byte {
				k := *key
				k.Options.UserHandle = []byte("nobody")
				return k.signs(t, ask())
			},
			"twice": func() []byte {
				answer := key.signs(t, ask())
				_, err := p.byPasskey(t, p.Access, answer)
				require.NoError(t, err)
				return answer
			},
			"a question that was never asked": func() []byte {
				answer := key.signs(t, ask())
				require.NoError(t, p.Store.Write(t.Context(), db.Worker(), func(tx *db.Tx) error { tx.Exec(`DELETE FROM staff_ceremony`); return nil }))
				return answer
			},
			"too late": func() []byte {
				answer := key.signs(t, ask())
				p.time.Advance(5 * time.Minute)
				return answer
			},
			"the question of adding one": func() []byte {
				adding, err := p.Access.BeginPasskey(t.Context(), p.me(t, p.again(t, key)), party(t), access.Proof{Password: password}, nothing)
				require.NoError(t, err)
				return key.signs(t, adding)
			},
			"no JSON":  func() []byte { return []byte("{") },
			"no claim": func() []byte { return []byte("{}") },
		} {
			token, err := p.byPasskey(t, p.Access, spoil())
			require.True(t, fault.Is(err, fault.UnauthorizedCode), "%s: %v", name, err)
			require.Empty(t, token, name)
			opens()
		}
		for name, counter := range map[string]uint32{"the same": key.key.Counter - 1, "less": key.key.Counter - 2, "none any more": ^uint32(0)} {
			k := *key
			k.key.Counter = counter
			_, err := p.byPasskey(t, p.Access, k.signs(t, ask()))
			require.True(t, fault.Is(err, fault.PasskeyCopied), "%s: %v", name, err)
			opens()
		}
		require.Contains(t, p.trail(t), "user.sign_in PASSKEY_COPIED")
		gone := u
		gone.Status = access.Disabled
		require.NoError(t, p.Access.Change(t.Context(), u, gone, nothing))
		_, err = p.byPasskey(t, p.Access, key.signs(t, ask()))
		require.True(t, fault.Is(err, fault.UnauthorizedCode), "disabled: %v", err)
		require.Contains(t, p.trail(t), "user.sign_in UNAUTHORIZED")
		require.NoError(t, p.Access.Change(t.Context(), gone, u, nothing))
		opens()
		require.NoError(t, p.Access.RemovePasskey(t.Context(), p.me(t, p.again(t, key)), made.ID, access.Proof{}, nothing))
		_, err = p.byPasskey(t, p.Access, key.signs(t, ask()))
		require.True(t, fault.Is(err, fault.UnauthorizedCode), "removed: %v", err)
	})
}

// again is a new session by a passkey.
func (p *porter) again(t *testing.T, k *securityKey) string {
	t.Helper()
	ask, err := p.Access.BeginPasskeyLogin(t.Context(), party(t))
	require.NoError(t, err)
	token, err := p.byPasskey(t, p.Access, k.signs(t, ask))
	require.NoError(t, err)
	return token
}

// TestPasskeysThatAreNotAdded: rows as above for a new one.
func TestPasskeysThatAreNotAdded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u, stranger := p.staff(t, email), p.staff(t, "bob@shop.example")
		grant := func(email string) auth.Grant {
			token, err := p.login(t, email, password, home)
			require.NoError(t, err)
			return p.me(t, token)
		}
		mine, theirs := grant(email), grant("bob@shop.example")
		ask := func(g auth.Grant) any {
			ask, err := p.Access.BeginPasskey(t.Context(), g, party(t), access.Proof{Password: password}, nothing)
			require.NoError(t, err)
			return ask
		}
		for name, spoil := range map[string]func(k *securityKey) []byte{
			"not verified":   func(k *securityKey) []byte { k.Options.UserNotVerified = true; return k.makes(t, ask(mine)) },
			"another origin": func(k *securityKey) []byte { k.site.Origin = "https://evil.test"; return k.makes(t, ask(mine)) },
			"another site":   func(k *securityKey) []byte { k.site.ID = "evil.test"; return k.makes(t, ask(mine)) },
			"another user's": func(k *securityKey) []byte { return k.makes(t, ask(theirs)) },
			"too late": func(k *securityKey) []byte {
				answer := k.makes(t, ask(mine))
				p.time.Advance(5 * time.Minute)
				return answer
			},
			"twice": func(k *securityKey) []byte {
				answer := k.makes(t, ask(mine))
				_, _, err := p.Access.FinishPasskey(t.Context(), mine, party(t), "once", answer, kept)
				require.NoError(t, err)
				return answer
			},
			"no JSON": func(*securityKey) []byte { return []byte("[]") },
		} {
			_, _, err := p.Access.FinishPasskey(t.Context(), mine, party(t), "x", spoil(newSecurityKey(u)), kept)
			require.True(t, fault.Is(err, fault.ValidationError), "%s: %v", name, err)
		}
		key := newSecurityKey(u)
		p.register(t, mine, key)
		_, _, err := p.Access.FinishPasskey(t.Context(), theirs, party(t), "x", key.makes(t, ask(theirs)), kept)
		require.True(t, fault.Is(err, fault.FactorExists), "one key is one user's: %v", err)
		p.register(t, grant("bob@shop.example"), newSecurityKey(stranger))
	})
}

// TestPasskeysNeedAName of a site, by https or on this machine.
func TestPasskeysNeedAName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://pay.shop.example", "https://pay.shop.example/", "https://pay.shop.example:8443", "http://localhost:8080", "https://bücher.example"} {
		_, err := access.NewParty(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "http://pay.shop.example", "http://127.0.0.1:8080", "https://203.0.113.7", "https://[2001:db8::1]", "ftp://pay.shop.example", "pay.shop.example", "https://a b"} {
		_, err := access.NewParty(bad)
		require.True(t, fault.Is(err, fault.PasskeysOff), "%s: %v", bad, err)
	}
}
