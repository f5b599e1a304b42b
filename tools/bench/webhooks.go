package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// posters is how many connections the bare client has: as many as Florin may have.
	posters = 16
	// hanging is how many endpoints never answer.
	hanging = 100
	// backlog is how many events a delivery slice is given: enough for longer than the bare
	// client's slice, so that the start of it does not count for more than it does there.
	backlog = 48_000
)

func webhookRows() []row {
	var rows []row
	for engine, must := range map[string]float64{engineSQLite: 0.3, enginePostgres: 0.5} {
		rows = append(rows, row{"webhooks-" + engine, "a bare Go client, 16 connections", must, 0, false, true, deliveries(engine)},
			row{"webhooks-hanging-" + engine, "its own without 100 hanging endpoints", 0.8, 0, false, true, besideHanging(engine)},
			row{"webhooks-creates-" + engine + "-64", "its own creates without webhooks", 0.8, 0, false, true, createsWithWebhooks(engine)})
	}
	return rows
}

// receiver is a merchant's system on this machine: / takes everything, /hang never answers.
type receiver struct {
	address string
	got     atomic.Int64
	body    atomic.Pointer[[]byte] // of the last post
	header  atomic.Pointer[http.Header]
}

func (l *lab) receiver(ctx context.Context) (*receiver, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{address: "http://" + listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.body.Store(&body)
		r.header.Store(&req.Header)
		r.got.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /hang", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: answerTimeout}
	go func() { _ = server.Serve(listener) }()
	l.cleanup = append(l.cleanup, func() { _ = server.Close() })
	return r, nil
}

// hooks is a subject with a receiver.
type hooks struct {
	s       *subject
	l       *lab
	r       *receiver
	healthy int64
	hanging []int64
}

func (l *lab) hooks(ctx context.Context, engine string) (*hooks, error) {
	s, err := l.under(ctx, engine)
	if s == nil || err != nil {
		return nil, err
	}
	h := &hooks{s: s, l: l}
	if h.r, err = l.receiver(ctx); err != nil {
		return nil, err
	}
	h.healthy, err = h.endpoint(ctx, "/")
	return h, err
}

// ask sends one request of administration and decodes the answer.
func (h *hooks) ask(ctx context.Context, method, path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+h.s.host+"/api"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-API-Key", h.s.key)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil && answer.StatusCode != http.StatusNoContent {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %v", method, path, answer.StatusCode, out)
	}
	return out, nil
}

// endpoint makes one that is off.
func (h *hooks) endpoint(ctx context.Context, path string) (int64, error) {
	made, err := h.ask(ctx, http.MethodPost, "/webhook-endpoints", map[string]any{"url": h.r.address + path, "events": []string{"customer.created"}, "enabled": false})
	if err != nil {
		return 0, err
	}
	number, _ := made["id"].(float64)
	return int64(number), nil
}

func (h *hooks) set(ctx context.Context, id int64, enabled bool) error {
	_, err := h.ask(ctx, http.MethodPut, fmt.Sprintf("/webhook-endpoints/%d", id), map[string]any{"enabled": enabled})
	return err
}

// drained switches the endpoint on for a backlog and takes the time until all of it came.
func (h *hooks) drained(ctx context.Context, _ time.Duration) (sample, error) {
	for made := 0; made < backlog; {
		done, err := load{address: h.s.host, connections: 64, worker: creates(h.s.wire, &h.l.people, &h.s.ids)}.run(ctx, 500*time.Millisecond)
		if err != nil {
			return sample{}, err
		}
		made += done.requests
	}
	h.s.settle(ctx)
	behind, err := h.ask(ctx, http.MethodGet, fmt.Sprintf("/webhook-endpoints/%d", h.healthy), nil)
	if err != nil {
		return sample{}, err
	}
	count, _ := behind["behind"].(float64)
	before, began := h.r.got.Load(), time.Now()
	if err := h.set(ctx, h.healthy, true); err != nil {
		return sample{}, err
	}
	for h.r.got.Load()-before < int64(count) {
		if time.Since(began) > time.Minute || ctx.Err() != nil {
			return sample{}, errors.Join(fmt.Errorf("%d of %.0f events came in a minute", h.r.got.Load()-before, count), ctx.Err())
		}
		pause(ctx, time.Millisecond)
	}
	done := sample{requests: int(count), elapsed: time.Since(began)}
	return done, h.set(ctx, h.healthy, false)
}

// bare posts the last body that came, with its headers, on as many connections.
func (h *hooks) bare(ctx context.Context, d time.Duration) (sample, error) {
	if h.r.body.Load() == nil {
		if _, err := h.drained(ctx, d); err != nil {
			return sample{}, err
		}
	}
	body, header := *h.r.body.Load(), *h.r.header.Load()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posters, DisableCompression: true}, Timeout: answerTimeout}
	defer client.CloseIdleConnections()
	var posted, failed atomic.Int64
	var done sync.WaitGroup
	began := time.Now()
	for range posters {
		done.Go(func() {
			for time.Since(began) < d && ctx.Err() == nil {
				if post(ctx, client, h.r.address, header, body) != nil {
					failed.Add(1)
				}
				posted.Add(1)
			}
		})
	}
	done.Wait()
	return sample{requests: int(posted.Load()), elapsed: time.Since(began), errors: int(failed.Load())}, ctx.Err()
}

func post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

func deliveries(engine string) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		h, err := l.hooks(ctx, engine)
		if h == nil || err != nil {
			return err
		}
		return l.compare(ctx, r, h.s, h.bare, h.drained)
	}
}

func besideHanging(engine string) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		h, err := l.hooks(ctx, engine)
		if h == nil || err != nil {
			return err
		}
		for range hanging {
			id, err := h.endpoint(ctx, "/hang")
			if err != nil {
				return err
			}
			h.hanging = append(h.hanging, id)
		}
		return l.compare(ctx, r, h.s, l.rested(h.s, h.drained), h.drainedBeside)
	}
}

// drainedBeside is drained with the hanging endpoints on.
func (h *hooks) drainedBeside(ctx context.Context, d time.Duration) (sample, error) {
	for _, id := range h.hanging {
		if err := h.set(ctx, id, true); err != nil {
			return sample{}, err
		}
	}
	out, err := h.drained(ctx, d)
	for _, id := range h.hanging {
		if err := h.set(ctx, id, false); err != nil {
			return sample{}, err
		}
	}
	return out, err
}

func createsWithWebhooks(engine string) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		h, err := l.hooks(ctx, engine)
		if h == nil || err != nil {
			return err
		}
		creating := func(ctx context.Context, d time.Duration) (sample, error) {
			return load{address: h.s.host, connections: 64, worker: creates(h.s.wire, &l.people, &h.s.ids)}.run(ctx, d)
		}
		with := func(ctx context.Context, d time.Duration) (sample, error) {
			if err := h.set(ctx, h.healthy, true); err != nil {
				return sample{}, err
			}
			before := h.r.got.Load()
			out, err := creating(ctx, d)
			if err == nil && h.r.got.Load() == before {
				err = errors.New("no event was delivered meanwhile")
			}
			return out, errors.Join(err, h.set(ctx, h.healthy, false))
		}
		return l.compare(ctx, r, h.s, l.rested(h.s, creating), with)
	}
}
