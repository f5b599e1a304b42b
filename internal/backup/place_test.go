package backup_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
)

func scopeOf(t *testing.T, s *apptest.Server) db.Scope {
	t.Helper()
	owners, err := s.App.Owners.List(t.Context())
	require.NoError(t, err)
	return db.Realm(owners[0].Realm(auth.Live))
}

// keyOf is the number of the first erased customer's key, from the ledger.
func keyOf(t *testing.T, s site) int64 {
	t.Helper()
	text, err := os.ReadFile(s.Ledgers()[0])
	require.NoError(t, err)
	all, unreadable := customer.ReadLedger(string(text), s.verifier)
	require.Zero(t, unreadable)
	require.NotEmpty(t, all)
	require.NotZero(t, all[0].KeyID)
	return all[0].KeyID
}

// TestRefusedPlaces: nothing is written over, and no half is restored.
func TestRefusedPlaces(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		stays := person(t, s, "Stays")
		data, keys := here.create(t, backup.Data), here.create(t, backup.Keystore)
		require.ErrorContains(t, here.restore(t, data, keys), "there is a")
		require.Equal(t, 200, statusOf(t, s, stays), "and nothing was touched")
		there := here.elsewhere(t)
		require.ErrorContains(t, there.restore(t, data), "there is no keystore here")
		require.ErrorContains(t, there.restore(t, keys), "there is no data here")
		require.ErrorContains(t, there.restore(t, data, data), "two backups of the data")
		require.NoError(t, there.restore(t, keys, data))
		require.Error(t, there.restore(t, keys, data), "a second time")
	})
}

// TestOtherInstallations: neither manifest nor keys of another one are taken.
func TestOtherInstallations(t *testing.T) {
	t.Parallel()
	a, b := apptest.SQLite(t), apptest.SQLite(t)
	here, other := siteOf(t, a.Config, clock.System()), siteOf(t, b.Config, clock.System())
	data := here.create(t, backup.Data)
	other.create(t, backup.Data) // makes its identity
	require.NoError(t, here.verify(t, data))
	require.ErrorContains(t, other.verify(t, data), "not signed by this installation")
	reader := other.reader(t)
	reader.Verifier = here.verifier
	_, err := reader.Verify(t.Context(), data.Path, quiet)
	require.ErrorContains(t, err, "does not open by the identity")
}

// TestCutRestore stops a restore in the middle. Until it has been run again nothing starts
// there; then everything is there.
func TestCutRestore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		stays := person(t, s, "Stays")
		data, keys := here.create(t, backup.Data), here.create(t, backup.Keystore)
		there := here.elsewhere(t)
		target := there.target(t)
		plan, err := target.Plan(t.Context(), []string{data.Path, keys.Path})
		require.NoError(t, err)
		require.NoError(t, os.Rename(filepath.Join(data.Path, "data.age"), filepath.Join(data.Path, "away")))
		_, err = target.Restore(t.Context(), plan, func(backup.Kind, int64) {})
		require.Error(t, err)
		require.ErrorContains(t, backup.Unfinished(there.DataDir), "cut short")
		_, err = app.Open(t.Context(), there.Config, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "cut short")

		require.NoError(t, os.Rename(filepath.Join(data.Path, "away"), filepath.Join(data.Path, "data.age")))
		later := here.create(t, backup.Keystore)
		require.Error(t, there.restore(t, data, later), "not what was begun")
		require.NoError(t, there.restore(t, data, keys))
		require.NoError(t, backup.Unfinished(there.DataDir))
		require.Equal(t, 200, statusOf(t, apptest.Start(t, there.Config), stays))
	})
}

// TestPrune keeps what is young and what it does not know.
func TestPrune(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"keystore-20261101T020000.000Z", "keystore-20261120T020000.000Z", "keystore-old", "data-20261101T020000.000Z", "other"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name, "x"), 0o700))
	}
	before := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	for _, dry := range []bool{true, false} {
		pruned, err := backup.Prune(dir, backup.Keystore, before, dry)
		require.NoError(t, err)
		require.Equal(t, []string{filepath.Join(dir, "keystore-20261101T020000.000Z")}, pruned)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 4)
}

// mutilation changes a backup's folder; another is an older, whole backup of the same kind.
type mutilation func(t *testing.T, dir, file string, another backup.Backup)

func edit(change func([]byte) []byte) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		t.Helper()
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, change(text), 0o600))
	}
}

func mutilations(random *rand.Rand) []mutilation {
	var all []mutilation
	on := func(which int, change func([]byte) []byte) {
		all = append(all, func(t *testing.T, dir, file string, _ backup.Backup) {
			edit(change)(t, filepath.Join(dir, []string{"manifest", file}[which]))
		})
	}
	for range 22 {
		for which := range 2 {
			at, bit := random.Float64(), byte(1)<<random.IntN(8)
			on(which, func(text []byte) []byte { text[int(at*float64(len(text)))] ^= bit; return text })
			on(which, func(text []byte) []byte { return text[:int(at*float64(len(text)))] })
		}
	}
	for which := range 2 {
		on(which, func(text []byte) []byte { return append(text, 0) })
		on(which, func(text []byte) []byte { return append([]byte{'\n'}, text...) })
		on(which, func(text []byte) []byte { return nil })
		on(which, func(text []byte) []byte { text[len(text)-2] ^= 1; return text })
	}
	return append(all,
		func(t *testing.T, dir, file string, another backup.Backup) { copyFile(t, another.Path, dir, file) },
		func(t *testing.T, dir, _ string, another backup.Backup) { copyFile(t, another.Path, dir, "manifest") },
		func(t *testing.T, dir, _ string, _ backup.Backup) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "more"), nil, 0o600))
		},
		func(t *testing.T, dir, file string, _ backup.Backup) {
			require.NoError(t, os.Remove(filepath.Join(dir, file)))
		},
		func(t *testing.T, dir, _ string, _ backup.Backup) {
			require.NoError(t, os.Remove(filepath.Join(dir, "manifest")))
		},
	)
}

func copyFile(t *testing.T, from, to, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(from, name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(to, name), text, 0o600))
}

// TestMutilated spoils backups in more than a hundred ways. Each is refused by verify and by
// restore, with nothing left in the place; the same folder unspoilt is taken.
func TestMutilated(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		older := here.create(t, backup.Data)
		person(t, s, "Stays")
		seal(t, s)
		data, keys := here.create(t, backup.Data), here.create(t, backup.Keystore)
		require.NotEqual(t, older.File.SHA256, data.File.SHA256)
		all := mutilations(rand.New(rand.NewPCG(7, 1)))
		require.Greater(t, len(all), 100)
		there := here.elsewhere(t)
		for i, spoil := range all {
			dir := filepath.Join(t.TempDir(), "copy")
			require.NoError(t, os.CopyFS(dir, os.DirFS(data.Path)))
			spoil(t, dir, data.File.Name, older)
			spoilt := backup.Backup{Path: dir}
			err := here.verify(t, spoilt)
			require.Error(t, err, i)
			require.True(t, errors.Is(err, backup.ErrRefused) || errors.Is(err, os.ErrNotExist), "%d: %v", i, err)
			require.Error(t, there.restore(t, spoilt, keys), i)
			empty, err := db.Empty(t.Context(), there.target(t).Main)
			require.NoError(t, err)
			require.True(t, empty, i)
		}
		require.NoError(t, there.restore(t, data, keys), "the twin that nobody spoilt")
	})
}
