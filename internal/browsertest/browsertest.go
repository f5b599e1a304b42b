package browsertest

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

// Browser is one Chromium for all tests of a package; each has a tab and a profile of its
// own in it. The zero Browser is none.
type Browser struct{ ctx context.Context }

// Run starts the browser for a package's tests, runs them and gives their exit code.
func Run(m *testing.M, b *Browser) int {
	return b.with(m.Run)
}

// with starts the browser on an empty profile, with nothing that calls its maker.
func (b *Browser) with(run func() int) int {
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
	b.ctx = ctx
	return run()
}

// Tab is somebody's browser. Every step ends with an answer or fails the test.
type Tab struct {
	t      *testing.T
	ctx    context.Context
	loaded chan struct{}
}

// patience is for a busy machine; nothing waits that long when it works.
const patience = 2 * time.Minute

// Open gives a tab of a size, light or dark. Without Chromium the test is skipped.
func (b *Browser) Open(t *testing.T, width, height int64, dark bool) *Tab {
	t.Helper()
	if b.ctx == nil {
		t.Skip("no Chromium: install it (Debian: apt-get install chromium) or name it in FLORIN_TEST_CHROMIUM")
	}
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	require.NoError(t, chromedp.Do(ctx))
	bounded, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	tab := &Tab{t, bounded, make(chan struct{}, 1)}
	tab.watch()
	mobile := width < 600
	Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: mobile})
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	return tab
}

func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return result
}

func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *Tab) Visit(address string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(address))
}

func (b *Tab) Fill(fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.Do(chromedp.SendKeys(chromedp.ID(fields[i]), fields[i+1]))
	}
}

func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Until waits for the page whose title begins so: it looks again each time a page has
// loaded.
func (b *Tab) Until(title string) {
	b.t.Helper()
	for {
		now, err := chromedp.Run(b.ctx, chromedp.Title())
		if err == nil && strings.HasPrefix(now, title) {
			return
		}
		select {
		case <-b.loaded:
		case <-b.ctx.Done():
			b.t.Fatalf("waiting for the title %q at %q: %s", title, b.Location(), b.Text())
		}
	}
}

// watch hears of every page that has loaded.
func (b *Tab) watch() {
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

func (b *Tab) Location() string {
	at, _ := chromedp.Run(context.WithoutCancel(b.ctx), chromedp.Location())
	return at
}

func (b *Tab) Text() string {
	text, _ := chromedp.Run(context.WithoutCancel(b.ctx), chromedp.Evaluate[string]("document.title + ': ' + document.body.innerText"))
	return text
}

func Eval[T any](b *Tab, script string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return value
}

// Await is Eval of what a promise comes to.
func Await[T any](b *Tab, script string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return value
}

// Back is the browser's back button.
func (b *Tab) Back() {
	b.t.Helper()
	history := Call(b, page.GetNavigationHistory, cdp.Empty{})
	require.Positive(b.t, history.CurrentIndex)
	Call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
}

// Follow presses Enter on a link. A keyboard's Enter is one key press to the browser, which
// keeps its character from what the link moves the focus to; KeyEvent's is two.
func (b *Tab) Follow() {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		Call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13})
	}
}

// Quiet fails a test whose page made the browser complain: a policy that blocks something,
// or a request for what is not there.
func (b *Tab) Quiet() {
	b.t.Helper()
	Call(b, log.Enable, cdp.Empty{})
	complaints := chromedp.Events(b.ctx, log.EntryAdded)
	go func() {
		for entry, err := range complaints {
			if err != nil {
				return
			}
			advice := entry.Entry.Level == "verbose"
			if !advice && !strings.Contains(entry.Entry.Text, "status of 4") { // our own refusals
				b.t.Errorf("the browser complains: %s", entry.Entry.Text)
			}
		}
	}()
}
