package fill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/demo"
	"github.com/florin-gateway/florin/internal/money"
)

// Options say what is filled with what. Equal seeds tell the same stories.
type Options struct {
	URL       string // of the server
	Key       string // a test key
	Seed      uint64
	Customers int
	Payments  int
	Workers   int
	Clock     clock.Clock
}

// ErrLiveKey says that a key opens live mode.
var ErrLiveKey = errors.New("this is a live key: demo data belong into test mode; give a key that begins with florin_test_")

// Check finds what can't work before anything is sent.
func (o Options) Check() error {
	switch {
	case strings.HasPrefix(o.Key, "florin_live_"):
		return ErrLiveKey
	case !strings.HasPrefix(o.Key, "florin_test_"):
		return errors.New("the key is no test key: it must begin with florin_test_")
	case o.Customers < 1 || o.Payments < 0 || o.Workers < 1:
		return errors.New("at least one customer and one worker are needed")
	}
	return nil
}

// Result counts what was done.
type Result struct {
	Customers, Present int // new, and there already
	Payments, Skipped  int // done now, and done before
	Kinds              map[Kind]int
}

// customer is one story.
type customer struct {
	number   int
	row      demo.Row
	payments []int
}

// runner is a run.
type runner struct {
	o        Options
	client   *client
	progress func(done int)
	accepted []string // currencies

	mu     sync.Mutex
	done   int
	result Result
}

// Run tells all stories. progress hears how many customers and payments are done. The
// first error ends it; what was done stays, and another run goes on from there.
func Run(ctx context.Context, o Options, progress func(done int)) (Result, error) {
	r := &runner{o: o, client: newClient(o), progress: progress, result: Result{Kinds: map[Kind]int{}}}
	if err := o.Check(); err != nil {
		return r.result, err
	}
	var err error
	if r.accepted, err = r.currencies(ctx); err != nil {
		return r.result, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan customer)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for c := range work {
				if err := r.tell(ctx, c); err != nil {
					stop(err)
				}
			}
		})
	}
	r.hand(ctx, work)
	workers.Wait()
	return r.result, context.Cause(ctx)
}

// currencies are those of the stories that the server has a rate for.
func (r *runner) currencies(ctx context.Context) ([]string, error) {
	a, err := r.client.call(ctx, http.MethodGet, "/exchanges/rates", "", nil)
	if err != nil {
		return nil, err
	}
	var known struct {
		Base  string
		Rates map[string]json.Number
	}
	if err := a.into(&known); err != nil {
		return nil, err
	}
	accepted := slices.DeleteFunc(currencies(), func(c string) bool { return known.Rates[c] == "" && c != known.Base })
	if len(accepted) == 0 {
		accepted = []string{known.Base}
	}
	return accepted, nil
}

// hand gives out the stories in order.
func (r *runner) hand(ctx context.Context, work chan<- customer) {
	defer close(work)
	rows := demo.New(demo.Options{Seed: r.o.Seed, Count: r.o.Customers})
	for i, payments := range stories(r.o) {
		row, ok := rows.Next()
		if !ok {
			return
		}
		select {
		case work <- customer{i, row, payments}:
		case <-ctx.Done():
			return
		}
	}
}

func (r *runner) count(add func(*Result)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.result)
	r.done++
	r.progress(r.done)
}

func (r *runner) key(what string, number int) string {
	return fmt.Sprintf("demo-%d-%s-%d", r.o.Seed, what, number)
}

// tell makes one customer and everything that happens to them.
func (r *runner) tell(ctx context.Context, c customer) error {
	id, known, err := r.create(ctx, c)
	if err != nil {
		return fmt.Errorf("customer %d: %w", c.number, err)
	}
	made := map[string]request{}
	if known {
		if made, err = r.requests(ctx, id); err != nil {
			return err
		}
	}
	random := source(r.o.Seed, ofCustomer, c.number)
	currency := pick(random, r.accepted)
	for i, contact := range contacts(random) {
		if known {
			break
		}
		if _, err := r.client.call(ctx, http.MethodPost, fmt.Sprintf("/customers/%d/interactions", id), r.key("contact", c.number*10+i), contact); err != nil {
			return err
		}
	}
	for _, n := range c.payments {
		p := payment(r.o.Seed, n, currency)
		if err := r.pay(ctx, id, p, made[p.reference(r.o.Seed)]); err != nil {
			return fmt.Errorf("payment %d (%s): %w", n, p.Kind, err)
		}
	}
	return nil
}

// create makes the customer or finds who an earlier run made.
func (r *runner) create(ctx context.Context, c customer) (id int64, known bool, err error) {
	a, err := r.client.call(ctx, http.MethodPost, "/customers", r.key("customer", c.number), c.row)
	if twice, ok := isRefusal(err, http.StatusConflict); ok && twice.customer != 0 {
		id, known, err = twice.customer, true, nil
	} else if err == nil {
		var made request
		err = a.into(&made)
		id, known = made.ID, a.replayed
	}
	if err == nil {
		r.count(func(res *Result) {
			if known {
				res.Present++
			} else {
				res.Customers++
			}
		})
	}
	return id, known, err
}

// request is what we read of a payment request, and of anything else with an id.
type request struct {
	ID          int64  `json:"id"`
	ReferenceID string `json:"referenceId"`
	Status      int    `json:"paymentRequestStatusId"`
}

// requests are a customer's requests by our reference.
func (r *runner) requests(ctx context.Context, customer int64) (map[string]request, error) {
	all := map[string]request{}
	path := fmt.Sprintf("/payment-requests?limit=100&customerId=%d", customer)
	for next := path; next != ""; {
		a, err := r.client.call(ctx, http.MethodGet, next, "", nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Data       []request
			NextCursor *string
		}
		if err := a.into(&page); err != nil {
			return nil, err
		}
		for _, q := range page.Data {
			all[q.ReferenceID] = q
		}
		if next = ""; page.NextCursor != nil {
			next = path + "&cursor=" + *page.NextCursor
		}
	}
	return all, nil
}

// pay makes one payment request and what becomes of it; one of an earlier run is left
// alone unless it waits and should not.
func (r *runner) pay(ctx context.Context, customer int64, p Payment, made request) error {
	if made.ID != 0 && (made.Status != 0 || p.Kind == Waiting || p.Kind == Expired) {
		r.count(func(res *Result) { res.Skipped++ })
		return nil
	}
	if made.ID == 0 {
		body := map[string]any{"clientId": customer, "amount": number(p.Amount), "unit": p.Amount.Currency, "referenceId": p.reference(r.o.Seed), "notes": p.Notes}
		if p.Kind == Expired {
			body["expireDate"] = r.o.Clock.Now().Add(2 * time.Second).Format(time.RFC3339)
		}
		a, err := r.client.call(ctx, http.MethodPost, "/payment-requests", r.key("request", p.Number), body)
		if err != nil {
			return err
		}
		if err := a.into(&made); err != nil {
			return err
		}
	}
	if err := r.follow(ctx, made.ID, p); err != nil {
		return err
	}
	r.count(func(res *Result) { res.Payments++; res.Kinds[p.Kind]++ })
	return nil
}

// number is an amount as JSON has it.
type number money.Amount

func (n number) MarshalJSON() ([]byte, error) { return []byte(money.Amount(n).String()), nil }
