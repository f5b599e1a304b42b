package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/notification/mailtest"
)

// allowed tells what a customer's data may be processed for, by purpose.
func allowed(t *testing.T, s *apptest.Server, key string, customer int64) map[string]string {
	t.Helper()
	var list struct {
		Data []struct {
			Purpose, Reason string
			Allowed         bool
		}
	}
	got := s.Do(t, apptest.Request{Method: "GET", Path: path(customer) + "/purposes", Key: key})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	require.NoError(t, json.Unmarshal(got.Body, &list))
	all := map[string]string{}
	for _, d := range list.Data {
		all[d.Purpose] = fmt.Sprint(d.Allowed, " ", d.Reason)
	}
	return all
}

// TestPurposesAndConsents over the wire, from set-up to withdrawal.
// Shows: GDPR Art. 6, Art. 7(1), Art. 7(3)
func TestPurposesAndConsents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Zoë", "email": "zoe@example.com"}).ID(t)
		put := func(name string, body m) apptest.Request {
			return apptest.Request{Method: "PUT", Path: "/privacy/purposes/" + name, Body: body}
		}
		give := func(body m) apptest.Request {
			return apptest.Request{Method: "POST", Path: path(id) + "/consents", Body: body}
		}
		s.newEvents(t)
		s.run(t, map[string]row{
			"set up":             {send: put("newsletter", m{"lawfulBasis": "consent", "description": "News, once a month", "policyVersion": "2026-11", "marketing": true}), status: 200, has: []string{`"article":"6(1)(a)"`, `"builtIn":false`}, audit: "purpose.change ok"},
			"without a basis":    {send: put("other", m{"description": "x"}), status: 400, code: "VALIDATION_ERROR", has: []string{"/basis"}},
			"a name with digits": {send: put("a4242424242424242", m{"lawfulBasis": "consent"}), status: 400, code: "VALIDATION_ERROR", has: []string{"path/name"}},
			"nobody's":           {send: apptest.Request{Method: "GET", Path: "/privacy/purposes/nothing"}, status: 404, code: "PURPOSE_NOT_FOUND"},
			"built in":           {send: apptest.Request{Method: "GET", Path: "/privacy/purposes/payment_messages"}, status: 200, has: []string{`"lawfulBasis":"contract"`, `"builtIn":true`}},
			"unknown purpose":    {send: give(m{"purpose": "nothing"}), status: 400, code: "VALIDATION_ERROR", has: []string{"/purpose"}},
			"another basis":      {send: give(m{"purpose": "payment_messages"}), status: 400, code: "VALIDATION_ERROR"},
			"a bad channel":      {send: give(m{"purpose": "save_payment_method", "channel": "pigeon"}), status: 400, code: "VALIDATION_ERROR", has: []string{"/channel"}},
			"support may not":    {send: apptest.Request{Method: "PUT", Path: "/privacy/purposes/x", Body: m{"lawfulBasis": "consent"}, Key: newKey(t, s.Server, "", auth.Live, auth.Support)}, status: 403, code: "FORBIDDEN"},
		})
		require.Equal(t, map[string]string{"newsletter": "false no_consent", "payment_messages": "true basis", "save_payment_method": "false no_consent"}, allowed(t, s.Server, "", id))
		given := s.check(t, row{send: give(m{"purpose": "newsletter", "channel": "web", "text": "Send me news", "address": "203.0.113.7", "language": "de"}), status: 200, audit: "consent.give ok",
			has: []string{`"policyVersion":"2026-11"`, `"state":"given"`, "/your-data/", `"address":"203.0.113.7"`}, events: []string{"consent.given"}})
		require.Equal(t, "true consent_given", allowed(t, s.Server, "", id)["newsletter"])
		again := s.check(t, row{send: give(m{"purpose": "newsletter"}), status: 200, events: []string{"consent.given"}})
		end := func(consent int64) apptest.Request {
			return apptest.Request{Method: "DELETE", Path: fmt.Sprint(path(id), "/consents/", consent), Key: newKey(t, s.Server, "", auth.Live, auth.Support)}
		}
		s.check(t, row{send: end(given.ID(t)), status: 204, audit: "consent.withdraw ok", events: []string{"consent.withdrawn", "consent.withdrawn"}})
		require.Equal(t, "false no_consent", allowed(t, s.Server, "", id)["newsletter"])
		s.check(t, row{send: end(again.ID(t)), status: 404, code: "CONSENT_NOT_FOUND"})
		history := string(s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/consents"}).Body)
		require.Equal(t, 2, strings.Count(history, `"state":"withdrawn"`))
		masked := string(s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/consents", Key: newKey(t, s.Server, "", auth.Live, auth.ReadOnly)}).Body)
		require.Contains(t, history, "203.0.113.7")
		require.NotContains(t, masked, "203.0.113.7")
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: "/privacy/purposes/newsletter"}, status: 204, audit: "purpose.change ok"})
		require.NotContains(t, allowed(t, s.Server, "", id), "newsletter")
	})
}

