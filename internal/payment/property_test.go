package payment_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

var interleavings = flag.Int("interleavings", 60, "random interleavings for each engine")

// fate says what becomes of a call to the provider.
type fate int

const (
	arrives   fate = iota
	refused        // nothing happened, and the provider says so
	lostThere      // nothing happened, and nobody knows
	lostBack       // it happened, and nobody knows
)

// flaky is the sandbox behind a bad line. Each call's fate is drawn by the test.
type flaky struct {
	provider.Connector
	mu   *sync.Mutex
	next func() fate
}

func (f flaky) fate() fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next()
}

var errLine = errors.New("the line broke")

func through[T any](f flaky, call func() (T, error)) (T, error) {
	var nothing T
	switch f.fate() {
	case refused:
		return nothing, fmt.Errorf("%w: down", provider.ErrUnavailable)
	case lostThere:
		return nothing, errLine
	case lostBack:
		_, _ = call()
		return nothing, errLine
	default:
		return call()
	}
}

func (f flaky) Authorise(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	return through(f, func() (provider.Outcome, error) { return f.Connector.Authorise(ctx, a, c) })
}

func (f flaky) Capture(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return through(f, func() (provider.Outcome, error) { return f.Connector.Capture(ctx, a, r) })
}

func (f flaky) Cancel(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return through(f, func() (provider.Outcome, error) { return f.Connector.Cancel(ctx, a, r) })
}

func (f flaky) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	return through(f, func() (provider.RefundOutcome, error) { return f.Connector.Refund(ctx, a, o) })
}

func (f flaky) Fetch(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return through(f, func() (provider.Outcome, error) { return f.Connector.Fetch(ctx, a, r) })
}

// line is the fate of calls to come, shared by a test and its connector.
type line struct {
	mu    sync.Mutex
	fates []fate
}

func (l *line) next() fate {
	if len(l.fates) == 0 {
		return arrives
	}
	f := l.fates[0]
	l.fates = l.fates[1:]
	return f
}

func (l *line) set(fates []fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fates = fates
}

// TestInterleavings: any order of tries, releases, refunds, callbacks, time and broken lines
// ends in a legal state in which three books agree: the request's, the customer's and the
// provider's own.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	var lines sync.Map // of *app.App: the engines run side by side, and one's faults are not the other's
	option := app.WithConnectors(func(a *app.App) provider.Registry {
		// It stands in the sandbox's place, so that test mode uses it without an account.
		about := provider.About{Kind: "sandbox", Methods: provider.Kinds(), TestOnly: true, Credentials: []provider.Field{{Name: "callback", Secret: true}, {Name: "fingerprint", Secret: true}}}
		bad := &line{}
		lines.Store(a, bad)
		return provider.Registry{"sandbox": {About: about, Connector: flaky{a.Sandbox, &bad.mu, bad.next}}}
	})
	each(t, func(t *testing.T, d *desk) {
		bad, known := lines.Load(d.App)
		require.True(t, known)
		count := 0
		rapid.Check(t, func(r *rapid.T) {
			if count++; count > *interleavings {
				return
			}
			play(t, r, d, bad.(*line))
		})
	}, option)
}

// play is one interleaving on one request.
func play(t *testing.T, r *rapid.T, d *desk, bad *line) {
	t.Helper()
	customerID := d.customer(t)
	q := d.request(t, customerID, rapid.SampledFrom([]string{"10", "0.01", "33.33", "12345.67"}).Draw(r, "amount"), rapid.SampledFrom([]string{"USD", "EUR"}).Draw(r, "currency"))
	for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
		fates := make([]fate, rapid.IntRange(0, 3).Draw(r, "fates"))
		for j := range fates {
			fates[j] = rapid.SampledFrom([]fate{arrives, refused, lostThere, lostBack}).Draw(r, "fate")
		}
		bad.set(fates)
		first := step(t, r, d, q.ID, i)
		if rapid.IntRange(0, 3).Draw(r, "race") == 0 {
			second := step(t, r, d, q.ID, i)
			var wg sync.WaitGroup
			wg.Go(first)
			wg.Go(second)
			wg.Wait()
		} else {
			first()
		}
		legal(t, d, q.ID, customerID)
	}
	bad.set(nil)
	for range 8 { // everything that is due gets its time
		d.pass(t, 20*time.Minute)
	}
	ended := legal(t, d, q.ID, customerID)
	require.NotEqual(t, payment.Pending, ended.Status, "nothing stays in between")
	taken, held := d.ledger(t, q)
	require.Zero(t, held)
	want := int64(0)
	if ended.Status == payment.Paid {
		want = ended.Amount.Minor - ended.Refunded
	}
	require.Equal(t, want, taken, "the provider's books, status %d", ended.Status)
}

// step draws one thing that somebody does. Refusals are fine; what is not is a wrong sum.
func step(t *testing.T, r *rapid.T, d *desk, requestID int64, i int) func() {
	t.Helper()
	ctx := context.Background()
	ok := func(err error) {
		var e *fault.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v", err)
		}
	}
	switch rapid.IntRange(0, 6).Draw(r, "what") {
	case 0, 1:
		number := rapid.SampledFrom([]string{good, declined, challenged, timesOut, repeated, disputed}).Draw(r, "card")
		delay := time.Duration(rapid.IntRange(0, 1).Draw(r, "delay")) * time.Hour
		return func() {
			_, err := d.Payments.Pay(ctx, d.g, requestID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, number), CaptureDelay: delay}, payment.Keep{})
			ok(err)
		}
	case 2:
		return func() { _, err := d.Payments.Release(ctx, d.g, requestID, payment.Keep{}); ok(err) }
	case 3:
		part := rapid.SampledFrom([]string{"", "0.01", "3.33", "10"}).Draw(r, "refund")
		return func() { _, err := d.Payments.Refund(ctx, d.g, requestID, part, payment.Keep{}); ok(err) }
	case 4:
		return func() { ok(d.Payments.GiveUp(ctx, d.g, requestID)) }
	case 5:
		return func() { _, err := d.Payments.Refresh(ctx, d.g, requestID); ok(err) }
	default:
		wait := rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, time.Minute, 35 * time.Minute, 8 * 24 * time.Hour}).Draw(r, "wait")
		return func() {
			d.clock.Advance(wait)
			_, err := d.Sandbox.DeliverDue(ctx)
			ok(err)
			_, err = d.Payments.RunDue(ctx)
			ok(err)
			_, err = d.Payments.Expire(ctx)
			ok(err)
		}
	}
}

// legal checks what must hold at every moment.
func legal(t *testing.T, d *desk, requestID, customerID int64) *payment.Request {
	t.Helper()
	q, err := d.Payments.Get(context.Background(), d.g, requestID)
	require.NoError(t, err)
	require.LessOrEqual(t, q.Refunded, q.Amount.Minor)
	require.Equal(t, q.Status == payment.Paid, !q.PaidAt.IsZero())
	kept, counted := d.sums(t, customerID)
	require.Equal(t, counted, kept)
	return q
}
