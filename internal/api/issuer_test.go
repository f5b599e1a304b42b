package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
)

// liar is an OpenID Connect provider that says what a test wants: dex would not.
type liar struct {
	*httptest.Server
	key     *ecdsa.PrivateKey
	asked   atomic.Int64 // requests for its discovery document
	lost    atomic.Int64 // requests for what it does not have
	mu      sync.Mutex
	codes   map[string]promise
	signing *ecdsa.PrivateKey
}

// promise is what a code is good for.
type promise struct {
	challenge string
	claims    m
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	l := &liar{key: key, signing: key, codes: map[string]promise{}}
	mux := http.NewServeMux()
	l.Server = httptest.NewServer(mux)
	t.Cleanup(l.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		l.asked.Add(1)
		answer(w, m{"issuer": l.URL, "authorization_endpoint": l.URL + "/authorize", "token_endpoint": l.URL + "/token", "jwks_uri": l.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", l.token)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		l.lost.Add(1)
		http.NotFound(w, r)
	})
	return l
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// token is RFC 6749 §4.1.3 with RFC 7636 §4.6, as strict as a provider should be.
func (l *liar) token(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	kept, known := l.codes[r.FormValue("code")]
	delete(l.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if id != "florin" || secret != "shared" || !known || base64.RawURLEncoding.EncodeToString(sum[:]) != kept.challenge {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, m{"error": "invalid_grant"})
		return
	}
	answer(w, m{"access_token": "x", "token_type": "Bearer", "id_token": l.sign(kept.claims)})
}

func (l *liar) sign(claims m) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: l.signing, KeyID: "1"}}, nil)
	if err != nil {
		panic(err)
	}
	text, _ := json.Marshal(claims)
	signed, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	compact, _ := signed.CompactSerialize()
	return compact
}

// visit is one sign-in on its way: where the browser was sent, and with which cookie.
type visit struct {
	address *url.URL
	cookie  *http.Cookie
}

func (v visit) asked(name string) string { return v.address.Query().Get(name) }

