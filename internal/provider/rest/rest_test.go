package rest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/providertest"
	"github.com/florin-gateway/florin/internal/provider/rest"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
	"github.com/florin-gateway/florin/internal/provider/sandbox/sandboxtest"
)

const apiKey = "sbx_key_Zk1vQm"

func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/providers/rest-sandbox.json")
	require.NoError(t, err)
	return string(text)
}

func client() *egress.Client {
	return egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

// far is the sandbox behind a socket.
func far(t *testing.T, d *sandboxtest.Desk) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(d.API(func(_ context.Context, key string) (provider.Account, error) {
		if subtle.ConstantTimeCompare([]byte(key), []byte(apiKey)) != 1 {
			return provider.Account{}, errors.New("unknown key")
		}
		return d.Account, nil
	}))
	t.Cleanup(s.Close)
	return s
}

func account(t *testing.T, d *sandboxtest.Desk, base, key string, of provider.Account) provider.Account {
	t.Helper()
	a := d.Account
	a.Kind = rest.Kind
	a.Settings = map[string]string{rest.Setting: strings.Replace(example(t), "https://sandbox.example", base, 1)}
	a.Secrets = map[string]provider.Secret{rest.KeySecret: provider.NewSecret(key), rest.CallbackSecret: of.Secrets[sandbox.CallbackSecret]}
	return a
}

// TestConformance plays the sandbox as a provider far away, by the example document.
func TestConformance(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		d := sandboxtest.New(t, store)
		s := far(t, d)
		unset := account(t, d, s.URL, apiKey, d.Account)
		unset.Settings = nil
		providertest.Run(t, providertest.Harness{
			Connector: &rest.Connector{Client: client()}, Account: account(t, d, s.URL, apiKey, d.Account), Stranger: account(t, d, s.URL, apiKey, d.Stranger()),
			Failing: []provider.Account{unset, account(t, d, "http://"+closed.Addr().String(), apiKey, d.Account),
				account(t, d, s.URL, "sbx_key_wrong", d.Account), account(t, d, "https://10.9.8.7", apiKey, d.Account)},
			Charge: d.Meeting, Meets: sandboxtest.Meets(),
			Confirm:   func(t *testing.T, address string) { d.Decide(t, address, "confirm") },
			Callbacks: d.LateCallbacks, Book: d.Book, Canaries: []string{apiKey},
		})
	})
}

func TestTheExampleIsRight(t *testing.T) {
	t.Parallel()
	require.Empty(t, rest.Check(example(t)))
}

