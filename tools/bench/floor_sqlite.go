package main

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// sizes are the lengths in bytes of what one create writes.
type sizes struct {
	Doc    int `json:"doc"`
	Answer int `json:"answer"`
	Audit  int `json:"audit"`
}

// defaultSizes stand where no server tells: measured from rows of the create bodies of
// this program.
func defaultSizes() sizes { return sizes{Doc: 363, Answer: 928, Audit: 307} }

// rawSQLite is the floor of a create: the same rows through the same driver, prepared,
// in groups, as durable, and nothing else. Statements and settings follow internal/db
// and internal/customer.
type rawSQLite struct {
	conn, checkpoints driver.Conn
	prepared          map[string]driver.StmtExecContext
	rows              *rowSource
	walFull           atomic.Bool
	creates           int // in the file so far
}

// rowSource makes the arguments of the statements.
type rowSource struct {
	random *rand.Rand
	lastID int64
	blobs  []byte
	sizes  sizes
}

func newRowSource(s sizes) *rowSource {
	r := &rowSource{random: rand.New(rand.NewPCG(rand.Uint64(), 1)), lastID: idNow(), sizes: s}
	r.blobs = make([]byte, 4*(s.Doc+s.Answer+s.Audit)+4096)
	for i := range r.blobs {
		r.blobs[i] = byte(r.random.Uint32())
	}
	return r
}

// idNow is an id of this millisecond: they grow with time as Florin's do.
func idNow() int64 { return (time.Now().UnixMilli() - 1_767_225_600_000) << 12 }

func (r *rowSource) id() int64 {
	r.lastID++
	return r.lastID
}

func (r *rowSource) hash() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 16), r.random.Uint64())
	return binary.LittleEndian.AppendUint64(b, r.random.Uint64())
}

func (r *rowSource) blob(n int) []byte {
	at := r.random.IntN(len(r.blobs) - n)
	return r.blobs[at : at+n]
}

