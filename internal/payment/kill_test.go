package payment_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

// order is what a child process does before it is killed.
type order struct {
	Config  config.Config
	Step    string
	Request int64
	Start   time.Time
}

const orderVariable = "FLORIN_TEST_KILL_ORDER"

// steps are the places at which a process dies: inside a unit before its commit, before
// the provider is called, after it acted, and after everything is done.
func steps() []string {
	return []string{"pay in the first unit", "pay before the provider", "pay after the provider", "pay in the last unit", "pay at its end",
		"refund in the first unit", "refund before the provider", "refund after the provider", "refund in the last unit", "refund at its end"}
}

// deadly is the sandbox in a process that dies at a step. kill -9 leaves no deferred call
// and flushes nothing.
type deadly struct {
	provider.Connector
	step string
}

func die(at, step string) {
	if at == step {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d deadly) Authorise(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	die("pay before the provider", d.step)
	out, err := d.Connector.Authorise(ctx, a, c)
	die("pay after the provider", d.step)
	return out, err
}

func (d deadly) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	die("refund before the provider", d.step)
	out, err := d.Connector.Refund(ctx, a, o)
	die("refund after the provider", d.step)
	return out, err
}

func dying(what, step string) payment.Keep {
	return payment.Keep{
		Begin: func(*db.Tx, payment.Result) error { die(what+" in the first unit", step); return nil },
		End:   func(*db.Tx, payment.Result) error { die(what+" in the last unit", step); return nil },
	}
}

// TestChild is the process that dies. By itself it is nothing.
func TestChild(t *testing.T) {
	text := os.Getenv(orderVariable)
	if text == "" {
		t.Skip("runs only as a child of TestKilled")
	}
	var o order
	require.NoError(t, json.Unmarshal([]byte(text), &o))
	d := openAt(t, o.Config, o.Start, app.WithConnectors(func(a *app.App) provider.Registry {
		about := provider.About{Kind: "sandbox", Methods: provider.Kinds(), TestOnly: true, Credentials: []provider.Field{{Name: "callback", Secret: true}, {Name: "fingerprint", Secret: true}}}
		return provider.Registry{"sandbox": {About: about, Connector: deadly{a.Sandbox, o.Step}}}
	}))
	if strings.HasPrefix(o.Step, "pay") {
		_, err := d.Payments.Pay(t.Context(), d.g, o.Request, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good)}, dying("pay", o.Step))
		require.NoError(t, err)
		die("pay at its end", o.Step)
	}
	_, err := d.Payments.Refund(t.Context(), d.g, o.Request, "4", dying("refund", o.Step))
	require.NoError(t, err)
	die("refund at its end", o.Step)
	t.Fatal("should be dead by now")
}

// TestKilled kills the process at every step of a payment and of a refund. After the
// restart the completer brings each to the state that the provider's ledger says.
func TestKilled(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json")}
		require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		// Each process has hours of its own, or two would make the same ids.
		hours := start
		next := func() time.Time { hours = hours.Add(3 * time.Hour); return hours }
		for _, step := range steps() {
			killAt(t, c, step, next)
		}
	})
}

func killAt(t *testing.T, c config.Config, step string, next func() time.Time) {
	t.Helper()
	before := openAt(t, c, next())
	customerID := before.customerOf(t, step)
	q := before.request(t, customerID, "10", "USD")
	if strings.HasPrefix(step, "refund") {
		before.paid(t, q.ID)
	}
	require.NoError(t, before.shut())

	text, err := json.Marshal(order{c, step, q.ID, next()})
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	child.Env = append(os.Environ(), orderVariable+"="+string(text))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s: %s", step, out)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "%s: %s", step, out)

	after := openAt(t, c, next())
	after.pass(t, time.Minute)
	after.pass(t, time.Hour)
	ended := after.get(t, q.ID)
	taken, held := after.ledger(t, ended)
	require.Zero(t, held, step)
	require.NotEqual(t, payment.Pending, ended.Status, step)
	want := int64(0)
	if ended.Status == payment.Paid {
		want = ended.Amount.Minor - ended.Refunded
	}
	require.Equal(t, want, taken, "%s: the provider's ledger", step)
	require.Equal(t, strings.HasPrefix(step, "refund") || step == "pay after the provider" || step == "pay in the last unit" || step == "pay at its end",
		ended.Status == payment.Paid, step)
	after.requireSums(t, customerID)
	if ended.Status != payment.Paid {
		after.paid(t, q.ID) // and it can be paid still
	}
	require.NoError(t, after.shut())
}
