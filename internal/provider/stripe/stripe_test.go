package stripe_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/providertest"
	"github.com/florin-gateway/florin/internal/provider/stripe"
)

const hookSecret = "whsec_c3RyaXBlLXRlc3Q"

func at() time.Time { return time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC) }

func account() provider.Account {
	return provider.Account{ID: 4, Owner: 1, Realm: 2, Mode: auth.Test, Kind: stripe.Kind,
		Secrets: map[string]provider.Secret{stripe.KeySecret: provider.NewSecret(fakeKey), stripe.WebhookSecret: provider.NewSecret(hookSecret)}}
}

func connector(base string) *stripe.Connector {
	return &stripe.Connector{Client: egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}), BaseURL: base}
}

func withSecret(name, text string) provider.Account {
	a := account()
	a.Secrets = map[string]provider.Secret{stripe.KeySecret: a.Secrets[stripe.KeySecret], stripe.WebhookSecret: a.Secrets[stripe.WebhookSecret]}
	a.Secrets[name] = provider.NewSecret(text)
	return a
}

func numbers() map[string]string {
	return map[string]string{
		providertest.Approves: "4242424242424242", providertest.Challenges: "4000000000003220", providertest.TimesOut: "4000000000000119",
		provider.DoNotHonor: "4000000000000002", provider.InsufficientFunds: "4000000000009995", provider.LostCard: "4000000000009987", provider.StolenCard: "4000000000009979",
		provider.ExpiredCard: "4000000000000069", provider.IncorrectCVC: "4000000000000127", provider.GenericDecline: "4012888888881881",
		provider.Fraud: "4000000000000341", provider.NotPermitted: "4000000000003063",
	}
}

type desk struct {
	fake *fake
	keys atomic.Int64
}

func (d *desk) charge(t *testing.T, meets string) provider.Charge {
	t.Helper()
	number, err := card.ParseNumber(numbers()[meets])
	require.NoError(t, err)
	code, err := card.ParseCode("731")
	require.NoError(t, err)
	return provider.Charge{Key: "key-" + strconv.FormatInt(d.keys.Add(1), 10), Amount: money.Amount{Minor: 1999, Currency: "EUR"}, Method: provider.CreditCard, Capture: true,
		Card: &card.Card{Number: number, Code: code, ExpMonth: 12, ExpYear: 2034, Holder: "Žofie Ånström"}, ReturnURL: "https://shop.example/back",
		Billing: provider.Billing{Name: "Žofie Ånström", Email: "zofie@canary.example", Phone: "+46701740605", Line1: "Kungsgatan 44", City: "Malmö", Country: "SE"}}
}

func signed(event doc, secret string, now time.Time) provider.Callback {
	body, _ := json.Marshal(event)
	header := fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(webhook.ComputeSignature(now, body, secret)))
	return provider.Callback{Header: http.Header{"Stripe-Signature": {header}}, Body: body, Now: now}
}

func (d *desk) callbacks(*testing.T) []provider.Callback {
	d.fake.mu.Lock()
	defer d.fake.mu.Unlock()
	var all []provider.Callback
	for _, e := range d.fake.events {
		all = append(all, signed(e, hookSecret, at()))
	}
	d.fake.events = nil
	return all
}

func (d *desk) book(_ *testing.T, key string) providertest.Book {
	d.fake.mu.Lock()
	defer d.fake.mu.Unlock()
	var b providertest.Book
	for id, o := range d.fake.objects {
		m, ok := o["metadata"].(doc)
		if !ok || o["object"] != "payment_intent" || m["florin_key"] != key {
			continue
		}
		b.Charges += d.fake.charges[id]
		if o["status"] == "succeeded" {
			b.Captured += o["amount"].(int64)
		}
		if charge, ok := o["latest_charge"].(string); ok && d.fake.charges[id] > 0 {
			b.Refunded += d.fake.objects[charge]["amount_refunded"].(int64)
		}
	}
	return b
}

