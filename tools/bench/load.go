package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// worker is what one connection asks for. answered hears of a 200 only.
type worker struct {
	request  func(b []byte) []byte // appends one whole request to b, which is empty
	answered func(body []byte)     // may be nil
	steps    int                   // answers that make one unit; 0 is 1
}

// load is requests from a number of connections, each sending its next one when the
// last is answered.
type load struct {
	address     string
	connections int
	worker      func(number int) worker
	client      string // clientHTTP, or anything else for the client of this program
}

// connect makes a connection for a slice of length d.
func (l load) connect(ctx context.Context, d time.Duration) (asker, error) {
	if l.client == clientHTTP {
		return newHTTPAsker(l.address), nil
	}
	c, err := dial(ctx, l.address)
	if err != nil {
		return nil, err
	}
	return c, c.conn.SetDeadline(time.Now().Add(d + answerTimeout))
}

// sample is what one slice of time gave.
type sample struct {
	requests int
	elapsed  time.Duration
	micros   []uint32 // latency of each answer, sorted
	errors   int
	fault    string // what the first error was
}

// rate is answers a second.
func (s sample) rate() float64 {
	if s.elapsed <= 0 {
		return 0
	}
	return float64(s.requests) / s.elapsed.Seconds()
}

// percentile is a latency in milliseconds; 0 if none was taken.
func (s sample) percentile(p float64) float64 {
	if len(s.micros) == 0 {
		return 0
	}
	return float64(s.micros[min(len(s.micros)-1, int(p*float64(len(s.micros))))]) / 1000
}

// merge is several slices as one.
func merge(samples []sample) sample {
	var all sample
	for _, s := range samples {
		all.requests += s.requests
		all.elapsed += s.elapsed
		all.errors += s.errors
		all.micros = append(all.micros, s.micros...)
		if all.fault == "" {
			all.fault = s.fault
		}
	}
	slices.Sort(all.micros)
	return all
}

// connection is one worker at work.
type connection struct {
	worker
	client asker
	sample sample
	step   int       // of the unit under way
	began  time.Time // of its first request
}

// run sends requests for d. Connections are made before the time starts.
func (l load) run(ctx context.Context, d time.Duration) (sample, error) {
	connections := make([]*connection, l.connections)
	for i := range connections {
		c, err := l.connect(ctx, d)
		if err != nil {
			return sample{}, fmt.Errorf("connection %d: %w", i+1, err)
		}
		defer c.close()
		connections[i] = &connection{worker: l.worker(i), client: c}
		connections[i].sample.micros = make([]uint32, 0, int(d.Seconds()*40_000)/l.connections+64)
	}
	return together(ctx, connections, d), ctx.Err()
}

func together(ctx context.Context, connections []*connection, d time.Duration) sample {
	var done sync.WaitGroup
	began := time.Now()
	for _, c := range connections {
		done.Go(func() { c.until(ctx, began.Add(d)) })
	}
	done.Wait()
	elapsed := time.Since(began)
	samples := make([]sample, len(connections))
	for i, c := range connections {
		samples[i] = c.sample
	}
	all := merge(samples)
	all.elapsed = elapsed
	return all
}

func (c *connection) until(ctx context.Context, end time.Time) {
	var request []byte
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		request = c.request(request[:0])
		sent := time.Now()
		status, body, err := c.client.do(request)
		now = time.Now()
		if err != nil {
			c.failed(err.Error())
			return
		}
		if status != 200 {
			c.failed(fmt.Sprintf("%d %.300s", status, body))
			continue
		}
		c.count(sent, now)
		if c.answered != nil {
			c.answered(body)
		}
	}
}

// count counts a unit when its last answer is there, with the time since its first
// request.
func (c *connection) count(sent, now time.Time) {
	if c.step++; c.step == 1 {
		c.began = sent
	}
	if c.step < c.steps {
		return
	}
	c.step = 0
	c.sample.requests++
	c.sample.micros = append(c.sample.micros, uint32(now.Sub(c.began).Microseconds()))
}

// failed counts an error; the unit under way begins anew.
func (c *connection) failed(fault string) {
	c.step = 0
	if c.sample.errors++; c.sample.fault == "" {
		c.sample.fault = fault
	}
}
