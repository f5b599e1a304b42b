package payment_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

func TestPaying(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "49.90", "EUR")
		require.Equal(t, payment.Waiting, q.Status)

		res, err := d.pay(t, q.ID, declined)
		require.NoError(t, err, "a decline has an effect and is no error")
		require.Equal(t, "insufficient_funds", res.Decline)
		require.Equal(t, payment.Unpaid, d.get(t, q.ID).Status)
		require.Zero(t, d.requireSums(t, c).Total)

		res = d.paid(t, q.ID)
		require.Equal(t, money.Amount{Minor: 6238, Currency: "USD"}, res.Base, "49.90 EUR at 1.25, rounded half away from zero")
		require.Equal(t, sums{6238, map[string]int64{"EUR": 4990}}, d.requireSums(t, c))

		_, err = d.pay(t, q.ID, good)
		require.True(t, fault.Is(err, fault.AlreadyProcessed), "%v", err)
		_, err = d.Payments.Release(t.Context(), d.g, q.ID, payment.Keep{})
		require.True(t, fault.Is(err, fault.AlreadyProcessed), "%v", err)
		taken, _ := d.ledger(t, q)
		require.Equal(t, int64(4990), taken, "the provider's books agree")
	})
}

// TestMoves: an illegal move is refused in the store itself. Each row has a legal twin.
func TestMoves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		q := d.request(t, 0, "1", "USD")
		set := func(status int64) error {
			return d.Store.Write(t.Context(), db.Realm(d.g.Realm()), func(tx *db.Tx) error {
				tx.Exec(`UPDATE payment_request SET was = status, status = $3 WHERE realm_id = $1 AND id = $2`, d.g.Realm(), q.ID, status)
				return nil
			})
		}
		for _, row := range []struct {
			to int64
			ok bool
		}{{1, false}, {2, false}, {5, false}, {4, true}, {0, false}, {5, false}, {2, true}, {1, false}, {0, false}, {4, true}, {1, true}, {0, false}, {2, false}, {3, false}, {4, false}, {1, true}} {
			if row.ok {
				require.NoError(t, set(row.to), "to %d", row.to)
			} else {
				require.Error(t, set(row.to), "to %d", row.to)
			}
		}
		over := d.Store.Write(t.Context(), db.Realm(d.g.Realm()), func(tx *db.Tx) error {
			tx.Exec(`UPDATE payment_request SET was = status, refunded = amount + 1 WHERE realm_id = $1 AND id = $2`, d.g.Realm(), q.ID)
			return nil
		})
		require.Error(t, over, "more can't be given back than was paid")
	})
}

func TestRacingAttempts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		var wg sync.WaitGroup
		won, lost := make(chan payment.Result, 20), make(chan error, 20)
		for range 20 {
			wg.Go(func() {
				res, err := d.pay(t, q.ID, good)
				if err != nil {
					lost <- err
				} else {
					won <- res
				}
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
		require.Len(t, lost, 19)
		for range 19 {
			require.True(t, fault.Is(<-lost, fault.AlreadyProcessed))
		}
		taken, _ := d.ledger(t, q)
		require.Equal(t, int64(1000), taken)
		require.Equal(t, int64(1000), d.requireSums(t, c).Total)
	})
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "100", "EUR")
		_, err := d.Payments.Refund(t.Context(), d.g, q.ID, "1", payment.Keep{})
		require.True(t, fault.Is(err, fault.RefundExceedsPaid), "unpaid: %v", err)
		d.paid(t, q.ID)

		// Fifty at once, of which thirty-three fit.
		var wg sync.WaitGroup
		errs := make(chan error, 50)
		for range 50 {
			wg.Go(func() {
				_, err := d.Payments.Refund(t.Context(), d.g, q.ID, "3.01", payment.Keep{})
				errs <- err
			})
		}
		wg.Wait()
		done := 0
		for range 50 {
			if err := <-errs; err == nil {
				done++
			} else {
				require.True(t, fault.Is(err, fault.RefundExceedsPaid), "%v", err)
			}
		}
		require.Equal(t, 33, done)
		require.Equal(t, int64(33*301), d.get(t, q.ID).Refunded)
		d.requireSums(t, c)

		res, err := d.Payments.Refund(t.Context(), d.g, q.ID, "", payment.Keep{})
		require.NoError(t, err)
		require.Equal(t, int64(10000-33*301), res.Refund.Amount.Minor, "all that is left")
		require.Equal(t, sums{0, map[string]int64{"EUR": 0}}, d.requireSums(t, c), "the last refund takes the rounding rest")
		taken, _ := d.ledger(t, q)
		require.Zero(t, taken)
		_, err = d.Payments.Refund(t.Context(), d.g, q.ID, "", payment.Keep{})
		require.True(t, fault.Is(err, fault.RefundExceedsPaid))
	})
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		q := d.request(t, d.customer(t), "10", "USD")
		res, err := d.pay(t, q.ID, challenged)
		require.NoError(t, err)
		require.Contains(t, res.RedirectURL, "https://pay.example/sandbox/challenge/")
		require.Equal(t, payment.Pending, d.get(t, q.ID).Status)
		_, err = d.pay(t, q.ID, good)
		require.True(t, fault.Is(err, fault.AlreadyProcessed), "one at a time")

		// Nobody confirms: the attempt is ended and the request can be tried again.
		d.pass(t, 31*time.Minute)
		d.pass(t, time.Hour)
		require.Equal(t, payment.Unpaid, d.get(t, q.ID).Status)
		d.paid(t, q.ID)
	})
}

