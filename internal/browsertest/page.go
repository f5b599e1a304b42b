package browsertest

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe finds faults of accessibility (WCAG 2.2 A and AA, and good practice).
//
//go:embed axe.min.js
var axe string // immutable

// Accessible runs axe in the page, past the page's policy: the protocol's scripts are not
// the page's.
func (b *Tab) Accessible(name string) {
	b.t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](axe + ";0"))
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html).join(' ')))`, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	require.Empty(b.t, found, name)
}

// Fits: nothing sticks out sideways, and what is pressed is at least 44 px high and wide
// (WCAG 1.4.10, 2.5.5), links within a sentence aside.
func (b *Tab) Fits(name string) {
	b.t.Helper()
	wide := Eval[[]string](b, `[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 1 || r.left < -1) }).map(e => e.outerHTML.slice(0, 120))`)
	require.Empty(b.t, wide, name)
	require.LessOrEqual(b.t, Eval[int](b, `document.documentElement.scrollWidth - innerWidth`), 0, name)
	small := Eval[[]string](b, `[...document.querySelectorAll('a, button, input:not([type=hidden])')].map(e => e.type === 'checkbox' ? e.parentElement : e).filter(e => { const r = e.getBoundingClientRect(); return r.height < 44 || r.width < 44 }).map(e => e.outerHTML.slice(0, 120))`)
	require.Empty(b.t, small, name)
}

// Picture keeps what the tab shows, for whoever wants to look: in the folder that
// FLORIN_TEST_PICTURES names, if it does.
func (b *Tab) Picture(name string) {
	b.t.Helper()
	dir := os.Getenv("FLORIN_TEST_PICTURES")
	if dir == "" {
		return
	}
	shot := Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, strings.NewReplacer(" ", "-", ",", "").Replace(name)+".png"), shot.Data, 0o600))
}
