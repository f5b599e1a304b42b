package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
	"github.com/florin-gateway/florin/internal/provider/sandbox/sandboxtest"
)

const approved = "4242424242424242"

func each(t *testing.T, run func(t *testing.T, d *sandboxtest.Desk)) {
	t.Helper()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) { run(t, sandboxtest.New(t, store)) })
}

func TestCards(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		for _, row := range []struct {
			number  string
			state   provider.State
			decline string
		}{
			{approved, provider.Approved, ""},
			{"4111111111111111", provider.Approved, ""},
			{"5555555555554444", provider.Approved, ""},
			{"378282246310005", provider.Approved, ""},
			{"4000000000000002", provider.Declined, provider.DoNotHonor},
			{"4000000000009995", provider.Declined, provider.InsufficientFunds},
			{"4000000000009987", provider.Declined, provider.LostCard},
			{"4000000000000069", provider.Declined, provider.ExpiredCard},
			{"4000000000000127", provider.Declined, provider.IncorrectCVC},
			{"4000000000003220", provider.Challenge, ""},
			{"4000008400001629", provider.Challenge, ""},
			{"4000000000000077", provider.Approved, ""},
			{"4000000000000259", provider.Approved, ""},
			{"4012888888881881", provider.Declined, provider.GenericDecline}, // right Luhn digit, no test card
		} {
			out, err := d.Authorise(t.Context(), d.Account, d.Charge(sandboxtest.Card(t, row.number)))
			require.NoError(t, err, row.number)
			require.Equal(t, row.state, out.State, row.number)
			require.Equal(t, row.decline, out.Decline, row.number)
			require.Equal(t, row.number[len(row.number)-4:], out.Card.Last4)
		}
		old := sandboxtest.Card(t, approved)
		old.ExpMonth, old.ExpYear = 2, 2027
		out, err := d.Authorise(t.Context(), d.Account, d.Charge(old))
		require.NoError(t, err)
		require.Equal(t, provider.ExpiredCard, out.Decline)
	})
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		saved, err := d.Keep(t.Context(), d.Account, d.Charge(sandboxtest.Card(t, approved)))
		require.NoError(t, err)
		for minor, decline := range map[int64]string{
			1000: "", 1999: "", 4990: "", 10_000: "", 100: "", 9995: "", 19_999: "", 2: "", 119: "",
			10_002: provider.DoNotHonor, 10_995: provider.InsufficientFunds, 20_987: provider.LostCard, 10_069: provider.ExpiredCard,
			30_127: provider.IncorrectCVC, 10_259: "", 10_077: "",
		} {
			ch := d.Charge(nil)
			ch.Token, ch.Amount.Minor = saved.Saved.Token, minor
			out, err := d.Authorise(t.Context(), d.Account, ch)
			require.NoError(t, err)
			require.Equal(t, decline, out.Decline, minor)
			require.Equal(t, decline == "", out.State == provider.Approved, minor)
		}
		ch := d.Charge(nil)
		ch.Token, ch.Amount.Minor = saved.Saved.Token, 10_220
		out, err := d.Authorise(t.Context(), d.Account, ch)
		require.NoError(t, err)
		require.Equal(t, provider.Challenge, out.State)
		ch.Key, ch.MerchantInitiated = "nobody there", true
		out, err = d.Authorise(t.Context(), d.Account, ch)
		require.NoError(t, err)
		require.Equal(t, provider.AuthenticationFail, out.Decline)
	})
}

// TestTimeout: the answer is lost, the charge is not.
func TestTimeout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		ch := d.Charge(sandboxtest.Card(t, "4000000000000119"))
		ref := provider.Ref{Key: ch.Key}
		_, err := d.Authorise(t.Context(), d.Account, ch)
		require.Error(t, err)
		require.NotErrorIs(t, err, provider.ErrUnavailable, "something may have happened")
		for _, ask := range []func() (provider.Outcome, error){
			func() (provider.Outcome, error) { return d.Fetch(t.Context(), d.Account, ref) },
			func() (provider.Outcome, error) { return d.Cancel(t.Context(), d.Account, ref) },
			func() (provider.Outcome, error) { return d.Authorise(t.Context(), d.Account, ch) },
		} {
			out, err := ask()
			require.NoError(t, err)
			require.Equal(t, provider.Pending, out.State)
		}
		require.Empty(t, d.Notices(t))
		d.Advance(sandbox.Delay)
		n := d.Notices(t)
		require.Len(t, n, 1)
		require.Equal(t, provider.Approved, n[0].Charge.State)
		require.Equal(t, ch.Key, n[0].Ref.Key)
		out, err := d.Fetch(t.Context(), d.Account, ref)
		require.NoError(t, err)
		require.Equal(t, provider.Approved, out.State)
		refunded, err := d.Refund(t.Context(), d.Account, provider.RefundOrder{Key: "r", Ref: ref, Amount: ch.Amount})
		require.NoError(t, err)
		require.Equal(t, provider.Approved, refunded.State)
	})
}

