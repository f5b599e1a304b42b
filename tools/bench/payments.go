package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// till is the test mode of a subject: payments go to the sandbox there. Its customers are
// others than those of live mode.
type till struct {
	wire
	ids        idSet
	unapproved atomic.Int64 // payments that were answered and not approved
}

const (
	requestsPath = "/ipg/2.0.0/payment-requests"
	cardPath     = "/ipg/2.0.0/payments/creditCard/"
	paymentFloor = "its own customer creates at 64"
)

func paymentRows() []row {
	var rows []row
	for _, engine := range []string{engineSQLite, enginePostgres} {
		rows = append(rows, row{"payment-request-" + engine + "-64", paymentFloor, 0.7, 0, false, true, againstCreates(engine, requested)},
			row{"payment-" + engine + "-64", paymentFloor, 0.25, 0, false, true, againstCreates(engine, paid)},
			row{"totals-" + engine, "p50 of a customer with 10 payments", 1.1, 0, true, true, totals(engine)})
	}
	return rows
}

// till makes the test mode's first customers.
func (l *lab) till(ctx context.Context, s *subject) (*till, error) {
	if s.till != nil {
		return s.till, nil
	}
	key, err := firstKey(filepath.Join(s.dataDir, "first-run.env"), testKey)
	if err != nil {
		return nil, err
	}
	t := &till{wire: wire{host: s.host, key: key}}
	if err := l.firstCustomers(ctx, t.wire, &t.ids); err != nil {
		return nil, err
	}
	s.till = t
	return t, nil
}

// againstCreates gives creates of customers and payments their turns in one server.
func againstCreates(engine string, op func(*till) func(int) worker) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		s, err := l.under(ctx, engine)
		if s == nil || err != nil {
			return err
		}
		t, err := l.till(ctx, s)
		if err != nil {
			return err
		}
		turn := func(worker func(int) worker) slice {
			return func(ctx context.Context, d time.Duration) (sample, error) {
				return load{t.host, 64, worker, l.options.Client}.run(ctx, d)
			}
		}
		floor := l.rested(s, turn(creates(t.wire, &l.people, &t.ids)))
		if err := l.compare(ctx, r, s, floor, turn(op(t))); err != nil {
			return err
		}
		if n := t.unapproved.Load(); n > 0 {
			return fmt.Errorf("%d payments were not approved", n)
		}
		return nil
	}
}

// rested is a slice after which Florin may finish its work: the floor is Florin, too.
func (l *lab) rested(s *subject, one slice) slice {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		out, _, err := l.turn(ctx, s, one, d)
		return out, err
	}
}

// draft appends the body of a payment request.
func draft(b []byte, r *rand.Rand, customer int64) []byte {
	b = strconv.AppendInt(append(b, `{"clientId":`...), customer, 10)
	b = fmt.Appendf(b, `,"amount":%d.%02d,"unit":"%s"`, 5+r.IntN(90), r.IntN(100), pick(r, []string{"USD", "EUR", "GBP"}))
	return fmt.Appendf(b, `,"referenceId":"order-%s","notes":"Pair of shoes, size %d, to be sent by post"}`, strconv.FormatUint(r.Uint64(), 36), 36+r.IntN(10))
}

func freshKey(r *rand.Rand) string {
	return "bench-" + strconv.FormatUint(r.Uint64(), 36) + strconv.FormatUint(r.Uint64(), 36)
}

// requested creates payment requests of customers at random.
func requested(t *till) func(int) worker {
	ids := t.ids.snapshot()
	return func(number int) worker { return worker{request: requestsOf(t, random(number), ids)} }
}

// paid creates a request and pays it with a card that is approved.
func paid(t *till) func(int) worker { return pays(t, t.ids.snapshot()) }

func pays(t *till, ids []int64) func(int) worker {
	const card = `{"name":"Zoë García","number":"4242 4242 4242 4242","expiration":"09/39","cvv":"123"}`
	return func(number int) worker {
		r := random(number)
		create := requestsOf(t, r, ids)
		var request int64
		return worker{
			steps: 2,
			request: func(b []byte) []byte {
				if request == 0 {
					return create(b)
				}
				path := cardPath + strconv.FormatInt(request, 10)
				request = 0
				return t.post(b, path, freshKey(r), []byte(card))
			},
			answered: func(body []byte) {
				if id := idOf(body); id != 0 {
					request = id
				} else if !bytes.Contains(body, []byte(`"status":"approved"`)) {
					t.unapproved.Add(1)
				}
			},
		}
	}
}

func requestsOf(t *till, r *rand.Rand, ids []int64) func(b []byte) []byte {
	var body []byte
	return func(b []byte) []byte {
		body = draft(body[:0], r, ids[r.IntN(len(ids))])
		return t.post(b, requestsPath, freshKey(r), body)
	}
}