// TestCheck changes one thing of the example at a time.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ old, new, path, says string }{
		"no JSON":              {"{", "[", "", "no JSON document"},
		"unknown member":       {`"amounts":`, `"amuonts":`, "", `unknown field "amuonts"`},
		"twice":                {`"amounts": "minor",`, `"amounts": "minor", "amounts": "minor",`, "", "no JSON document"},
		"base":                 {"https://sandbox.example", "sandbox.example", "/base_url", "https://api.psp.example"},
		"base with a user":     {"https://sandbox.example", "https://u:p@sandbox.example", "/base_url", "without user"},
		"unit":                 {`"amounts": "minor"`, `"amounts": "cents"`, "/amounts", "decimal"},
		"method":               {`"method": "GET"`, `"method": "FETCH"`, "/calls/fetch/method", "GET, POST"},
		"path":                 {`"path": "/sandbox/v1/refunds"`, `"path": "//evil.example"`, "/calls/refund/path", "begin with one /"},
		"bare value":           {`\"key\":{{json .RefundKey}}`, `\"key\":\"{{.RefundKey}}\"`, "/calls/refund/body", "must end in the function json"},
		"printf":               {`{{json .RefundKey}}`, `{{printf \"%q\" .RefundKey}}`, "/calls/refund/body", "must end in the function json"},
		"json, then another":   {`{{json .RefundKey}}`, `{{json .RefundKey | html}}`, "/calls/refund/body", "must end in the function json"},
		"quotes around json":   {`\"key\":{{json .RefundKey}}`, `\"key\":\"{{json .RefundKey}}\"`, "/calls/refund/body", "brings its own"},
		"another escaping":     {`{{path .Key}}/cancel`, `{{json .Key}}/cancel`, "/calls/cancel/path", "must end in the function path"},
		"no such value":        {`{{json .RefundAmount}}`, `{{json .Refunded}}`, "/calls/refund/body", "a value that this call does not have"},
		"card not asked for":   {`{{if .Card}}`, `{{if .Key}}`, "/calls/authorise/body", "{{if .Card}}"},
		"range":                {`{{if .Token}}`, `{{range .Token}}`, "/calls/authorise/body", "only values and if"},
		"define":               {`\"save\":`, `{{define \"a\"}}{{end}}\"save\":`, "/calls/authorise/body", "may not define"},
		"no key":               {`{\"key\":{{json .RefundKey}},`, `{`, "/calls/refund", "pay twice"},
		"header":               {`"Idempotency-Key"`, `"Transfer-Encoding"`, "/headers/Transfer-Encoding", "no header that may be set"},
		"header unescaped":     {`{{header .Key}}`, `{{.Key}}`, "/headers/Idempotency-Key", "must end in the function header"},
		"unknown secret":       {`secret \"api_key\"`, `secret \"password\"`, "/headers/Authorization", "a value that this call does not have"},
		"status":               {`[200, 402]`, `[200, 1000]`, "/statuses/answer/1", "100 to 599"},
		"status means two":     {`[400, 401`, `[402, 401`, "/statuses/nothing", "too"},
		"status of doubt":      {`[400, 401`, `[504, 401`, "/statuses/nothing", "never promises"},
		"state":                {`"approved": "approved",`, `"approved": "paid",`, "/states/approved", "authorised, approved"},
		"decline":              {`"lost_card": "lost_card"`, `"lost_card": "lost"`, "/declines/lost_card", "stolen_card"},
		"no state":             {`"state": "state",`, ``, "/charge/state", "missing"},
		"algorithm":            {`"algorithm": "sha256"`, `"algorithm": "md5"`, "/callback/algorithm", "sha512"},
		"time not signed":      {`{timestamp}.{body}`, `{body}`, "/callback/signed", "{timestamp}"},
		"no time":              {`"timestamp": "t"`, `"timestamp": ""`, "/callback/timestamp", "sent again"},
		"type":                 {`"refund.updated": "refund"`, `"refund.updated": "money"`, "/callback/types/refund.updated", "charge or refund"},
		"call left out":        {`"cancel": {`, `"page": {`, "", ""},
		"something at its end": {"\n}\n", "\n}{}", "", "no JSON document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := example(t)
			require.Contains(t, text, row.old)
			faults := rest.Check(strings.Replace(text, row.old, row.new, 1))
			require.NotEmpty(t, faults)
			require.Equal(t, row.path, faults[0].Path)
			require.Contains(t, faults[0].Message, row.says)
		})
	}
}

// TestValuesStayValues sends what would break out of a template that only pastes.
func TestValuesStayValues(t *testing.T) {
	t.Parallel()
	hostile := "x\",\"amount\":1,\"y\":\"\\\r\n\u2028</script>{{.Card}}"
	var got []*http.Request
	var body bytes.Buffer
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r)
		body.Reset()
		_, _ = body.ReadFrom(r.Body)
		_, _ = w.Write([]byte(`{"state":"approved","amount":1999,"currency":"EUR","card":{"bin":"4242424242424242","last4":"42424"},"issuer_response":"é"}`))
	}))
	t.Cleanup(s.Close)
	a := provider.Account{Settings: map[string]string{rest.Setting: strings.Replace(example(t), "https://sandbox.example", s.URL, 1)},
		Secrets: map[string]provider.Secret{rest.KeySecret: provider.NewSecret(apiKey)}}
	c := &rest.Connector{Client: client()}
	out, err := c.Authorise(t.Context(), a, provider.Charge{Key: "key", Amount: money.Amount{Minor: 1999, Currency: "EUR"}, Token: hostile, ReturnURL: hostile})
	require.NoError(t, err)
	require.Contains(t, body.String(), `"amount":1999,"currency":"EUR"`)
	require.NotContains(t, body.String(), `"amount":1,`)
	require.Empty(t, out.Card.BIN+out.Card.Last4+out.IssuerResponse, "a provider can't make us keep a whole number")

	_, err = c.Fetch(t.Context(), a, provider.Ref{Key: "../../admin?x#y"})
	require.NoError(t, err)
	require.Equal(t, "/sandbox/v1/charges/..%2F..%2Fadmin%3Fx%23y", got[len(got)-1].RequestURI)
	count := len(got)
	_, err = c.Fetch(t.Context(), a, provider.Ref{Key: "key\r\nX-Other: 1"})
	require.ErrorIs(t, err, provider.ErrUnavailable)
	require.Len(t, got, count, "nothing was sent")
}

