package db_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
)

// copied opens what the kernel has of a database at this moment, as after a kill.
func copied(t *testing.T, path, synchronous string) *db.DB {
	t.Helper()
	other := filepath.Join(t.TempDir(), "copy.db")
	for _, end := range []string{"", "-wal"} {
		bytes, err := os.ReadFile(path + end)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(other+end, bytes, 0o600))
	}
	store, err := db.Open(t.Context(), things(db.Config{URL: other, Synchronous: synchronous}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// words adds rows of a page each, more than one write joins and, from 2,000 on, more
// than the writer keeps in memory: then frames leave before their transaction ends.
func words(from, count int64) func(*db.Tx) {
	text := strings.Repeat("Łódź ", 700)
	return func(tx *db.Tx) {
		for i := range count {
			tx.Exec(`INSERT INTO thing (realm_id, id, words) VALUES ($1, $2, $3)`, 1, from+i, text)
		}
	}
}

// TestJoinedFramesAreWritten: what was answered is in the files, whatever is held back.
func TestJoinedFramesAreWritten(t *testing.T) {
	t.Parallel()
	for _, synchronous := range []string{"FULL", "NORMAL"} {
		t.Run(synchronous, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "florin.db")
			store, err := db.Open(t.Context(), things(db.Config{URL: path, Synchronous: synchronous}))
			require.NoError(t, err)
			all := int64(0)
			for _, count := range []int64{1, 2, 29, 30, 31, 32, 400, 3000, 1} {
				require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(words(all+1, count))))
				all += count
				require.Len(t, idsOf(t, copied(t, path, synchronous), 1), int(all))
				require.Len(t, idsOf(t, store, 1), int(all))
			}
			// Frames that left early are changed: the log is written in its middle and summed again.
			require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
				words(all+1, 3000)(tx)
				tx.Exec(`UPDATE thing SET n = id + 7`)
			})))
			other := copied(t, path, synchronous)
			require.Equal(t, numbersOf(t, store), numbersOf(t, other))
			require.Len(t, numbersOf(t, other), int(all)+3000)
			facts, err := other.Facts(t.Context())
			require.NoError(t, err)
			require.Empty(t, facts.IntegrityErrors)
			require.NoError(t, store.Close())
		})
	}
}

func numbersOf(t *testing.T, store *db.DB) map[int64]int64 {
	t.Helper()
	numbers := map[int64]int64{}
	require.NoError(t, store.Each(t.Context(), db.Realm(1), `SELECT id, n FROM thing WHERE realm_id = $1 AND n = id + 7`, []any{1}, func(r db.Row) error {
		var id, n int64
		err := r.Scan(&id, &n)
		numbers[id] = n
		return err
	}))
	return numbers
}

// TestUndoneFramesAreNotSeen: frames of a large transaction that failed lie in the log,
// or were held back, and the next transaction is written over them.
func TestUndoneFramesAreNotSeen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "florin.db")
	store, err := db.Open(t.Context(), things(db.Config{URL: path}))
	require.NoError(t, err)
	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(words(1, 3))))
	for _, count := range []int64{2500, 3000} {
		err = store.Write(context.Background(), db.Realm(1), unit(func(tx *db.Tx) {
			words(10, count)(tx)
			words(1, 1)(tx) // there already
		}))
		require.True(t, db.IsViolation(err, "thing"), err)
		require.Equal(t, []int64{1, 2, 3}, idsOf(t, copied(t, path, "FULL"), 1))
	}
	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(words(4, 1))))
	other := copied(t, path, "FULL")
	require.Equal(t, []int64{1, 2, 3, 4}, idsOf(t, other, 1))
	facts, err := other.Facts(t.Context())
	require.NoError(t, err)
	require.Empty(t, facts.IntegrityErrors)
	require.NoError(t, store.Close())
}
