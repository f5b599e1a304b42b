package db

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/florin-gateway/florin/internal/fault"
)

const (
	pgConnections = 24
	// pgCommitters groups of waiting units are sent at the same time. More, smaller
	// groups are better at 16 connections, fewer and larger ones at 64; this many
	// gives both (docs/performance.md).
	pgCommitters = 4
	pgTimeout    = 10 * time.Second
)

type postgresEngine struct {
	pool  *pgxpool.Pool
	roles bool
	log   *slog.Logger
	queue chan *unit
	early chan *unit // see WriteEarly: never in a group with units that wait for the disk

	questions chan *question

	inserts sync.Map // of shape: texts

	closing sync.RWMutex
	closed  bool
	workers sync.WaitGroup
}

func openPostgres(ctx context.Context, c Config) (engine, error) {
	admin := c.AdminURL
	if admin == "" {
		admin = c.URL
	}
	roles, err := preparePostgres(ctx, admin, c)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("the database URL is not understood: expected postgres://user:password@host:port/name")
	}
	useSchema(config.ConnConfig, c.Schema)
	config.MaxConns = max(config.MaxConns, pgConnections)
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	e := &postgresEngine{pool: pool, roles: roles, log: c.Log, queue: make(chan *unit, 1024), early: make(chan *unit, 1024), questions: make(chan *question, 1024)}
	if err := e.refuseUnsafe(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	for range pgCommitters {
		e.workers.Go(func() { e.write(e.queue) })
	}
	e.workers.Go(func() { e.write(e.early) })
	for range pgReaders {
		e.workers.Go(func() { e.answer(e.questions) })
	}
	return e, nil
}

func useSchema(c *pgx.ConnConfig, schema string) {
	c.RuntimeParams["application_name"] = "florin"
	if schema != "" {
		c.RuntimeParams["search_path"] = schema
	}
}

// refuseUnsafe stops a start on a standby (its reads can be stale and its writes
// fail) and where a table of realms lacks forced row-level security.
func (e *postgresEngine) refuseUnsafe(ctx context.Context) error {
	var recovering bool
	if err := e.pool.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&recovering); err != nil {
		return fmt.Errorf("PostgreSQL does not answer: %w", fromPostgres(err))
	}
	if recovering {
		return errors.New("this PostgreSQL server is a standby; point --database-url at the primary")
	}
	open, err := e.tablesWithoutRLS(ctx)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return fmt.Errorf("tables without forced row-level security: %v; run florin migrate with a role that owns them", open)
	}
	return nil
}

func (e *postgresEngine) tablesWithoutRLS(ctx context.Context) ([]string, error) {
	rows, err := e.pool.Query(ctx, `
		SELECT c.relname FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'realm_id' AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
		  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`)
	if err != nil {
		return nil, fromPostgres(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, fromPostgres(err)
}

// enter puts the scope into the transaction at hand. Both settings are local to it,
// so that a pooler between us and the server may lend the connection to anyone next.
const (
	enterWithRoles = `SELECT set_config('role', $1, true), set_config('app.realm', $2, true)`
	enterPlain     = `SELECT set_config('app.worker', $1, true), set_config('app.realm', $2, true)`
)

func (e *postgresEngine) enter(s Scope) (string, []any) {
	realm := strconv.FormatInt(s.realm, 10)
	switch {
	case e.roles && s.worker:
		return enterWithRoles, []any{"florin_worker", ""}
	case e.roles:
		return enterWithRoles, []any{"florin_app", realm}
	case s.worker:
		return enterPlain, []any{"on", ""}
	default:
		return enterPlain, []any{"off", realm}
	}
}

func (e *postgresEngine) read(ctx context.Context, s Scope, sql string, args []any, fn func(Row) error) error {
	ctx, cancel := context.WithTimeout(ctx, pgTimeout)
	defer cancel()
	batch := &pgx.Batch{}
	enter, enterArgs := e.enter(s)
	batch.Queue(enter, enterArgs...)
	batch.Queue(sql, args...)
	results := e.pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }()
	if _, err := results.Exec(); err != nil {
		return fromPostgres(err)
	}
	return eachRow(results.Query, fn)
}

func eachRow(query func() (pgx.Rows, error), fn func(Row) error) error {
	rows, err := query()
	if err != nil {
		return fromPostgres(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(Row{postgres: rows}); err != nil {
			return err
		}
	}
	return fromPostgres(rows.Err())
}

func (e *postgresEngine) commit(u *unit) error {
	e.closing.RLock()
	if e.closed {
		e.closing.RUnlock()
		return fault.Away(errShut)
	}
	if u.early {
		e.early <- u
	} else {
		e.queue <- u
	}
	e.closing.RUnlock()
	return <-u.done
}

func (e *postgresEngine) scrub(context.Context) error { return nil }

func (e *postgresEngine) close() error {
	e.closing.Lock()
	if e.closed {
		e.closing.Unlock()
		return nil
	}
	e.closed = true
	close(e.queue)
	close(e.early)
	close(e.questions)
	e.closing.Unlock()
	e.workers.Wait()
	e.pool.Close()
	return nil
}

func (e *postgresEngine) facts(ctx context.Context) (Facts, error) {
	f := Facts{Engine: "postgres", SeparateRoles: e.roles}
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return f, fromPostgres(err)
	}
	defer conn.Release()
	_, f.TLS = conn.Conn().PgConn().Conn().(*tls.Conn)
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('synchronous_commit'),
		(SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)`).Scan(&f.Version, &f.Synchronous, &f.Superuser)
	if err != nil {
		return f, fromPostgres(err)
	}
	f.WithoutRLS, err = e.tablesWithoutRLS(ctx)
	return f, err
}
