package db_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

// An early unit is a unit: all or nothing, seen by whoever asks after it, and alone guilty
// of what it broke.
func TestEarlyUnits(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.WriteEarly(t.Context(), db.Realm(1), unit(add(1, 1))))
		require.Equal(t, int64(1), countThings(t, store))
		twice := func(tx *db.Tx) { add(1, 2)(tx); add(1, 1)(tx) }
		require.True(t, db.IsViolation(store.WriteEarly(t.Context(), db.Realm(1), unit(twice)), "thing"))
		require.Equal(t, int64(1), countThings(t, store), "nothing of a unit that failed")
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add(1, 2))))
		require.Equal(t, int64(2), countThings(t, store))
	})
}

func countThings(t *testing.T, store *db.DB) (n int64) {
	t.Helper()
	require.NoError(t, store.One(t.Context(), db.Realm(1), `SELECT count(*) FROM thing WHERE realm_id = $1`, []any{1}, &n))
	return n
}

// Only early units give up the wait for the disk, and only for themselves.
func TestOnlyEarlyUnitsDoNotWait(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), things(db.Config{URL: dbtest.Postgres(t)}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	const note = `INSERT INTO other (id, words) VALUES ($1, current_setting('synchronous_commit'))`
	noting := func(id int64) func(*db.Tx) error { return unit(func(tx *db.Tx) { tx.Exec(note, id) }) }
	require.NoError(t, store.Write(t.Context(), db.Realm(1), noting(1)))
	for id := range int64(8) {
		require.NoError(t, store.WriteEarly(t.Context(), db.Realm(1), noting(10+id)))
		require.NoError(t, store.Write(t.Context(), db.Realm(1), noting(20+id)))
	}
	seen := map[string]int{}
	require.NoError(t, store.Each(t.Context(), db.Realm(1), `SELECT words FROM other WHERE id < 10 OR id >= 20`, nil, func(r db.Row) error {
		var words string
		err := r.Scan(&words)
		seen[words]++
		return err
	}))
	require.Equal(t, map[string]int{"on": 9}, seen)
	var early int64
	require.NoError(t, store.One(t.Context(), db.Realm(1), `SELECT count(*) FROM other WHERE id >= 10 AND id < 20 AND words = 'off'`, nil, &early))
	require.Equal(t, int64(8), early)
}

// A condition of a blind unit: nothing where something must stand.
func TestNullNamesItsTable(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add(1, 1))))
		change := func(was string) error {
			return store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
				tx.Exec(`UPDATE thing SET words = CASE WHEN words = $3 THEN 'new' END WHERE realm_id = $1 AND id = $2`, 1, 1, was)
			}))
		}
		require.True(t, db.IsNull(change("other"), "thing"))
		require.False(t, db.IsNull(change("other"), "other"))
		require.NoError(t, change(""))
		require.True(t, db.IsNull(change(""), "thing"), "the first change is there")
	})
}