func TestGivingUpAChallenge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		q := d.request(t, d.customer(t), "10", "USD")
		_, err := d.pay(t, q.ID, challenged)
		require.NoError(t, err)
		require.NoError(t, d.Payments.GiveUp(t.Context(), d.g, q.ID))
		require.Equal(t, payment.Unpaid, d.get(t, q.ID).Status)
		res, err := d.Payments.Release(t.Context(), d.g, q.ID, payment.Keep{})
		require.NoError(t, err)
		require.Equal(t, payment.Cancelled, res.Status)
		_, err = d.pay(t, q.ID, good)
		require.True(t, fault.Is(err, fault.AlreadyProcessed))
	})
}

// TestUnknownOutcome: the provider times out, and its approval comes by callback.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		res, err := d.pay(t, q.ID, timesOut)
		require.NoError(t, err)
		require.Equal(t, payment.Pending, res.Status)
		_, err = d.pay(t, q.ID, good)
		require.True(t, fault.Is(err, fault.AlreadyProcessed), "not charged again blind")
		d.pass(t, 6*time.Second)
		require.Equal(t, payment.Paid, d.get(t, q.ID).Status)
		require.Equal(t, int64(1000), d.requireSums(t, c).Total)
	})
}

// liar says once that it cancelled, and did not.
type liar struct {
	provider.Connector
	lied *bool
}

func (l liar) Cancel(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	if !*l.lied {
		*l.lied = true
		return provider.Outcome{State: provider.Cancelled}, nil
	}
	return l.Connector.Cancel(ctx, a, r)
}

// TestLateApproval: a released request stays cancelled, and the money goes back.
func TestLateApproval(t *testing.T) {
	t.Parallel()
	lied := false
	option := app.WithConnectors(func(a *app.App) provider.Registry {
		about := provider.About{Kind: "sandbox", Methods: provider.Kinds(), TestOnly: true, Credentials: []provider.Field{{Name: "callback", Secret: true}, {Name: "fingerprint", Secret: true}}}
		return provider.Registry{"sandbox": {About: about, Connector: liar{a.Sandbox, &lied}}}
	})
	onSQLite(t, option, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		_, err := d.pay(t, q.ID, timesOut)
		require.NoError(t, err)
		_, err = d.Payments.Release(t.Context(), d.g, q.ID, payment.Keep{})
		require.True(t, fault.Is(err, fault.AlreadyProcessed), "the provider is not asked while the call may still run")
		d.pass(t, 2*time.Second)
		_, err = d.Payments.Release(t.Context(), d.g, q.ID, payment.Keep{})
		require.NoError(t, err)
		require.Equal(t, payment.Cancelled, d.get(t, q.ID).Status)
		d.clock.Advance(6 * time.Second)
		_, err = d.Sandbox.DeliverDue(t.Context())
		require.NoError(t, err)
		taken, _ := d.ledger(t, q)
		require.Equal(t, int64(1000), taken, "the provider took the money after all")
		d.pass(t, time.Second)
		taken, held := d.ledger(t, q)
		require.Equal(t, []int64{0, 0}, []int64{taken, held}, "it is given back at once")
		require.Equal(t, payment.Cancelled, d.get(t, q.ID).Status)
		require.Zero(t, d.requireSums(t, c).Total)
		steps, err := d.Payments.Steps(t.Context(), d.g, q.ID)
		require.NoError(t, err)
		require.Equal(t, "reversed", steps[len(steps)-1].Code, "and logged")
	})
}

func TestRepeatedCallbacks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		_, err := d.pay(t, q.ID, repeated)
		require.NoError(t, err)
		d.pass(t, 10*time.Second)
		require.Equal(t, payment.Paid, d.get(t, q.ID).Status)
		require.Equal(t, int64(1000), d.requireSums(t, c).Total, "once")
	})
}

