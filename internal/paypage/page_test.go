package paypage_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/payment"
)

func title(body string) string {
	found := regexp.MustCompile(`<title>([^<]*)</title>`).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}

// TestARequestIsPaidAndLeadsBack is the whole way without scripts.
func TestARequestIsPaidAndLeadsBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		link, id := request(t, s, m{"successUrl": "https://shop.example/ok?a=1&b=2", "notes": "<b>Danke</b> & שלום"})
		page := get(t, link)
		require.Equal(t, 200, page.Status)
		require.Equal(t, "Pay €49.90 to My company", title(page.Body))
		require.True(t, has(page.Body, "Order 1042", "&lt;b&gt;Danke&lt;/b&gt; &amp;", "Test mode: no money moves", `autocomplete="cc-number"`, `autocomplete="cc-csc"`, `autocomplete="cc-exp"`, `autocomplete="cc-name"`), page.Body)
		require.Equal(t, 1, strings.Count(page.Body, "<script"))

		sent := post(t, link, byCard(approved))
		require.Equal(t, []any{303, "/pay/" + link[len(link)-22:] + "/return"}, []any{sent.Status, sent.Location}, sent.Body)
		gone := get(t, s.URL+sent.Location)
		onward := fmt.Sprintf("https://shop.example/ok?a=1&amp;b=2&amp;paymentRequestId=%d&amp;status=paid", id)
		require.Equal(t, 200, gone.Status)
		require.True(t, has(gone.Body, `<meta http-equiv="refresh" content="0;url=`+onward, `href="`+onward), gone.Body)
		status, tries := standing(t, s, id)
		require.Equal(t, []any{payment.Paid, 1}, []any{status, tries})
		require.Equal(t, "Payment complete · My company", title(get(t, link).Body))
	})
}

// TestStates: each state has a page whose title says it.
func TestStates(t *testing.T) {
	t.Parallel()
	hands := clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		release := func(link string, id int64) {
			require.Equal(t, 200, s.Do(t, apptest.Request{Method: "POST", Key: s.Test, Path: fmt.Sprintf("/payment-requests/release/%d", id)}).Status)
		}
		pay := func(form url.Values) func(string, int64) {
			return func(link string, _ int64) { post(t, link, form) }
		}
		for name, row := range map[string]struct {
			do     func(link string, id int64)
			status int
			title  string
			has    []string
			hasNot []string
		}{
			"waiting":   {func(string, int64) {}, 200, "Pay €49.90 to My company", []string{`name="number"`}, []string{"did not go through"}},
			"paid":      {pay(byCard(approved)), 200, "Payment complete · My company", []string{"You paid €49.90 to My company"}, []string{"<form"}},
			"declined":  {pay(byCard(noMoney)), 200, "Pay €49.90 to My company", []string{"The last try did not go through", `name="seen" value="1"`}, []string{"not enough money"}},
			"confirm":   {pay(byCard(challenged)), 200, "Confirm your payment · My company", []string{"/continue", "/again"}, []string{`name="number"`}},
			"slow":      {pay(byCard(slow)), 200, "Payment in progress · My company", []string{"Check again"}, []string{"<form"}},
			"cancelled": {release, 200, "Payment cancelled · My company", []string{"can&#39;t be paid any more"}, []string{"<form"}},
		} {
			link, id := request(t, s, nil)
			row.do(link, id)
			page := get(t, link)
			require.Equal(t, []any{row.status, row.title}, []any{page.Status, title(page.Body)}, name)
			require.True(t, has(page.Body, row.has...), "%s: %s", name, page.Body)
			for _, absent := range row.hasNot {
				require.NotContains(t, page.Body, absent, name)
			}
		}
	}, app.WithClock(hands.Clock()))
}