// TestObjections block at once, and go on by compelling grounds alone, never for marketing.
// Shows: GDPR Art. 21
func TestObjections(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", m{"name": "Zoë", "email": "zoe@example.com"}).ID(t)
		for name, marketing := range map[string]bool{"fraud_checks": false, "offers": true} {
			require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PUT", Path: "/privacy/purposes/" + name, Body: m{"lawfulBasis": "legitimate_interests", "marketing": marketing}}))
		}
		object := func(purpose string) apptest.Request {
			return apptest.Request{Method: "POST", Path: path(id) + "/objections", Body: m{"purpose": purpose, "channel": "phone", "note": "Leave me alone"}}
		}
		s.newEvents(t)
		s.check(t, row{send: object("payment_messages"), status: 400, code: "VALIDATION_ERROR", has: []string{"Art. 21"}})
		s.check(t, row{send: object("save_payment_method"), status: 400, code: "VALIDATION_ERROR", has: []string{"withdraw it"}})
		made := map[string]int64{}
		for _, purpose := range []string{"fraud_checks", "offers"} {
			require.Equal(t, "true basis", allowed(t, s.Server, "", id)[purpose])
			made[purpose] = s.check(t, row{send: object(purpose), status: 200, has: []string{`"blocks":true`}, audit: "objection.raise ok", events: []string{"objection.raised"}}).ID(t)
			require.Equal(t, "false objected", allowed(t, s.Server, "", id)[purpose])
		}
		answer := func(purpose string, body m) apptest.Request {
			return apptest.Request{Method: "PATCH", Path: fmt.Sprint(path(id), "/objections/", made[purpose]), Body: body}
		}
		s.run(t, map[string]row{
			"no reason":         {send: answer("fraud_checks", m{"answer": "compelling_grounds"}), status: 400, code: "VALIDATION_ERROR", has: []string{"/reason"}},
			"an answer unheard": {send: answer("fraud_checks", m{"answer": "no"}), status: 400, code: "VALIDATION_ERROR"},
			"marketing":         {send: answer("offers", m{"answer": "compelling_grounds", "reason": "We want to"}), status: 400, code: "VALIDATION_ERROR", has: []string{"21(3)"}},
			"nobody's":          {send: apptest.Request{Method: "PATCH", Path: path(id) + "/objections/123456789", Body: m{"answer": "upheld"}}, status: 404, code: "OBJECTION_NOT_FOUND"},
		})
		s.check(t, row{send: answer("fraud_checks", m{"answer": "compelling_grounds", "reason": "Claims of others"}), status: 200, has: []string{`"blocks":false`}, audit: "objection.answer ok", events: []string{"objection.answered"}})
		require.Equal(t, "true basis", allowed(t, s.Server, "", id)["fraud_checks"])
		s.check(t, row{send: answer("offers", m{"answer": "upheld"}), status: 200, has: []string{`"blocks":true`}, events: []string{"objection.answered"}})
		require.Equal(t, "false objected", allowed(t, s.Server, "", id)["offers"])
		s.check(t, row{send: answer("offers", m{"answer": "withdrawn"}), status: 200, events: []string{"objection.answered"}})
		require.Equal(t, "true basis", allowed(t, s.Server, "", id)["offers"])
		require.Contains(t, string(s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/objections"}).Body), "Leave me alone")
	})
}

// TestWithdrawingForgetsTheMethod: a saved card ends with the consent that it rests on, and
// no other one does.
func TestWithdrawingForgetsTheMethod(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		f.provider(t)
		id := f.customer(t)
		keep := func(number string) (method, consent int64) {
			got := s.Do(t, apptest.Request{Method: "POST", Path: path(id) + "/payment-methods", Body: f.card(m{"number": number, "consent": m{"text": "I agree"}})})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			return got.ID(t), int64(got.JSON(t)["consentId"].(float64))
		}
		first, consent := keep("4242424242424242")
		second, _ := keep("5555555555554444")
		request := f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: fmt.Sprint(path(id), "/consents/", consent)}))
		methods := string(s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/payment-methods"}).Body)
		require.NotContains(t, methods, fmt.Sprint(first))
		require.Contains(t, methods, fmt.Sprint(second))
		pay := func(method int64) apptest.Request {
			return apptest.Request{Method: "POST", Path: fmt.Sprint("/payments/saved/", request), Body: m{"paymentMethodId": method}}
		}
		require.Equal(t, 404, status(t, s.Server, pay(first)))
		require.Equal(t, 200, status(t, s.Server, pay(second)))
		f.do(t, "PUT", "/privacy/purposes/save_payment_method", m{"lawfulBasis": "consent", "active": false})
		got := s.Do(t, apptest.Request{Method: "POST", Path: path(id) + "/payment-methods", Body: f.card(m{"consent": m{"text": "I agree"}})})
		require.Equal(t, "PURPOSE_INACTIVE", got.Code(), "%s", got.Body)
	})
}

