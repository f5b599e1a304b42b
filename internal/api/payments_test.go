package api_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/pan/pantest"
	"github.com/florin-gateway/florin/internal/vault"
)

func post(key, path string, body any) apptest.Request {
	return apptest.Request{Method: "POST", Path: path, Key: key, Body: body}
}

func get(key, path string) apptest.Request {
	return apptest.Request{Method: "GET", Path: path, Key: key}
}

// payRequest makes a request in test mode.
func payRequest(t *testing.T, s *suite, more m) apptest.Response {
	t.Helper()
	body := m{"amount": 49.9, "unit": "EUR"}
	for name, value := range more {
		body[name] = value
	}
	got := s.Do(t, post(s.Test, "/payment-requests", body))
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got
}

func byCard(number string, more m) m {
	body := m{"name": "Jané Smith", "number": number, "expiration": "09/30", "cvv": "917"}
	for name, value := range more {
		body[name] = value
	}
	return body
}

func TestPaymentRequests(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, s.Test, m{"name": "Ünal Öz", "email": "unal@example.com", "memberId": "M-1", "phone": "+34612345678"})
		s.newEvents(t)
		s.run(t, map[string]row{
			"by id":            {send: post(s.Test, "/payment-requests", m{"amount": 12.34, "unit": "usd", "clientId": c.ID(t), "referenceId": "o-1", "notes": "مرحبا 🎁", "payerCountry": "es"}), status: 200, has: []string{`"amount":12.34`, `"unit":"USD"`, `"clientEmail":"unal@example.com"`, `"clientPhone":"+34612345678"`, `"payerCountry":"ES"`, `"paymentRequestStatusId":0`, `"lastLog":null`, `/pay/`}, audit: "payment_request.create ok"},
			"inline, matched":  {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "JPY", "clientEmail": "UNAL@example.com"}), status: 200, has: []string{fmt.Sprintf(`"clientId":%d`, c.ID(t)), `"clientName":"Ünal Öz"`}},
			"by member id":     {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "JPY", "client": m{"memberId": "M-1"}}), status: 200, has: []string{fmt.Sprintf(`"clientId":%d`, c.ID(t))}},
			"nobody":           {send: post(s.Test, "/payment-requests", m{"amount": 0.001, "unit": "BHD"}), status: 200, has: []string{`"clientId":null`, `"client":null`, `"amount":0.001`}},
			"crypto":           {send: post(s.Test, "/payment-requests", m{"amount": 0.00000001, "unit": "BTC"}), status: 200, has: []string{`"amount":0.00000001`}},
			"all faults":       {send: post(s.Test, "/payment-requests", m{"amount": 1.005, "unit": "USD", "payerCountry": "XX", "notifyUrl": "ftp://x", "expireDate": "2001-01-01T00:00:00Z", "nots": 1}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/amount"`, `"/payerCountry"`, `"/notifyUrl"`, `"/expireDate"`, `"/nots"`}},
			"a text as amount": {send: post(s.Test, "/payment-requests", m{"amount": "12", "unit": "USD"}), status: 400, code: "VALIDATION_ERROR"},
			"no amount":        {send: post(s.Test, "/payment-requests", m{"unit": "USD"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"required"`}},
			"new, no name":     {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "USD", "clientEmail": "new@example.com"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/clientName"`}},
			"stranger's id":    {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "USD", "clientId": 123456789}), status: 404, code: "CUSTOMER_NOT_FOUND"},
			"ignored fields":   {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "USD", "id": 5, "link": "x", "paymentRequestStatusId": 1, "lastLog": m{}}), status: 200, has: []string{`"paymentRequestStatusId":0`}},
			"live, plain http": {send: post(s.Live, "/payment-requests", m{"amount": 1, "unit": "USD", "notifyUrl": "http://shop.example.com"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/notifyUrl"`}},
			"not there":        {send: get(s.Test, "/payment-requests/123456789"), status: 404, code: "PAYMENT_REQUEST_NOT_FOUND"},
			"a verb of nobody": {send: post(s.Test, "/payment-requests/remove/12", nil), status: 404, code: "NOT_FOUND"},
		}, withEvents("payment_request.created"))
	})
}