// TestALinkThatIsOver: wrong, cut, old and erased links are one page, which names nobody.
func TestALinkThatIsOver(t *testing.T) {
	t.Parallel()
	hands := clock.NewFake(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	s := apptest.SQLite(t, app.WithClock(hands.Clock()))
	link, _ := request(t, s, m{"expireDate": "2026-11-25T13:00:00Z"})
	require.Equal(t, 200, get(t, link).Status)
	lost := get(t, s.URL+"/pay/AAAAAAAAAAAAAAAAAAAAAA")
	plain := func(body string) string { return regexp.MustCompile(`/pay/[^"]*`).ReplaceAllString(body, "") }
	require.Equal(t, []any{404, "Link not valid"}, []any{lost.Status, title(lost.Body)})
	hands.Advance(time.Hour)
	for _, address := range []string{link, link + "/return", link + "/continue", link + "x", link[:len(link)-1], link + "/", link + "/a/b", s.URL + "/pay/", s.URL + "/pay/%00%ff'\"><script>alert(1)</script>"} {
		page := get(t, address)
		require.Equal(t, []any{404, plain(lost.Body)}, []any{page.Status, plain(page.Body)}, address)
	}
	sent := post(t, link, byCard(approved))
	require.Equal(t, []any{404, plain(lost.Body)}, []any{sent.Status, plain(sent.Body)})
}

// TestHeaders: every answer forbids what the page does not need.
// Shows: PCI DSS 6.4.3, 11.6.1
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	link, _ := request(t, s, nil)
	for name, a := range map[string]answer{
		"form": get(t, link), "lost": get(t, link+"x"), "faults": post(t, link, byCard("1")), "refused": post(t, link, byCard("1"), "Sec-Fetch-Site", "cross-site"),
		"declined": post(t, link, byCard(noMoney)), "elsewhere": post(t, link, byCard(approved, "seen", "1")), "paid": get(t, link),
	} {
		h := a.Header
		require.Regexp(t, `^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; script-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$`, h.Get("Content-Security-Policy"), name)
		require.Equal(t, []string{"no-store", "no-referrer", "noindex, nofollow", "nosniff", "DENY"},
			[]string{h.Get("Cache-Control"), h.Get("Referrer-Policy"), h.Get("X-Robots-Tag"), h.Get("X-Content-Type-Options"), h.Get("X-Frame-Options")}, name)
		require.Empty(t, h.Values("Set-Cookie"), name)
		require.NotContains(t, a.Body, "://cdn", name)
	}
}

func TestLanguagesOfThePage(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: s.Test, Body: m{"name": "Ana", "email": "ana@example.com", "preferences": m{"language": "pt-BR"}}})
	require.Equal(t, 200, c.Status, string(c.Body))
	hers, _ := request(t, s, m{"clientId": c.ID(t)})
	anybodys, _ := request(t, s, nil)
	for name, row := range map[string]struct{ address, accept, tag, title string }{
		"hers":          {hers, "fr", `<html lang="pt" dir="ltr">`, "Pagar €\u00a049,90 a My company"},
		"hers, asked":   {hers + "?lang=de", "fr", `<html lang="de" dir="ltr">`, "49,90\u00a0€ an My company zahlen"},
		"anybody's":     {anybodys, "fr", `<html lang="fr" dir="ltr">`, "Payer 49,90\u00a0€ à My company"},
		"right to left": {anybodys, "ar-EG", `<html lang="ar" dir="rtl">`, "ادفع \u206849.90\u00a0EUR\u2069 إلى \u2068My company\u2069"},
		"lost":          {anybodys + "x?lang=es", "", `<html lang="es" dir="ltr">`, "Enlace no válido"},
	} {
		page := get(t, row.address, "Accept-Language", row.accept)
		require.Contains(t, page.Body, row.tag, name)
		require.Equal(t, row.title, title(page.Body), name)
	}
	asked := post(t, anybodys+"?lang=ar", byCard(approved))
	require.True(t, strings.HasSuffix(asked.Location, "/return?lang=ar"), asked.Location)
}

