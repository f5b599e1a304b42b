package db_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

func nothing(func(string, ...any) error) error { return nil }

// TestSnapshot copies a database while it is written to: the copy is of one moment, and the
// writer goes on.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		store, err := db.Open(t.Context(), things(db.Config{URL: url}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		for realm := range int64(3) {
			require.NoError(t, store.Write(t.Context(), db.Realm(realm), unit(add(realm, 1))))
		}
		s, err := db.OpenSnapshot(t.Context(), things(db.Config{URL: url}))
		require.NoError(t, err)
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add(1, 2))))
		counts, err := s.Counts(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"thing": 3, "other": 0}, counts, "of all realms, and not what came later")
		var copied bytes.Buffer
		require.NoError(t, s.Write(t.Context(), &copied, func(int64) {}))
		version, err := s.Version(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())

		elsewhere := filepath.Join(t.TempDir(), "copy.db")
		if url[0] != '/' {
			elsewhere = dbtest.Postgres(t)
		}
		c := things(db.Config{URL: elsewhere})
		broken := io.MultiReader(bytes.NewReader(copied.Bytes()[:copied.Len()/2]), failing{})
		require.ErrorIs(t, db.Load(t.Context(), c, version, broken, nothing), errWanted)
		require.ErrorIs(t, db.Load(t.Context(), c, version, bytes.NewReader(copied.Bytes()), func(func(string, ...any) error) error { return errWanted }), errWanted)
		empty, err := db.Empty(t.Context(), c)
		require.NoError(t, err)
		require.True(t, empty, "nothing of what failed is there")
		require.NoError(t, db.Load(t.Context(), c, version, bytes.NewReader(copied.Bytes()), func(exec func(string, ...any) error) error {
			return exec(`INSERT INTO other (id, words) VALUES ($1, $2)`, int64(9), "then")
		}))
		require.ErrorIs(t, db.Load(t.Context(), c, version, bytes.NewReader(copied.Bytes()), nothing), db.ErrNotEmpty)
		other, err := db.Open(t.Context(), c)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, other.Close()) })
		require.Equal(t, []int64{1}, idsOf(t, other, 1))
		var words string
		require.NoError(t, other.One(t.Context(), db.Realm(1), `SELECT words FROM other WHERE id = $1`, []any{9}, &words))
		require.Equal(t, "then", words)
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errWanted }

// TestScrubWaitsForSnapshots, and writers do not wait for a scrub that does.
func TestScrubWaitsForSnapshots(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	store, err := db.Open(t.Context(), things(db.Config{URL: path}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s, err := db.OpenSnapshot(t.Context(), db.Config{URL: path})
	require.NoError(t, err)
	scrubbed := make(chan error, 1)
	go func() { scrubbed <- store.Scrub(context.Background()) }()
	for id := range int64(50) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(add(1, id))))
	}
	select {
	case <-scrubbed:
		t.Fatal("scrubbed below a snapshot")
	case <-time.After(20 * time.Millisecond):
	}
	require.NoError(t, s.Close())
	require.NoError(t, <-scrubbed)
	info, err := os.Stat(path + "-wal")
	require.True(t, errors.Is(err, os.ErrNotExist) || info.Size() == 0)
}