func TestRepeatedCallbacks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		_, err := d.Authorise(t.Context(), d.Account, d.Charge(sandboxtest.Card(t, "4000000000000077")))
		require.NoError(t, err)
		d.Advance(sandbox.Delay)
		n := d.Notices(t)
		require.Len(t, n, 3)
		require.Equal(t, []provider.State{provider.Approved, provider.Approved, provider.Pending}, []provider.State{n[0].Charge.State, n[1].Charge.State, n[2].Charge.State})
		require.Equal(t, n[0].ID, n[1].ID)
		require.Less(t, n[2].ID, n[0].ID, "the last is the oldest")
	})
}

func TestChargeback(t *testing.T) {
	t.Parallel()
	for evidence, verdict := range map[string]provider.DisputeState{"a receipt": provider.DisputeWon, sandbox.LosingEvidence: provider.DisputeLost} {
		t.Run(string(verdict), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, d *sandboxtest.Desk) {
				ch := d.Charge(sandboxtest.Card(t, "4000000000000259"))
				ch.Capture = false
				from := d.Clock.Now()
				_, err := d.Authorise(t.Context(), d.Account, ch)
				require.NoError(t, err)
				d.Advance(sandbox.Delay)
				require.Empty(t, d.Notices(t), "what is only held is not charged back")
				_, err = d.Capture(t.Context(), d.Account, provider.Ref{Key: ch.Key})
				require.NoError(t, err)
				d.Advance(sandbox.Delay)
				n := d.Notices(t)
				require.Len(t, n, 1)
				require.Equal(t, provider.DisputeOpen, n[0].Dispute.State)
				require.Equal(t, ch.Amount, n[0].Dispute.Amount)
				require.Equal(t, d.Clock.Now().Add(sandbox.DisputeTime), n[0].Dispute.DueAt)
				require.Equal(t, int64(1999), reported(t, d, from)[0].Disputed)
				require.NoError(t, d.Contest(t.Context(), d.Account, n[0].Dispute.Reference, evidence))
				require.ErrorIs(t, d.Contest(t.Context(), d.Account, n[0].Dispute.Reference, evidence), provider.ErrUnavailable)
				d.Advance(sandbox.Delay)
				n = d.Notices(t)
				require.Equal(t, verdict, n[0].Dispute.State)
				require.Equal(t, verdict == provider.DisputeWon, reported(t, d, from)[0].Disputed == 0)
			})
		})
	}
}

func reported(t *testing.T, d *sandboxtest.Desk, from time.Time) []provider.Entry {
	t.Helper()
	var all []provider.Entry
	require.NoError(t, d.Report(t.Context(), d.Account, from, d.Clock.Now().Add(time.Second), func(e provider.Entry) error {
		all = append(all, e)
		return nil
	}))
	return all
}

func TestReport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		start := d.Clock.Now()
		first := d.Charge(sandboxtest.Card(t, approved))
		for _, ch := range []provider.Charge{first, d.Charge(sandboxtest.Card(t, "4000000000000002"))} {
			_, err := d.Authorise(t.Context(), d.Account, ch)
			require.NoError(t, err)
		}
		_, err := d.Fetch(t.Context(), d.Account, provider.Ref{Key: "never came"})
		require.NoError(t, err)
		_, err = d.Keep(t.Context(), d.Account, d.Charge(sandboxtest.Card(t, approved)))
		require.NoError(t, err)
		all := reported(t, d, start)
		require.Len(t, all, 2)
		require.Equal(t, first.Key, all[0].Ref.Key)
		d.Advance(24 * time.Hour)
		day := d.Clock.Now()
		require.Empty(t, reported(t, d, day))
		_, err = d.Refund(t.Context(), d.Account, provider.RefundOrder{Key: "r", Ref: provider.Ref{Key: first.Key}, Amount: money.Amount{Minor: 500, Currency: "EUR"}})
		require.NoError(t, err)
		all = reported(t, d, day)
		require.Len(t, all, 1, "yesterday's charge moved today")
		require.Equal(t, int64(500), all[0].Refunded)
	})
}

func TestLiveIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		live, bare := d.Account, d.Account
		live.Mode, bare.Secrets = auth.Live, nil
		ch := d.Charge(sandboxtest.Card(t, approved))
		for _, a := range []provider.Account{live, bare} {
			_, err := d.Authorise(t.Context(), a, ch)
			require.ErrorIs(t, err, provider.ErrUnavailable)
			_, err = d.Page(t.Context(), a, ch)
			require.ErrorIs(t, err, provider.ErrUnavailable)
			_, err = d.Refund(t.Context(), a, provider.RefundOrder{Key: "r", Amount: ch.Amount})
			require.ErrorIs(t, err, provider.ErrUnavailable)
			_, err = d.ParseCallback(a, provider.Callback{})
			require.ErrorIs(t, err, provider.ErrCallback)
		}
		_, err := d.Authorise(t.Context(), d.Account, ch)
		require.NoError(t, err)
	})
}

// TestDeliveryIsShared: two nodes deliver at once, a receiver is down, one dies over it.
func TestDeliveryIsShared(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		const count = 20
		for range count {
			_, err := d.Authorise(t.Context(), d.Account, d.Charge(sandboxtest.Card(t, "4000000000000119")))
			require.Error(t, err)
		}
		d.Advance(sandbox.Delay)
		d.Down(true)
		sent, err := d.DeliverDue(t.Context())
		require.Error(t, err)
		require.Zero(t, sent)
		d.Down(false)
		require.Empty(t, d.Callbacks(t), "not before the next try is due")
		d.Advance(time.Minute)
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() { _, err := d.DeliverDue(t.Context()); require.NoError(t, err) })
		}
		nodes.Wait()
		require.Len(t, d.Callbacks(t), count, "each once")
		d.Advance(24 * time.Hour)
		require.Empty(t, d.Callbacks(t))
	})
}

func TestThePage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, number, decision string
		state                  provider.State
		threeDS, decline       string
	}{
		{"confirmed", "4000000000003220", "confirm", provider.Approved, "authenticated", ""},
		{"failed", "4000000000003220", "fail", provider.Declined, "failed", provider.AuthenticationFail},
		{"confirmed and declined", "4000008400001629", "confirm", provider.Declined, "authenticated", provider.GenericDecline},
		{"our wish", approved, "confirm", provider.Approved, "authenticated", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, d *sandboxtest.Desk) {
				ch := d.Charge(sandboxtest.Card(t, row.number))
				ch.ThreeDS = true
				out, err := d.Authorise(t.Context(), d.Account, ch)
				require.NoError(t, err)
				again, err := d.Authorise(t.Context(), d.Account, ch)
				require.NoError(t, err)
				require.Equal(t, out, again, "the same page")
				get := httptest.NewRecorder()
				d.Handler().ServeHTTP(get, httptest.NewRequestWithContext(t.Context(), http.MethodGet, out.RedirectURL, nil))
				require.Equal(t, 200, get.Code)
				require.Contains(t, get.Body.String(), "19.99 EUR")
				require.NotContains(t, get.Body.String(), "<script")
				require.Contains(t, get.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
				require.Contains(t, get.Header().Get("Content-Security-Policy"), "form-action 'self' https://shop.example;")
				for _, decision := range []string{row.decision, "confirm", "fail"} {
					res := d.Decide(t, out.RedirectURL, decision)
					require.Equal(t, http.StatusSeeOther, res.StatusCode)
					require.Equal(t, ch.ReturnURL, res.Header.Get("Location"))
				}
				n := d.Notices(t)
				require.Len(t, n, 1, "decided once")
				fetched, err := d.Fetch(t.Context(), d.Account, provider.Ref{Key: ch.Key})
				require.NoError(t, err)
				for _, o := range []provider.Outcome{*n[0].Charge, fetched} {
					require.Equal(t, []string{row.state.String(), row.threeDS, row.decline}, []string{o.State.String(), o.ThreeDS, o.Decline})
				}
			})
		})
	}
}

func TestThePageRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		out, err := d.Page(t.Context(), d.Account, d.Charge(nil))
		require.NoError(t, err)
		require.Equal(t, provider.Challenge, out.State)
		require.Equal(t, 404, d.Decide(t, out.RedirectURL+"x", "confirm").StatusCode)
		require.Equal(t, 400, d.Decide(t, out.RedirectURL, "perhaps").StatusCode)
		_, err = d.Cancel(t.Context(), d.Account, provider.Ref{Key: "key-1"})
		require.NoError(t, err)
		require.Equal(t, 303, d.Decide(t, out.RedirectURL, "confirm").StatusCode)
		fetched, err := d.Fetch(t.Context(), d.Account, provider.Ref{Key: "key-1"})
		require.NoError(t, err)
		require.Equal(t, provider.Cancelled, fetched.State, "too late")
	})
}