// openPage is a customer's page as a browser without scripts sees it.
func openPage(t *testing.T, method, link, do string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(url.Values{"do": {do}}.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// TestDoubleOptIn: a consent counts once the customer has clicked, by mail and by a link
// that the merchant sends; a scanner that opens the link confirms nothing.
// Shows: GDPR Art. 7(1)
func TestDoubleOptIn(t *testing.T) {
	t.Parallel()
	for _, mails := range []bool{true, false} {
		c, box := config.Config{DataDir: t.TempDir(), LogLevel: "debug"}, mailtest.Box(nil)
		if mails {
			box, c.SMTPURL = mailtest.New(t)
			c.MailFrom = "shop@shop.example"
		}
		s := &suite{Server: apptest.Start(t, c)}
		id := create(t, s.Server, "", m{"name": "Zoë 王", "email": "zoe@example.com", "preferences": m{"language": "de"}}).ID(t)
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PUT", Path: "/privacy/purposes/newsletter", Body: m{"lawfulBasis": "consent", "doubleOptIn": true, "description": "Unser Rundbrief"}}))
		s.newEvents(t)
		asked := s.check(t, row{send: apptest.Request{Method: "POST", Path: path(id) + "/consents", Body: m{"purpose": "newsletter", "text": "Ja, bitte"}, Header: h("Idempotency-Key", "once")}, status: 200,
			has: []string{`"state":"pending"`, fmt.Sprint(`"mailed":`, mails)}, events: []string{"consent.requested"}})
		link, _ := asked.JSON(t)["link"].(string)
		if mails {
			require.Empty(t, link)
			letter := <-box
			require.Contains(t, letter, "zoe@example.com")
			link = regexp.MustCompile(`http://\S+/your-data/\S+`).FindString(strings.ReplaceAll(letter, "=\r\n", ""))
		}
		require.NotEmpty(t, link)
		replay := s.Do(t, apptest.Request{Method: "POST", Path: path(id) + "/consents", Body: m{"purpose": "newsletter", "text": "Ja, bitte"}, Header: h("Idempotency-Key", "once")})
		require.Nil(t, replay.JSON(t)["link"], "a link is shown once")
		for range 2 {
			code, body := openPage(t, "GET", link, "")
			require.Equal(t, 200, code)
			for _, want := range []string{"Stimmen Sie zu?", "Unser Rundbrief", "Ja, bitte"} {
				require.Contains(t, body, want)
			}
			require.NotContains(t, body, "zoe@example.com")
		}
		require.Equal(t, "false no_consent", allowed(t, s.Server, "", id)["newsletter"], "opened, and not confirmed")
		code, _ := openPage(t, "POST", link, "confirm", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		require.Equal(t, 403, code)
		require.Equal(t, "false no_consent", allowed(t, s.Server, "", id)["newsletter"])
		code, body := openPage(t, "POST", link, "confirm")
		require.Equal(t, 200, code)
		require.Contains(t, body, "Sie haben zugestimmt")
		require.Equal(t, "true consent_given", allowed(t, s.Server, "", id)["newsletter"])
		_, body = openPage(t, "POST", link, "confirm")
		require.Contains(t, body, "Sie haben zugestimmt", "a second click changes nothing")
		require.Equal(t, []string{"consent.given"}, s.newEvents(t))
		_, body = openPage(t, "POST", link, "withdraw")
		require.Contains(t, body, "Sie haben widerrufen")
		require.Equal(t, "false no_consent", allowed(t, s.Server, "", id)["newsletter"])
		_, body = openPage(t, "POST", link, "confirm")
		require.Contains(t, body, "Sie haben widerrufen", "what was withdrawn is not confirmed again")
		history := string(s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/consents"}).Body)
		for _, want := range []string{`"confirmedFrom":"127.0.0.1"`, `"withdrawnFrom":"127.0.0.1"`, `"withdrawnBy":"web"`} {
			require.Contains(t, history, want)
		}
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: path(id)}))
		code, body = openPage(t, "GET", link, "")
		require.Equal(t, 404, code)
		require.NotContains(t, body, "Rundbrief")
		require.NotContains(t, s.Logs.String(), link[strings.LastIndex(link, "/")+1:])
	}
}
