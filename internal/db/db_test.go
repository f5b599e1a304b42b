package db_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const firstMigration = `-- +goose Up
CREATE TABLE thing (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  n BIGINT,
  words TEXT NOT NULL,
  body ${BLOB},
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE TABLE other (
  id BIGINT NOT NULL PRIMARY KEY,
  words TEXT NOT NULL
);
`

func migrations(texts ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i, text := range texts {
		files["0000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func things(c db.Config) db.Config {
	c.Migrations = migrations(firstMigration)
	c.AppTables = map[string]string{"thing": "SELECT, INSERT, UPDATE, DELETE", "other": "SELECT, INSERT"}
	return c
}

const insertThing = `INSERT INTO thing (realm_id, id, n, words) VALUES ($1, $2, $3, '')`

func add(realm, id int64) func(*db.Tx) {
	return func(tx *db.Tx) { tx.Exec(insertThing, realm, id, 0) }
}

func unit(fn func(*db.Tx)) func(*db.Tx) error {
	return func(tx *db.Tx) error { fn(tx); return nil }
}

// idsOf lists the ids of a realm in order.
func idsOf(t *testing.T, store *db.DB, realm int64) []int64 {
	t.Helper()
	ids := []int64{}
	err := store.Each(t.Context(), db.Realm(realm), `SELECT id FROM thing WHERE realm_id = $1 ORDER BY id`, []any{realm}, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	require.NoError(t, err)
	return ids
}

var errWanted = errors.New("the row was not there")

func TestUnits(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		fn   func(*db.Tx) error
		err  error
		ids  []int64
		blow bool
	}{
		"one statement":                {fn: unit(add(1, 1)), ids: []int64{1}},
		"several statements":           {fn: func(tx *db.Tx) error { add(1, 1)(tx); add(1, 2)(tx); return nil }, ids: []int64{1, 2}},
		"nothing":                      {fn: func(*db.Tx) error { return nil }, ids: []int64{}},
		"fn fails":                     {fn: func(tx *db.Tx) error { add(1, 1)(tx); return errWanted }, err: errWanted, ids: []int64{}},
		"fn fails after it asked":      {fn: func(tx *db.Tx) error { add(1, 1)(tx); return errors.Join(ask(tx), errWanted) }, err: errWanted, ids: []int64{}},
		"asks and writes":              {fn: func(tx *db.Tx) error { add(1, 1)(tx); err := ask(tx); add(1, 2)(tx); return err }, ids: []int64{1, 2}},
		"ExecOne changes one":          {fn: func(tx *db.Tx) error { add(1, 1)(tx); changeOne(tx, 1); return nil }, ids: []int64{1}},
		"ExecOne changes none":         {fn: func(tx *db.Tx) error { add(1, 1)(tx); changeOne(tx, 9); return nil }, err: errWanted, ids: []int64{}},
		"ExecOne changes none, asking": {fn: func(tx *db.Tx) error { add(1, 1)(tx); changeOne(tx, 9); return ask(tx) }, err: errWanted, ids: []int64{}},
		"ExecOne changes two": {fn: func(tx *db.Tx) error {
			add(1, 1)(tx)
			add(1, 2)(tx)
			tx.ExecOne(errWanted, `UPDATE thing SET n = 5 WHERE realm_id = $1`, 1)
			return nil
		}, err: errWanted, ids: []int64{}},
	}
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		for name, row := range rows {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) { tx.Exec(`DELETE FROM thing WHERE realm_id = $1`, 1) })))
				require.ErrorIs(t, store.Write(t.Context(), db.Realm(1), row.fn), row.err)
				require.Empty(t, cmp.Diff(row.ids, idsOf(t, store, 1)))
			})
		}
	})
}

func ask(tx *db.Tx) error {
	var n int64
	return tx.One(`SELECT count(*) FROM thing WHERE realm_id = $1`, []any{1}, &n)
}

func changeOne(tx *db.Tx, id int64) {
	tx.ExecOne(errWanted, `UPDATE thing SET n = 5 WHERE realm_id = $1 AND id = $2`, 1, id)
}

