package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/notification/mailtest"
	"github.com/florin-gateway/florin/internal/verification"
)

func posted(path string, body any) apptest.Request {
	return apptest.Request{Method: "POST", Path: path, Body: body}
}

// checked gives "status" of one check of a customer's document.
func checked(t *testing.T, s *suite, id int64, kind string) string {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "GET", Path: path(id), Key: s.key})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["verification"].(m)[kind].(m)["status"].(string)
}

// another is a code that is not this one.
func another(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// TestCodes: an address is the customer's once they read what went there, until it changes.
func TestCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Зоя Ильинична 🌱", "email": "zoe@Example.com", "phone": "+34612345678", "preferences": m{"language": "ar-EG", "notifications": false}}).ID(t)
		start := path(id) + "/verifications"
		s.newEvents(t)
		s.run(t, map[string]row{
			"of nothing":   {send: posted(start, m{}), status: 400, code: "VALIDATION_ERROR"},
			"of a unicorn": {send: posted(start, m{"kind": "unicorn"}), status: 400, code: "VALIDATION_ERROR"},
			"of nobody":    {send: posted("/customers/123456789/verifications", m{"kind": "email"}), status: 404, code: "CUSTOMER_NOT_FOUND"},
		})
		before := s.Do(t, apptest.Request{Method: "GET", Path: path(id)}).Header.Get("ETag")
		first := s.check(t, row{send: posted(start, m{"kind": "email"}), status: 200, has: []string{`"status":"pending"`, `"testCode":null`, `"provider":"quiet"`, `"triesLeft":5`},
			audit: "verification.start ok", events: []string{"verification.started", "customer.updated"}})
		sent := s.Codes.Last()
		require.Equal(t, "zoe@Example.com", sent.To)
		require.Regexp(t, `^\d{6}$`, sent.Code)
		require.Contains(t, sent.Text, sent.Code)
		require.Contains(t, sent.Text, "لعشر دقائق", "in the customer's language")
		require.Equal(t, "pending", checked(t, s, id, "email"))
		check := fmt.Sprint(start, "/", first.ID(t), "/check")
		s.run(t, map[string]row{
			"of five digits":  {send: posted(check, m{"code": "12345"}), status: 400, code: "VALIDATION_ERROR"},
			"another one's":   {send: posted(fmt.Sprint(start, "/123456789/check"), m{"code": sent.Code}), status: 404, code: "VERIFICATION_NOT_FOUND"},
			"a wrong one":     {send: posted(check, m{"code": another(sent.Code)}), status: 422, code: "VERIFICATION_CODE_WRONG", has: []string{`"triesLeft":"4"`}, lacks: []string{sent.Code}, audit: "verification.check VERIFICATION_CODE_WRONG"},
			"another so soon": {send: posted(start, m{"kind": "email"}), status: 429, code: "RATE_LIMITED", header: m{"Retry-After": true}},
		})
		s.check(t, row{send: posted(check, m{"code": sent.Code}), status: 200, has: []string{`"status":"verified"`}, lacks: []string{sent.Code}, audit: "verification.check ok", events: []string{"customer.verified", "customer.updated"}})
		got := s.Do(t, apptest.Request{Method: "GET", Path: path(id)})
		require.NotEqual(t, before, got.Header.Get("ETag"))
		email := got.JSON(t)["verification"].(m)["email"].(m)
		require.Equal(t, "verified", email["status"])
		require.Equal(t, "quiet", email["provider"])
		require.Equal(t, fmt.Sprint(first.ID(t)), email["reference"])
		require.NotNil(t, email["time"])
		s.run(t, map[string]row{
			"the code again":  {send: posted(check, m{"code": sent.Code}), status: 409, code: "VERIFICATION_OVER"},
			"a verified one":  {send: posted(start, m{"kind": "email"}), status: 409, code: "ALREADY_VERIFIED"},
			"the list":        {send: apptest.Request{Method: "GET", Path: start}, status: 200, has: []string{`"hasMore":false`, `"kind":"email"`, `"endedAt":"20`}, lacks: []string{sent.Code}, audit: "verification.read ok"},
			"one of it":       {send: apptest.Request{Method: "GET", Path: fmt.Sprint(start, "/", first.ID(t))}, status: 200, has: []string{`"status":"verified"`}},
			"in the history":  {send: apptest.Request{Method: "GET", Path: path(id) + "/history"}, status: 200, has: []string{`"type":"verification.started"`, `"type":"verification.verified"`, `"code":"email"`}},
			"by the language": {send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"preferences": m{"language": "pt"}}}, status: 200, has: []string{`"status":"verified"`}, events: []string{"customer.updated"}},
			"by a spelling":   {send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"email": "zoe@example.COM"}}, status: 200, has: []string{`"status":"verified"`}, events: []string{"customer.updated"}},
			"by the client":   {send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"verification": m{"phone": m{"status": "verified"}}}}, status: 200, has: []string{`"phone":{"status":"unverified"`}},
		})
		require.Equal(t, "verified", checked(t, s, id, "email"))
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"email": "zoe2@example.com"}}, status: 200, lacks: []string{`"status":"verified"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: posted(start, m{"kind": "phone"}), status: 200, events: []string{"verification.started", "customer.updated"}})
		require.Equal(t, "+34612345678", s.Codes.Last().To)
		require.Contains(t, s.Codes.Last().Text, "válido dez minutos")
		require.NotContains(t, s.Logs.String(), s.Codes.Last().Code)
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"phone": "+1234567890"}}, status: 200, has: []string{`"phone":{"status":"invalid"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: posted(start, m{"kind": "phone"}), status: 422, code: "NOTHING_TO_VERIFY"})
	})
}