// TestFormsThatAreRefused, each with nothing paid, and the twin that pays.
func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		raw := func(body, media string) func(string) answer {
			return func(link string) answer {
				return send(t, "POST", link, http.Header{"Content-Type": {media}}, strings.NewReader(body))
			}
		}
		form := func(change ...string) func(string) answer {
			return func(link string) answer { return post(t, link, byCard(approved, change...)) }
		}
		from := func(header ...string) func(string) answer {
			return func(link string) answer { return post(t, link, byCard(approved), header...) }
		}
		const paid = 303
		for name, row := range map[string]struct {
			send   func(string) answer
			status int
		}{
			"as the page sends it":      {form(), paid},
			"other digits and spaces":   {form("number", "٥٥٥٥ ٥٥٥٥ ٥٥٥٥ ٤٤٤٤", "expiry", "٠٩٣٨", "code", "٩١٨"), paid},
			"a field more":              {form("amount", "0.01", "currency", "XXX"), paid},
			"no number":                 {form("number", ""), 422},
			"wrong check digit":         {form("number", "5555555555554445"), 422},
			"twenty digits":             {form("number", "55555555555544440000"), 422},
			"past":                      {form("expiry", "10/20"), 422},
			"month 13":                  {form("expiry", "13/38"), 422},
			"no code":                   {form("code", ""), 422},
			"no name":                   {form("name", " "), 422},
			"markup in every field":     {form("name", "\x00<script>", "number", "<script>", "expiry", "<script>", "code", "<script>"), 422},
			"no way of paying":          {form("method", ""), 400},
			"a way that does not exist": {form("method", "GOLD"), 400},
			"a card for another way":    {form("method", "PAYPAL"), 400},
			"no count of tries":         {form("seen", "x"), 400},
			"JSON":                      {raw(`{"method":"CREDIT_CARD"}`, "application/json"), 415},
			"multipart":                 {raw("--x--", "multipart/form-data; boundary=x"), 415},
			"no type":                   {raw("a=b", ""), 415},
			"broken escapes":            {raw("number=%zz&method=CREDIT_CARD&seen=0", formType), 400},
			"16 KiB and more":           {form("name", strings.Repeat("x", 17<<10)), 413},
			"our own page":              {from("Sec-Fetch-Site", "same-origin", "Origin", "null"), paid},
			"our page, old browser":     {from("Origin", "null"), paid},
			"our page, by origin":       {from("Origin", s.URL), paid},
			"another site":              {from("Sec-Fetch-Site", "cross-site"), 403},
			"another site's frame":      {from("Sec-Fetch-Site", "cross-site", "Origin", "null"), 403},
			"another site, old browser": {from("Origin", "https://evil.example"), 403},
			"a neighbour's site":        {from("Sec-Fetch-Site", "same-site"), 403},
		} {
			link, id := request(t, s, nil)
			got := row.send(link)
			require.Equal(t, row.status, got.Status, "%s: %s", name, got.Body)
			status, tries := standing(t, s, id)
			if row.status == paid {
				require.Equal(t, []any{payment.Paid, 1}, []any{status, tries}, name)
				continue
			}
			require.Equal(t, []any{payment.Waiting, 0}, []any{status, tries}, name)
			require.Equal(t, 1, strings.Count(got.Body, "<script"), name)
			require.Contains(t, got.Header.Get("Content-Type"), "text/html", name)
		}
	})
}

// TestFaultsStandBesideTheirFields, so that a screen reader hears which is which.
func TestFaultsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	link, _ := request(t, s, nil)
	page := post(t, link, byCard("4000 0000 0000 9996", "expiry", "13/38"))
	require.Equal(t, "Error: check your details · My company", title(page.Body))
	for _, part := range []string{`value="Zoë Łukasz"`, `role="alert" tabindex="-1" autofocus`, `<a href="#number">Check the card number.`, `aria-invalid="true" aria-describedby="number-error"`,
		`aria-invalid="true" aria-describedby="expiry-error expiry-hint"`, `<p class="error" id="expiry-error">`} {
		require.Contains(t, page.Body, part)
	}
	require.NotContains(t, page.Body, `id="code-error"`)
	require.NotContains(t, page.Body, "13/38")
}

// TestCardsStayNowhere: not in an answer, the log or a file of the database
// (PCI DSS 3.3.1, 3.5.1).
// Shows: PCI DSS 3.2.1, 3.3.1, 3.5.1
func TestCardsStayNowhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		link, id := request(t, s, nil)
		const number, name = "5555555555554444", "Wilhelmina Zzyzx"
		secrets := []string{number, "5555 5555 5555 4444", "%205555", name}
		none := func(where, text string, but ...string) {
			for _, secret := range secrets {
				if len(but) == 0 || secret != but[0] {
					require.NotContains(t, text, secret, where)
				}
			}
		}
		faults := post(t, link, byCard(number, "name", name, "code", "1"))
		require.Equal(t, 422, faults.Status)
		require.Contains(t, faults.Body, name)
		none("faults", faults.Body, name)
		for _, field := range []string{"name", "expiry", "code", "method", "seen", "save"} {
			none(field, post(t, link, byCard(number, field, number, "name", number)).Body)
		}
		declined := post(t, link, byCard("4000000000009995", "name", name))
		require.Equal(t, 402, declined.Status)
		require.NotContains(t, declined.Body, "4000000000009995")
		require.True(t, has(declined.Body, `value="`+name, `value="09/38"`, "not enough money on this card"), declined.Body)
		none("later", get(t, link).Body)
		require.Equal(t, 303, post(t, link, byCard(number, "name", name, "seen", "1")).Status)
		none("paid", get(t, link).Body)
		status, _ := standing(t, s, id)
		require.Equal(t, payment.Paid, status)
		confirming, _ := request(t, s, nil)
		require.Equal(t, 303, post(t, confirming, byCard(challenged, "name", name)).Status)
		none("log", s.Logs.String())
		for _, token := range []string{link[len(link)-22:], confirming[len(confirming)-22:]} {
			secrets = append(secrets, token)
			require.NotContains(t, s.Logs.String(), token, "a token in the log")
		}
		files := 0
		require.NoError(t, filepath.WalkDir(s.Config.DataDir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			none(path, string(text))
			files++
			return err
		}))
		require.Positive(t, files)
	})
}

