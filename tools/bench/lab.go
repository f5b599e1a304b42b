package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	engineSQLite   = "sqlite"
	enginePostgres = "postgres"
	// customersFirst exist before anything is read.
	customersFirst = 10_000
)

// subject is a Florin under measurement.
type subject struct {
	*server
	engine string
	at     string // URL of its database, "" for SQLite
	ids    idSet
	till   *till // made when first needed
}

// lab holds what rows share; everything is made when first needed.
type lab struct {
	options  options
	report   *report
	temp     string
	program  program
	people   people
	sizes    sizes
	subjects map[string]*subject
	http     string // address of floor-http
	raw      *rawSQLite
	pgbench  *pgbench
	memory   map[string]int64 // largest resident set seen under load
	cleanup  []func()
}

// measure runs the rows one after another. A row that fails is noted and the next one
// runs; only an interrupt ends it all.
func measure(ctx context.Context, o options, rows []row, found *report) error {
	l := &lab{options: o, report: found, subjects: map[string]*subject{}, memory: map[string]int64{}, sizes: defaultSizes()}
	l.people.tag = strconv.FormatInt(time.Now().UnixMilli()%(36*36*36*36*36), 36)
	defer l.close()
	if err := l.open(ctx); err != nil {
		return err
	}
	var errs []error
	for _, r := range rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say("%s", r.name)
		result := result{Name: r.name, Floor: r.floor, Must: r.must, Aim: r.aim, AtMost: r.atMost}
		if err := r.measure(ctx, l, &result); err != nil {
			say("%s: %v", r.name, err)
			errs = append(errs, fmt.Errorf("%s: %w", r.name, err))
		}
		if result.Florin.Errors > 0 {
			say("%s: %d errors, the first: %s\nFlorin's log ends:\n%s", r.name, result.Florin.Errors, result.Florin.Fault, l.program.tail())
		}
		found.Rows = append(found.Rows, result)
	}
	for engine, bytes := range l.memory {
		found.fact("resident memory under load, "+engine, float64(bytes)/(1<<20), "MiB")
	}
	found.Sizes = l.sizes
	return errors.Join(errs...)
}

func (l *lab) open(ctx context.Context) (err error) {
	if l.temp, err = os.MkdirTemp(l.options.Dir, "florin-bench-"); err != nil {
		return err
	}
	l.cleanup = append(l.cleanup, func() { _ = os.RemoveAll(l.temp) })
	if l.options.FloorsOnly {
		return nil
	}
	say("building")
	if l.program, err = build(ctx, l.options.Binary, l.temp); err != nil {
		return err
	}
	l.report.fact("binary", float64(l.program.size())/(1<<20), "MiB")
	return nil
}

func (l *lab) close() {
	for i := len(l.cleanup) - 1; i >= 0; i-- {
		l.cleanup[i]()
	}
}

// subject starts Florin on an engine, with its first customers.
func (l *lab) subject(ctx context.Context, engine string) (*subject, error) {
	if s, ok := l.subjects[engine]; ok {
		return s, nil
	}
	databaseURL := ""
	if engine == enginePostgres {
		at, err := l.database(ctx, "florin")
		if err != nil {
			return nil, err
		}
		databaseURL = at
	}
	running, err := l.program.serve(ctx, filepath.Join(l.temp, engine), databaseURL)
	if err != nil {
		return nil, err
	}
	l.cleanup = append(l.cleanup, running.stop)
	s := &subject{server: running, engine: engine, at: databaseURL}
	l.report.fact("start to ready on an empty folder, "+engine, running.ready.Seconds(), "s")
	running.settle(ctx)
	l.report.fact("resident memory after the start, "+engine, float64(running.memory())/(1<<20), "MiB")
	if err := l.firstCustomers(ctx, s.wire, &s.ids); err != nil {
		return nil, err
	}
	l.subjects[engine] = s
	return s, l.measureSizes(ctx, s, databaseURL)
}

