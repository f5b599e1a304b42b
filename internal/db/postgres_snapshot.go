package db

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// pgSnapshot is a transaction in which every question sees the same moment.
type pgSnapshot struct{ conn *pgx.Conn }

// connectOwner connects as whoever owns the tables.
func connectOwner(ctx context.Context, c Config) (*pgx.Conn, *pgx.ConnConfig, error) {
	owner := c.AdminURL
	if owner == "" {
		owner = c.URL
	}
	config, err := pgx.ParseConfig(owner)
	if err != nil {
		return nil, nil, errors.New("the database URL is not understood: expected postgres://user:password@host:port/name")
	}
	useSchema(config, c.Schema)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, nil, fmt.Errorf("PostgreSQL can't be reached at %s:%d (user %s): %w", config.Host, config.Port, config.User, connectReason(err))
	}
	return conn, config, nil
}

func snapshotPostgres(ctx context.Context, c Config) (snapshot, error) {
	conn, _, err := connectOwner(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &pgSnapshot{conn}
	_, err = conn.Exec(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL app.backup = 'on'`)
	if err == nil {
		err = s.refuseBlind(ctx)
	}
	if err != nil {
		return nil, errors.Join(fromPostgres(err), s.close())
	}
	return s, nil
}

// refuseBlind makes sure that row-level security hides nothing: a backup with rows missing
// would pass for a whole one.
func (s *pgSnapshot) refuseBlind(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `SELECT c.relname FROM pg_class c
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relrowsecurity
		  AND NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
		  AND NOT (pg_has_role(current_user, c.relowner, 'USAGE')
		           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup'))`)
	if err != nil {
		return err
	}
	hidden, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && len(hidden) > 0 {
		return fmt.Errorf("this database user does not see every row of %s: give the tables' owner as --database-admin-url, and let florin migrate run once", strings.Join(hidden, ", "))
	}
	return err
}

func (s *pgSnapshot) each(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	return eachRow(func() (pgx.Rows, error) { return s.conn.Query(ctx, sql, args...) }, fn)
}

func (s *pgSnapshot) tables(ctx context.Context) ([]string, error) { return tablesOf(ctx, s.conn) }

func tablesOf(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
		AND relname NOT LIKE 'goose%' ORDER BY relname`)
	if err != nil {
		return nil, fromPostgres(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, fromPostgres(err)
}

// tableHead begins a table in the stream: its length in four bytes, this as JSON, and then
// what COPY gives in pieces behind their lengths; a length of 0 ends the table, and in place
// of a head the stream.
type tableHead struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

func (h tableHead) list() string {
	names := make([]string, len(h.Columns))
	for i, c := range h.Columns {
		names[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{h.Table}.Sanitize() + " (" + strings.Join(names, ", ") + ")"
}

func (s *pgSnapshot) write(ctx context.Context, w io.Writer, progress func(int64)) error {
	names, err := s.tables(ctx)
	if err != nil {
		return err
	}
	out := &pieces{w: bufio.NewWriterSize(w, 256<<10), progress: progress}
	for _, name := range names {
		rows, err := s.conn.Query(ctx, `SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, name)
		if err != nil {
			return fromPostgres(err)
		}
		head := tableHead{Table: name}
		if head.Columns, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return fromPostgres(err)
		}
		text, err := json.Marshal(head)
		if err != nil {
			return err
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		if _, err := s.conn.PgConn().CopyTo(ctx, out, `COPY `+head.list()+` TO STDOUT (FORMAT binary)`); err != nil {
			return fromPostgres(err)
		}
		if err := out.end(); err != nil {
			return err
		}
	}
	return errors.Join(out.end(), out.w.Flush())
}

func (s *pgSnapshot) close() error { return s.conn.Close(context.Background()) }

// pieces writes each piece behind its length.
type pieces struct {
	w        *bufio.Writer
	written  int64
	progress func(int64)
}

func (p *pieces) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(piece)))
	if _, err := p.w.Write(length[:]); err != nil {
		return 0, err
	}
	p.written += int64(len(piece))
	p.progress(p.written)
	return p.w.Write(piece)
}

func (p *pieces) end() error {
	_, err := p.w.Write(make([]byte, 4))
	return err
}

// joined reads pieces until one of no length.
type joined struct {
	r     io.Reader
	left  uint32
	ended bool
	err   error // of r: PostgreSQL's own, after it, tells less
}