// TestCodeRules: how long, how often and how many.
func TestCodeRules(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	apptest.Each(t, func(t *testing.T, server *apptest.Server) {
		s := &suite{Server: server}
		id := create(t, server, "", m{"name": "Ada", "email": "ada@example.com"}).ID(t)
		start := path(id) + "/verifications"
		s.check(t, row{send: posted(start, m{"kind": "phone"}), status: 422, code: "NOTHING_TO_VERIFY", events: []string{"customer.created"}})
		begin := func() (check, code string) {
			got := server.Do(t, posted(start, m{"kind": "email"}))
			require.Equal(t, 200, got.Status, "%s", got.Body)
			return fmt.Sprint(start, "/", got.ID(t), "/check"), server.Codes.Last().Code
		}
		check, code := begin()
		fake.Advance(59 * time.Second)
		require.Equal(t, 429, server.Do(t, posted(start, m{"kind": "email"})).Status)
		fake.Advance(time.Second)
		next, nextCode := begin()
		require.Equal(t, "VERIFICATION_OVER", server.Do(t, posted(check, m{"code": code})).Code(), "the newest counts")
		fake.Advance(10 * time.Minute)
		require.Equal(t, "VERIFICATION_OVER", server.Do(t, posted(next, m{"code": nextCode})).Code(), "ten minutes")
		_, err := server.App.Verifications.RunDue(t.Context())
		require.NoError(t, err)
		require.Contains(t, string(server.Do(t, apptest.Request{Method: "GET", Path: start}).Body), `"status":"expired"`)
		require.Equal(t, "unverified", checked(t, s, id, "email"))

		check, code = begin()
		codes := map[string]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				got := server.Do(t, posted(check, m{"code": another(code)}))
				mu.Lock()
				defer mu.Unlock()
				codes[got.Code()]++
			})
		}
		all.Wait()
		require.Equal(t, verification.MostTries, codes["VERIFICATION_CODE_WRONG"], "%v", codes)
		require.Equal(t, "VERIFICATION_OVER", server.Do(t, posted(check, m{"code": code})).Code(), "five tries")
		require.Equal(t, "failed", checked(t, s, id, "email"))
		for range 2 {
			fake.Advance(time.Minute)
			begin()
		}
		fake.Advance(time.Hour)
		require.Equal(t, 429, server.Do(t, posted(start, m{"kind": "email"})).Status, "five a day")
		fake.Advance(24 * time.Hour)
		check, code = begin()
		require.Equal(t, 200, server.Do(t, posted(check, m{"code": code})).Status)

		require.Equal(t, 204, server.Do(t, apptest.Request{Method: "DELETE", Path: path(id)}).Status)
		require.Equal(t, 410, server.Do(t, posted(start, m{"kind": "email"})).Status)
		var left int64
		require.NoError(t, server.App.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM verification`, nil, &left))
		require.Zero(t, left)
	}, app.WithClock(fake.Clock()))
}

// TestCodesStartAtOnce: of many starts at one moment one is sent.
func TestCodesStartAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Ada", "email": "ada@example.com"}).ID(t)
		statuses := map[int]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				got := s.Do(t, posted(path(id)+"/verifications", m{"kind": "email"}))
				mu.Lock()
				defer mu.Unlock()
				statuses[got.Status]++
			})
		}
		all.Wait()
		require.Equal(t, 1, statuses[200], "%v", statuses)
	})
}

// TestCodesInTestMode: nobody is written to, and the code is in the first answer alone.
func TestCodesInTestMode(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, s.Test, m{"name": "Ada", "email": "ada@example.com", "phone": "+34612345678"}).ID(t)
		send := posted(path(id)+"/verifications", m{"kind": "phone"})
		send.Key, send.Header = s.Test, h("Idempotency-Key", "one")
		got := s.Do(t, send)
		require.Equal(t, 200, got.Status, "%s", got.Body)
		code := got.JSON(t)["testCode"].(string)
		again := s.Do(t, send)
		require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
		require.Nil(t, again.JSON(t)["testCode"])
		require.Equal(t, got.ID(t), again.ID(t))
		require.Contains(t, s.Logs.String(), code)
		check := posted(fmt.Sprint(path(id), "/verifications/", got.ID(t), "/check"), m{"code": code})
		check.Key, check.Header = s.Test, h("Idempotency-Key", "two")
		require.Equal(t, 200, s.Do(t, check).Status)
		again = s.Do(t, check)
		require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"))
		require.Equal(t, "verified", again.JSON(t)["status"])
	})
}

// TestNobodyReached: what never left is told, and does not count.
func TestNobodyReached(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Ada", "email": "ada@example.com"}).ID(t)
		s.Codes.Broken = true
		send := posted(path(id)+"/verifications", m{"kind": "email"})
		send.Header = h("Idempotency-Key", "broken")
		for range 2 {
			got := s.Do(t, send)
			require.Equal(t, 200, got.Status, "%s", got.Body)
			require.Contains(t, string(got.Body), `"status":"failed"`)
			require.Contains(t, string(got.Body), `"reasons":["not_sent"]`)
		}
		require.Equal(t, "unverified", checked(t, s, id, "email"))
		s.Codes.Broken = false
		require.Equal(t, 200, s.Do(t, posted(path(id)+"/verifications", m{"kind": "email"})).Status)
	})
}

// TestNobodyConfigured: live mode says what is missing.
func TestNobodyConfigured(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t, app.WithVerifiers(func(*app.App) verification.Connectors { return verification.Connectors{} }))
	id := create(t, s, "", m{"name": "Ada", "email": "ada@example.com", "phone": "+34612345678"}).ID(t)
	for kind, flag := range map[string]string{"email": "--smtp-url", "phone": "--sms-account", "identity": "--sumsub-token"} {
		got := s.Do(t, posted(path(id)+"/verifications", m{"kind": kind}))
		require.Equal(t, 422, got.Status)
		require.Equal(t, "NO_VERIFICATION_CHANNEL", got.Code())
		require.Contains(t, string(got.Body), flag)
	}
}

// TestVerificationOfRestricted: who is restricted is not written to (GDPR Art. 18).
func TestVerificationOfRestricted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Ada", "email": "ada@example.com"}).ID(t)
		got := s.Do(t, posted(path(id)+"/verifications", m{"kind": "email"}))
		code := s.Codes.Last().Code
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "PUT", Path: path(id) + "/restriction", Body: m{"reason": "accuracy_contested"}}).Status)
		check := posted(fmt.Sprint(path(id), "/verifications/", got.ID(t), "/check"), m{"code": code})
		require.Equal(t, "CUSTOMER_RESTRICTED", s.Do(t, check).Code())
		require.Equal(t, "CUSTOMER_RESTRICTED", s.Do(t, posted(path(id)+"/verifications", m{"kind": "email"})).Code())
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path(id) + "/restriction"}).Status)
		require.Equal(t, 200, s.Do(t, check).Status, "the twin")
	})
}

// TestSandboxIdentity: the last word of the name decides, as documented.
func TestSandboxIdentity(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Now())
	apptest.Each(t, func(t *testing.T, server *apptest.Server) {
		s := &suite{Server: server, key: server.Test}
		for name, want := range map[string]struct{ status, check, reason string }{
			"Ana": {"verified", "verified", ""}, "Ana Reject": {"failed", "failed", "FORGERY"}, "Ana RESUBMIT": {"resubmit", "pending", "BAD_PROOF_OF_IDENTITY"},
			"Ana Late": {"pending", "pending", ""}, "Ana Twice": {"verified", "verified", ""}, "Ana Disorder": {"verified", "verified", ""}, "Ana Away": {"failed", "unverified", "not_sent"},
		} {
			t.Run(name, func(t *testing.T) {
				id := create(t, server, server.Test, m{"name": name, "email": strings.ReplaceAll(name, " ", ".") + "@example.com"}).ID(t)
				start := posted(path(id)+"/verifications", m{"kind": "identity"})
				start.Key = server.Test
				got := server.Do(t, start)
				require.Equal(t, 200, got.Status, "%s", got.Body)
				look := apptest.Request{Method: "GET", Path: fmt.Sprint(path(id), "/verifications/", got.ID(t)), Key: server.Test}
				see := func(status, check, reason string) {
					t.Helper()
					_, err := server.App.Verifications.RunDue(t.Context())
					require.NoError(t, err)
					require.Eventually(t, func() bool { return server.Do(t, look).JSON(t)["status"] == status }, 20*time.Second, 20*time.Millisecond, "%s", server.Do(t, look).Body)
					require.Equal(t, check, checked(t, s, id, "identity"))
					if reason != "" {
						require.Contains(t, string(server.Do(t, look).Body), reason)
					}
				}
				see(want.status, want.check, want.reason)
				if name == "Ana Late" {
					fake.Advance(5 * time.Second)
					see("verified", "verified", "")
					change := apptest.Request{Method: "PUT", Path: path(id), Key: server.Test, Body: m{"name": "Somebody Else"}}
					require.Equal(t, 200, server.Do(t, change).Status)
					require.Equal(t, "unverified", checked(t, s, id, "identity"), "of another name")
				}
			})
		}
	}, app.WithClock(fake.Clock()))
}

// sumsub is a server that speaks as Sumsub's documentation says, and takes no call whose
// signature is not right.
type sumsub struct {
	external string
	status   string
}

const sumsubSecret, sumsubHook = "secret of the app token", "secret of the webhook"

func hexMAC(key string, parts ...string) string {
	h := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (f *sumsub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-App-Token") != "sbx:token" || r.Header.Get("X-App-Access-Sig") != hexMAC(sumsubSecret, r.Header.Get("X-App-Access-Ts"), r.Method, r.URL.RequestURI(), string(body)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var in struct{ ExternalUserID, UserID, LevelName string }
	_ = json.Unmarshal(body, &in)
	switch r.Method + " " + r.URL.Path {
	case "POST /resources/applicants":
		f.external = in.ExternalUserID
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"id":"5cb56e8e0a975a35f333cb83","externalUserId":%q}`, in.ExternalUserID)
	case "POST /resources/sdkIntegrations/levels/-/websdkLink":
		_, _ = fmt.Fprintf(w, `{"url":"https://in.sumsub.example/websdk/p/%s-%s"}`, in.LevelName, r.URL.Query().Get("lang"))
	case "GET /resources/applicants/5cb56e8e0a975a35f333cb83/status":
		_, _ = io.WriteString(w, f.status)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// TestSumsub: an applicant, a link, and callbacks of any kind in any order.