func TestChargeback(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		_, err := d.pay(t, q.ID, disputed)
		require.NoError(t, err)
		require.Equal(t, int64(1000), d.requireSums(t, c).Total)
		d.pass(t, 6*time.Second)
		require.Equal(t, int64(1000), d.get(t, q.ID).ChargedBack)
		require.Zero(t, d.requireSums(t, c).Total, "an open chargeback takes the money away")

		all, next, err := d.Payments.Disputes(t.Context(), d.g, "open", 0, 10)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Zero(t, next)
		require.Equal(t, q.ID, all[0].RequestID)
		require.False(t, all[0].Due.IsZero())
		require.True(t, fault.Is(d.Customers.Erase(t.Context(), d.g, c, nil), fault.CustomerOnHold), "a dispute holds the person")
		_, err = d.Payments.Refund(t.Context(), d.g, q.ID, "", payment.Keep{})
		require.True(t, fault.Is(err, fault.RefundExceedsPaid), "the bank has the money already")
	})
}

func TestDelayedCapture(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		_, err := d.Payments.Pay(t.Context(), d.g, q.ID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good), CaptureDelay: 2 * time.Hour}, payment.Keep{})
		require.NoError(t, err)
		require.Equal(t, payment.Pending, d.get(t, q.ID).Status)
		taken, held := d.ledger(t, q)
		require.Equal(t, []int64{0, 1000}, []int64{taken, held})
		d.pass(t, time.Hour)
		require.Equal(t, payment.Pending, d.get(t, q.ID).Status, "not early")
		d.pass(t, time.Hour+time.Second)
		require.Equal(t, payment.Paid, d.get(t, q.ID).Status)
		taken, held = d.ledger(t, q)
		require.Equal(t, []int64{1000, 0}, []int64{taken, held})
		d.requireSums(t, c)

		released := d.request(t, c, "10", "USD")
		_, err = d.Payments.Pay(t.Context(), d.g, released.ID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good), CaptureDelay: 2 * time.Hour}, payment.Keep{})
		require.NoError(t, err)
		res, err := d.Payments.Release(t.Context(), d.g, released.ID, payment.Keep{})
		require.NoError(t, err, "what is held is let go")
		require.Equal(t, payment.Cancelled, res.Status)
		d.pass(t, 3*time.Hour)
		taken, held = d.ledger(t, released)
		require.Equal(t, []int64{0, 0}, []int64{taken, held})
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		waiting := d.request(t, d.customer(t), "10", "USD")
		unpaid := d.request(t, d.customer(t), "10", "USD")
		_, err := d.pay(t, unpaid.ID, declined)
		require.NoError(t, err)
		_, _, err = d.Payments.ByToken(t.Context(), waiting.Token, auth.Origin{})
		require.NoError(t, err)
		d.pass(t, 7*24*time.Hour-time.Minute)
		require.Equal(t, payment.Waiting, d.get(t, waiting.ID).Status, "not early")
		d.pass(t, 2*time.Minute)
		require.Equal(t, payment.Cancelled, d.get(t, waiting.ID).Status)
		require.Equal(t, payment.Cancelled, d.get(t, unpaid.ID).Status)
		_, _, err = d.Payments.ByToken(t.Context(), waiting.Token, auth.Origin{})
		require.True(t, fault.Is(err, fault.RequestNotFound), "the link is dead")
	})
}

func TestSavedMethods(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		save := func(number string) payment.Result {
			res, err := d.Payments.Pay(t.Context(), d.g, d.request(t, c, "10", "USD").ID,
				payment.Order{Method: provider.CreditCard, Card: cardOf(t, number), Save: true, Consent: payment.Consent{Channel: "api", Text: "Keep my card"}}, payment.Keep{})
			require.NoError(t, err)
			return res
		}
		first, again, other := save(good), save(good), save("5555555555554444")
		require.Equal(t, first.MethodID, again.MethodID, "the same card is renewed, not doubled")
		require.NotEqual(t, first.MethodID, other.MethodID)
		all, err := d.Payments.SavedMethods(t.Context(), d.g, c)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.True(t, all[0].IsDefault)
		require.False(t, all[1].IsDefault)

		res, err := d.Payments.PaySaved(t.Context(), d.g, d.request(t, c, "7", "USD").ID, other.MethodID, payment.Keep{})
		require.NoError(t, err)
		require.Equal(t, payment.Paid, res.Status)
		require.Equal(t, "4444", res.CardLast4)
		_, err = d.Payments.PaySaved(t.Context(), d.g, d.request(t, d.customer(t), "7", "USD").ID, other.MethodID, payment.Keep{})
		require.True(t, fault.Is(err, fault.MethodNotFound), "another customer's method: %v", err)

		require.NoError(t, d.Payments.RemoveMethod(t.Context(), d.g, c, first.MethodID))
		all, err = d.Payments.SavedMethods(t.Context(), d.g, c)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.True(t, all[0].IsDefault, "the default is handed on")
		d.pass(t, time.Second)
		_, err = d.Payments.PaySaved(t.Context(), d.g, d.request(t, c, "7", "USD").ID, first.MethodID, payment.Keep{})
		require.True(t, fault.Is(err, fault.MethodNotFound))
	})
}

