package db

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/florin-gateway/florin/internal/fault"
)

// ErrNoRows says that a question for one row found none.
var ErrNoRows = errors.New("db: no rows")

// ErrInUse says that another process has the SQLite file.
var ErrInUse = errors.New("another florin process uses this data folder")

// Scope is what a call may touch: one realm, or what the worker's policies cover.
type Scope struct {
	realm  int64
	worker bool
}

// Realm is the scope of one realm's rows.
func Realm(id int64) Scope { return Scope{realm: id} }

// Worker is the scope of work that has no realm.
func Worker() Scope { return Scope{worker: true} }

// Config says which database to open.
type Config struct {
	// URL is postgres://… or the path of an SQLite file.
	URL string
	// AdminURL runs migrations on PostgreSQL if it differs from URL.
	AdminURL string
	// Schema is the PostgreSQL schema; empty is the default one.
	Schema string
	// Migrations are goose files; ${BLOB}, ${CLUSTERED} and ${ROWID} differ by engine.
	Migrations fs.FS
	// WorkerTables are tables whose rows the worker may touch in every realm, each
	// with the rights it needs, such as "SELECT, DELETE".
	WorkerTables map[string]string
	// AppTables are the rights of the realm role for each table.
	AppTables map[string]string
	// Synchronous is SQLite's setting; empty is FULL. NORMAL loses acknowledged
	// rows on power loss and exists so that the test for that can be seen to fail.
	Synchronous string
	// WriterCacheMB is how much of an SQLite file its writer keeps in memory; 0 is as
	// much as a reader, 4 MB.
	WriterCacheMB int
	Log           *slog.Logger
}

// Postgres reports whether the configuration names a PostgreSQL server.
func (c Config) Postgres() bool {
	return strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://")
}

// DB is one open database.
type DB struct {
	engine engine
}

// engine is what SQLite and PostgreSQL each do in their own way.
type engine interface {
	commit(*unit) error
	begin(context.Context, Scope) (session, error)
	read(context.Context, Scope, string, []any, func(Row) error) error
	row(context.Context, Scope, string, []any, func(Row) error) error
	scrub(context.Context) error
	facts(context.Context) (Facts, error)
	close() error
}

// session is a unit's own turn, from its first question to its end.
type session interface {
	exec(statement) error
	query(string, []any, func(Row) error) error
	end(error) error
}

// Open connects, migrates, checks that the engine is set as durably and as strictly
// as Florin needs, and starts the committers.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var e engine
	var err error
	if c.Postgres() {
		e, err = openPostgres(ctx, c)
	} else {
		e, err = openSQLite(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	return &DB{engine: e}, nil
}

// Close waits for what was accepted and closes the database.
func (d *DB) Close() error { return d.engine.close() }

// Write runs fn as one unit: all of its statements, or none. It returns when the
// unit is durable. fn may run again after a conflict between transactions and must
// have no effect but its statements. An unknown outcome is fault.Unavailable.
func (d *DB) Write(ctx context.Context, s Scope, fn func(*Tx) error) error {
	return d.write(ctx, s, false, fn)
}

// WriteEarly is Write for a blind unit that need not be durable when it returns, only no
// later than any unit that is written afterwards: all go through one log in order. It
// suits what is told to nobody before a later unit has it. After a crash of the database
// server in between it may be gone. On PostgreSQL it spares the wait for the disk.
func (d *DB) WriteEarly(ctx context.Context, s Scope, fn func(*Tx) error) error {
	return d.write(ctx, s, true, fn)
}

func (d *DB) write(ctx context.Context, s Scope, early bool, fn func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := d.writeOnce(ctx, s, early, fn)
		if attempt < 5 && isSerialization(err) {
			continue
		}
		return outward(err)
	}
}

// usualUnit is how many statements a change of a customer queues.
const usualUnit = 8

func (d *DB) writeOnce(ctx context.Context, s Scope, early bool, fn func(*Tx) error) error {
	tx := &Tx{ctx: ctx, db: d, scope: s, queued: make([]statement, 0, usualUnit)}
	err := tx.run(fn)
	if tx.session != nil {
		if err == nil {
			err = tx.flush()
		}
		return tx.session.end(err)
	}
	if err != nil || len(tx.queued) == 0 {
		return err
	}
	return d.engine.commit(&unit{ctx: ctx, scope: s, early: early, statements: tx.queued, done: make(chan error, 1)})
}

// Each runs one question outside any unit and calls fn for each row.
func (d *DB) Each(ctx context.Context, s Scope, sql string, args []any, fn func(Row) error) error {
	return outward(d.engine.read(ctx, s, sql, args, fn))
}

// Row asks for one row by its key and calls fn with it, or not at all. On PostgreSQL such
// questions of several callers share a round trip: ask nothing here that takes long.
func (d *DB) Row(ctx context.Context, s Scope, sql string, args []any, fn func(Row) error) error {
	return outward(d.engine.row(ctx, s, sql, args, fn))
}

// One is Row into variables; ErrNoRows if there is none.
func (d *DB) One(ctx context.Context, s Scope, sql string, args []any, dest ...any) error {
	found := false
	err := d.Row(ctx, s, sql, args, func(r Row) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}

// Scrub empties what SQLite keeps of deleted rows outside the tables (its
// write-ahead log), as an erasure needs. PostgreSQL's log holds ciphertext whose
// keys are gone and is left to its own recycling.
func (d *DB) Scrub(ctx context.Context) error { return outward(d.engine.scrub(ctx)) }

// Ping answers whether the database can serve a question now.
func (d *DB) Ping(ctx context.Context) error {
	var one int64
	return d.One(ctx, Worker(), `SELECT 1`, nil, &one)
}

// Facts tells how the engine is set, for `florin doctor`.
func (d *DB) Facts(ctx context.Context) (Facts, error) { return d.engine.facts(ctx) }

// Facts is the engine's own account of its settings.
type Facts struct {
	Engine          string // "sqlite" or "postgres"
	Version         string
	Synchronous     string
	Superuser       bool     // the connection passes every policy
	SeparateRoles   bool     // florin_app and florin_worker are in use
	WithoutRLS      []string // tables of realms without forced row-level security
	TLS             bool
	IntegrityErrors []string
}

// outward keeps features from seeing an engine's own errors: what they can act on
// has a type of ours, what means "not now" is fault.Unavailable.
func outward(err error) error {
	var lost *lostError
	if errors.As(err, &lost) {
		return fault.Away(lost.cause)
	}
	if isSerialization(err) {
		return fault.Away(err)
	}
	return err
}