// TestADoubleClickIsOneTry: whatever the outcome, the store lets one of twenty through.
func TestADoubleClickIsOneTry(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for number, want := range map[string]payment.Status{approved: payment.Paid, noMoney: payment.Unpaid, challenged: payment.Pending} {
			link, id := request(t, s, nil)
			var clicks sync.WaitGroup
			for range 20 {
				clicks.Go(func() {
					got := post(t, link, byCard(number))
					require.Contains(t, []int{303, 402}, got.Status)
				})
			}
			clicks.Wait()
			status, tries := standing(t, s, id)
			require.Equal(t, []any{want, 1}, []any{status, tries})
		}
	})
}

// TestTheCustomerAgreesToWhatTheyRead: the evidence is the page's sentence.
// Shows: GDPR Art. 7(1)
func TestTheCustomerAgreesToWhatTheyRead(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: s.Test, Body: m{"name": "Zoë", "email": "zoe@example.com"}})
		consents := func() string {
			return string(s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprintf("/customers/%d/consents", c.ID(t)), Key: s.Test}).Body)
		}
		link, _ := request(t, s, m{"clientId": c.ID(t)})
		page := get(t, link+"?lang=de")
		text := regexp.MustCompile(`<label for="save">([^<]*)</label>`).FindStringSubmatch(page.Body)
		require.Len(t, text, 2, page.Body)
		require.NotContains(t, page.Body, "checked")

		require.Equal(t, 303, post(t, link+"?lang=de", byCard(approved)).Status)
		require.NotContains(t, consents(), "payment_page", "nobody ticked the box")
		link, _ = request(t, s, m{"clientId": c.ID(t)})
		require.Equal(t, 303, post(t, link+"?lang=de", byCard(approved, "save", "yes")).Status)
		require.True(t, has(consents(), text[1], `"payment_page"`, `"payment-page/1"`, `"de"`), consents())

		saved, _ := request(t, s, m{"clientId": c.ID(t)})
		require.NotContains(t, get(t, saved).Body, "4444", "a saved card is for its owner, not for whoever has a link")
		without, _ := request(t, s, nil)
		require.NotContains(t, get(t, without).Body, `name="save"`)
		require.Equal(t, 303, post(t, without, byCard(approved, "save", "yes")).Status)
	})
}

// TestLimits against guessing links and trying cards.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	link, id := request(t, s, nil)
	for try := range 10 {
		declined := post(t, link, byCard(noMoney, "seen", fmt.Sprint(try)))
		require.Equal(t, map[bool]int{false: 402, true: 429}[try == 9], declined.Status)
	}
	for _, a := range []answer{get(t, link), post(t, link, byCard(approved, "seen", "10"))} {
		require.Equal(t, []any{429, "Too many tries · My company"}, []any{a.Status, title(a.Body)})
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	_, tries := standing(t, s, id)
	require.Equal(t, 10, tries)

	other, _ := request(t, s, nil)
	require.Equal(t, 200, get(t, other).Status)
	for range 30 {
		require.Equal(t, 404, get(t, s.URL+"/pay/AAAAAAAAAAAAAAAAAAAAAA").Status)
	}
	shut := get(t, other)
	require.Equal(t, []any{429, "Too many tries", "60"}, []any{shut.Status, title(shut.Body), shut.Header.Get("Retry-After")})
}

// TestLiveMode has no card form unless the operator said so: one button leads to the
// provider's own page, and opening ours starts nothing.
// Shows: PCI DSS 3.3.1
func TestLiveMode(t *testing.T) {
	t.Parallel()
	for accepts, row := range map[bool]struct{ form, without string }{
		false: {"Continue to payment", `name="number"`},
		true:  {`name="number"`, "Continue to payment"},
	} {
		s := apptest.Serve(t, config.Config{DataDir: t.TempDir(), LogLevel: "debug"}, config.Serve{AcceptCardData: accepts})
		link, id := requestBy(t, s, s.Live, m{"unit": "USD"})
		page := get(t, link) // nobody takes live payments yet
		require.Equal(t, []any{409, "Payment not possible · My company"}, []any{page.Status, title(page.Body)})
		require.NotContains(t, page.Body, "<form")

		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "POST", Path: "/providers", Body: apptest.LiveProvider("Live")}).Status)
		page = get(t, link)
		require.Equal(t, []any{200, "Pay $49.90 to My company"}, []any{page.Status, title(page.Body)})
		require.Contains(t, page.Body, row.form)
		require.NotContains(t, page.Body, row.without)
		require.NotContains(t, page.Body, "Test mode")
		require.Contains(t, string(s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprintf("/payment-requests/%d", id)}).Body), `"paymentRequestStatusId":0`)

		sent := post(t, link, byCard(approved))
		if accepts {
			require.Equal(t, 303, sent.Status, sent.Body)
			continue
		}
		require.Equal(t, 400, sent.Status, "a card that nobody asked for")
		sent = post(t, link, url.Values{"method": {"CREDIT_CARD"}, "seen": {"0"}})
		require.True(t, strings.HasSuffix(sent.Location, "/continue"), sent.Location)
		require.Contains(t, get(t, s.URL+sent.Location).Body, `content="0;url=`+s.URL+"/sandbox/challenge/")
	}
}

