package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"modernc.org/sqlite"

	"github.com/florin-gateway/florin/internal/demo"
)

const (
	importRows = 30_000
	demoSeed   = 1
	// growthConnections is low enough that latency is work and not waiting in line.
	growthConnections = 16
	// sampled bounds how many ids and addresses of a large database are asked for.
	sampled = 20_000
)

// demoFile writes what `florin demo generate --seed 1 --count N` does.
func demoFile(ctx context.Context, path string, count int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(demo.WriteCSV(ctx, f, demo.Options{Seed: demoSeed, Count: count}, nil), f.Close())
}

// demoEmails are addresses in that file, spread over all of it.
func demoEmails(count int) []string {
	var emails []string
	g, step := demo.New(demo.Options{Seed: demoSeed, Count: count}), max(1, count/sampled)
	for i := 0; ; i++ {
		r, ok := g.Next()
		if !ok {
			return emails
		}
		if i%step == 0 {
			emails = append(emails, r.Email)
		}
	}
}

// importFile runs `florin import` on a stopped data folder and returns its seconds.
func (p program) importFile(ctx context.Context, dataDir, databaseURL, path string) (float64, error) {
	args := []string{"import", "customers", path, "--data-dir", dataDir}
	if databaseURL != "" {
		args = append(args, "--database-url", databaseURL)
	}
	began := time.Now()
	err := p.run(ctx, args...)
	return time.Since(began).Seconds(), err
}

// importing compares an import into an empty folder with creates over HTTP.
func importing(ctx context.Context, l *lab, r *result) error {
	s, err := l.under(ctx, engineSQLite)
	if s == nil || err != nil {
		return err
	}
	path := filepath.Join(l.temp, "import.csv")
	if err := demoFile(ctx, path, importRows); err != nil {
		return err
	}
	var own, beside []sample
	var ratios []float64
	for round := range min(3, l.options.Rounds) {
		creates, _, err := l.turn(ctx, s, l.requests(s, 64, create), l.options.Slice)
		if err != nil {
			return err
		}
		dir := filepath.Join(l.temp, fmt.Sprintf("import-%d", round))
		seconds, err := l.program.importFile(ctx, dir, "", path)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		imported := sample{requests: importRows, elapsed: time.Duration(seconds * float64(time.Second))}
		own, beside, ratios = append(own, imported), append(beside, creates), append(ratios, imported.rate()/max(creates.rate(), 1e-9))
	}
	r.Florin, r.Beside, r.Ratio = figuresOf(own), figuresOf(beside), spreadOf(ratios)
	r.Note = fmt.Sprintf("%d rows, from the start of the process to its end", importRows)
	return nil
}

// growing measures Florin with many customers, and its creates against a floor with as many.
func growing(engine string, size int) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		say("filling the floor with %d", size)
		floor, done, err := l.grownFloor(ctx, engine, size)
		if err != nil {
			return err
		}
		defer done()
		s, err := l.grown(ctx, engine, size)
		if err != nil {
			return err
		}
		return l.compare(ctx, r, s, floor, l.requests(s, 64, create))
	}
}

// grownFloor is a floor of creates with that many customers.
func (l *lab) grownFloor(ctx context.Context, engine string, size int) (slice, func(), error) {
	if engine == enginePostgres {
		made, err := l.newPgbench(ctx, fmt.Sprintf("floor_%d", size))
		if err == nil {
			err = made.fill(ctx, size)
		}
		return func(ctx context.Context, d time.Duration) (sample, error) { return made.run(ctx, 64, d) }, func() {}, err
	}
	raw, err := openRawSQLite(ctx, filepath.Join(l.temp, fmt.Sprintf("floor-%d.db", size)), l.sizes)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, d time.Duration) (sample, error) { return raw.run(ctx, 64, d) }, raw.close, raw.fill(ctx, size)
}

