package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/florin-gateway/florin/internal/provider"
)

// watched passes calls on and remembers every error that holds what it must not.
type watched struct {
	inner    provider.Connector
	canaries []string

	mu     sync.Mutex
	seen   int
	leaked []string
}

func canaries(h Harness) []string {
	all := append([]string{}, h.Canaries...)
	for _, a := range append([]provider.Account{h.Account, h.Stranger}, h.Failing...) {
		for _, s := range a.Secrets {
			all = append(all, s.Reveal())
		}
	}
	return all
}

// ofCharge are the values of a charge that may not appear in an error.
func ofCharge(c provider.Charge) []string {
	all := []string{c.Token, c.Billing.Name, c.Billing.Email, c.Billing.Phone, c.Billing.Line1}
	if c.Card != nil {
		number := c.Card.Number.Reveal()
		all = append(all, number, number[:12], number[len(number)-4:], c.Card.Code.Reveal(), c.Card.Holder)
	}
	if c.Wallet != nil {
		all = append(all, c.Wallet.Cryptogram.Reveal())
	}
	return all
}

// look searches an error and everything that it wraps.
func (w *watched) look(err error, values ...string) {
	if err == nil {
		return
	}
	text := fmt.Sprintf("%v\n%+v\n%#v", err, err, err)
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		text += fmt.Sprintf("\n%+v\n%#v", inner, inner)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	for _, v := range append(values, w.canaries...) {
		if len(v) >= 3 && strings.Contains(text, v) {
			w.leaked = append(w.leaked, fmt.Sprintf("%T: %.200q", err, err))
		}
	}
}

func (w *watched) Authorise(ctx context.Context, a provider.Account, c provider.Charge) (provider.Outcome, error) {
	out, err := w.inner.Authorise(ctx, a, c)
	w.look(err, ofCharge(c)...)
	return out, err
}

func (w *watched) Capture(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	out, err := w.inner.Capture(ctx, a, r)
	w.look(err)
	return out, err
}

func (w *watched) Cancel(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	out, err := w.inner.Cancel(ctx, a, r)
	w.look(err)
	return out, err
}

func (w *watched) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	out, err := w.inner.Refund(ctx, a, o)
	w.look(err)
	return out, err
}

func (w *watched) Fetch(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	out, err := w.inner.Fetch(ctx, a, r)
	w.look(err)
	return out, err
}

func (w *watched) ParseCallback(a provider.Account, cb provider.Callback) ([]provider.Notice, error) {
	out, err := w.inner.ParseCallback(a, cb)
	w.look(err)
	return out, err
}
