package db_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/fault"
)

// server opens a store on a PostgreSQL database and a superuser's connection to it.
func server(t *testing.T, tables func(db.Config) db.Config) (string, *db.DB, *pgx.Conn) {
	t.Helper()
	url := dbtest.Postgres(t)
	store, err := db.Open(t.Context(), tables(db.Config{URL: url}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return url, store, conn
}

func run(t *testing.T, conn *pgx.Conn, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := conn.Exec(t.Context(), text)
		require.NoError(t, err, text)
	}
}

const plantCustomer = `INSERT INTO customer (realm_id, id, key_id, user_id, version, facts, status, has_payment_requests, total_deposits, updated_at, doc)
	VALUES ($1, $2, 1, 1, 1, 0, 0, 0, 0, 0, $3)`

// Shows: PCI DSS 7.2.6, A1.1.1
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	_, store, conn := server(t, schema.Main)
	plant := func(scope, realm, id int64) error {
		return store.Write(t.Context(), db.Realm(scope), unit(func(tx *db.Tx) { tx.Exec(plantCustomer, realm, id, []byte("sealed")) }))
	}
	require.NoError(t, plant(1, 1, 1))
	require.NoError(t, plant(2, 2, 2))
	require.ErrorContains(t, plant(1, 2, 3), "42501", "another realm's row can't be inserted")

	// Without a WHERE, which no statement of ours lacks, policies alone decide.
	count := func(s db.Scope, table string) (int64, error) {
		var n int64
		err := store.One(t.Context(), s, `SELECT count(*) FROM `+table, nil, &n)
		return n, err
	}
	for realm, want := range map[int64]int64{1: 1, 2: 1, 3: 0, 0: 0} {
		n, err := count(db.Realm(realm), "customer")
		require.NoError(t, err)
		require.Equal(t, want, n, realm)
	}
	_, err := count(db.Worker(), "customer")
	require.ErrorContains(t, err, "42501")
	_, err = count(db.Worker(), "audit_pending")
	require.NoError(t, err)

	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
		tx.Exec(`UPDATE customer SET doc = $1`, []byte("theirs"))
		tx.Exec(`DELETE FROM customer WHERE id = $1`, 2)
	})))
	var doc string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT convert_from(doc, 'UTF8') FROM customer WHERE id = 2`).Scan(&doc))
	require.Equal(t, "sealed", doc, "nothing of another realm can be changed")

	unset := `BEGIN; SET LOCAL ROLE florin_app`
	run(t, conn, unset)
	var n int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM customer`).Scan(&n))
	require.Zero(t, n, "a forgotten realm sees nothing")
	run(t, conn, `ROLLBACK`)
}

// Shows: PCI DSS 7.2.6, 10.3.2, 10.5.1
func TestTrailCanOnlyGrow(t *testing.T) {
	t.Parallel()
	_, store, _ := server(t, schema.Main)
	add := func(tx *db.Tx) {
		tx.Exec(`INSERT INTO audit_pending (realm_id, id, body) VALUES ($1, $2, $3)`, 1, 1, []byte("{}"))
	}
	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add)))
	for _, sql := range []string{
		`UPDATE audit_pending SET body = 'x'`, `DELETE FROM audit_pending`,
		`UPDATE audit_segment SET body = 'x'`, `DELETE FROM audit_segment`,
		`INSERT INTO audit_segment (realm_id, first_seq, records, first_at, last_at, body, hashes, customers) VALUES (1, 0, 0, 0, 0, '', '', '')`,
		`SELECT note FROM audit_checkpoint`, `DELETE FROM audit_checkpoint`,
		`DELETE FROM event`, `UPDATE event SET kind = ''`,
		`SELECT hash FROM api_key`, `SELECT signing_secret FROM owner`,
	} {
		err := store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) { tx.Exec(sql) }))
		require.ErrorContains(t, err, "42501", sql)
	}
	for _, sql := range []string{`UPDATE audit_pending SET body = 'x'`, `UPDATE audit_segment SET body = 'x'`, `DELETE FROM audit_segment`, `DELETE FROM audit_checkpoint`} {
		err := store.Write(t.Context(), db.Worker(), unit(func(tx *db.Tx) { tx.Exec(sql) }))
		require.ErrorContains(t, err, "42501", sql)
	}
}