// grown is a Florin with that many customers, nil when only floors are measured.
func (l *lab) grown(ctx context.Context, engine string, size int) (*subject, error) {
	if l.options.FloorsOnly {
		return nil, nil
	}
	name := fmt.Sprintf("%s with %d customers", engine, size)
	if s, ok := l.subjects[name]; ok {
		return s, nil
	}
	s := &subject{engine: name, ids: idSet{count: size, emails: demoEmails(size)}}
	path, dir, at := filepath.Join(l.temp, "growth.csv"), filepath.Join(l.temp, fmt.Sprintf("growth-%s-%d", engine, size)), ""
	if err := demoFile(ctx, path, size); err != nil {
		return nil, err
	}
	if engine == enginePostgres {
		var err error
		if at, err = l.database(ctx, fmt.Sprintf("florin_%d", size)); err != nil {
			return nil, err
		}
	}
	say("importing %d", size)
	seconds, err := l.program.importFile(ctx, dir, at, path)
	if err != nil {
		return nil, err
	}
	l.sized(s.engine, "import", float64(size)/seconds, "rows/s")
	if s.server, err = l.program.serve(ctx, dir, at); err != nil {
		return nil, err
	}
	l.sized(s.engine, "start to ready", s.ready.Seconds(), "s")
	if s.ids.ids, err = sampleIDs(ctx, dir, at); err == nil && len(s.ids.ids) == 0 {
		err = errors.New("the import left no customer")
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	l.cleanup = append(l.cleanup, s.stop)
	s.settle(ctx)
	l.sized(s.engine, "resident memory idle", float64(s.process.memory())/(1<<20), "MiB")
	l.subjects[name] = s
	return s, nil
}

// sized records a figure of an engine of a size and, from the second size on, its ratio to the first.
func (l *lab) sized(subject, what string, value float64, unit string) {
	l.report.fact(what+", "+subject, value, unit)
	engine, _, _ := strings.Cut(subject, " ")
	first := fmt.Sprintf("%s, %s with %d customers", what, engine, l.options.Sizes[0])
	for _, f := range l.report.Facts {
		if f.Name == first && first != what+", "+subject && f.Value != 0 {
			l.report.fact(what+", "+subject+" : the first size", value/f.Value, "×")
			return
		}
	}
}

// comparingSizes takes the latencies that must not grow with the database, the sizes by
// turns. The row's ratio is the largest size's p50 to the first's: the middle of the
// operations, and the ends.
func comparingSizes(engine string, sizes []int) func(context.Context, *lab, *result) error {
	return func(ctx context.Context, l *lab, r *result) error {
		var subjects []*subject
		for _, size := range sizes {
			s, err := l.grown(ctx, engine, size)
			if s == nil || err != nil {
				return err
			}
			subjects = append(subjects, s)
		}
		var ratios []float64
		for _, op := range []struct {
			what string
			op   operation
		}{{"get", get}, {"search by e-mail", searchDemo}, {"list of 25", list}, {"create", create}} {
			grown, err := l.grownLatency(ctx, subjects, op.what, op.op)
			if err != nil {
				return err
			}
			ratios = append(ratios, grown)
		}
		r.Ratio = spreadOf(ratios)
		return nil
	}
}

// searchDemo finds customers of the demo file.
func searchDemo(_ *lab, w wire, ids *idSet) func(int) worker { return searches(w, ids.emails) }

// grownLatency is the median over the rounds of the last subject's p50 to the first's.
func (l *lab) grownLatency(ctx context.Context, subjects []*subject, what string, op operation) (float64, error) {
	samples, ratios := make([][]sample, len(subjects)), []float64(nil)
	for range l.options.Rounds {
		for i, s := range subjects {
			one, _, err := l.turn(ctx, s, l.requests(s, growthConnections, op), l.options.Slice)
			if err == nil && one.errors > 0 {
				err = fmt.Errorf("%s: %d errors, the first: %s", what, one.errors, one.fault)
			}
			if err != nil {
				return 0, err
			}
			samples[i] = append(samples[i], one)
		}
		last, first := samples[len(samples)-1], samples[0]
		ratios = append(ratios, last[len(last)-1].percentile(0.50)/max(first[len(first)-1].percentile(0.50), 1e-9))
	}
	for i, s := range subjects {
		all := merge(samples[i])
		l.report.fact(what+" p50, "+s.engine, all.percentile(0.50), "ms")
		l.report.fact(what+" p99, "+s.engine, all.percentile(0.99), "ms")
	}
	grown := spreadOf(ratios).Median
	l.report.fact(what+" p50, largest : first size, "+subjects[0].engine, grown, "×")
	return grown, nil
}

// sampleIDs reads ids straight from the database: a list over HTTP would bring the
// pages in question into every cache.
func sampleIDs(ctx context.Context, dir, databaseURL string) ([]int64, error) {
	sql := fmt.Sprintf(`SELECT id FROM customer ORDER BY random() LIMIT %d`, sampled)
	if databaseURL != "" {
		return idsInPostgres(ctx, databaseURL, sql)
	}
	path, err := dataFile(ctx, dir)
	if err != nil {
		return nil, err
	}
	conn, err := openReader(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	var ids []int64
	err = eachRow(conn, sql, func(row []driver.Value) {
		if id, ok := row[0].(int64); ok {
			ids = append(ids, id)
		}
	})
	return ids, err
}

func idsInPostgres(ctx context.Context, at, sql string) ([]int64, error) {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func openReader(ctx context.Context, path string) (driver.Conn, error) {
	connector, err := sqlite.NewConnector(rawSource(path))
	if err != nil {
		return nil, err
	}
	return connector.Connect(ctx)
}

// dataFile finds the file that holds customers.
func dataFile(ctx context.Context, dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	for _, path := range files {
		conn, err := openReader(ctx, path)
		if err != nil {
			continue
		}
		err = eachRow(conn, `SELECT 1 FROM customer LIMIT 1`, func([]driver.Value) {})
		_ = conn.Close()
		if err == nil {
			return path, nil
		}
	}
	return "", errors.Join(err, fmt.Errorf("no database with customers among %d files of the data folder", len(files)))
}
