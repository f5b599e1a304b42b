package apptest

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
)

// LiveKind is a provider for tests of live mode: the sandbox's own ledger, which refuses
// live accounts, behind a wrapper that says test.
const LiveKind = "livebox"

// LiveProvider is the body of POST /providers that adds one.
func LiveProvider(name string) map[string]any {
	return map[string]any{"kind": LiveKind, "name": name, "credentials": map[string]string{"callback": "callback-secret-of-tests", "fingerprint": "fingerprint-secret-of-tests"}}
}

// withLive adds the provider to every app that tests open.
func withLive() app.Option {
	return app.WithConnectors(func(a *app.App) provider.Registry {
		about := sandbox.About()
		about.Kind, about.TestOnly = LiveKind, false
		return provider.Registry{LiveKind: {About: about, Connector: live{a.Sandbox}}}
	})
}

// live is the sandbox as a live provider.
type live struct{ box *sandbox.Connector }

func test(a provider.Account) provider.Account {
	a.Mode = auth.Test
	return a
}

func (l live) Authorise(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	return l.box.Authorise(ctx, test(a), c)
}

func (l live) Capture(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return l.box.Capture(ctx, test(a), r)
}

func (l live) Cancel(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return l.box.Cancel(ctx, test(a), r)
}

func (l live) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	return l.box.Refund(ctx, test(a), o)
}

func (l live) Fetch(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return l.box.Fetch(ctx, test(a), r)
}

func (l live) ParseCallback(a provider.Account, c provider.Callback) ([]provider.Notice, error) {
	return l.box.ParseCallback(test(a), c)
}

func (l live) Page(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	return l.box.Page(ctx, test(a), c)
}

func (l live) Keep(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	return l.box.Keep(ctx, test(a), c)
}

func (l live) Forget(ctx context.Context, a provider.Account, token string) error {
	return l.box.Forget(ctx, test(a), token)
}

func (l live) ForgetPayer(ctx context.Context, a provider.Account, payer string) error {
	return l.box.ForgetPayer(ctx, test(a), payer)
}

func (l live) Report(ctx context.Context, a provider.Account, from, to time.Time, each func(provider.Entry) error) error {
	return l.box.Report(ctx, test(a), from, to, each)
}

func (l live) Contest(ctx context.Context, a provider.Account, dispute, evidence string) error {
	return l.box.Contest(ctx, test(a), dispute, evidence)
}