// TestGroupFailsOneByOne puts good and bad units into one commit.
func TestGroupFailsOneByOne(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		errs, err := db.CommitTogether(t.Context(), store, db.Realm(1),
			add(1, 1),
			func(tx *db.Tx) { add(1, 2)(tx); add(1, 3)(tx) },
			func(tx *db.Tx) { add(1, 10)(tx); add(1, 1)(tx) },
			func(tx *db.Tx) { add(1, 11)(tx); changeOne(tx, 77) },
			add(1, 2),
			func(tx *db.Tx) { add(1, 12)(tx); tx.Exec(`INSERT INTO nowhere (id) VALUES ($1)`, 1) },
			add(1, 4))
		require.NoError(t, err)
		require.NoError(t, errs[0])
		require.NoError(t, errs[1])
		require.True(t, db.IsViolation(errs[2], "thing"), errs[2])
		require.ErrorIs(t, errs[3], errWanted)
		require.True(t, db.IsViolation(errs[4], "thing"), errs[4])
		require.Error(t, errs[5])
		require.NoError(t, errs[6])
		require.Equal(t, []int64{1, 2, 3, 4}, idsOf(t, store, 1))
	})
}

func TestViolationNamesItsTable(t *testing.T) {
	t.Parallel()
	const name = "عائشة 🌸 O'Brien"
	both := func(tx *db.Tx) {
		tx.Exec(`INSERT INTO thing (realm_id, id, words) VALUES ($1, $2, $3)`, 1, 4111, name)
		tx.Exec(`INSERT INTO other (id, words) VALUES ($1, $2)`, 1, name)
	}
	rows := map[string]struct {
		sql   string
		args  []any
		table string
	}{
		"thing": {`INSERT INTO thing (realm_id, id, words) VALUES ($1, $2, $3)`, []any{1, 4111, name}, "thing"},
		"other": {`INSERT INTO other (id, words) VALUES ($1, $2)`, []any{1, name}, "other"},
	}
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(both)))
		for label, row := range rows {
			for _, asking := range []bool{false, true} {
				err := store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
					if asking {
						require.NoError(t, ask(tx))
					}
					tx.Exec(row.sql, row.args...)
					return nil
				})
				require.True(t, db.IsViolation(err, row.table), "%s: %v", label, err)
				require.False(t, db.IsViolation(err, "customer"))
				require.NotContains(t, err.Error(), name)
				require.NotContains(t, err.Error(), "4111")
			}
		}
		// What is no uniqueness rule is no violation, and repeats no value either.
		err := store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
			tx.Exec(`INSERT INTO thing (realm_id, id, n, words) VALUES ($1, $2, $3, NULL)`, 1, 4111222, 5)
		}))
		require.Error(t, err)
		require.False(t, db.IsViolation(err, "thing"))
		require.NotContains(t, err.Error(), "4111222")
	})
}

// TestCrowd lets 64 goroutines write blind units, asking units and broken ones.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const crowd, rounds = 64, 6
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add(1, 1))))
		var workers sync.WaitGroup
		var mu sync.Mutex
		var counted []int64
		var wrong atomic.Int64
		for w := range int64(crowd) {
			workers.Go(func() {
				for round := range int64(rounds) {
					id := 1000 + w*rounds + round
					if w%2 == 0 {
						if store.Write(t.Context(), db.Realm(1), unit(add(1, id))) != nil {
							wrong.Add(1)
						}
						if !db.IsViolation(store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) { add(1, 50_000+id)(tx); add(1, id)(tx) })), "thing") {
							wrong.Add(1)
						}
						continue
					}
					var n int64
					err := store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
						return tx.One(`UPDATE thing SET n = n + 1 WHERE realm_id = $1 AND id = $2 RETURNING n`, []any{1, 1}, &n)
					})
					if err != nil {
						wrong.Add(1)
					}
					mu.Lock()
					counted = append(counted, n)
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		require.Zero(t, wrong.Load())
		slices.Sort(counted)
		require.Len(t, counted, crowd/2*rounds)
		require.Equal(t, int64(1), counted[0])
		require.Len(t, slices.Compact(counted), crowd/2*rounds, "no count was given twice")
		require.Len(t, idsOf(t, store, 1), 1+crowd/2*rounds)
	})
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		// A unit whose caller has gone is stored or it is an error, never both.
		err := store.Write(gone, db.Realm(1), unit(add(1, 1)))
		require.Equal(t, err == nil, slices.Contains(idsOf(t, store, 1), 1))
		// One that asks has not begun.
		err = store.Write(gone, db.Realm(1), func(tx *db.Tx) error { add(1, 2)(tx); return ask(tx) })
		require.ErrorIs(t, err, context.Canceled)
		require.NotContains(t, idsOf(t, store, 1), int64(2))
		// One whose caller goes in the middle is undone by its own error.
		middle, leave := context.WithCancel(t.Context())
		err = store.Write(middle, db.Realm(1), func(tx *db.Tx) error {
			require.NoError(t, ask(tx))
			add(1, 3)(tx)
			leave()
			return middle.Err()
		})
		require.ErrorIs(t, err, context.Canceled)
		require.NotContains(t, idsOf(t, store, 1), int64(3))
		// The store serves others as before.
		require.NoError(t, store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error { add(1, 4)(tx); return ask(tx) }))
		require.Contains(t, idsOf(t, store, 1), int64(4))
	})
}

