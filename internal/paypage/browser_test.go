package paypage_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browserPath finds Chromium as tools/testchromium does, which installs it.
func browserPath() string {
	for _, name := range []string{os.Getenv("FLORIN_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// chromium is one browser for all tests of this package; each has a tab and a profile of
// its own in it.
var chromium = struct {
	ctx  context.Context
	stop func()
}{}

func TestMain(m *testing.M) {
	code := withChromium(m.Run)
	os.Exit(code)
}

// withChromium starts the browser on an empty profile, with nothing that calls its maker.
func withChromium(run func() int) int {
	path := browserPath()
	if path == "" {
		return run()
	}
	dir, err := os.MkdirTemp("", "florin-chromium-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.DisableGPU, chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	defer stopAllocator()
	ctx, stop := chromedp.NewContext(allocator)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		panic(err)
	}
	chromium.ctx = ctx
	return run()
}

// tab is a payer's browser. Every step ends with an answer or fails the test.
type tab struct {
	t      *testing.T
	ctx    context.Context
	loaded chan struct{}
}

// patience is for a busy machine; nothing waits that long when it works.
const patience = 2 * time.Minute

func open(t *testing.T, width, height int64, dark bool) *tab {
	t.Helper()
	if chromium.ctx == nil {
		t.Skip("no Chromium: install it (Debian: apt-get install chromium) or name it in FLORIN_TEST_CHROMIUM")
	}
	ctx, stop := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	require.NoError(t, chromedp.Do(ctx))
	bounded, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b := &tab{t, bounded, make(chan struct{}, 1)}
	b.watch()
	mobile := width < 600
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile})
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	return b
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return result
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *tab) visit(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

func (b *tab) fill(fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.do(chromedp.SendKeys(chromedp.ID(fields[i]), fields[i+1]))
	}
}

func (b *tab) fillCard(number string) {
	b.t.Helper()
	b.fill("name", "Zoë Łukasz", "number", number, "expiry", "09/38", "code", "918")
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// until waits for the page whose title begins so: it looks again each time a page has
// loaded.
func (b *tab) until(title string) {
	b.t.Helper()
	for {
		now, err := chromedp.Run(b.ctx, chromedp.Title())
		if err == nil && strings.HasPrefix(now, title) {
			return
		}
		select {
		case <-b.loaded:
		case <-b.ctx.Done():
			b.t.Fatalf("waiting for the title %q at %q: %s", title, b.location(), b.text())
		}
	}
}

// watch hears of every page that has loaded.
func (b *tab) watch() {
	loads := chromedp.Events(b.ctx, page.LoadEventFired)
	go func() {
		for _, err := range loads {
			if err != nil {
				return
			}
			select {
			case b.loaded <- struct{}{}:
			default:
			}
		}
	}()
}

func (b *tab) location() string {
	at, _ := chromedp.Run(context.WithoutCancel(b.ctx), chromedp.Location())
	return at
}

func (b *tab) text() string {
	text, _ := chromedp.Run(context.WithoutCancel(b.ctx), chromedp.Evaluate[string]("document.title + ': ' + document.body.innerText"))
	return text
}

func eval[T any](b *tab, script string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return value
}

// back is the browser's back button.
func (b *tab) back() {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	require.Positive(b.t, history.CurrentIndex)
	call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
}

// follow presses Enter on a link. A keyboard's Enter is one key press to the browser, which
// keeps its character from what the link moves the focus to; KeyEvent's is two.
func (b *tab) follow() {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13})
	}
}

func has(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// quiet fails a test whose page made the browser complain: a policy that blocks something,
// or a request for what is not there.
func (b *tab) quiet() {
	b.t.Helper()
	call(b, log.Enable, cdp.Empty{})
	complaints := chromedp.Events(b.ctx, log.EntryAdded)
	go func() {
		for entry, err := range complaints {
			if err != nil {
				return
			}
			if !strings.Contains(entry.Entry.Text, "status of 4") { // our own refusals
				b.t.Errorf("the browser complains: %s", entry.Entry.Text)
			}
		}
	}()
}
