package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// postgresServer is the cluster that tools/testpg exports.
type postgresServer struct {
	url *url.URL
	bin string // folder of pgbench; empty: PATH
}

var errNoPostgres = errors.New("no PostgreSQL: run under `go run ./tools/testpg -- …` (make bench), or use --engine sqlite")

func findPostgres() (postgresServer, error) {
	text := os.Getenv("FLORIN_TEST_POSTGRES")
	if text == "" {
		return postgresServer{}, errNoPostgres
	}
	u, err := url.Parse(text)
	if err != nil {
		return postgresServer{}, errors.New("FLORIN_TEST_POSTGRES is not a URL")
	}
	return postgresServer{u, os.Getenv("FLORIN_TEST_PG_BIN")}, nil
}

func (p postgresServer) in(name string) string {
	u := *p.url
	u.Path = "/" + name
	return u.String()
}

// fresh makes an empty database and returns its URL; drop removes it.
func (p postgresServer) fresh(ctx context.Context, purpose string) (at string, drop func(), err error) {
	name := fmt.Sprintf("florin_bench_%s_%d", purpose, os.Getpid())
	if err := p.admin(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	return p.in(name), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := p.admin(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}, nil
}

func (p postgresServer) admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.url.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// pgbenchScript inserts what one create writes, in one statement. Ids grow with time as
// Florin's do, because random ones would dirty more pages; hashes are random as Florin's.
const pgbenchScript = `\set n :n + 1
\set id :base + (:n * 512 + :client_id) * 4
\set a random(1, 9223372036854775807)
\set b random(1, 9223372036854775807)
\set c random(1, 9223372036854775807)
\set d random(1, 9223372036854775807)
WITH i AS (INSERT INTO idempotency (realm_id, hash, answer_id) VALUES (1, int8send(:c) || int8send(:a), :id)),
j AS (INSERT INTO idempotency_answer (id, realm_id, hash, fingerprint, customer_id, key_id, answer)
  VALUES (:id, 1, int8send(:c) || int8send(:a), int8send(:a) || int8send(:b), :id, :id, convert_to(:answer, 'UTF8'))),
c AS (INSERT INTO customer (realm_id, id, key_id, user_id, version, facts, status, has_payment_requests, total_deposits, updated_at, doc)
  VALUES (1, :id, :id, 1, 1, 0, 0, 0, 0, :base, convert_to(:doc, 'UTF8'))),
x AS (INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id) VALUES
  (1, 17, int8send(:a) || int8send(:b), 0, :id), (1, 18, int8send(:b) || int8send(:a), 0, :id),
  (1, 19, int8send(:c) || int8send(:d), :id, :id), (1, 20, int8send(:d) || int8send(:c), :id, :id),
  (1, 20, int8send(:a) || int8send(:c), :id, :id), (1, 20, int8send(:b) || int8send(:d), :id, :id)),
e AS (INSERT INTO event_pending (realm_id, id, kind, customer_id, fields) VALUES (1, CAST(:id AS bigint) + 1, 'customer.created', :id, ''))
INSERT INTO audit_pending (realm_id, id, body) VALUES (1, CAST(:id AS bigint) + 2, convert_to(:audit, 'UTF8'));
`

// pgbench is the floor of a create on PostgreSQL.
type pgbench struct {
	program, url, script string
	sizes                sizes
}

// newPgbench lets internal/db make the tables in the database at url.
func newPgbench(ctx context.Context, p postgresServer, at, temp string, s sizes) (pgbench, error) {
	store, err := db.Open(ctx, schema.Main(db.Config{URL: at}))
	if err != nil {
		return pgbench{}, err
	}
	if err := store.Close(); err != nil {
		return pgbench{}, err
	}
	b := pgbench{program: "pgbench", url: at, script: filepath.Join(temp, "create.pgbench"), sizes: s}
	if path := filepath.Join(p.bin, "pgbench"); p.bin != "" {
		if _, err := os.Stat(path); err == nil {
			b.program = path
		}
	}
	return b, os.WriteFile(b.script, []byte(pgbenchScript), 0o600)
}

// fill adds the rows of that many creates, with ids before now's.
func (b pgbench) fill(ctx context.Context, creates int) error {
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	now := idNow()
	for _, f := range []struct {
		sql   string
		third int
	}{
		{`INSERT INTO customer (realm_id, id, key_id, user_id, version, facts, status, has_payment_requests, total_deposits, updated_at, doc)
			SELECT 1, $1 - g * 4, $1 - g * 4, 1, 1, 0, 0, 0, 0, $1, convert_to(repeat('x', $3), 'UTF8') FROM generate_series($2::bigint, 1, -1) g`, b.sizes.Doc},
		{`INSERT INTO idempotency (realm_id, hash, answer_id) SELECT 1, decode(md5('i' || g), 'hex'), $1 - g * $3 FROM generate_series($2::bigint, 1, -1) g`, 4},
		{`INSERT INTO idempotency_answer (id, realm_id, hash, fingerprint, customer_id, key_id, answer)
			SELECT $1 - g * 4, 1, decode(md5('i' || g), 'hex'), decode(md5('f' || g), 'hex'), $1 - g * 4, $1 - g * 4, convert_to(repeat('x', $3), 'UTF8')
			FROM generate_series($2::bigint, 1, -1) g`, b.sizes.Answer},
		{`INSERT INTO customer_index (realm_id, kind, hash, slot, customer_id)
			SELECT 1, 16 + least(k, 4), decode(md5(k || '/' || g), 'hex'), CASE WHEN k < 3 THEN 0 ELSE $1 - g * 4 END, $1 - g * 4
			FROM generate_series($2::bigint, 1, -1) g, generate_series(1, $3) k`, indexRows},
	} {
		if _, err := conn.Exec(ctx, f.sql, now, creates, f.third); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, `VACUUM ANALYZE`)
	return err
}

// run takes whole seconds, at least one: pgbench's -T has no fractions. It tells a mean
// latency, not the distribution.
func (b pgbench) run(ctx context.Context, connections int, d time.Duration) (sample, error) {
	seconds := int(math.Max(1, math.Round(d.Seconds())))
	text := func(n int) string { return strings.Repeat("x", n) }
	cmd := exec.CommandContext(ctx, b.program, "-n", "-M", "prepared", "-c", strconv.Itoa(connections), "-j", "2", "-T", strconv.Itoa(seconds),
		"-D", "n=0", "-D", fmt.Sprintf("base=%d", idNow()),
		"-D", "doc="+text(b.sizes.Doc), "-D", "answer="+text(b.sizes.Answer), "-D", "audit="+text(b.sizes.Audit), "-f", b.script, b.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return parsePgbench(string(out))
}

func parsePgbench(out string) (sample, error) {
	number := func(before string) float64 {
		_, rest, _ := strings.Cut(out, before)
		word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, _ := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(word, "\n", 2)[0]), 64)
		return n
	}
	done, tps := number("number of transactions actually processed:"), number("tps =")
	if done == 0 || tps == 0 {
		return sample{}, fmt.Errorf("pgbench: no result in its output:\n%s", out)
	}
	return sample{requests: int(done), elapsed: time.Duration(done / tps * float64(time.Second)), errors: int(number("number of failed transactions:"))}, nil
}