// TestPanicFreesTheWriter: net/http recovers a handler's panic, so the process lives
// on and the writer must too.
func TestPanicFreesTheWriter(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.PanicsWithValue(t, "boom", func() {
			_ = store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
				add(1, 1)(tx)
				require.NoError(t, ask(tx))
				panic("boom")
			})
		})
		require.NoError(t, store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error { add(1, 2)(tx); return ask(tx) }))
		require.Equal(t, []int64{2}, idsOf(t, store, 1))
	})
}

func TestValuesComeBack(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		n     any
		words string
		body  []byte
		want  *int64
	}{
		"zero":        {n: int64(0), want: new(int64)},
		"null":        {n: nil},
		"int":         {n: 7, want: pointer(7)},
		"smallest":    {n: int64(math.MinInt64), want: pointer(math.MinInt64)},
		"largest":     {n: int64(math.MaxInt64), want: pointer(math.MaxInt64)},
		"bytes":       {words: "x", body: []byte{0, 1, 255, 0}},
		"one zero":    {body: []byte{0}},
		"no bytes":    {body: nil},
		"scripts":     {words: "Zoë 王小明 محمد שלום Ωmega ไทย"},
		"emoji":       {words: "👩‍👩‍👧‍👦🏳️‍🌈e\u0301"},
		"controls":    {words: "\x01\x1f\x7f\u0085\u202e\u2028"},
		"quotes":      {words: `'; DROP TABLE thing; -- "\`},
		"placeholder": {words: "$1 ? :name @name %s"},
		"long":        {words: strings.Repeat("ß", 1<<20), body: []byte(strings.Repeat("\xff", 1<<21))},
	}
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		id := int64(0)
		for name, row := range rows {
			id++
			require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
				tx.Exec(`INSERT INTO thing (realm_id, id, n, words, body) VALUES ($1, $2, $3, $4, $5)`, int64(1), id, row.n, row.words, row.body)
			})), name)
			var n *int64
			var words string
			var body []byte
			require.NoError(t, store.One(t.Context(), db.Realm(1), `SELECT n, words, body FROM thing WHERE realm_id = $1 AND id = $2`, []any{1, id}, &n, &words, &body), name)
			require.Equal(t, row.want, n, name)
			require.True(t, row.words == words, name)
			require.True(t, slices.Equal(row.body, body), name)
		}
	})
}

func pointer(n int64) *int64 { return &n }

// TestEmptyBytes: one engine gives no bytes, the other null; neither fails a reader.
func TestEmptyBytes(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
			tx.Exec(`INSERT INTO thing (realm_id, id, words, body) VALUES ($1, $2, '', $3)`, 1, 1, []byte{})
		})))
		body := []byte("not this")
		require.NoError(t, store.One(t.Context(), db.Realm(1), `SELECT body FROM thing WHERE realm_id = $1`, []any{1}, &body))
		require.Empty(t, body)
	})
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		var n int64
		none := `SELECT id FROM thing WHERE realm_id = $1 AND id = $2`
		require.ErrorIs(t, store.One(t.Context(), db.Realm(1), none, []any{1, 1}, &n), db.ErrNoRows)
		require.NoError(t, store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
			require.ErrorIs(t, tx.One(none, []any{1, 1}, &n), db.ErrNoRows)
			add(1, 1)(tx)
			return tx.One(none, []any{1, 1}, &n) // sees what the unit queued before
		}))
		require.NoError(t, store.One(t.Context(), db.Realm(1), none, []any{1, 1}, &n))
		require.Equal(t, int64(1), n)
		stop := errors.New("enough")
		require.ErrorIs(t, store.Each(t.Context(), db.Realm(1), none, []any{1, 1}, func(db.Row) error { return stop }), stop)
		require.Error(t, store.One(t.Context(), db.Realm(1), `SELECT nonsense`, nil, &n))
		require.NoError(t, store.Ping(t.Context()))
		require.NoError(t, store.Scrub(t.Context()))
	})
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	second := "-- +goose Up\nALTER TABLE other ADD COLUMN note TEXT;\n"
	dbtest.Each(t, func(t *testing.T, url string) {
		open := func(texts ...string) error {
			c := things(db.Config{URL: url})
			c.Migrations = migrations(texts...)
			store, err := db.Open(t.Context(), c)
			if err != nil {
				return err
			}
			return store.Close()
		}
		require.NoError(t, open(firstMigration))
		require.NoError(t, open(firstMigration), "a second start changes nothing")
		require.NoError(t, open(firstMigration, second))
		require.ErrorContains(t, open(firstMigration), "newer Florin")
		require.NoError(t, open(firstMigration, second), "the right program still opens it")
		require.ErrorContains(t, open(firstMigration, second, "-- +goose Up\nCREATE NONSENSE;\n"), "migrate")
	})
}

// TestClosedStoreRefuses whatever is asked of it, and keeps nobody waiting.
func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		store, err := db.Open(t.Context(), things(db.Config{URL: url}))
		require.NoError(t, err)
		ctx, all := t.Context(), db.Realm(1)
		var n, last int64
		next := func() int64 { last++; return last }
		none := func(db.Row) error { return nil }
		const count = `SELECT count(*) FROM thing`
		calls := map[string]func() error{
			"blind unit": func() error { return store.Write(ctx, all, unit(add(1, next()))) },
			"early unit": func() error { return store.WriteEarly(ctx, all, unit(add(1, next()))) },
			"unit that asks": func() error {
				return store.Write(ctx, all, func(tx *db.Tx) error { return tx.One(count, nil, &n) })
			},
			"unit that asks outside": func() error {
				return store.Write(ctx, all, func(tx *db.Tx) error {
					tx.Exec(`DELETE FROM thing WHERE realm_id = $1`, 9)
					return store.Each(ctx, all, count, nil, none)
				})
			},
			"each": func() error { return store.Each(ctx, all, count, nil, none) },
			"row":  func() error { return store.Row(ctx, all, count, nil, none) },
			"one":  func() error { return store.One(ctx, all, count, nil, &n) },
			"ping": func() error { return store.Ping(ctx) },
			"facts": func() error {
				_, err := store.Facts(ctx)
				return err
			},
		}
		for name, call := range calls {
			require.NoError(t, call(), "%s, while it is open", name)
		}
		require.NoError(t, store.Close())
		require.NoError(t, store.Close(), "closing twice is nothing")
		for name, call := range calls {
			require.Error(t, call(), name)
		}
	})
}

// TestCallsMeetClose: each of many calls that come while the store closes ends, done or refused,
// and what was done stays.
func TestCallsMeetClose(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		store, err := db.Open(t.Context(), things(db.Config{URL: url}))
		require.NoError(t, err)
		var calls sync.WaitGroup
		var done atomic.Int64
		begun := make(chan struct{}, 32)
		for c := range 32 {
			calls.Go(func() {
				for i := 0; ; i++ {
					if err := store.Write(t.Context(), db.Realm(1), unit(add(1, int64(1000*c+i)))); err != nil {
						return
					}
					done.Add(1)
					if err := store.Ping(t.Context()); err != nil {
						return
					}
					if i == 0 {
						begun <- struct{}{}
					}
				}
			})
		}
		for range 32 {
			<-begun
		}
		require.NoError(t, store.Close())
		calls.Wait()
		again, err := db.Open(t.Context(), things(db.Config{URL: url}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, again.Close()) })
		var kept int64
		require.NoError(t, again.One(t.Context(), db.Realm(1), `SELECT count(*) FROM thing`, nil, &kept))
		require.Equal(t, done.Load(), kept)
	})
}
