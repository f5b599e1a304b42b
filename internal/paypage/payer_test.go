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
	"github.com/florin-gateway/florin/internal/payment"
)

// axe finds faults of accessibility (WCAG 2.2 A and AA, and good practice).
//
//go:embed testdata/axe.min.js
var axe string

// accessible runs axe in the page, past the page's policy: the protocol's scripts are not
// the page's.
func (b *tab) accessible(name string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](axe + ";0"))
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html).join(' ')))`, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	require.Empty(b.t, found, name)
}

// fits: nothing sticks out sideways, and what is pressed is at least 44 px high and wide
// (WCAG 1.4.10, 2.5.5), links within a sentence aside.
func (b *tab) fits(name string) {
	b.t.Helper()
	wide := eval[[]string](b, `[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 1 || r.left < -1) }).map(e => e.outerHTML.slice(0, 120))`)
	require.Empty(b.t, wide, name)
	require.LessOrEqual(b.t, eval[int](b, `document.documentElement.scrollWidth - innerWidth`), 0, name)
	small := eval[[]string](b, `[...document.querySelectorAll('a, button, input:not([type=hidden])')].map(e => e.type === 'checkbox' ? e.parentElement : e).filter(e => { const r = e.getBoundingClientRect(); return r.height < 44 || r.width < 44 }).map(e => e.outerHTML.slice(0, 120))`)
	require.Empty(b.t, small, name)
}

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
	for name, pay := range map[string]func(t *testing.T, b *tab){
		"declined, then another card, and on to the shop": func(t *testing.T, b *tab) {
			link, id := request(t, s, back)
			b.visit(link)
			b.fillCard(noMoney)
			b.click("form button")
			b.until("Payment declined")
			b.do(chromedp.WaitReady(chromedp.CSS("#errors:focus"))) // the browser moves it after the title is there
			require.Equal(t, []string{"errors", "Zoë Łukasz", "", "09/38", ""}, eval[[]string](b, `[document.activeElement.id, ...['name', 'number', 'expiry', 'code'].map(id => document.getElementById(id).value)]`))
			b.accessible("declined")
			b.fill("number", approved, "code", "918")
			b.click("form button")
			b.until("Shop /ok paid []")
			paid(t, s, id, 2)
		},
		"confirms at the bank": func(t *testing.T, b *tab) {
			link, id := request(t, s, back)
			b.visit(link)
			b.fillCard(challenged)
			b.click("form button")
			b.until("Confirm your payment · Sandbox")
			b.click(".yes")
			b.until("Shop /ok paid []")
			paid(t, s, id, 1)
		},
		"does not confirm, and the shop hears": func(t *testing.T, b *tab) {
			link, id := request(t, s, back)
			b.visit(link)
			b.fillCard(challenged)
			b.click("form button")
			b.until("Confirm your payment · Sandbox")
			b.click("button:not(.yes)")
			b.until("Shop /no unpaid []")
			status, _ := standing(t, s, id)
			require.Equal(t, payment.Unpaid, status)
		},
		"comes back from the bank and pays another way": func(t *testing.T, b *tab) {
			link, id := request(t, s, nil)
			b.visit(link)
			b.fillCard(challenged)
			b.click("form button")
			b.until("Confirm your payment · Sandbox")
			b.back()
			b.until("Confirm your payment · My company")
			b.accessible("confirm")
			b.click(".second")
			b.until("Pay €49.90")
			b.accessible("retry")
			b.click("button[value=PAYPAL]")
			b.until("Confirm your payment · Sandbox")
			b.click(".yes")
			b.until("Payment complete")
			b.accessible("paid")
			paid(t, s, id, 2)
		},
		"clicks twice": func(t *testing.T, b *tab) {
			link, id := request(t, s, nil)
			b.visit(link)
			b.fillCard(approved)
			b.do(chromedp.DoubleClick(chromedp.CSS("form button")))
			b.until("Payment complete")
			paid(t, s, id, 1)
		},
		"goes back after paying": func(t *testing.T, b *tab) {
			link, id := request(t, s, nil)
			b.visit(link)
			b.fillCard(approved)
			b.click("form button")
			b.until("Payment complete")
			b.back()
			b.until("Payment complete")
			paid(t, s, id, 1)
		},
		"reloads a declined page": func(t *testing.T, b *tab) {
			link, id := request(t, s, nil)
			b.visit(link)
			b.fillCard(noMoney)
			b.click("form button")
			b.until("Payment declined")
			b.do(chromedp.Reload())
			b.until("Pay €49.90")
			status, tries := standing(t, s, id)
			require.Equal(t, []any{payment.Unpaid, 1}, []any{status, tries})
		},
		"has no scripts": func(t *testing.T, b *tab) {
			link, id := request(t, s, back)
			call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			b.visit(link)
			b.fillCard(challenged)
			b.click("form button")
			b.do(chromedp.WaitVisible(chromedp.CSS(".yes")))
			b.click(".yes")
			b.until("Shop /ok paid []")
			paid(t, s, id, 1)
		},
		"has a keyboard alone": func(t *testing.T, b *tab) {
			link, id := request(t, s, nil)
			b.visit(link)
			key := func(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }
			key(kb.Tab + "Zoë" + kb.Tab + approved + kb.Tab + "0938" + kb.Tab + "9" + kb.Enter)
			b.until("Error: check your details")
			b.do(chromedp.WaitReady(chromedp.CSS("#errors:focus")))
			key(kb.Tab)
			require.Equal(t, "#code", eval[string](b, "document.activeElement.getAttribute('href')"))
			require.NotEqual(t, "none", eval[string](b, "getComputedStyle(document.activeElement).outlineStyle"), "focus must be seen")
			b.follow()
			b.do(chromedp.WaitReady(chromedp.CSS("#code:focus")))
			key("918")
			b.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)), chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)))
			b.do(chromedp.WaitReady(chromedp.CSS("#number:focus")))
			key(approved + kb.Enter)
			b.until("Payment complete")
			paid(t, s, id, 1)
		},
		"follows an old link": func(t *testing.T, b *tab) {
			b.visit(s.URL + "/pay/AAAAAAAAAAAAAAAAAAAAAA")
			b.until("Link not valid")
			b.accessible("lost")
			b.fits("lost")
			b.click("a[lang=de]")
			b.until("Link ungültig")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, 390, 800, false)
			b.quiet()
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
			b := open(t, row.width, 800, row.dark)
			b.quiet()
			b.visit(link + "?lang=" + language)
			b.accessible("form")
			b.fits("form")
			ground := eval[string](b, "getComputedStyle(document.body).backgroundColor")
			require.Equal(t, map[bool]string{true: "rgb(17, 19, 23)", false: "rgb(243, 244, 247)"}[row.dark], ground)
			b.click("form button")
			b.do(chromedp.WaitVisible(chromedp.ID("code-error")))
			b.accessible("faults")
			b.fits("faults")
			require.Equal(t, []string{map[bool]string{true: "rtl", false: "ltr"}[language == "ar"], "ltr", "ltr"},
				eval[[]string](b, "[document.body, document.getElementById('number'), document.querySelector('bdi.digits')].map(e => getComputedStyle(e).direction)"))
			b.fillCard(approved)
			b.click("form button")
			b.do(chromedp.WaitVisible(chromedp.CSS(".done")))
			b.accessible("paid")
			b.fits("paid")
		})
	}
}