// TestChallengesAndOtherWays: who confirms, who fails, who comes back to choose again.
func TestChallengesAndOtherWays(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		onward := regexp.MustCompile(`content="0;url=([^"]+)"`)
		start := func(form url.Values, more m) (link string, id int64, bank string) {
			link, id = request(t, s, more)
			sent := post(t, link, form)
			require.True(t, strings.HasSuffix(sent.Location, "/continue"), sent.Location)
			page := get(t, s.URL+sent.Location)
			require.Equal(t, 200, page.Status)
			found := onward.FindStringSubmatch(page.Body)
			require.Len(t, found, 2, page.Body)
			return link, id, found[1]
		}
		decide := func(bank, decision string) answer {
			back := post(t, bank, url.Values{"decision": {decision}})
			require.Equal(t, 303, back.Status, back.Body)
			return get(t, back.Location)
		}
		other := url.Values{"method": {"PAYPAL"}, "seen": {"0"}}

		_, id, bank := start(byCard(challenged), nil)
		require.Equal(t, "Payment complete · My company", title(decide(bank, "confirm").Body))
		status, _ := standing(t, s, id)
		require.Equal(t, payment.Paid, status)

		_, _, bank = start(byCard(challenged), nil)
		failed := decide(bank, "fail")
		require.Equal(t, "Payment declined · My company", title(failed.Body))
		require.Contains(t, failed.Body, "The payment was not confirmed.")

		_, id, bank = start(other, m{"failureUrl": "https://shop.example/no"})
		require.Contains(t, decide(bank, "fail").Body, fmt.Sprintf("https://shop.example/no?paymentRequestId=%d&amp;status=unpaid", id))

		link, id, _ := start(other, nil)
		require.Equal(t, 303, post(t, link+"/again", url.Values{}).Status)
		require.Equal(t, 403, post(t, link+"/again", url.Values{}, "Sec-Fetch-Site", "cross-site").Status)
		require.Contains(t, get(t, link).Body, "The last try did not go through")
		require.Equal(t, 303, post(t, link, byCard(approved, "seen", "1")).Status)
		status, tries := standing(t, s, id)
		require.Equal(t, []any{payment.Paid, 2}, []any{status, tries})
		require.Equal(t, 303, get(t, link+"/continue").Status, "nothing to confirm any more")
	})
}

// TestSuspendedShop: its pages say so and take nothing; what was paid is shown, and
// afterwards the same link works.
func TestSuspendedShop(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	open, openID := request(t, s, nil)
	done, _ := request(t, s, nil)
	require.Equal(t, 303, post(t, done, byCard(approved)).Status)
	owners, err := s.App.Owners.List(t.Context())
	require.NoError(t, err)
	stand := func(body m) {
		got := s.Do(t, apptest.Request{Method: "PATCH", Path: fmt.Sprint("/owners/", owners[0].ID), Key: s.Operator, Body: body})
		require.Equal(t, 200, got.Status, string(got.Body))
	}
	stand(m{"status": "suspended", "reason": "Unpaid"})
	page := get(t, open)
	require.Equal(t, []any{503, "Shop unavailable · My company"}, []any{page.Status, title(page.Body)})
	require.NotContains(t, page.Body, "Unpaid")
	sent := post(t, open, byCard(approved))
	require.Equal(t, 303, sent.Status)
	status, tries := standing(t, s, openID)
	require.Equal(t, []any{payment.Waiting, 0}, []any{status, tries})
	require.Equal(t, 200, get(t, done).Status, "paid stays paid")
	stand(m{"status": "active"})
	require.Equal(t, 200, get(t, open).Status)
	require.Equal(t, 303, post(t, open, byCard(approved)).Status)
	status, _ = standing(t, s, openID)
	require.Equal(t, payment.Paid, status)
}
