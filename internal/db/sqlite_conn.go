package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"modernc.org/sqlite"
)

// liteConn is one SQLite connection with the statements it has prepared. It uses the
// driver's own interface: database/sql costs a quarter of the read rate.
type liteConn struct {
	conn     driver.Conn
	prepared map[string]*liteStatement
	inserts  map[shape]string
	values   []any
	merged   merged
	args     []driver.NamedValue
}

type liteStatement struct {
	exec    driver.StmtExecContext
	query   driver.StmtQueryContext
	columns []driver.Value
}

// sqliteSource is the data source name. What each setting is for stands in ADR 0003.
func sqliteSource(path, synchronous string) string {
	pragmas := []string{"busy_timeout(5000)", "synchronous(" + synchronous + ")", "journal_mode(WAL)",
		"secure_delete(ON)", "foreign_keys(ON)", "trusted_schema(OFF)", "cell_size_check(ON)",
		"wal_autocheckpoint(0)", "temp_store(MEMORY)", "cache_size(-4000)"}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(),
		RawQuery: url.Values{"_pragma": pragmas, "vfs": {joiningFiles}}.Encode()}).String()
}

func openLite(path, synchronous string) (*liteConn, error) {
	connector, err := sqlite.NewConnector(sqliteSource(path, synchronous))
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	return &liteConn{conn: conn, prepared: map[string]*liteStatement{}, inserts: map[shape]string{}, merged: merged{into: map[string]*newRows{}}}, nil
}

func (c *liteConn) prepare(sql string) (*liteStatement, error) {
	if s, ok := c.prepared[sql]; ok {
		return s, nil
	}
	s, err := c.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	prepared := &liteStatement{exec: s.(driver.StmtExecContext), query: s.(driver.StmtQueryContext)}
	c.prepared[sql] = prepared
	return prepared, nil
}

func (c *liteConn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case *int64:
			a = nil
			if v != nil {
				a = *v
			}
		case int64, string, []byte, nil:
		default:
			return nil, fmt.Errorf("db: argument %d has type %T", i+1, a)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args, nil
}

// exec runs a statement to its end and says how many rows it changed.
func (c *liteConn) exec(sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	bound, err := c.bind(args)
	if err != nil {
		return 0, err
	}
	result, err := s.exec.ExecContext(context.Background(), bound)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (c *liteConn) each(sql string, args []any, fn func(Row) error) (err error) {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	bound, err := c.bind(args)
	if err != nil {
		return err
	}
	rows, err := s.query.QueryContext(context.Background(), bound)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if s.columns == nil {
		s.columns = make([]driver.Value, len(rows.Columns()))
	}
	for {
		if err := rows.Next(s.columns); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := fn(Row{sqlite: s.columns}); err != nil {
			return err
		}
	}
}

// run executes one queued statement and holds it to the rows it must change.
func (c *liteConn) run(s statement) error {
	if s.width > 0 {
		return c.insert(s)
	}
	changed, err := c.exec(s.sql, s.args...)
	if err != nil {
		return err
	}
	if s.want >= 0 && changed != s.want {
		return s.otherwise
	}
	return nil
}

// close ends the statements first: while one is left SQLite keeps the connection and its read
// transaction (sqlite3_close_v2).
func (c *liteConn) close() error {
	for _, s := range c.prepared {
		if prepared, ok := s.exec.(driver.Stmt); ok {
			_ = prepared.Close()
		}
	}
	return c.conn.Close()
}