// withEvents expects an event of every row that succeeds.
func withEvents(kind string) func(*row) {
	return func(r *row) {
		if r.status == 200 && r.send.Method == "POST" {
			r.events = []string{kind}
		}
	}
}

func TestPayingOverHTTP(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, s.Test, m{"name": "Payer", "email": "payer@example.com"}).ID(t)
		q := payRequest(t, s, m{"clientId": c}).ID(t)
		s.newEvents(t)
		pay := func(request int64, body m) apptest.Request {
			return post(s.Test, fmt.Sprintf("/payments/creditCard/%d", request), body)
		}
		secrets := []string{"917", "4242424242424242", "4000000000009995"}
		s.check(t, row{send: pay(q, byCard("4000000000009995", nil)), status: 402, code: "PAYMENT_DECLINED", has: []string{`"declineReason":"insufficient_funds"`, `"issuerResponse":"51"`}, lacks: secrets[1:],
			audit: "payment.settle ok", events: []string{"payment.declined", "payment_request.unpaid"}})
		s.check(t, row{send: pay(q, byCard("4242 4242 4242 4242", m{"savePaymentMethod": true, "browserInfo": m{"browserUserAgent": "Mozilla/5.0 (iPhone) Safari/604.1", "timezone": -60}})), status: 200,
			has: []string{`"status":"approved"`, `"redirectUrl":null`}, lacks: secrets[1:], events: []string{"consent.given", "payment_method.added", "payment.approved", "payment_request.paid"}})
		s.check(t, row{send: pay(q, byCard("4242424242424242", nil)), status: 409, code: "ALREADY_PROCESSED"})
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/payment-requests/%d", q)), status: 200, has: []string{`"paymentRequestStatusId":1`, `"transactionStatusId":1`, `"cardLastDigits":"4242"`, `"cardBin":"42424242"`,
			`"device":"mobile"`, `"osName":"iOS"`, `"feeAmount":0`, `"netAmount":49.9`, `"code":"approved"`}})
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/customers/%d?fields=hasPaymentRequests,totalDeposits,depositsByCurrency", c)), status: 200,
			has: []string{`{"hasPaymentRequests":true,"totalDeposits":62.38,"depositsByCurrency":{"EUR":49.9}}`}})
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/users/payment-methods/%d", c)), status: 200, has: []string{`[{"id":`, `"last4":"4242"`, `"isDefault":true`}, audit: "payment_methods.read ok"})
		s.check(t, row{send: post(s.Test, fmt.Sprintf("/payment-requests/%d/refunds", q), m{"amount": 9.9}), status: 200, has: []string{`"status":"refunded"`, `"refundedAmount":9.9`}, events: []string{"payment.refunded"}})
		s.check(t, row{send: post(s.Test, fmt.Sprintf("/payment-requests/%d/refunds", q), m{"amount": 40.01}), status: 409, code: "REFUND_EXCEEDS_PAID"})
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/payments/h2h/refund/%d", q)), status: 200, has: []string{`"amount":40`, `"refundedAmount":49.9`}, events: []string{"payment.refunded"}})
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/customers/%d/history?limit=200", c)), status: 200, has: []string{`"payment.refunded"`, `"payment.approved"`, `"payment_method.added"`, `"payment_request.created"`, `"customer.created"`, `"insufficient_funds"`}})

		released := payRequest(t, s, m{"clientId": c}).ID(t)
		s.newEvents(t)
		s.check(t, row{send: get(s.Test, fmt.Sprintf("/payment-requests/release/%d", released)), status: 200, has: []string{`"status":"released"`}, audit: "payment_request.release ok", events: []string{"payment_request.cancelled"}})
		s.check(t, row{send: post(s.Test, fmt.Sprintf("/payment-requests/release/%d", released), nil), status: 409, code: "ALREADY_PROCESSED"})
		s.check(t, row{send: post(s.Test, fmt.Sprintf("/payment-requests/%d/archive", released), nil), status: 200, has: []string{`"paymentRequestStatusId":5`}, events: []string{"payment_request.archived"}})
		s.check(t, row{send: get(s.Test, "/payment-requests?status=5"), status: 200, has: []string{fmt.Sprintf(`"id":%d`, released)}})
		require.NotContains(t, string(s.Do(t, get(s.Test, "/payment-requests")).Body), fmt.Sprintf(`{"id":%d,`, released))
		s.check(t, row{send: post(s.Test, fmt.Sprintf("/payment-requests/handle/%d/BITCOIN", released), nil), status: 400, code: "INVALID_FORMAT"})
	})
}

