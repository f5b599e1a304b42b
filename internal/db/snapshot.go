package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Snapshot is a database as it stood at one moment, read beside whoever writes to it: other
// processes go on, and what they write is not seen.
type Snapshot struct{ engine snapshot }

type snapshot interface {
	each(context.Context, string, []any, func(Row) error) error
	tables(context.Context) ([]string, error)
	write(context.Context, io.Writer, func(int64)) error
	close() error
}

// OpenSnapshot opens a database that exists. It changes nothing, waits for no lock of ours
// and holds up nobody.
func OpenSnapshot(ctx context.Context, c Config) (*Snapshot, error) {
	var s snapshot
	var err error
	if c.Postgres() {
		s, err = snapshotPostgres(ctx, c)
	} else {
		s, err = snapshotSQLite(c)
	}
	if err != nil {
		return nil, err
	}
	return &Snapshot{s}, nil
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.engine.close() }

// Each runs one question and calls fn for each row, of every realm.
func (s *Snapshot) Each(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	return outward(s.engine.each(ctx, sql, args, fn))
}

// One asks for a single row; ErrNoRows if there is none.
func (s *Snapshot) One(ctx context.Context, sql string, args []any, dest ...any) error {
	found := false
	err := s.Each(ctx, sql, args, func(r Row) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}

// Version is the number of the newest migration.
func (s *Snapshot) Version(ctx context.Context) (version int64, err error) {
	err = s.One(ctx, `SELECT max(version_id) FROM goose_db_version`, nil, &version)
	return version, err
}

// Counts are the rows of each table.
func (s *Snapshot) Counts(ctx context.Context) (map[string]int64, error) {
	names, err := s.engine.tables(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, name := range names {
		var n int64
		if err := s.One(ctx, `SELECT count(*) FROM `+name, nil, &n); err != nil {
			return nil, err
		}
		counts[name] = n
	}
	return counts, nil
}

// Write gives the whole database as Load takes it: SQLite's file itself, PostgreSQL's rows.
// progress hears how many bytes there are so far.
func (s *Snapshot) Write(ctx context.Context, w io.Writer, progress func(int64)) error {
	return outward(s.engine.write(ctx, w, progress))
}

// ErrNotEmpty says that Load would write over something.
var ErrNotEmpty = errors.New("there is a database already")

// Empty reports whether Load would take the place: no file of SQLite's, no row in a table of
// PostgreSQL's.
func Empty(ctx context.Context, c Config) (bool, error) {
	if c.Postgres() {
		return emptyPostgres(ctx, c)
	}
	return emptySQLite(c)
}

// Load fills an empty place with what Write gave, of the given schema version, and runs the
// statements of then in it. All of that is there afterwards, or nothing: a kill, an error of
// from's reader at its last byte, or of then, leaves the place empty.
func Load(ctx context.Context, c Config, version int64, from io.Reader, then func(exec func(sql string, args ...any) error) error) error {
	empty, err := Empty(ctx, c)
	if err != nil {
		return err
	}
	if !empty {
		return ErrNotEmpty
	}
	if c.Postgres() {
		return loadPostgres(ctx, c, version, from, then)
	}
	return loadSQLite(c, from, then)
}

// Inspect reads what Write gave to its end, without a database, and says how many rows each
// table has; nil for SQLite, whose file has to be opened for that.
func Inspect(postgres bool, from io.Reader) (map[string]int64, error) {
	if !postgres {
		_, err := io.Copy(io.Discard, from)
		return nil, err
	}
	return inspectRows(from)
}

// Differences names the tables whose rows are not as many as they should be.
func Differences(want, got map[string]int64) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if want[name] != got[name] {
			wrong = append(wrong, fmt.Sprintf("%s has %d rows instead of %d", name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			wrong = append(wrong, name+" should not be there")
		}
	}
	if wrong != nil {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}