// depart follows the first redirect no further than to its address.
func depart(t *testing.T, start string) visit {
	t.Helper()
	b := &browser{http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	got := b.open(t, "GET", start, nil)
	require.Equal(t, 302, got.Status, "%s", got.Body)
	address, err := url.Parse(got.Header.Get("Location"))
	require.NoError(t, err)
	cookie, err := http.ParseSetCookie(got.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return visit{address, cookie}
}

// consent is what a provider does once somebody has signed in there: a code for a token
// with good claims, changed.
func (l *liar) consent(v visit, code string, change m) {
	claims := m{"iss": l.URL, "aud": "florin", "sub": "ana-1", "nonce": v.asked("nonce"), "email": "ana@shop.example", "email_verified": true, "name": "Ana Ruiz",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes[code] = promise{v.asked("code_challenge"), claims}
}

// arrive comes back with a query and a cookie.
func arrive(t *testing.T, s *apptest.Server, query url.Values, cookie *http.Cookie) apptest.Response {
	t.Helper()
	r := apptest.Request{Method: "GET", Path: "//auth/oidc/callback?" + query.Encode(), Key: "-", Header: http.Header{}}
	if cookie != nil {
		r.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
	}
	return s.Do(t, r)
}

func back(v visit, code string) url.Values {
	return url.Values{"state": {v.asked("state")}, "code": {code}}
}

func (l *liar) provider(more m) m {
	body := m{"name": "Directory", "issuer": l.URL, "clientId": "florin", "clientSecret": "shared"}
	for name, value := range more {
		body[name] = value
	}
	return body
}

// TestSignInsThatAProviderCannotOpen: each row spoils one thing of a sign-in that opens a
// session otherwise, which is shown after each.
func TestSignInsThatAProviderCannotOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		l, other := newLiar(t), newLiar(t)
		_, start := addProvider(t, s.Server, "", l.provider(nil))
		_, elsewhere := addProvider(t, s.Server, "", other.provider(nil))
		stranger := otherOwner(t, s.Server, "Stranger")
		_, strangers := addProvider(t, s.Server, stranger, l.provider(m{"clientId": "strangers"}))
		s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "Ana", "email": "ana@shop.example", "role": "Support"}})
		s.Do(t, apptest.Request{Method: "POST", Path: "/users", Body: m{"name": "Eve", "email": "eve@shop.example", "role": "Support"}})
		opens := func() {
			t.Helper()
			v := depart(t, start)
			l.consent(v, "good", nil)
			got := arrive(t, s.Server, back(v, "good"), v.cookie)
			require.Equal(t, 200, got.Status, "%s", got.Body)
			require.Equal(t, 200, status(t, s.Server, bearer(got.JSON(t)["accessToken"].(string), "GET", "/customers")))
		}
		opens()
		token := func(change m) func(visit) (url.Values, *http.Cookie) {
			return func(v visit) (url.Values, *http.Cookie) {
				l.consent(v, "c", change)
				return back(v, "c"), v.cookie
			}
		}
		come := func(change func(v visit, query url.Values, cookie *http.Cookie)) func(visit) (url.Values, *http.Cookie) {
			return func(v visit) (url.Values, *http.Cookie) {
				l.consent(v, "c", nil)
				query := back(v, "c")
				change(v, query, v.cookie)
				return query, v.cookie
			}
		}
		forger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		rows := map[string]func(visit) (url.Values, *http.Cookie){
			"another nonce":                 token(m{"nonce": "another"}),
			"no nonce":                      token(m{"nonce": nil}),
			"another audience":              token(m{"aud": "strangers"}),
			"two audiences":                 token(m{"aud": []string{"florin", "strangers"}}),
			"two audiences, for the other":  token(m{"aud": []string{"florin", "strangers"}, "azp": "strangers"}),
			"for somebody else's client":    token(m{"azp": "strangers"}),
			"expired":                       token(m{"exp": time.Now().Add(-time.Second).Unix()}),
			"not yet":                       token(m{"nbf": time.Now().Add(time.Hour).Unix()}),
			"another issuer's":              token(m{"iss": other.URL}),
			"an address that is unverified": token(m{"email_verified": false}),
			"nothing said of the address":   token(m{"email_verified": nil}),
			"no address":                    token(m{"email": nil}),
			"no subject":                    token(m{"sub": "", "email": "eve@shop.example"}),
			"another subject, same address": token(m{"sub": "mallory"}),
			"nobody who was invited":        token(m{"sub": "bob", "email": "bob@shop.example"}),
			"another state":                 come(func(_ visit, q url.Values, _ *http.Cookie) { q.Set("state", strings.Repeat("A", 52)) }),
			"no state":                      come(func(_ visit, q url.Values, _ *http.Cookie) { q.Del("state") }),
			"another browser":               come(func(_ visit, _ url.Values, c *http.Cookie) { c.Value = "another" }),
			"no cookie":                     come(func(_ visit, _ url.Values, c *http.Cookie) { c.Name = "other" }),
			"another code":                  come(func(_ visit, q url.Values, _ *http.Cookie) { q.Set("code", "another") }),
			"no code":                       come(func(_ visit, q url.Values, _ *http.Cookie) { q.Del("code") }),
			"the provider says no":          come(func(_ visit, q url.Values, _ *http.Cookie) { q.Set("error", "access_denied") }),
			"another provider answers":      come(func(_ visit, q url.Values, _ *http.Cookie) { q.Set("iss", other.URL) }),
			"a state that was used": come(func(v visit, q url.Values, c *http.Cookie) {
				require.Equal(t, 200, arrive(t, s.Server, q, c).Status)
				l.consent(v, "c", nil)
			}),
			"a code that was used": come(func(v visit, q url.Values, c *http.Cookie) {
				require.Equal(t, 200, arrive(t, s.Server, q, c).Status)
				again := depart(t, start)
				q.Set("state", again.asked("state"))
				*c = *again.cookie
			}),
			"a code of another's departure": come(func(_ visit, q url.Values, c *http.Cookie) {
				again := depart(t, start)
				q.Set("state", again.asked("state"))
				*c = *again.cookie
			}),
			"another owner's provider": func(v visit) (url.Values, *http.Cookie) {
				theirs := depart(t, strangers)
				l.consent(theirs, "c", m{"aud": "strangers"})
				return url.Values{"state": {v.asked("state")}, "code": {"c"}}, v.cookie
			},
			"a token of another provider's": func(visit) (url.Values, *http.Cookie) {
				there := depart(t, elsewhere)
				other.consent(there, "c", m{"iss": l.URL})
				return back(there, "c"), there.cookie
			},
			"another key": func(v visit) (url.Values, *http.Cookie) {
				l.signing = forger
				return token(nil)(v)
			},
		}
		for name, spoil := range rows {
			query, cookie := spoil(depart(t, start))
			got := arrive(t, s.Server, query, cookie)
			l.signing = l.key
			require.Equal(t, []any{401, "UNAUTHORIZED"}, []any{got.Status, got.Code()}, "%s: %s", name, got.Body)
			require.NotContains(t, string(got.Body), "shop.example", name)
			opens()
		}
		require.LessOrEqual(t, l.asked.Load(), int64(1), "discovery is remembered")
		require.NotContains(t, s.Logs.String(), "ana@shop")
	})
}

