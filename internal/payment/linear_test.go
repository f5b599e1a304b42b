package payment_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

// call is one thing that a client asked of a request; answer is what it heard.
type call struct {
	what string // pay, release, refund or read
	part int64  // minor units of a refund
}

type answer struct {
	ok       bool
	status   payment.Status
	refunded int64
}

// books is a request as one client after another would see it. A payment under way is not
// modelled: a refusal because of one is always possible, and a read of "pending" says
// nothing. A refund counts from the moment its amount is set aside; a read may tell of it
// a little later.
type books struct {
	status   payment.Status
	refunded int64
}

const price = 1000

func (b books) step(c call, a answer) (bool, books) {
	open := b.status == payment.Waiting || b.status == payment.Unpaid
	switch {
	case c.what == "read":
		return a.status == payment.Pending || a.status == b.status && a.refunded <= b.refunded, b
	case !a.ok && c.what != "refund":
		return true, b
	case !a.ok:
		return b.status != payment.Paid || b.refunded+c.part > price, b
	case c.what == "pay":
		return open, books{payment.Paid, 0}
	case c.what == "release":
		return open, books{payment.Cancelled, 0}
	default:
		return b.status == payment.Paid && b.refunded+c.part <= price, books{b.status, b.refunded + c.part}
	}
}

func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return books{} },
		Step: func(state, input, output any) (bool, any) {
			ok, next := state.(books).step(input.(call), output.(answer))
			return ok, next
		},
	}
}

// TestLinearizable: what several clients of one request hear could have happened one after
// another (Herlihy and Wing, 1990).
func TestLinearizable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for range 25 {
			q := d.request(t, 0, "10", "USD")
			history := playTogether(d, q.ID)
			require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(model(), history, 20*time.Second), "%v", history)
			given := int64(0)
			for _, o := range history {
				if c := o.Input.(call); c.what == "refund" && o.Output.(answer).ok {
					given += c.part
				}
			}
			require.Equal(t, given, d.get(t, q.ID).Refunded, "in the end every refund shows")
		}
	})
}

// TestModelCanFail: two payments of one request are no history of it.
func TestModelCanFail(t *testing.T) {
	t.Parallel()
	twice := []porcupine.Operation{{Input: call{what: "pay"}, Output: answer{ok: true}, Call: 0, Return: 1}, {ClientId: 1, Input: call{what: "pay"}, Output: answer{ok: true}, Call: 2, Return: 3}}
	require.False(t, porcupine.CheckOperations(model(), twice))
	require.True(t, porcupine.CheckOperations(model(), twice[:1]))
}

func playTogether(d *desk, requestID int64) []porcupine.Operation {
	began := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	var clients sync.WaitGroup
	for client := range 5 {
		clients.Go(func() {
			for range 4 {
				c := call{what: []string{"pay", "pay", "release", "refund", "refund", "read"}[rand.IntN(6)], part: int64(1 + rand.IntN(600))}
				from := time.Since(began).Nanoseconds()
				a := d.answer(requestID, c)
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: c, Output: a, Call: from, Return: time.Since(began).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	return history
}

func (d *desk) answer(requestID int64, c call) answer {
	ctx := context.Background()
	var err error
	switch c.what {
	case "pay":
		_, err = d.Payments.Pay(ctx, d.g, requestID, payment.Order{Method: provider.CreditCard, Card: cardOf(panics{}, good)}, payment.Keep{})
	case "release":
		_, err = d.Payments.Release(ctx, d.g, requestID, payment.Keep{})
	case "refund":
		_, err = d.Payments.Refund(ctx, d.g, requestID, minor(c.part), payment.Keep{})
	default:
		q, err := d.Payments.Get(ctx, d.g, requestID)
		if err != nil {
			panic(err)
		}
		return answer{true, q.Status, q.Refunded}
	}
	if err != nil && fault.From(err).Kind == fault.Internal {
		panic(err)
	}
	return answer{ok: err == nil}
}