// readFull reads all of p. That nothing is left is no proper end here.
func readFull(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (j *joined) Read(p []byte) (int, error) {
	if j.ended {
		return 0, io.EOF
	}
	if j.left == 0 {
		var length [4]byte
		if j.err = readFull(j.r, length[:]); j.err != nil {
			return 0, j.err
		}
		if j.left = binary.BigEndian.Uint32(length[:]); j.left == 0 {
			j.ended = true
			return 0, io.EOF
		}
	}
	n, err := j.r.Read(p[:min(len(p), int(j.left))])
	j.left -= uint32(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	j.err = err
	return n, err
}

// mostHead bounds a table's head.
const mostHead = 64 << 10

// nextTable reads a head; false at the end of the stream, behind which nothing may follow.
func nextTable(r io.Reader) (head tableHead, more bool, err error) {
	var length [4]byte
	if err := readFull(r, length[:]); err != nil {
		return head, false, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 {
		rest, err := io.Copy(io.Discard, r)
		if err == nil && rest > 0 {
			err = errors.New("db: something follows the last table")
		}
		return head, false, err
	}
	if n > mostHead {
		return head, false, errors.New("db: a table's head is too long")
	}
	text := make([]byte, n)
	if err := readFull(r, text); err != nil {
		return head, false, err
	}
	return head, true, json.Unmarshal(text, &head)
}

func emptyPostgres(ctx context.Context, c Config) (bool, error) {
	conn, _, err := connectOwner(ctx, c)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SET app.backup = 'on'`); err != nil {
		return false, fromPostgres(err)
	}
	names, err := tablesOf(ctx, conn)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		var some bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+pgx.Identifier{name}.Sanitize()+`)`).Scan(&some)
		if err != nil || some {
			return false, fromPostgres(err)
		}
	}
	return true, nil
}

func loadPostgres(ctx context.Context, c Config, version int64, from io.Reader, then func(func(string, ...any) error) error) error {
	conn, config, err := connectOwner(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if c.Schema != "" {
		if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{c.Schema}.Sanitize()); err != nil {
			return fromPostgres(err)
		}
	}
	if err := migratePostgresTo(ctx, config, c.Migrations, version); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fromPostgres(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	forced, err := liftForce(ctx, tx)
	if err != nil {
		return fromPostgres(err)
	}
	if err := copyIn(ctx, conn, bufio.NewReaderSize(from, 1<<20)); err != nil {
		return err
	}
	if err := then(func(sql string, args ...any) error { _, err := tx.Exec(ctx, sql, args...); return fromPostgres(err) }); err != nil {
		return err
	}
	for _, name := range forced {
		if _, err := tx.Exec(ctx, `ALTER TABLE `+pgx.Identifier{name}.Sanitize()+` FORCE ROW LEVEL SECURITY`); err != nil {
			return fromPostgres(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fromPostgres(err)
	}
	_, err = conn.Exec(ctx, `ANALYZE`) // plans made before that would be those of empty tables
	return fromPostgres(err)
}

// liftForce lets the tables' owner pass row-level security until the transaction ends: COPY
// does not work under it. The tables were not there, or are empty.
func liftForce(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relforcerowsecurity`)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		if err == nil {
			_, err = tx.Exec(ctx, `ALTER TABLE `+pgx.Identifier{name}.Sanitize()+` NO FORCE ROW LEVEL SECURITY`)
		}
	}
	return names, err
}

func copyIn(ctx context.Context, conn *pgx.Conn, from io.Reader) error {
	for {
		head, more, err := nextTable(from)
		if err != nil || !more {
			return err
		}
		rows := &joined{r: from}
		if _, err := conn.PgConn().CopyFrom(ctx, rows, `COPY `+head.list()+` FROM STDIN (FORMAT binary)`); rows.err != nil {
			return rows.err
		} else if err != nil {
			return fmt.Errorf("table %s: %w", head.Table, fromPostgres(err))
		}
		if !rows.ended {
			if _, err := io.Copy(io.Discard, rows); err != nil {
				return err
			}
		}
	}
}

// inspectRows counts the tuples of each table. COPY's binary format is a head of 11 bytes, two
// numbers, and tuples of fields behind their lengths; a count of -1 ends them
// (https://www.postgresql.org/docs/15/sql-copy.html).
func inspectRows(from io.Reader) (map[string]int64, error) {
	buffered := bufio.NewReaderSize(from, 1<<20)
	counts := map[string]int64{}
	for {
		head, more, err := nextTable(buffered)
		if err != nil || !more {
			return counts, err
		}
		if _, twice := counts[head.Table]; twice {
			return nil, fmt.Errorf("db: table %s comes twice", head.Table)
		}
		pieces := &joined{r: buffered}
		if counts[head.Table], err = countTuples(bufio.NewReaderSize(pieces, 64<<10), len(head.Columns)); err != nil {
			return nil, fmt.Errorf("table %s: %w", head.Table, err)
		}
		if _, err := io.Copy(io.Discard, pieces); err != nil {
			return nil, err
		}
	}
}

const copyMark = "PGCOPY\n\xff\r\n\x00"

func countTuples(r *bufio.Reader, columns int) (count int64, err error) {
	head := make([]byte, len(copyMark)+8)
	if err := readFull(r, head); err != nil {
		return 0, err
	}
	if string(head[:len(copyMark)]) != copyMark {
		return 0, errors.New("db: these are no rows of PostgreSQL's")
	}
	if _, err := r.Discard(int(binary.BigEndian.Uint32(head[len(head)-4:]))); err != nil {
		return 0, err
	}
	for {
		var fields int16
		if err := binary.Read(r, binary.BigEndian, &fields); err != nil {
			return 0, err
		}
		if fields == -1 {
			return count, nil
		}
		if int(fields) != columns {
			return 0, errors.New("db: a row has another number of columns than its table")
		}
		for range fields {
			var length int32
			if err := binary.Read(r, binary.BigEndian, &length); err != nil {
				return 0, err
			}
			if _, err := r.Discard(max(0, int(length))); err != nil {
				return 0, err
			}
		}
		count++
	}
}

// migratePostgresTo brings an empty database to the version that a stream is of.
func migratePostgresTo(ctx context.Context, config *pgx.ConnConfig, files fs.FS, version int64) error {
	return withPostgresMigrations(config, files, func(p *goose.Provider) error {
		current, target, err := p.GetVersions(ctx)
		switch {
		case err != nil:
			return err
		case version > target:
			return fmt.Errorf("this is of a newer Florin (schema %d, this program knows %d): use that version", version, target)
		case current > version:
			return fmt.Errorf("the database has schema %d already, and this is of schema %d: make an empty database", current, version)
		}
		_, err = p.UpTo(ctx, version)
		return err
	})
}