// TestScopeEndsWithItsUnit: a pooler lends the connection to anyone next.
func TestScopeEndsWithItsUnit(t *testing.T) {
	t.Parallel()
	_, store, _ := server(t, schema.Main)
	for range 40 {
		require.NoError(t, store.Ping(t.Context()))
		require.NoError(t, store.Write(t.Context(), db.Realm(7), func(tx *db.Tx) error {
			var who, realm string
			require.NoError(t, tx.One(`SELECT current_user, current_setting('app.realm')`, nil, &who, &realm))
			require.Equal(t, "florin_app", who)
			require.Equal(t, "7", realm)
			return nil
		}))
		facts, err := store.Facts(t.Context())
		require.NoError(t, err)
		require.True(t, facts.Superuser, "outside a unit the connection is the one that logged in")
		require.True(t, facts.SeparateRoles)
	}
}

// Shows: PCI DSS A1.1.1
func TestForgottenTableIsFound(t *testing.T) {
	t.Parallel()
	url, store, conn := server(t, things)
	without := func() []string {
		facts, err := store.Facts(t.Context())
		require.NoError(t, err)
		return facts.WithoutRLS
	}
	require.Empty(t, without())
	run(t, conn, `CREATE TABLE forgotten (realm_id BIGINT, words TEXT)`,
		`CREATE TABLE parts (realm_id BIGINT, words TEXT) PARTITION BY HASH (realm_id)`,
		`CREATE TABLE half (realm_id BIGINT)`, `ALTER TABLE half ENABLE ROW LEVEL SECURITY`,
		`CREATE TABLE harmless (id BIGINT)`)
	require.ElementsMatch(t, []string{"forgotten", "parts", "half"}, without())

	again, err := db.Open(t.Context(), things(db.Config{URL: url}))
	require.NoError(t, err)
	require.NoError(t, again.Close())
	require.Empty(t, without(), "the next start secures what it finds")
}

// flaky makes a function that fails with a code the first times it is called.
// A sequence does not go back with its transaction.
func flaky(t *testing.T, conn *pgx.Conn, code string) {
	t.Helper()
	run(t, conn, `CREATE SEQUENCE tries`, `GRANT USAGE ON SEQUENCE tries TO PUBLIC`,
		`CREATE FUNCTION flaky(failures BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
		DECLARE n BIGINT := nextval('tries');
		BEGIN
			IF n <= failures THEN RAISE EXCEPTION 'again' USING ERRCODE = '`+code+`'; END IF;
			RETURN n;
		END $$`)
}

func TestSerializationIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40001", "40P01"} {
		for _, asking := range []bool{false, true} {
			t.Run(code, func(t *testing.T) {
				t.Parallel()
				_, store, conn := server(t, things)
				flaky(t, conn, code)
				calls := 0
				try := func(failures int64) error {
					calls = 0
					return store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
						calls++
						tx.Exec(`INSERT INTO thing (realm_id, id, words) SELECT 1, flaky($1), ''`, failures)
						if asking {
							return ask(tx)
						}
						return nil
					})
				}
				require.NoError(t, try(3))
				require.Equal(t, 4, calls)
				require.Equal(t, []int64{4}, idsOf(t, store, 1))
				err := try(1_000_000)
				require.True(t, fault.Is(err, fault.UnavailableCode), "an unlucky unit may be tried again by its caller: %v", err)
				require.Equal(t, 5, calls)
				require.Equal(t, []int64{4}, idsOf(t, store, 1))
			})
		}
	}
}

// TestOtherErrorsAreNotTriedAgain: a twin of the above.
func TestOtherErrorsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	_, store, conn := server(t, things)
	flaky(t, conn, "P0001")
	calls := 0
	err := store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
		calls++
		tx.Exec(`INSERT INTO thing (realm_id, id, words) SELECT 1, flaky($1), ''`, 1)
		return nil
	})
	require.ErrorContains(t, err, "P0001")
	require.Equal(t, 1, calls)
}

func TestSchemaKeepsTablesApart(t *testing.T) {
	t.Parallel()
	url, first, _ := server(t, things)
	second, err := db.Open(t.Context(), things(db.Config{URL: url, Schema: "beside"}))
	require.NoError(t, err)
	require.NoError(t, first.Write(t.Context(), db.Realm(1), unit(add(1, 1))))
	require.NoError(t, second.Write(t.Context(), db.Realm(1), unit(add(1, 2))))
	require.Equal(t, []int64{1}, idsOf(t, first, 1))
	require.Equal(t, []int64{2}, idsOf(t, second, 1))
	require.NoError(t, second.Close())
}

func TestBadURL(t *testing.T) {
	t.Parallel()
	const password = "hunter2-very-secret"
	for _, url := range []string{"postgres://florin:" + password + "@127.0.0.1:1/none", "postgres://florin:" + password + "@%zz/none"} {
		_, err := db.Open(t.Context(), things(db.Config{URL: url}))
		require.Error(t, err)
		require.NotContains(t, err.Error(), password)
	}
}
