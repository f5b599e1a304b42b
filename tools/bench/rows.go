package main

import (
	"context"
	"fmt"
	"time"
)

// row is one line of the table. Bounds are ratios of Florin to the floor.
type row struct {
	name, floor string
	must, aim   float64
	atMost      bool
	selfish     bool // has no floor but Florin itself
	measure     func(ctx context.Context, l *lab, r *result) error
}

// slice is one side's turn.
type slice func(ctx context.Context, d time.Duration) (sample, error)

// operation says what connections ask a server for.
type operation func(l *lab, w wire, ids *idSet) func(int) worker

func create(l *lab, w wire, ids *idSet) func(int) worker { return creates(w, &l.people, ids) }
func get(_ *lab, w wire, ids *idSet) func(int) worker {
	return gets(w, ids.snapshot())
}
func list(_ *lab, w wire, _ *idSet) func(int) worker { return lists(w) }

// allRows are the rows in the order of the table; growth has one for each size.
func allRows(growth []int) []row {
	const http = "net/http + encoding/json"
	rows := []row{
		{"create-sqlite-16-raw", "raw SQLite, groups of 16", 0.35, 0.45, false, false, againstRawSQLite(16)},
		{"create-sqlite-64-raw", "raw SQLite, groups of 64", 0.40, 0.50, false, false, againstRawSQLite(64)},
		{"create-sqlite-64-http", http, 0.18, 0.26, false, false, againstHTTP(engineSQLite, create)},
		{"get-sqlite-64-http", http, 0.20, 0.35, false, false, againstHTTP(engineSQLite, get)},
		{"list-sqlite-64-http", http, 0.18, 0.28, false, false, againstHTTP(engineSQLite, list)},
		{"create-postgres-16-pgbench", "pgbench -c 16", 0.40, 0.55, false, false, againstPgbench(16)},
		{"create-postgres-64-pgbench", "pgbench -c 64", 0.60, 1.3, false, false, againstPgbench(64)},
		{"get-postgres-64-http", http, 0.12, 0.20, false, false, againstHTTP(enginePostgres, get)},
		{"list-postgres-64-http", http, 0.15, 0.25, false, false, againstHTTP(enginePostgres, list)},
		{"import-sqlite", "its own create at 64", 1.2, 2, false, true, importing},
	}
	for _, engine := range []string{engineSQLite, enginePostgres} {
		rows = append(rows, row{"tail-" + engine + "-create-64", "p99 : p50 of its own", 4, 0, true, true, tail(engine, create)},
			row{"tail-" + engine + "-get-64", "p99 : p50 of its own", 4, 0, true, true, tail(engine, get)})
		for _, connections := range []int{1, 16, 64, 256} {
			rows = append(rows, row{name: fmt.Sprintf("errors-%s-create-%d", engine, connections), floor: "–", selfish: true, measure: alone(engine, connections, create)},
				row{name: fmt.Sprintf("errors-%s-get-%d", engine, connections), floor: "–", selfish: true, measure: alone(engine, connections, get)})
		}
	}
	rows = append(append(rows, paymentRows()...), webhookRows()...)
	for _, engine := range []string{engineSQLite, enginePostgres} {
		for _, size := range growth {
			floor := map[string]string{engineSQLite: "raw SQLite of the same size, groups of 64", enginePostgres: "pgbench -c 64, same size"}[engine]
			rows = append(rows, row{name: fmt.Sprintf("growth-%s-create-%d", engine, size), floor: floor, measure: growing(engine, size)})
		}
		if len(growth) > 1 {
			rows = append(rows, row{name: "growth-" + engine + "-p50", floor: "its own p50 at the first size", selfish: true, measure: comparingSizes(engine, growth)})
		}
	}
	return rows
}

// compare gives each side its turns and keeps the ratio of every pair. A turn of each
// that does not count comes first.
func (l *lab) compare(ctx context.Context, r *result, s *subject, floor, florin slice) error {
	var beside, own []sample
	var ratios, drains []float64
	for round := range l.options.Rounds + 1 {
		d := l.options.Slice
		if round == 0 {
			d = min(d, 500*time.Millisecond)
		}
		under, err := floor(ctx, d)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		over, drain, err := l.turn(ctx, s, florin, d)
		if err != nil {
			return err
		}
		if round > 0 {
			beside, own, drains = append(beside, under), append(own, over), append(drains, drain)
			ratios = append(ratios, over.rate()/max(under.rate(), 1e-9))
		}
	}
	r.Beside = figuresOf(beside)
	if s != nil {
		r.Florin, r.Ratio, r.Drain = figuresOf(own), spreadOf(ratios), spreadOf(drains).Median
	}
	return nil
}

