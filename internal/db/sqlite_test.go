package db_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
)

func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	for asked, got := range map[string]string{"": "FULL", "FULL": "FULL", "NORMAL": "NORMAL", "SOMETIMES": ""} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a folder & more", "müller #1.db")
			store, err := db.Open(t.Context(), things(db.Config{URL: path, Synchronous: asked}))
			if got == "" {
				require.ErrorContains(t, err, "refusing to run")
				return
			}
			require.NoError(t, err)
			facts, err := store.Facts(t.Context())
			require.NoError(t, err)
			require.Equal(t, "sqlite", facts.Engine)
			require.Equal(t, got, facts.Synchronous)
			require.Empty(t, facts.IntegrityErrors)
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			require.NoError(t, store.Close())
		})
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "florin.db")
	first, err := db.Open(t.Context(), things(db.Config{URL: path}))
	require.NoError(t, err)
	_, err = db.Open(t.Context(), things(db.Config{URL: path}))
	require.ErrorContains(t, err, "another florin process")
	require.NoError(t, first.Write(t.Context(), db.Realm(1), unit(add(1, 1))))
	require.NoError(t, first.Close())
	second, err := db.Open(t.Context(), things(db.Config{URL: path}))
	require.NoError(t, err)
	require.Equal(t, []int64{1}, idsOf(t, second, 1))
	require.NoError(t, second.Close())
}

// TestScrubEmptiesTheLog: what was deleted must not stay in the write-ahead log.
// Shows: GDPR Art. 17(1)
func TestScrubEmptiesTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "florin.db")
	store, err := db.Open(t.Context(), things(db.Config{URL: path}))
	require.NoError(t, err)
	const secret = "a-very-particular-sequence-of-bytes"
	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) {
		tx.Exec(`INSERT INTO thing (realm_id, id, words) VALUES ($1, $2, $3)`, 1, 1, secret)
	})))
	onDisk := func() string {
		text := ""
		for _, end := range []string{"", "-wal"} {
			part, err := os.ReadFile(path + end)
			require.NoError(t, err)
			text += string(part)
		}
		return text
	}
	require.Contains(t, onDisk(), secret)
	require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(func(tx *db.Tx) { tx.Exec(`DELETE FROM thing WHERE realm_id = $1`, 1) })))
	require.NoError(t, store.Scrub(t.Context()))
	require.NotContains(t, onDisk(), secret)
	require.NoError(t, store.Close())
}