func TestSumsub(t *testing.T) {
	t.Parallel()
	vendor := &sumsub{status: `{"reviewStatus":"init"}`}
	there := httptest.NewServer(vendor)
	t.Cleanup(there.Close)
	fake := clock.NewFake(time.Now())
	c := config.Config{DataDir: t.TempDir(), LogLevel: "debug", SumsubURL: there.URL, SumsubToken: "sbx:token", SumsubSecret: sumsubSecret, SumsubWebhook: sumsubHook, SumsubLevel: "basic-kyc"}
	server := apptest.Start(t, c, app.WithVerifiers(nil), app.WithClock(fake.Clock()))
	s := &suite{Server: server}
	id := create(t, server, "", m{"name": "Ада", "email": "ada@example.com", "preferences": m{"language": "pt-BR"}}).ID(t)
	got := server.Do(t, posted(path(id)+"/verifications", m{"kind": "identity"}))
	require.Equal(t, 200, got.Status, "%s", got.Body)
	require.Equal(t, "https://in.sumsub.example/websdk/p/basic-kyc-pt", got.JSON(t)["link"])
	require.Equal(t, "5cb56e8e0a975a35f333cb83", got.JSON(t)["reference"])
	look := apptest.Request{Method: "GET", Path: fmt.Sprint(path(id), "/verifications/", got.ID(t))}
	require.Nil(t, server.Do(t, look).JSON(t)["link"], "a link opens the applicant's page")
	stamp := func(after time.Duration) string {
		return fake.Clock().Now().Add(after).UTC().Format("2006-01-02 15:04:05.000")
	}
	told := func(kind, at, review string) string {
		return fmt.Sprintf(`{"applicantId":"5cb56e8e0a975a35f333cb83","externalUserId":%q,"type":%q,"createdAtMs":%q,%s}`, vendor.external, kind, at, review)
	}
	call := func(body, alg, digest string) int {
		return server.Do(t, apptest.Request{Method: "POST", Path: "/callbacks/identity/sumsub", Key: "-", Body: body, Header: h("X-Payload-Digest-Alg", alg, "X-Payload-Digest", digest, "Content-Type", "application/json")}).Status
	}
	red := told("applicantReviewed", stamp(2*time.Second), `"reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED","reviewRejectType":"RETRY","rejectLabels":["UNSATISFACTORY_PHOTOS","of María Ruiz"]}`)
	for name, r := range map[string]struct {
		body, alg, digest string
	}{
		"no digest":       {red, "HMAC_SHA256_HEX", ""},
		"another secret":  {red, "HMAC_SHA256_HEX", hexMAC("x", red)},
		"another body":    {red + " ", "HMAC_SHA256_HEX", hexMAC(sumsubHook, red)},
		"another mapping": {red, "HMAC_SHA1_HEX", hexMAC(sumsubHook, red)},
	} {
		require.Equal(t, 401, call(r.body, r.alg, r.digest), name)
	}
	require.Equal(t, "pending", checked(t, s, id, "identity"))
	send := func(body string) {
		t.Helper()
		require.Equal(t, 200, call(body, "HMAC_SHA256_HEX", hexMAC(sumsubHook, body)))
	}
	pending := told("applicantPending", stamp(time.Second), `"reviewStatus":"pending"`)
	send(red)
	send(red)
	send(pending)
	text := string(server.Do(t, look).Body)
	require.Contains(t, text, `"status":"resubmit"`, "the older one came later")
	require.Contains(t, text, `"reasons":["UNSATISFACTORY_PHOTOS"]`, "codes and no texts")
	send(strings.Replace(red, vendor.external, "florin-1-2-3", 1))
	send(strings.Replace(red, "5cb56e8e0a975a35f333cb83", "another", 1))
	send(told("applicantPersonalInfoChanged", stamp(3*time.Second), `"reviewStatus":"completed","reviewResult":{"reviewAnswer":"GREEN"}`))
	require.Contains(t, string(server.Do(t, look).Body), `"status":"resubmit"`)

	vendor.status = `{"reviewStatus":"completed","reviewResult":{"reviewAnswer":"GREEN"}}`
	fake.Advance(time.Hour) // the last callback was lost: it is asked for
	_, err := server.App.Verifications.RunDue(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return server.Do(t, look).JSON(t)["status"] == "verified" }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, "verified", checked(t, s, id, "identity"))
	require.Equal(t, 204, server.Do(t, apptest.Request{Method: "DELETE", Path: path(id)}).Status)
	send(told("applicantReviewed", stamp(time.Hour), `"reviewStatus":"completed","reviewResult":{"reviewAnswer":"RED","reviewRejectType":"FINAL"}`))
}