// TestConformance runs twice: Search finds an intent at once, and not yet.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, search := range []bool{true, false} {
		t.Run("search "+strconv.FormatBool(search), func(t *testing.T) {
			t.Parallel()
			closed, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, closed.Close())
			f, base := newFake(t)
			f.search = search
			d := &desk{fake: f}
			live := account()
			live.Mode = auth.Live
			var meets []string
			for what := range numbers() {
				if what != providertest.Approves {
					meets = append(meets, what)
				}
			}
			providertest.Run(t, providertest.Harness{
				Connector: connector(base), Account: account(), Stranger: withSecret(stripe.WebhookSecret, "whsec_other"),
				Failing: []provider.Account{live, withSecret(stripe.KeySecret, "sk_test_wrong"), withSecret(stripe.KeySecret, "")},
				Charge:  d.charge, Meets: meets, Confirm: func(_ *testing.T, address string) { f.visit(address) },
				Callbacks: d.callbacks, Book: d.book, Canaries: []string{"zofie@canary.example", "ending in"},
			})
			for _, r := range f.requests {
				require.False(t, strings.HasPrefix(r, "{"), "the library tells of this machine: %s", r)
			}
			_, err = connector("http://"+closed.Addr().String()).Authorise(t.Context(), account(), d.charge(t, providertest.Approves))
			require.ErrorIs(t, err, provider.ErrUnavailable)
		})
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	f, base := newFake(t)
	d := &desk{fake: f}
	for _, row := range []struct {
		amount money.Amount
		theirs int64 // 0: refused
	}{
		{money.Amount{Minor: 1999, Currency: "EUR"}, 1999},
		{money.Amount{Minor: 500, Currency: "JPY"}, 500},
		{money.Amount{Minor: 5000, Currency: "BHD"}, 5000},
		{money.Amount{Minor: 5005, Currency: "BHD"}, 0},
		{money.Amount{Minor: 500, Currency: "ISK"}, 50000},
		{money.Amount{Minor: 500, Currency: "UGX"}, 50000},
		{money.Amount{Minor: 0, Currency: "EUR"}, 0},
	} {
		ch := d.charge(t, providertest.Approves)
		ch.Amount = row.amount
		out, err := connector(base).Authorise(t.Context(), account(), ch)
		if row.theirs == 0 {
			require.ErrorIs(t, err, provider.ErrUnavailable)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, row.amount, out.Amount)
		require.Equal(t, row.theirs, f.objects[out.Reference]["amount"])
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	c := connector("")
	send := func(kind string, object doc) ([]provider.Notice, error) {
		return c.ParseCallback(account(), signed(doc{"id": "evt_1", "object": "event", "livemode": false, "type": kind, "data": doc{"object": object}}, hookSecret, at()))
	}
	n, err := send("refund.updated", doc{"id": "re_1", "amount": 500, "currency": "eur", "status": "succeeded", "payment_intent": "pi_1", "metadata": doc{"florin_key": "r1", "florin_charge": "k1"}})
	require.NoError(t, err)
	require.Equal(t, provider.Ref{Key: "k1", Reference: "pi_1"}, n[0].Ref)
	require.Equal(t, "r1", n[0].Refund.Key)
	require.Equal(t, provider.Approved, n[0].Refund.State)
	n, err = send("refund.created", doc{"id": "re_2", "amount": 500, "currency": "eur", "status": "pending", "payment_intent": "pi_1"})
	require.NoError(t, err)
	require.Empty(t, n[0].Refund.Key, "made in Stripe's panel")
	for status, want := range map[string]provider.DisputeState{"needs_response": provider.DisputeOpen, "under_review": provider.DisputeOpen, "won": provider.DisputeWon, "warning_closed": provider.DisputeWon, "lost": provider.DisputeLost} {
		n, err = send("charge.dispute.updated", doc{"id": "dp_1", "amount": 1999, "currency": "eur", "status": status, "reason": "fraudulent", "payment_intent": "pi_1", "evidence_details": doc{"due_by": 1804136767}})
		require.NoError(t, err)
		require.Equal(t, want, n[0].Dispute.State)
		require.Equal(t, "pi_1", n[0].Ref.Reference)
		require.Equal(t, int64(1804136767), n[0].Dispute.DueAt.Unix())
	}
	n, err = send("payment_intent.payment_failed", doc{"id": "pi_1", "amount": 1999, "currency": "eur", "status": "requires_payment_method", "metadata": doc{"florin_key": "k1"},
		"last_payment_error": doc{"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}})
	require.NoError(t, err)
	require.Equal(t, provider.InsufficientFunds, n[0].Charge.Decline)
	n, err = send("setup_intent.succeeded", doc{"id": "seti_1", "status": "succeeded", "customer": "cus_1", "payment_method": "pm_1", "metadata": doc{"florin_key": "k1"}})
	require.NoError(t, err)
	require.Equal(t, "pm_1", n[0].Charge.Saved.Token)
	n, err = send("checkout.session.expired", doc{"id": "cs_1", "amount_total": 1999, "currency": "eur", "metadata": doc{"florin_key": "k1"}})
	require.NoError(t, err)
	require.Equal(t, provider.Cancelled, n[0].Charge.State)
	for _, kind := range []string{"payment_intent.created", "payment_intent.succeeded", "customer.created", "balance.available"} {
		n, err = send(kind, doc{"id": "pi_9", "status": "requires_payment_method"})
		require.NoError(t, err)
		require.Empty(t, n, "not ours, or nothing to tell: %s", kind)
	}
	live := account()
	live.Mode = auth.Live
	_, err = c.ParseCallback(live, signed(doc{"id": "evt_1", "object": "event", "livemode": false, "type": "payment_intent.created", "data": doc{"object": doc{}}}, hookSecret, at()))
	require.ErrorIs(t, err, provider.ErrCallback)
}

func TestReport(t *testing.T) {
	t.Parallel()
	f, base := newFake(t)
	d, c := &desk{fake: f}, connector(base)
	ch := d.charge(t, providertest.Approves)
	out, err := c.Authorise(t.Context(), account(), ch)
	require.NoError(t, err)
	_, err = c.Refund(t.Context(), account(), provider.RefundOrder{Key: "r", Ref: provider.Ref{Key: ch.Key, Reference: out.Reference}, Amount: money.Amount{Minor: 500, Currency: "EUR"}})
	require.NoError(t, err)
	_, err = c.Fetch(t.Context(), account(), provider.Ref{Key: "never came", Amount: ch.Amount})
	require.NoError(t, err)
	var all []provider.Entry
	require.NoError(t, c.Report(t.Context(), account(), at().Add(-time.Hour), at().Add(time.Hour), func(e provider.Entry) error { all = append(all, e); return nil }))
	require.Equal(t, []provider.Entry{{Ref: provider.Ref{Key: ch.Key, Reference: out.Reference, Amount: ch.Amount}, State: provider.Approved, Amount: ch.Amount, Refunded: 500}}, all)
	all = nil
	require.NoError(t, c.Report(t.Context(), account(), at().Add(time.Hour), at().Add(2*time.Hour), func(e provider.Entry) error { all = append(all, e); return nil }))
	require.Empty(t, all)
}

// TestNoCardLeavesWithoutACard: a token and a page tell Stripe no number.
func TestCardsLeaveOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	f, base := newFake(t)
	d, c := &desk{fake: f}, connector(base)
	ch := d.charge(t, providertest.Approves)
	ch.Card = nil
	out, err := c.Authorise(t.Context(), account(), ch)
	require.NoError(t, err)
	require.Equal(t, provider.Challenge, out.State, "without a card or a token it is Stripe's page")
	require.NotContains(t, f.requests, "POST /v1/payment_methods")
	ch = d.charge(t, providertest.Approves)
	_, err = c.Authorise(t.Context(), account(), ch)
	require.NoError(t, err)
	require.Contains(t, f.requests, "POST /v1/payment_methods")
	ch.Wallet = &provider.Wallet{Type: "APPLE_PAY", Cryptogram: card.NewCryptogram("AAAA")}
	_, err = c.Authorise(t.Context(), account(), ch)
	require.ErrorIs(t, err, provider.ErrUnavailable)
}

// TestADeclineIsNotTriedAgain: the same key asks the issuer once.
func TestADeclineIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	f, base := newFake(t)
	d, c := &desk{fake: f}, connector(base)
	ch := d.charge(t, provider.InsufficientFunds)
	for range 3 {
		out, err := c.Authorise(t.Context(), account(), ch)
		require.NoError(t, err)
		require.Equal(t, provider.InsufficientFunds, out.Decline)
	}
	tries := 0
	for _, o := range f.objects {
		if o["object"] == "charge" {
			tries++
		}
	}
	require.Equal(t, 1, tries)
}

// TestAtWorkElsewhere: a key that another call is using leaves the outcome open.
func TestAtWorkElsewhere(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"method", "create", "confirm"} {
		f, base := newFake(t)
		d, c := &desk{fake: f}, connector(base)
		ch := d.charge(t, providertest.Approves)
		f.keys["florin-"+ch.Key+"-"+step] = &remembered{}
		_, err := c.Authorise(t.Context(), account(), ch)
		require.Error(t, err, step)
		require.NotErrorIs(t, err, provider.ErrUnavailable, step)
		delete(f.keys, "florin-"+ch.Key+"-"+step)
		out, err := c.Authorise(t.Context(), account(), ch)
		require.NoError(t, err)
		require.Equal(t, provider.Approved, out.State)
	}
}

// TestAfterADay: Stripe has forgotten our idempotency keys, and Search knows the intent.
func TestAfterADay(t *testing.T) {
	t.Parallel()
	f, base := newFake(t)
	f.search = true
	d, c := &desk{fake: f}, connector(base)
	ch := d.charge(t, providertest.Approves)
	_, err := c.Authorise(t.Context(), account(), ch)
	require.NoError(t, err)
	clear(f.keys)
	out, err := c.Fetch(t.Context(), account(), provider.Ref{Key: ch.Key, Amount: ch.Amount})
	require.NoError(t, err)
	require.Equal(t, provider.Approved, out.State)
}