// turn is Florin's slice and the seconds it went on working after it.
func (l *lab) turn(ctx context.Context, s *subject, florin slice, d time.Duration) (sample, float64, error) {
	if s == nil {
		return sample{}, 0, nil
	}
	out, err := florin(ctx, d)
	if bytes := s.server.process.memory(); bytes > l.memory[s.engine] {
		l.memory[s.engine] = bytes
	}
	return out, s.settle(ctx).Seconds(), err
}

// under is the subject, or nil when only floors are measured.
func (l *lab) under(ctx context.Context, engine string) (*subject, error) {
	if l.options.FloorsOnly {
		return nil, nil
	}
	return l.subject(ctx, engine)
}

func (l *lab) requests(s *subject, connections int, op operation) slice {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		return load{s.host, connections, op(l, s.wire, &s.ids), l.options.Client}.run(ctx, d)
	}
}

func againstRawSQLite(connections int) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		s, err := l.under(ctx, engineSQLite)
		if err != nil {
			return err
		}
		raw, err := l.rawSQLite(ctx)
		if err != nil {
			return err
		}
		return l.compareRaw(ctx, r, s, raw, connections)
	}
}

// compareRaw says how many customers each side ended with: both get slower as they grow.
func (l *lab) compareRaw(ctx context.Context, r *result, s *subject, raw *rawSQLite, connections int) error {
	floor := func(ctx context.Context, d time.Duration) (sample, error) { return raw.run(ctx, connections, d) }
	err := l.compare(ctx, r, s, floor, l.requests(s, connections, create))
	r.Note = fmt.Sprintf("customers at the end: floor %d", raw.creates)
	if s != nil {
		r.Note += fmt.Sprintf(", Florin %d", s.ids.total())
	}
	return err
}

func againstPgbench(connections int) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		s, err := l.under(ctx, enginePostgres)
		if err != nil {
			return err
		}
		raw, err := l.rawPostgres(ctx)
		if err != nil {
			return err
		}
		floor := func(ctx context.Context, d time.Duration) (sample, error) { return raw.run(ctx, connections, d) }
		return l.compare(ctx, r, s, floor, l.requests(s, connections, create))
	}
}

func againstHTTP(engine string, op operation) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		s, floor, err := l.sides(ctx, engine, op)
		if err != nil {
			return err
		}
		return l.compare(ctx, r, s, floor, l.requests(s, 64, op))
	}
}

// sides are Florin and the net/http floor of an operation at 64 connections.
func (l *lab) sides(ctx context.Context, engine string, op operation) (*subject, slice, error) {
	s, err := l.under(ctx, engine)
	if err != nil {
		return nil, nil, err
	}
	w, err := l.floorHTTP(ctx)
	ids := &idSet{ids: []int64{1}}
	return s, func(ctx context.Context, d time.Duration) (sample, error) {
		return load{w.host, 64, op(l, w, ids), l.options.Client}.run(ctx, d)
	}, err
}

// alone measures Florin at a number of connections; its errors are what counts.
func alone(engine string, connections int, op operation) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		samples, err := l.rounds(ctx, engine, connections, op, min(2, l.options.Rounds))
		r.Florin = figuresOf(samples)
		return err
	}
}

// tail is how far the slowest hundredth is from the middle. The floor's figures stand
// beside: with clients and servers on the same cores, part of it is the scheduler's.
func tail(engine string, op operation) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		var own []sample
		measured := func(florin slice) slice {
			return func(ctx context.Context, d time.Duration) (sample, error) {
				one, err := florin(ctx, d)
				own = append(own, one)
				return one, err
			}
		}
		s, floor, err := l.sides(ctx, engine, op)
		if err != nil {
			return err
		}
		if err := l.compare(ctx, r, s, floor, measured(l.requests(s, 64, op))); err != nil {
			return err
		}
		var ratios []float64
		for _, one := range own[1:] {
			ratios = append(ratios, one.percentile(0.99)/max(one.percentile(0.50), 1e-9))
		}
		r.Ratio = spreadOf(ratios)
		r.Note = fmt.Sprintf("the floor's p99 : p50 is %.3g", r.Beside.P99/max(r.Beside.P50, 1e-9))
		return nil
	}
}

func (l *lab) rounds(ctx context.Context, engine string, connections int, op operation, rounds int) ([]sample, error) {
	s, err := l.under(ctx, engine)
	if s == nil || err != nil {
		return nil, err
	}
	var samples []sample
	for range rounds {
		one, _, err := l.turn(ctx, s, l.requests(s, connections, op), l.options.Slice)
		if err != nil {
			return samples, err
		}
		samples = append(samples, one)
	}
	return samples, nil
}