// TestSMSAndMail: by a server that speaks like Twilio, and by SMTP.
func TestSMSAndMail(t *testing.T) {
	t.Parallel()
	forms := make(chan string, 1)
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account, token, _ := r.BasicAuth()
		if account != "AC123" || token != "twilio token" || r.URL.Path != "/2010-04-01/Accounts/AC123/Messages.json" || r.FormValue("From") != "+15005550006" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		forms <- r.FormValue("To") + "|" + r.FormValue("Body")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM1","status":"queued"}`)
	}))
	t.Cleanup(there.Close)
	box, smtp := mailtest.New(t)
	c := config.Config{DataDir: t.TempDir(), LogLevel: "debug", SMSURL: there.URL, SMSAccount: "AC123", SMSToken: "twilio token", SMSFrom: "+15005550006", SMTPURL: smtp, MailFrom: "shop@example.com"}
	s := apptest.Start(t, c, app.WithVerifiers(nil))
	id := create(t, s, "", m{"name": "Ada", "email": "ada@example.com", "phone": "+34612345678", "preferences": m{"notifications": false}}).ID(t)
	for kind, provider := range map[string]string{"phone": "twilio", "email": "smtp"} {
		got := s.Do(t, posted(path(id)+"/verifications", m{"kind": kind}))
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Equal(t, provider, got.JSON(t)["provider"])
		require.Equal(t, "pending", got.JSON(t)["status"])
	}
	require.Regexp(t, `^\+34612345678\|\d{6} is your code for .*Tell it to nobody`, <-forms)
	require.Contains(t, <-box, "It is good for ten minutes")
}