// firstCustomers creates until enough exist, for at most a minute.
func (l *lab) firstCustomers(ctx context.Context, w wire, ids *idSet) error {
	say("first %d customers", customersFirst)
	for deadline := time.Now().Add(time.Minute); len(ids.snapshot()) < customersFirst; {
		done, err := load{address: w.host, connections: 64, worker: creates(w, &l.people, ids)}.run(ctx, 500*time.Millisecond)
		switch {
		case err != nil:
			return err
		case done.requests == 0:
			return fmt.Errorf("no create succeeds: %s", done.fault)
		case time.Now().After(deadline):
			return errors.New("the first customers take more than a minute")
		}
	}
	return nil
}

// measureSizes reads what a create really writes, once a run.
func (l *lab) measureSizes(ctx context.Context, s *subject, databaseURL string) (err error) {
	if l.raw != nil || l.pgbench != nil {
		return nil
	}
	// A few more creates, so that the sealer has not taken all records of the trail.
	if _, err := (load{address: s.host, connections: 4, worker: creates(s.wire, &l.people, nil)}).run(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	if databaseURL != "" {
		l.sizes, err = sizesInPostgres(ctx, databaseURL, l.sizes)
		return err
	}
	path, err := dataFile(ctx, s.dataDir)
	if err != nil {
		return err
	}
	l.sizes, err = measuredSizes(ctx, path)
	return err
}

func sizesInPostgres(ctx context.Context, at string, s sizes) (sizes, error) {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return s, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `SELECT (SELECT avg(length(doc))::int FROM customer), (SELECT avg(length(answer))::int FROM idempotency_answer),
		(SELECT coalesce(avg(length(body))::int, $1) FROM audit_pending WHERE position('customer.create'::bytea IN body) > 0)`, s.Audit).
		Scan(&s.Doc, &s.Answer, &s.Audit)
	return s, err
}

// database makes a fresh PostgreSQL database for the length of the run.
func (l *lab) database(ctx context.Context, purpose string) (string, error) {
	p, err := findPostgres()
	if err != nil {
		return "", err
	}
	at, drop, err := p.fresh(ctx, purpose)
	if err == nil {
		l.cleanup = append(l.cleanup, drop)
	}
	return at, err
}

func (l *lab) floorHTTP(ctx context.Context) (wire, error) {
	if l.http == "" {
		address, stop, err := startFloorHTTP(ctx)
		if err != nil {
			return wire{}, err
		}
		l.http = address
		l.cleanup = append(l.cleanup, stop)
	}
	return wire{host: l.http, key: "florin_live_sk_of_a_usual_length_that_nobody_looks_at_0123456789"}, nil
}

func (l *lab) rawSQLite(ctx context.Context) (_ *rawSQLite, err error) {
	if l.raw == nil {
		if l.raw, err = openRawSQLite(ctx, filepath.Join(l.temp, "floor.db"), l.sizes); err != nil {
			return nil, err
		}
		l.cleanup = append(l.cleanup, l.raw.close)
		if err := l.raw.fill(ctx, customersFirst); err != nil {
			return nil, err
		}
	}
	return l.raw, nil
}

func (l *lab) rawPostgres(ctx context.Context) (*pgbench, error) {
	if l.pgbench != nil {
		return l.pgbench, nil
	}
	made, err := l.newPgbench(ctx, "floor")
	if err != nil {
		return nil, err
	}
	l.pgbench = &made
	return l.pgbench, nil
}

// newPgbench makes a floor in a database of its own.
func (l *lab) newPgbench(ctx context.Context, purpose string) (pgbench, error) {
	p, err := findPostgres()
	if err != nil {
		return pgbench{}, err
	}
	at, err := l.database(ctx, purpose)
	if err != nil {
		return pgbench{}, err
	}
	return newPgbench(ctx, p, at, l.temp, l.sizes)
}