func TestCardFaults(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		q := payRequest(t, s, nil).ID(t)
		s.newEvents(t)
		bad := func(more m) apptest.Request {
			return post(s.Test, fmt.Sprintf("/payments/creditCard/%d", q), byCard("4242424242424242", more))
		}
		s.run(t, map[string]row{
			"luhn":           {send: bad(m{"number": "4242424242424241"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/number"`}, lacks: []string{"4242424242424241"}},
			"past":           {send: bad(m{"expiration": "01/20"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/expiration"`}},
			"code":           {send: bad(m{"cvv": "12"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/cvv"`}},
			"card in a name": {send: bad(m{"name": "4111 1111 1111 1111"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/name"`, "card_number"}, lacks: []string{"4111 1111"}},
			"card in city":   {send: bad(m{"city": "4111111111111111"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/city"`}},
			"saved nobody":   {send: bad(m{"savePaymentMethod": true}), status: 400, code: "VALIDATION_ERROR", has: []string{"savePaymentMethod"}},
			"delay":          {send: bad(m{"captureDelayHours": 8}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/captureDelayHours"`}},
			"unknown":        {send: bad(m{"pin": "1234"}), status: 400, code: "VALIDATION_ERROR", has: []string{`"/pin"`}},
			"live in test":   {send: post(s.Live, fmt.Sprintf("/payments/creditCard/%d", q), byCard("4242424242424242", m{"isSandbox": true})), status: 400, code: "VALIDATION_ERROR", has: []string{"isSandbox"}},
			"saved, no id":   {send: post(s.Test, fmt.Sprintf("/payments/saved/%d", q), m{}), status: 400, code: "VALIDATION_ERROR", has: []string{"paymentMethodId"}},
		})
		for range 10 {
			require.Equal(t, 402, s.Do(t, bad(m{"number": "4000000000000002"})).Status)
		}
		s.newEvents(t)
		s.check(t, row{send: bad(nil), status: 429, code: "RATE_LIMITED", header: m{"Retry-After": true}})
	})
}

func TestLiveNeedsAProvider(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		q := s.Do(t, post(s.Live, "/payment-requests", m{"amount": 5, "unit": "USD"})).ID(t)
		pay := post(s.Live, fmt.Sprintf("/payments/creditCard/%d", q), byCard("4242424242424242", nil))
		require.Equal(t, "NO_PROVIDER", s.Do(t, pay).Code())
		require.Equal(t, "VALIDATION_ERROR", s.Do(t, post(s.Live, "/providers", m{"kind": "sandbox", "name": "x", "credentials": m{}})).Code(), "the sandbox is not for live money")
		created := s.Do(t, post(s.Live, "/providers", apptest.LiveProvider("main")))
		require.Equal(t, 200, created.Status, "%s", created.Body)
		require.NotContains(t, string(created.Body), "callback-secret-of-tests", "secrets are write-only")
		require.Contains(t, string(created.Body), `"secrets":["callback","fingerprint"]`)
		require.Equal(t, 200, s.Do(t, pay).Status)
	})
}

// TestPaymentsReplay: one key, one charge, one answer, whatever the code behind the card.
func TestPaymentsReplay(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		q := payRequest(t, s, nil).ID(t)
		pay := func(key, number, code string) apptest.Request {
			r := post(s.Test, fmt.Sprintf("/payments/creditCard/%d", q), byCard(number, m{"cvv": code}))
			r.Header = h("Idempotency-Key", key)
			return r
		}
		declined := s.Do(t, pay("a", "4000000000000002", "111"))
		require.Equal(t, 402, declined.Status)
		requireReplay(t, declined, s.Do(t, pay("a", "4000000000000002", "222")))
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", s.Do(t, pay("a", "4242424242424242", "111")).Code(), "another card is another body")
		first := s.Do(t, pay("b", "4242424242424242", "111"))
		require.Equal(t, 200, first.Status)
		requireReplay(t, first, s.Do(t, pay("b", "4242424242424242", "111")))
		refund := post(s.Test, fmt.Sprintf("/payment-requests/%d/refunds", q), m{"amount": 1})
		refund.Header = h("Idempotency-Key", "c")
		once := s.Do(t, refund)
		requireReplay(t, once, s.Do(t, refund))
		require.Contains(t, string(s.Do(t, get(s.Test, fmt.Sprintf("/payment-requests/%d", q))).Body), `"refundedAmount":1,`)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { s.Do(t, refund) })
		}
		wg.Wait()
		require.Contains(t, string(s.Do(t, get(s.Test, fmt.Sprintf("/payment-requests/%d", q))).Body), `"refundedAmount":1,`)
	})
}

// TestSecondMethodAsDefault: a method that is saved as the default is one in the same unit,
// so that a repetition is answered as the first time, and there is one default.
func TestSecondMethodAsDefault(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, s.Test, m{"name": "Two Cards", "email": "two@example.com"}).ID(t)
		at := fmt.Sprintf("/customers/%d/payment-methods", c)
		save := func(key, number string) apptest.Request {
			r := post(s.Test, at, byCard(number, m{"isDefault": true, "consent": m{"text": "I agree"}}))
			r.Header = h("Idempotency-Key", key)
			return r
		}
		for key, number := range map[string]string{"a": "4242424242424242", "b": "5555555555554444"} {
			first := s.Do(t, save(key, number))
			require.Equal(t, 200, first.Status, "%s", first.Body)
			require.Contains(t, string(first.Body), `"isDefault":true`)
			require.NotContains(t, string(first.Body), `"consentId":null`)
			requireReplay(t, first, s.Do(t, save(key, number)))
		}
		all := string(s.Do(t, get(s.Test, at)).Body)
		require.Equal(t, 1, strings.Count(all, `"isDefault":true`), all)
		require.Equal(t, 1, strings.Count(all, `"isDefault":false`), all)
		again := s.Do(t, save("c", "4242424242424242"))
		require.Contains(t, string(again.Body), `"isDefault":true`, "a card that is there already, too")
		all = string(s.Do(t, get(s.Test, at)).Body)
		require.Equal(t, 1, strings.Count(all, `"isDefault":true`), all)
	})
}

// TestPayerData: who may make payment requests and not read customers learns no profile.
func TestPayerData(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		create(t, s.Server, s.Test, m{"name": "Secret Person", "email": "secret@example.com"})
		only := newKey(t, s.Server, "", "test", "", "payments:write")
		both := newKey(t, s.Server, "", "test", "", "payments:write", "customers:read", "customers:unmasked")
		masked := newKey(t, s.Server, "", "test", "", "payments:write", "customers:read")
		body := m{"amount": 1, "unit": "USD", "clientEmail": "secret@example.com"}
		require.NotContains(t, string(s.Do(t, post(only, "/payment-requests", body)).Body), "Secret Person")
		require.Contains(t, string(s.Do(t, post(both, "/payment-requests", body)).Body), "Secret Person")
		require.Contains(t, string(s.Do(t, post(masked, "/payment-requests", body)).Body), `"clientName":"S*** P***"`)
	})
}

// TestFeesAndOffers walks through what an owner sets.
func TestFeesAndOffers(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		do := func(r apptest.Request) string {
			got := s.Do(t, r)
			require.Less(t, got.Status, 300, "%s", got.Body)
			return string(got.Body)
		}
		do(post(s.Test, "/fee-tables", m{"percent": 1}))
		do(post(s.Test, "/fee-tables", m{"paymentMethod": "CREDIT_CARD", "unit": "EUR", "percent": 2.9, "fixed": 0.3}))
		q := payRequest(t, s, nil).ID(t)
		do(post(s.Test, fmt.Sprintf("/payments/creditCard/%d", q), byCard("4242424242424242", nil)))
		require.Contains(t, do(get(s.Test, fmt.Sprintf("/payment-requests/%d", q))), `"feeAmount":1.75,"grossAmount":49.9,"netAmount":48.15`)

		c := create(t, s.Server, s.Test, m{"name": "P", "email": "p@example.com", "preferences": m{"paymentMethod": "PAYPAL"}}).ID(t)
		require.Contains(t, do(get(s.Test, fmt.Sprintf("/payment-methods?customerId=%d&currency=EUR&amount=10&country=DE", c))), `{"data":[{"paymentMethod":"PAYPAL","preferred":true`)
		require.Contains(t, do(get(s.Test, "/payment-methods")), `{"data":[{"paymentMethod":"CREDIT_CARD","preferred":false`)

		do(post(s.Test, "/origin-domains", m{"origin": "https://Shop.Example.com:443/"}))
		require.Contains(t, do(get(s.Test, "/origin-domains")), `"origin":"https://shop.example.com"`)
		s.newEvents(t)
		s.run(t, map[string]row{
			"listed":   {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "USD", "originDomain": "https://shop.example.com"}), status: 200},
			"unlisted": {send: post(s.Test, "/payment-requests", m{"amount": 1, "unit": "USD", "originDomain": "https://evil.example.com"}), status: 400, code: "VALIDATION_ERROR"},
			"no https": {send: post(s.Test, "/origin-domains", m{"origin": "http://shop.example.com"}), status: 400, code: "VALIDATION_ERROR"},
			"a path":   {send: post(s.Test, "/origin-domains", m{"origin": "https://shop.example.com/x"}), status: 400, code: "VALIDATION_ERROR"},
			"rates":    {send: get(s.Test, "/exchanges/rates?base=EUR"), status: 200, has: []string{`"base":"EUR"`, `"USD":1.25`}},
			"a day":    {send: get(s.Test, "/exchanges/historical?date=2026-02-01"), status: 200, has: []string{`"date":"2026-01-01"`, `"EUR":0.9`}},
			"too old":  {send: get(s.Test, "/exchanges/historical?date=1999-01-01"), status: 422, code: "NO_RATE"},
			"no day":   {send: get(s.Test, "/exchanges/historical"), status: 400, code: "VALIDATION_ERROR"},
		}, withEvents("payment_request.created"))
	})
}

