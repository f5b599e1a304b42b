package sandboxtest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
)

// PublicURL is where the desk's pages seem to be.
const PublicURL = "https://pay.example"

// Desk is a sandbox, an account of it and what it sent.
type Desk struct {
	*sandbox.Connector
	Account provider.Account
	Fake    *clock.Fake

	keys atomic.Int64
	mu   sync.Mutex
	sent []provider.Callback
	fail bool
}

// New makes a desk in a realm of its own on an open database.
func New(t *testing.T, store *db.DB) *Desk {
	t.Helper()
	d := &Desk{Fake: clock.NewFake(time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC))}
	var ids atomic.Int64
	ids.Store(1 << 40)
	d.Connector = &sandbox.Connector{Store: store, Clock: d.Fake.Clock(), IDs: func() int64 { return ids.Add(1) }, Random: rand.Reader,
		PublicURL: PublicURL, Hide: turn, Show: turn, Account: d.account, Deliver: d.deliver}
	d.Account = provider.Account{ID: 7, Owner: 3, Realm: 31, Mode: auth.Test, Kind: sandbox.Kind, CallbackURL: PublicURL + "/callbacks/sandbox/7",
		Secrets: map[string]provider.Secret{sandbox.CallbackSecret: provider.NewSecret(rand.Text()), sandbox.FingerprintSecret: provider.NewSecret(rand.Text())}}
	return d
}

// turn stands for a seal: it writes a text backwards.
func turn(_ context.Context, _ provider.Account, text string) (string, error) {
	letters := []rune(text)
	slices.Reverse(letters)
	return string(letters), nil
}

func (d *Desk) account(_ context.Context, realm, account int64) (provider.Account, error) {
	if realm != d.Account.Realm || account != d.Account.ID {
		return provider.Account{}, errors.New("sandboxtest: another account")
	}
	return d.Account, nil
}

func (d *Desk) deliver(_ context.Context, _ provider.Account, cb provider.Callback) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail {
		return errors.New("sandboxtest: the receiver is down")
	}
	d.sent = append(d.sent, cb)
	return nil
}

// Down makes the receiver of callbacks fail, or work again.
func (d *Desk) Down(down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = down
}

// Advance moves the clock.
func (d *Desk) Advance(by time.Duration) { d.Fake.Advance(by) }

// Callbacks sends what is due and returns all that arrived since the last call.
func (d *Desk) Callbacks(t *testing.T) []provider.Callback {
	t.Helper()
	_, err := d.DeliverDue(t.Context())
	require.NoError(t, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	sent := d.sent
	d.sent = nil
	return sent
}

// Notices is Callbacks, verified and read.
func (d *Desk) Notices(t *testing.T) []provider.Notice {
	t.Helper()
	var notices []provider.Notice
	for _, cb := range d.Callbacks(t) {
		read, err := d.ParseCallback(d.Account, cb)
		require.NoError(t, err)
		notices = append(notices, read...)
	}
	return notices
}

// Card is a card with a number, any code and an expiry that is not past.
func Card(t testing.TB, number string) *card.Card {
	t.Helper()
	n, err := card.ParseNumber(number)
	require.NoError(t, err)
	code, err := card.ParseCode("731")
	require.NoError(t, err)
	return &card.Card{Number: n, Code: code, ExpMonth: 12, ExpYear: 2034, Holder: "Žofie Ånström"}
}

// Charge is an ordinary charge with a key of its own.
func (d *Desk) Charge(c *card.Card) provider.Charge {
	return provider.Charge{Key: "key-" + strconv.FormatInt(d.keys.Add(1), 10), RequestID: 9, Amount: money.Amount{Minor: 1999, Currency: "EUR"},
		Method: provider.CreditCard, Capture: true, Card: c, ReturnURL: "https://shop.example/back?order=1"}
}

// Decide presses a button of the page at an address, and is sent on.
func (d *Desk) Decide(t *testing.T, address, decision string) *http.Response {
	t.Helper()
	form := strings.NewReader(url.Values{"decision": {decision}}.Encode())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, form)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w.Result()
}
