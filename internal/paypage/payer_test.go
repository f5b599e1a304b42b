package paypage_test

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/browsertest"
	"github.com/florin-gateway/florin/internal/payment"
)

// shop is a merchant's own server on another origin.
func shop(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<title>Shop %s %s [%s]</title>", r.URL.Path, r.URL.Query().Get("status"), r.Referer())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func paid(t *testing.T, s *apptest.Server, id int64, wantTries int) {
	t.Helper()
	status, tries := standing(t, s, id)
	require.Equal(t, []any{payment.Paid, wantTries}, []any{status, tries})
}

// TestPayersInABrowser: each row is a payer.
func TestPayersInABrowser(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	store := shop(t)
	back := m{"successUrl": store + "/ok", "failureUrl": store + "/no"}
	for name, pay := range map[string]func(t *testing.T, b *browsertest.Tab){
		"declined, then another card, and on to the shop": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, back)
			b.Visit(link)
			fillCard(b, noMoney)
			b.Click("form button")
			b.Until("Payment declined")
			b.Do(chromedp.WaitReady(chromedp.CSS("#errors:focus"))) // the browser moves it after the title is there
			require.Equal(t, []string{"errors", "Zoë Łukasz", "", "09/38", ""}, browsertest.Eval[[]string](b, `[document.activeElement.id, ...['name', 'number', 'expiry', 'code'].map(id => document.getElementById(id).value)]`))
			b.Accessible("declined")
			b.Fill("number", approved, "code", "918")
			b.Click("form button")
			b.Until("Shop /ok paid []")
			paid(t, s, id, 2)
		},
		"confirms at the bank": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, back)
			b.Visit(link)
			fillCard(b, challenged)
			b.Click("form button")
			b.Until("Confirm your payment · Sandbox")
			b.Click(".yes")
			b.Until("Shop /ok paid []")
			paid(t, s, id, 1)
		},
		"does not confirm, and the shop hears": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, back)
			b.Visit(link)
			fillCard(b, challenged)
			b.Click("form button")
			b.Until("Confirm your payment · Sandbox")
			b.Click("button:not(.yes)")
			b.Until("Shop /no unpaid []")
			status, _ := standing(t, s, id)
			require.Equal(t, payment.Unpaid, status)
		},
		"comes back from the bank and pays another way": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, nil)
			b.Visit(link)
			fillCard(b, challenged)
			b.Click("form button")
			b.Until("Confirm your payment · Sandbox")
			b.Back()
			b.Until("Confirm your payment · My company")
			b.Accessible("confirm")
			b.Click(".second")
			b.Until("Pay €49.90")
			b.Accessible("retry")
			b.Click("button[value=PAYPAL]")
			b.Until("Confirm your payment · Sandbox")
			b.Click(".yes")
			b.Until("Payment complete")
			b.Accessible("paid")
			paid(t, s, id, 2)
		},
		"clicks twice": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, nil)
			b.Visit(link)
			fillCard(b, approved)
			b.Do(chromedp.DoubleClick(chromedp.CSS("form button")))
			b.Until("Payment complete")
			paid(t, s, id, 1)
		},
		"goes back after paying": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, nil)
			b.Visit(link)
			fillCard(b, approved)
			b.Click("form button")
			b.Until("Payment complete")
			b.Back()
			b.Until("Payment complete")
			paid(t, s, id, 1)
		},
		"reloads a declined page": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, nil)
			b.Visit(link)
			fillCard(b, noMoney)
			b.Click("form button")
			b.Until("Payment declined")
			b.Do(chromedp.Reload())
			b.Until("Pay €49.90")
			status, tries := standing(t, s, id)
			require.Equal(t, []any{payment.Unpaid, 1}, []any{status, tries})
		},
		"has no scripts": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, back)
			browsertest.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			b.Visit(link)
			fillCard(b, challenged)
			b.Click("form button")
			b.Do(chromedp.WaitVisible(chromedp.CSS(".yes")))
			b.Click(".yes")
			b.Until("Shop /ok paid []")
			paid(t, s, id, 1)
		},
		"has a keyboard alone": func(t *testing.T, b *browsertest.Tab) {
			link, id := request(t, s, nil)
			b.Visit(link)
			key := func(keys string) { t.Helper(); b.Do(chromedp.KeyEvent(keys)) }
			key(kb.Tab + "Zoë" + kb.Tab + approved + kb.Tab + "0938" + kb.Tab + "9" + kb.Enter)
			b.Until("Error: check your details")
			b.Do(chromedp.WaitReady(chromedp.CSS("#errors:focus")))
			key(kb.Tab)
			require.Equal(t, "#code", browsertest.Eval[string](b, "document.activeElement.getAttribute('href')"))
			require.NotEqual(t, "none", browsertest.Eval[string](b, "getComputedStyle(document.activeElement).outlineStyle"), "focus must be seen")
			b.Follow()
			b.Do(chromedp.WaitReady(chromedp.CSS("#code:focus")))
			key("918")
			b.Do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)), chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)))
			b.Do(chromedp.WaitReady(chromedp.CSS("#number:focus")))
			key(approved + kb.Enter)
			b.Until("Payment complete")
			paid(t, s, id, 1)
		},
		"follows an old link": func(t *testing.T, b *browsertest.Tab) {
			b.Visit(s.URL + "/pay/AAAAAAAAAAAAAAAAAAAAAA")
			b.Until("Link not valid")
			b.Accessible("lost")
			b.Fits("lost")
			b.Click("a[lang=de]")
			b.Until("Link ungültig")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := browser.Open(t, 390, 800, false)
			b.Quiet()
			pay(t, b)
		})
	}
}

// TestThePageFitsEverybody: languages, colours and narrow screens.
func TestThePageFitsEverybody(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: s.Test, Body: m{"name": "Zoë", "email": "zoe@example.com"}})
	for language, row := range map[string]struct {
		width int64
		dark  bool
		color string
	}{"en": {1280, true, "#001133"}, "es": {320, true, "#ffffff"}, "fr": {320, false, "#777777"}, "de": {320, false, "#ffd400"}, "ar": {320, true, "#7a1f3d"}, "pt": {1280, false, "#00ff88"}} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			link, _ := request(t, s, m{"clientId": c.ID(t), "amount": 1234567.89, "notes": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"})
			b := browser.Open(t, row.width, 800, row.dark)
			b.Quiet()
			b.Visit(link + "?lang=" + language)
			b.Accessible("form")
			b.Fits("form")
			ground := browsertest.Eval[string](b, "getComputedStyle(document.body).backgroundColor")
			require.Equal(t, map[bool]string{true: "rgb(17, 19, 23)", false: "rgb(243, 244, 247)"}[row.dark], ground)
			b.Click("form button")
			b.Do(chromedp.WaitVisible(chromedp.ID("code-error")))
			b.Accessible("faults")
			b.Fits("faults")
			require.Equal(t, []string{map[bool]string{true: "rtl", false: "ltr"}[language == "ar"], "ltr", "ltr"},
				browsertest.Eval[[]string](b, "[document.body, document.getElementById('number'), document.querySelector('bdi.digits')].map(e => getComputedStyle(e).direction)"))
			fillCard(b, approved)
			b.Click("form button")
			b.Do(chromedp.WaitVisible(chromedp.CSS(".done")))
			b.Accessible("paid")
			b.Fits("paid")
		})
	}
}