// TestStatuses: what is not said to be harmless leaves us in doubt.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for status, row := range map[int]struct{ fails, nothing bool }{
		200: {}, 402: {}, 400: {true, true}, 401: {true, true}, 503: {true, true},
		201: {true, false}, 302: {true, false}, 404: {true, false}, 409: {true, false}, 500: {true, false}, 502: {true, false}, 504: {true, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"state":"approved","amount":1999,"currency":"EUR"}`))
		}))
		t.Cleanup(s.Close)
		a := provider.Account{Settings: map[string]string{rest.Setting: strings.Replace(example(t), "https://sandbox.example", s.URL, 1)},
			Secrets: map[string]provider.Secret{rest.KeySecret: provider.NewSecret(apiKey)}}
		_, err := (&rest.Connector{Client: client()}).Authorise(t.Context(), a, provider.Charge{Key: "k", Amount: money.Amount{Minor: 1999, Currency: "EUR"}})
		require.Equal(t, row.fails, err != nil, status)
		require.Equal(t, row.nothing, errors.Is(err, provider.ErrUnavailable), status)
	}
}

// TestOtherSignatures: base64 of SHA-512 in one header, milliseconds in another, amounts
// with decimals.
func TestOtherSignatures(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	text := example(t)
	for old, with := range map[string]string{`"Sandbox-Signature"`: `"X-Sign"`, `"sha256"`: `"sha512"`, `"hex"`: `"base64"`, `"v1"`: `""`, `"prefix": ""`: `"prefix": "sig="`,
		`"timestamp": "t"`: `"timestamp": "X-Time"`, `"unit": "s"`: `"unit": "ms"`, `"minor"`: `"decimal"`} {
		text = strings.Replace(text, old, with, 1)
	}
	require.Empty(t, rest.Check(text))
	a := provider.Account{Settings: map[string]string{rest.Setting: text}, Secrets: map[string]provider.Secret{rest.CallbackSecret: provider.NewSecret("secret")}}
	c := &rest.Connector{}
	send := func(body, stamp string) ([]provider.Notice, error) {
		m := hmac.New(sha512.New, []byte("secret"))
		m.Write([]byte(stamp + "." + body))
		return c.ParseCallback(a, provider.Callback{Header: http.Header{"X-Sign": {"sig=" + base64.StdEncoding.EncodeToString(m.Sum(nil))}, "X-Time": {stamp}}, Body: []byte(body), Now: now})
	}
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	n, err := send(`{"id":"e1","type":"charge.updated","charge":{"key":"k","state":"approved","amount":19.99,"currency":"eur"}}`, stamp)
	require.NoError(t, err)
	require.Equal(t, money.Amount{Minor: 1999, Currency: "EUR"}, n[0].Charge.Amount)
	n, err = send(`{"id":"e2","type":"customer.updated"}`, stamp)
	require.NoError(t, err)
	require.Empty(t, n, "verified, and nothing to tell")
	for _, bad := range []string{`{"id":"e1","type":"charge.updated","charge":{"key":"k","state":"approved","amount":19.999,"currency":"EUR"}}`, `{"type":"charge.updated","charge":{"key":"k"}}`, `{"id":"e1","type":"charge.updated","charge":{}}`, `[`} {
		_, err = send(bad, stamp)
		require.ErrorIs(t, err, provider.ErrCallback, bad)
	}
	_, err = send(`{"id":"e2","type":"customer.updated"}`, strconv.FormatInt(now.Unix(), 10))
	require.ErrorIs(t, err, provider.ErrCallback, "seconds are no milliseconds")
}