// Shows: GDPR Art. 17(3), Art. 19
func TestErasure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		paid, open := d.request(t, c, "10", "USD"), d.request(t, c, "5", "USD")
		_, err := d.Payments.Pay(t.Context(), d.g, paid.ID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good), Save: true}, payment.Keep{})
		require.NoError(t, err)
		require.NoError(t, d.Customers.Erase(t.Context(), d.g, c, nil))

		kept := d.get(t, paid.ID)
		require.Equal(t, money.Amount{Minor: 1000, Currency: "USD"}, kept.Amount, "amounts and dates stay")
		require.True(t, kept.Erased)
		require.Empty(t, kept.Client)
		require.Equal(t, payment.Cancelled, d.get(t, open.ID).Status)
		_, err = d.Payments.Refund(t.Context(), d.g, paid.ID, "1", payment.Keep{})
		require.NoError(t, err, "a refund still works")
		d.pass(t, time.Second)
		var tokens int64
		require.NoError(t, d.Store.One(t.Context(), db.Realm(d.g.Realm()), `SELECT count(*) FROM sandbox_token WHERE realm_id = $1`, []any{d.g.Realm()}, &tokens))
		require.Zero(t, tokens, "the provider forgets too")
	})
}

// cutting is a connector whose answers get lost: the sandbox acts, and nobody hears.
type cutting struct {
	provider.Connector
	calls *int
	err   error
}

func (c cutting) Authorise(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	*c.calls++
	if errors.Is(c.err, provider.ErrUnavailable) {
		return provider.Outcome{}, c.err
	}
	_, _ = c.Connector.Authorise(ctx, a, ch)
	return provider.Outcome{}, c.err
}

func withCut(kind string, calls *int, err error) app.Option {
	return app.WithConnectors(func(a *app.App) provider.Registry {
		return provider.Registry{kind: {About: provider.About{Kind: kind, Methods: provider.Kinds(), Credentials: []provider.Field{
			{Name: "callback", Secret: true}, {Name: "fingerprint", Secret: true}}}, Connector: cutting{a.Sandbox, calls, err}}}
	})
}

func TestLostAnswer(t *testing.T) {
	t.Parallel()
	calls := 0
	onSQLite(t, withCut("cut", &calls, errors.New("connection reset")), func(t *testing.T, d *desk) {
		account(t, d, "cut")
		c := d.customer(t)
		q := d.request(t, c, "10", "USD")
		res, err := d.pay(t, q.ID, good)
		require.NoError(t, err)
		require.Equal(t, payment.Pending, res.Status)
		require.Equal(t, 1, calls, "never charged again")
		d.pass(t, 2*time.Second)
		require.Equal(t, payment.Paid, d.get(t, q.ID).Status, "the completer asked by the attempt's key")
		require.Equal(t, 1, calls)
		d.requireSums(t, c)
	})
}

func TestFailover(t *testing.T) {
	t.Parallel()
	calls := 0
	onSQLite(t, withCut("down", &calls, provider.ErrUnavailable), func(t *testing.T, d *desk) {
		down, up := account(t, d, "down"), account(t, d, "down")
		rule(t, d, down, 0)
		rule(t, d, up, 1)
		q := d.request(t, d.customer(t), "10", "USD")
		res, err := d.pay(t, q.ID, good)
		require.NoError(t, err)
		require.Equal(t, 2, calls, "the second was tried after the first")
		require.Equal(t, "provider_error", res.Decline, "both are away: a decline that can be tried again")
		require.Equal(t, up, d.get(t, q.ID).ProviderID)
	})
}

func TestCallbacksThatLie(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		q := d.request(t, d.customer(t), "10", "USD")
		_, err := d.pay(t, q.ID, timesOut)
		require.NoError(t, err)
		realm := strconv.FormatInt(d.g.Realm(), 10)
		for _, name := range []string{"sandbox-" + realm + "-1", "sandbox-1-1", "sandbox-" + realm + "-2", "stripe-" + realm + "-1", "x", ""} {
			err := d.Payments.Callback(t.Context(), name, auth.Origin{}, provider.Callback{Body: []byte(`{"id":"1"}`)})
			require.True(t, fault.Is(err, fault.UnauthorizedCode), "%s: %v", name, err)
		}
		require.Equal(t, payment.Pending, d.get(t, q.ID).Status, "nothing changed")
	})
}