// TestKinds: what has no card goes over the page.
func TestKinds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		types := map[provider.Kind]string{provider.UPI: "upi", provider.BankTransfer: "bank_account", provider.Cryptocurrency: "crypto",
			provider.PayPal: "wallet", provider.ApplePay: "wallet", provider.GooglePay: "wallet"}
		for kind, saved := range types {
			ch := d.Charge(nil)
			ch.Method, ch.Save = kind, true
			out, err := d.Authorise(t.Context(), d.Account, ch)
			require.NoError(t, err)
			require.Equal(t, provider.Challenge, out.State, kind)
			require.Nil(t, out.Saved)
			d.Decide(t, out.RedirectURL, "confirm")
			out, err = d.Fetch(t.Context(), d.Account, provider.Ref{Key: ch.Key})
			require.NoError(t, err)
			require.Equal(t, provider.Approved, out.State, kind)
			require.Equal(t, saved, out.Saved.Type)
		}
	})
}

// TestNothingOfTheCardIsKept looks into the database's files.
// Shows: PCI DSS 3.3.1
func TestNothingOfTheCardIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		for _, number := range []string{approved, "4000000000000002", "4000000000003220"} {
			ch := d.Charge(sandboxtest.Card(t, number))
			ch.Save, ch.Billing.Name = true, "Žofie Ånström"
			_, err := d.Authorise(t.Context(), d.Account, ch)
			require.NoError(t, err)
		}
		kept := 0
		require.NoError(t, d.Store.Each(t.Context(), db.Realm(d.Account.Realm), `SELECT brand || '|' || bin || '|' || last4 || '|' || fingerprint || '|' || payer || '|' || return_url
			FROM sandbox_charge WHERE realm_id = $1`, []any{d.Account.Realm}, func(r db.Row) error {
			var text string
			err := r.Scan(&text)
			require.NotContains(t, text, "Ånström")
			require.NotContains(t, text, "shop.example", "the way back is sealed")
			require.NotContains(t, strings.ReplaceAll(text, "|", ""), approved+"4242")
			require.NotRegexp(t, `[0-9]{9}`, strings.Split(text, "|")[1])
			kept++
			return err
		}))
		require.Equal(t, 3, kept)
	})
}

// TestDecidedOnce presses both buttons at the same time, again and again.
func TestDecidedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		for range 10 {
			ch := d.Charge(sandboxtest.Card(t, "4000000000003220"))
			out, err := d.Authorise(t.Context(), d.Account, ch)
			require.NoError(t, err)
			var presses sync.WaitGroup
			for i := range 10 {
				presses.Go(func() { d.Decide(t, out.RedirectURL, []string{"confirm", "fail"}[i%2]) })
			}
			presses.Wait()
			n := d.Notices(t)
			require.Len(t, n, 1)
			fetched, err := d.Fetch(t.Context(), d.Account, provider.Ref{Key: ch.Key})
			require.NoError(t, err)
			require.Equal(t, n[0].Charge.State, fetched.State)
		}
	})
}

// TestRefundTooMuch: the refusal is an answer, not a doubt, and stays one.
func TestRefundTooMuch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		ch := d.Charge(sandboxtest.Card(t, approved))
		_, err := d.Authorise(t.Context(), d.Account, ch)
		require.NoError(t, err)
		for key, row := range map[string]struct {
			amount money.Amount
			want   provider.State
		}{
			"more":             {money.Amount{Minor: 2000, Currency: "EUR"}, provider.Declined},
			"another currency": {money.Amount{Minor: 1, Currency: "USD"}, provider.Declined},
			"a part":           {money.Amount{Minor: 1, Currency: "EUR"}, provider.Approved},
		} {
			for range 2 {
				out, err := d.Refund(t.Context(), d.Account, provider.RefundOrder{Key: key, Ref: provider.Ref{Key: ch.Key}, Amount: row.amount})
				require.NoError(t, err, key)
				require.Equal(t, row.want, out.State, key)
			}
		}
	})
}

// TestPendingRefund tells of the refund when it is done.
func TestPendingRefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *sandboxtest.Desk) {
		ch := d.Charge(sandboxtest.Card(t, approved))
		ch.Amount.Minor = 50_000
		_, err := d.Authorise(t.Context(), d.Account, ch)
		require.NoError(t, err)
		order := provider.RefundOrder{Key: "r", Ref: provider.Ref{Key: ch.Key}, Amount: money.Amount{Minor: 10_119, Currency: "EUR"}}
		out, err := d.Refund(t.Context(), d.Account, order)
		require.NoError(t, err)
		require.Equal(t, provider.Pending, out.State)
		d.Advance(sandbox.Delay)
		n := d.Notices(t)
		require.Len(t, n, 1)
		require.Equal(t, "r", n[0].Refund.Key)
		require.Equal(t, provider.Approved, n[0].Refund.State)
		again, err := d.Refund(t.Context(), d.Account, order)
		require.NoError(t, err)
		require.Equal(t, n[0].Refund.RefundOutcome, again)
	})
}