// receiver collects what is posted to a notifyUrl, and is down at first.
type receiver struct {
	*httptest.Server
	got  chan *http.Request
	body chan []byte
	down chan struct{}
}

func newReceiver(t *testing.T, failures int) *receiver {
	t.Helper()
	r := &receiver{got: make(chan *http.Request, 10), body: make(chan []byte, 10), down: make(chan struct{}, failures)}
	for range failures {
		r.down <- struct{}{}
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		select {
		case <-r.down:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		default:
		}
		body, _ := io.ReadAll(req.Body)
		r.body <- body
		r.got <- req
	}))
	t.Cleanup(r.Close)
	return r
}

// TestNotification: the vendor's form post, signed, after a first try that fails.
func TestNotification(t *testing.T) {
	t.Parallel()
	inTest(t, func(t *testing.T, s *suite) {
		r := newReceiver(t, 1)
		q := payRequest(t, s, m{"notifyUrl": r.URL + "/hook?x=1", "clientName": "Zoë Ω", "clientEmail": "zoe@example.com", "referenceId": "r&d=1"}).ID(t)
		require.Equal(t, 200, s.Do(t, post(s.Test, fmt.Sprintf("/payments/creditCard/%d", q), byCard("4242424242424242", nil))).Status)
		var req *http.Request
		var body []byte
		select {
		case req = <-r.got:
			body = <-r.body
		case <-time.After(30 * time.Second):
			t.Fatal("no notification")
		}
		require.Equal(t, "application/x-www-form-urlencoded", req.Header.Get("Content-Type"))
		require.Equal(t, base64.StdEncoding.EncodeToString(vault.Sign(s.Secret, body)), req.Header.Get("X-Signature"))
		names := []string{}
		for _, pair := range strings.Split(string(body), "&") {
			name, _, _ := strings.Cut(pair, "=")
			names = append(names, name)
		}
		require.Equal(t, strings.Fields("id transactionId transactionStatusId paymentRequestStatusId merchantId unit grossAmount fee netAmount referenceId notes clientId clientName clientEmail clientPhone clientMemberId message code"), names, "the vendor's fields in the vendor's order")
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		require.Equal(t, []string{"1", "1", "EUR", "49.9", "0", "49.9", "r&d=1", "Zoë Ω", ""}, []string{form.Get("transactionStatusId"), form.Get("paymentRequestStatusId"),
			form.Get("unit"), form.Get("grossAmount"), form.Get("fee"), form.Get("netAmount"), form.Get("referenceId"), form.Get("clientName"), form.Get("notes")})
	})
}

