package stripe_test

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/providertest"
)

// mockVersion is Stripe's own mock, which checks each request against Stripe's OpenAPI
// document and remembers nothing.
const mockVersion = "github.com/stripe/stripe-mock@v0.203.0"

// mock builds and starts Stripe's mock, outside our module, so that it is in no go.mod.
func mock(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: Stripe's mock is not built")
	}
	dir := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", mockVersion)
	install.Dir = dir
	install.Env = append(install.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
	if text, err := install.CombinedOutput(); err != nil {
		t.Skipf("Stripe's mock can't be built, is the module proxy reachable? %v: %s", err, text)
	}
	ctx, stop := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, filepath.Join(dir, "stripe-mock"), "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	t.Cleanup(func() { stop(); _ = run.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, found := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); found {
			return "http://" + address
		}
	}
	require.Fail(t, "the mock ended before it listened")
	return ""
}

// TestRequestsAreStripes sends every call that we make to Stripe's mock. What it answers
// are fixtures; that it answers means that the request is one that Stripe knows.
func TestRequestsAreStripes(t *testing.T) {
	t.Parallel()
	base := mock(t)
	d, c := &desk{fake: &fake{}}, connector(base)
	ctx, a := t.Context(), account()
	ref := provider.Ref{Key: "k'\\1", Amount: money.Amount{Minor: 1999, Currency: "EUR"}}
	known := provider.Ref{Key: "k1", Reference: "pi_123456", Amount: ref.Amount}
	charged := d.charge(t, providertest.Approves)
	charged.Save, charged.ThreeDS, charged.Capture = true, true, false
	saved := charged
	saved.Card, saved.Token, saved.Payer, saved.MerchantInitiated = nil, "pm_123456", "cus_123456", true
	paged := charged
	paged.Card = nil
	for name, do := range map[string]func() error{
		"card":           func() error { _, err := c.Authorise(ctx, a, charged); return err },
		"saved method":   func() error { _, err := c.Authorise(ctx, a, saved); return err },
		"page":           func() error { _, err := c.Page(ctx, a, paged); return err },
		"keep a card":    func() error { _, err := c.Keep(ctx, a, charged); return err },
		"keep a token":   func() error { _, err := c.Keep(ctx, a, saved); return err },
		"keep on a page": func() error { _, err := c.Keep(ctx, a, paged); return err },
		"forget":         func() error { return c.Forget(ctx, a, "pm_123456") },
		"forget a payer": func() error { return c.ForgetPayer(ctx, a, "cus_123456") },
		"fetch by key":   func() error { _, err := c.Fetch(ctx, a, ref); return err },
		"fetch":          func() error { _, err := c.Fetch(ctx, a, known); return err },
		"fetch a page":   func() error { _, err := c.Fetch(ctx, a, provider.Ref{Key: "k", Reference: "cs_123456"}); return err },
		"fetch a setup":  func() error { _, err := c.Fetch(ctx, a, provider.Ref{Key: "k", Reference: "seti_123456"}); return err },
		"capture":        func() error { _, err := c.Capture(ctx, a, known); return err },
		"cancel":         func() error { _, err := c.Cancel(ctx, a, known); return err },
		"refund": func() error {
			_, err := c.Refund(ctx, a, provider.RefundOrder{Key: "r", Ref: known, Amount: ref.Amount})
			return err
		},
		"report": func() error {
			return c.Report(ctx, a, at().Add(-time.Hour), at(), func(provider.Entry) error { return nil })
		},
		"contest":         func() error { return c.Contest(ctx, a, "dp_123456", "It was delivered on Monday.") },
		"forget nobody's": func() error { return c.ForgetPayer(ctx, a, "") },
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, do()) })
	}
}