const (
	insertIdempotency = `INSERT INTO idempotency (realm_id, hash, answer_id) VALUES ($1, $2, $3)`
	insertAnswer      = `INSERT INTO idempotency_answer (id, realm_id, hash, fingerprint, customer_id, key_id, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	insertCustomer    = `INSERT INTO customer (realm_id, id, key_id, user_id, version, facts, status, has_payment_requests, total_deposits, updated_at, doc) VALUES ($1, $2, $3, $4, 1, 0, $5, 0, 0, $6, $7)`
	insertEvent       = `INSERT INTO event_pending (realm_id, id, kind, customer_id, fields) VALUES ($1, $2, $3, $4, $5)`
	insertAudit       = `INSERT INTO audit_pending (realm_id, id, body) VALUES ($1, $2, $3)`
	insertIndex       = `INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id) VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10), ($11, $12, $13, $14, $15), ($16, $17, $18, $19, $20), ($21, $22, $23, $24, $25), ($26, $27, $28, $29, $30)`

	indexRows = 6 // e-mail, member id, phone, three words of a name
	realm     = 1
)

// statement is SQL and its arguments.
type statement struct {
	sql  string
	args []driver.NamedValue
}

// create returns the statements of one customer.
func (r *rowSource) create() [6]statement {
	id, answer, key, now := r.id(), r.id(), r.hash(), time.Now().UnixMilli()
	var index []driver.Value
	for i := range int64(indexRows) {
		slot := id
		if i < 2 {
			slot = 0 // unique fields
		}
		index = append(index, int64(realm), 16+min(i+1, 4), r.hash(), slot, id)
	}
	return [6]statement{
		{insertIdempotency, named(int64(realm), key, answer)},
		{insertAnswer, named(answer, int64(realm), key, r.hash(), id, id, r.blob(r.sizes.Answer))},
		{insertCustomer, named(int64(realm), id, id, int64(realm), int64(0), now, r.blob(r.sizes.Doc))},
		{insertIndex, named(index...)},
		{insertEvent, named(int64(realm), r.id(), "customer.created", id, "")},
		{insertAudit, named(int64(realm), r.id(), r.blob(r.sizes.Audit))},
	}
}

func named(values ...driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return args
}

// rawSource has the settings of internal/db's connections.
func rawSource(path string) string {
	pragmas := []string{"busy_timeout(5000)", "synchronous(FULL)", "journal_mode(WAL)", "secure_delete(ON)", "foreign_keys(ON)",
		"trusted_schema(OFF)", "cell_size_check(ON)", "wal_autocheckpoint(0)", "temp_store(MEMORY)", "cache_size(-32000)"}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"_pragma": pragmas}.Encode()}).String()
}

// openRawSQLite lets internal/db make the file, so that tables, indexes and page size
// are the real ones.
func openRawSQLite(ctx context.Context, path string, s sizes) (*rawSQLite, error) {
	store, err := db.Open(ctx, schema.Main(db.Config{URL: path}))
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(rawSource(path))
	if err != nil {
		return nil, err
	}
	raw := &rawSQLite{prepared: map[string]driver.StmtExecContext{}, rows: newRowSource(s)}
	if raw.conn, err = connector.Connect(ctx); err != nil {
		return nil, err
	}
	raw.checkpoints, err = connector.Connect(ctx)
	return raw, err
}

func (s *rawSQLite) close() { _ = errors.Join(s.conn.Close(), s.checkpoints.Close()) }

func (s *rawSQLite) exec(st statement) error {
	prepared, ok := s.prepared[st.sql]
	if !ok {
		made, err := s.conn.Prepare(st.sql)
		if err != nil {
			return err
		}
		prepared = made.(driver.StmtExecContext)
		s.prepared[st.sql] = prepared
	}
	_, err := prepared.ExecContext(context.Background(), st.args)
	return err
}

// run commits groups of creates for d. A create's latency is its group's.
func (s *rawSQLite) run(ctx context.Context, group int, d time.Duration) (sample, error) {
	stop := s.checkpoint(ctx)
	defer stop()
	var out sample
	began := time.Now()
	for now := began; now.Sub(began) < d && ctx.Err() == nil; {
		start := now
		if err := s.group(group); err != nil {
			return out, err
		}
		now = time.Now()
		out.requests += group
		out.micros = append(out.micros, slices.Repeat([]uint32{uint32(now.Sub(start).Microseconds())}, group)...)
	}
	out.elapsed = time.Since(began)
	slices.Sort(out.micros)
	return out, ctx.Err()
}

// fill adds creates until there are count.
func (s *rawSQLite) fill(ctx context.Context, count int) error {
	stop := s.checkpoint(ctx)
	defer stop()
	for done := 0; done < count; done += 1000 {
		if err := errors.Join(ctx.Err(), s.group(min(1000, count-done))); err != nil {
			return err
		}
	}
	return nil
}

func (s *rawSQLite) group(creates int) error {
	if s.walFull.Swap(false) {
		if err := s.exec(statement{sql: "PRAGMA wal_checkpoint(RESTART)"}); err != nil {
			return err
		}
	}
	if err := s.exec(statement{sql: "BEGIN IMMEDIATE"}); err != nil {
		return err
	}
	for range creates {
		for _, st := range s.rows.create() {
			if err := s.exec(st); err != nil {
				return err
			}
		}
	}
	s.creates += creates
	return s.exec(statement{sql: "COMMIT"})
}

// checkpoint does as internal/db: PASSIVE every second beside the writer, RESTART by the
// writer once the log has more than 32768 pages.
func (s *rawSQLite) checkpoint(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if pages, err := s.passive(); err == nil && pages > 32768 {
					s.walFull.Store(true)
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (s *rawSQLite) passive() (pages int64, err error) {
	err = eachRow(s.checkpoints, "PRAGMA wal_checkpoint(PASSIVE)", func(row []driver.Value) { pages, _ = row[1].(int64) })
	return pages, err
}

// eachRow asks a question without arguments.
func eachRow(conn driver.Conn, sql string, fn func([]driver.Value)) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(context.Background(), sql, nil)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	row := make([]driver.Value, len(rows.Columns()))
	for rows.Next(row) == nil {
		fn(row)
	}
	return nil
}

// measuredSizes are the usual lengths in the file of a running server. What the sealer
// took meanwhile is left at its default.
func measuredSizes(ctx context.Context, path string) (sizes, error) {
	s := defaultSizes()
	conn, err := openReader(ctx, path)
	if err != nil {
		return s, err
	}
	defer func() { _ = conn.Close() }()
	for sql, into := range map[string]*int{
		`SELECT avg(length(doc)) FROM customer`:                                                &s.Doc,
		`SELECT avg(length(answer)) FROM idempotency_answer`:                                   &s.Answer,
		`SELECT avg(length(body)) FROM audit_pending WHERE instr(body, 'customer.create') > 0`: &s.Audit,
	} {
		err = errors.Join(err, eachRow(conn, sql, func(row []driver.Value) {
			if n, ok := row[0].(float64); ok {
				*into = int(n)
			}
		}))
	}
	return s, err
}