// TestWhoAProviderVouchesFor: by address the first time, by issuer and subject ever after;
// one subject is somebody else with another owner.
func TestWhoAProviderVouchesFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		l := newLiar(t)
		staff := l.provider(m{"role": "Support", "domains": []string{"shop.example", "shop.test"}})
		id, start := addProvider(t, s.Server, "", staff)
		stranger := otherOwner(t, s.Server, "Stranger")
		_, strangers := addProvider(t, s.Server, stranger, staff)
		enter := func(start string, change m) apptest.Response {
			v := depart(t, start)
			l.consent(v, "c", change)
			return arrive(t, s.Server, back(v, "c"), v.cookie)
		}
		users := func(key string) map[string]m {
			var list struct{ Data []m }
			require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/users", Key: key}).Body, &list))
			byEmail := map[string]m{}
			for _, u := range list.Data {
				byEmail[u["email"].(string)] = u
			}
			return byEmail
		}
		got := enter(start, m{"email_verified": "true", "name": "Анна\u0000"})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Contains(t, got.Header.Get("Set-Cookie"), "Max-Age=0", "the cookie goes")
		ana := users("")["ana@shop.example"]
		require.Equal(t, []any{"Support", "active", "ana@shop.example"}, []any{ana["role"], ana["status"], ana["name"]}, "a name that is none is the address")
		require.Equal(t, 200, enter(start, m{"email": "ana.ruiz@shop.test"}).Status, "another address, the same subject")
		require.Equal(t, 401, enter(start, m{"email": "ana@gone.example"}).Status, "out of the domains")
		require.Equal(t, 401, enter(start, m{"sub": "ana-2"}).Status, "another subject, the same address")
		require.NotContains(t, users(""), "ana.ruiz@shop.test")
		require.Equal(t, 200, enter(strangers, m{"name": "Anna"}).Status)
		require.Equal(t, "Anna", users(stranger)["ana@shop.example"]["name"], "a person of their own there")
		require.Equal(t, 401, enter(start, m{"sub": "eve", "email": "eve@shop.example.evil.test"}).Status)
		require.Equal(t, 401, status(t, s.Server, signIn("ana@shop.example", password)), "no password was set")

		_, email := newUser(t, s.Server, s.Live, "Bob", "bob@shop.example", auth.Support)
		enrolled(t, s.Server, logIn(t, s.Server, email, auth.Live))
		require.Equal(t, 200, enter(start, m{"sub": "bob", "email": "BOB@shop.example"}).Status, "who has a password may come either way")
		s.Do(t, apptest.Request{Method: "PATCH", Path: fmt.Sprint("/users/", int64(users("")[email]["id"].(float64))), Body: m{"status": "disabled"}})
		gone := enter(start, m{"sub": "bob", "email": email})
		require.Equal(t, 401, gone.Status)
		require.Contains(t, string(gone.Body), "You have not been invited", "nor is anybody told who was disabled")
		require.Equal(t, 401, enter(start, m{"sub": "bob-2", "email": email}).Status)

		s.Do(t, apptest.Request{Method: "PUT", Path: "/settings", Body: m{"requireSecondFactor": true}})
		require.Contains(t, string(enter(start, nil).Body), `"factorRequired":false`, "factors are the provider's to ask for")
		v := depart(t, start)
		l.consent(v, "c", nil)
		s.Do(t, apptest.Request{Method: "PUT", Path: fmt.Sprint("/identity-providers/", id), Body: m{"enabled": false}})
		require.Equal(t, 401, arrive(t, s.Server, back(v, "c"), v.cookie).Status, "switched off meanwhile")
	})
}

// TestProvidersAreCalledByEgress: without the operator's word none on this machine, and one
// that does not answer is asked once.
func TestProvidersAreCalledByEgress(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	s := apptest.Start(t, config.Config{DataDir: t.TempDir(), LogLevel: "debug", EgressAllow: "10.9.0.0/16"})
	_, start := addProvider(t, s, "", l.provider(nil))
	for range 2 {
		got := s.Do(t, apptest.Request{Method: "GET", Path: "//" + strings.TrimPrefix(start, s.URL+"/"), Key: "-"})
		require.Equal(t, []any{503, "UNAVAILABLE"}, []any{got.Status, got.Code()}, "%s", got.Body)
	}
	require.Zero(t, l.asked.Load())
	require.NotContains(t, s.Logs.String(), l.URL)

	s = apptest.SQLite(t)
	_, start = addProvider(t, s, "", l.provider(m{"issuer": l.URL + "/elsewhere"}))
	for range 3 {
		require.Equal(t, 503, s.Do(t, apptest.Request{Method: "GET", Path: "//" + strings.TrimPrefix(start, s.URL+"/"), Key: "-"}).Status, "no such issuer")
	}
	require.Equal(t, int64(1), l.lost.Load(), "it is left alone for a while")
	_, start = addProvider(t, s, "", l.provider(nil))
	depart(t, start)
	require.Equal(t, int64(1), l.asked.Load())
}