// TestCardsThroughPayments sends real-looking cards through the doors that take cards, and
// looks for them in every file.
// Shows: PCI DSS 3.2.1, 3.3.1, 3.5.1, 4.2.2
func TestCardsThroughPayments(t *testing.T) {
	t.Parallel()
	s := &suite{Server: apptest.SQLite(t)}
	numbers := pantest.Numbers(2, *cards/4)
	c := create(t, s.Server, s.Test, m{"name": "Guard", "email": "guard@example.com"}).ID(t)
	var q int64
	for i, number := range numbers {
		if i%9 == 0 {
			q = payRequest(t, s, m{"clientId": c}).ID(t)
		}
		send := post(s.Test, fmt.Sprintf("/payments/creditCard/%d", q), byCard(number, m{"savePaymentMethod": true}))
		if i%3 == 0 {
			send = post(s.Test, fmt.Sprintf("/customers/%d/payment-methods", c), byCard(number, nil))
		}
		send.Header = h("Idempotency-Key", fmt.Sprint("k", i))
		got := s.Do(t, send)
		require.Contains(t, []int{200, 402, 400}, got.Status, "%s", got.Body)
		require.NotContains(t, string(got.Body), number)
	}
	for i, number := range numbers[:100] {
		text := []m{{"notes": number}, {"referenceId": number}, {"clientName": number, "clientEmail": "x@example.com"}, {"clientMemberId": number}, {"successUrl": "https://x.example/" + number}}[i%5]
		text["amount"], text["unit"] = 1, "USD"
		got := s.Do(t, post(s.Test, "/payment-requests", text))
		require.Equal(t, 400, got.Status, "%s", got.Body)
		require.NotContains(t, string(got.Body), number)
	}
	searchFiles(t, s.Server, numbers)
	require.Zero(t, countIn([]byte(s.Logs.String()), numbers))
}
