package backup_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/clock"
)

// TestRestoreElsewhere loses the machine: data and keystore come back from their backups, made
// while writers wrote; who was erased since is erased again, by the ledger alone.
//
// Shows: GDPR Art. 32(1)(c), Art. 17(1)
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		stays, goes := person(t, s, "Stays"), person(t, s, "Goes")
		seal(t, s)
		data, keys := beside(t, s, here)
		require.NoError(t, here.verify(t, data))
		require.NoError(t, here.verify(t, keys))
		erase(t, s, goes)
		after := person(t, s, "After")
		require.Empty(t, trail(t, s).Problem)

		there := here.elsewhere(t, "audit/erasures", "audit/checkpoints")
		require.NoError(t, there.restore(t, data, keys))
		again := apptest.Start(t, there.Config)
		require.Equal(t, 1, again.App.Replayed.Erased)
		require.Zero(t, again.App.Replayed.UnreadableCount)
		require.Equal(t, http.StatusOK, statusOf(t, again, stays))
		require.Equal(t, http.StatusGone, statusOf(t, again, goes))
		require.Equal(t, http.StatusNotFound, statusOf(t, again, after))
		was := s.Do(t, apptest.Request{Method: http.MethodGet, Path: fmt.Sprintf("/customers/%d/erasure-certificate", goes)})
		now := again.Do(t, apptest.Request{Method: http.MethodGet, Path: fmt.Sprintf("/customers/%d/erasure-certificate", goes)})
		require.Equal(t, was.JSON(t)["certificate"], now.JSON(t)["certificate"])
		person(t, again, "Goes") // nobody holds the e-mail and the member id any more
		report := trail(t, again)
		require.Empty(t, report.Problem)
		require.Len(t, report.Restores, 1)
		require.Positive(t, report.Restores[0].Outside.Size-report.Restores[0].Kept.Size)
		require.Empty(t, report.Lost, "the newest checkpoint is from after the restore")
	})
}

// beside makes both backups while eight writers write.
func beside(t *testing.T, s *apptest.Server, here site) (data, keys backup.Backup) {
	t.Helper()
	var stop atomic.Bool
	var writers sync.WaitGroup
	var written atomic.Int64
	for w := range 8 {
		writers.Go(func() {
			for n := 0; !stop.Load(); n++ {
				body := map[string]any{"name": "Writer", "email": fmt.Sprintf("w%d.%d@example.com", w, n)}
				if s.Do(t, apptest.Request{Method: http.MethodPost, Path: "/customers", Body: body}).Status == http.StatusOK {
					written.Add(1)
				}
			}
		})
	}
	data = here.create(t, backup.Data)
	keys = here.create(t, backup.Keystore)
	before := written.Load()
	require.Eventually(t, func() bool { return written.Load() > before }, 10*time.Second, time.Millisecond, "writers stand still")
	stop.Store(true)
	writers.Wait()
	return data, keys
}

// TestTodaysKeystore restores older data under the keystore that is still there, without any
// ledger: the keys that are missing tell who was erased.
func TestTodaysKeystore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		stays, goes := person(t, s, "Stays"), person(t, s, "Goes")
		data := here.create(t, backup.Data)
		erase(t, s, goes)
		keys := later(here, 2*time.Minute).create(t, backup.Keystore) // as it is today

		there := here.elsewhere(t)
		require.NoError(t, there.restore(t, data, keys))
		again := apptest.Start(t, there.Config)
		require.Equal(t, 1, again.App.Replayed.Erased)
		require.Equal(t, http.StatusOK, statusOf(t, again, stays))
		require.Equal(t, http.StatusGone, statusOf(t, again, goes))
		certificate := again.Do(t, apptest.Request{Method: http.MethodGet, Path: fmt.Sprintf("/customers/%d/erasure-certificate", goes)})
		require.Contains(t, string(certificate.Body), "found erased when older data were restored")
		person(t, again, "Goes")
	})
}

// later is the site with a clock that is ahead.
func later(s site, by time.Duration) site {
	s.clock = clock.NewFake(time.Now().Add(by)).Clock()
	return s
}

// TestDataNewerThanKeystore names who can't be read, and erases nobody for it.
func TestDataNewerThanKeystore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		early := person(t, s, "Early")
		keys := here.create(t, backup.Keystore)
		var late []int64
		for n := range 40 { // more than were made ahead
			late = append(late, person(t, s, fmt.Sprint("Late", n)))
		}
		data := later(here, time.Second).create(t, backup.Data)
		plan, err := here.elsewhere(t).target(t).Plan(t.Context(), []string{data.Path, keys.Path})
		require.NoError(t, err)
		require.NotEmpty(t, plan.Warning())

		there := here.elsewhere(t)
		require.NoError(t, there.restore(t, data, keys))
		again := apptest.Start(t, there.Config)
		require.Zero(t, again.App.Replayed.Erased)
		require.NotEmpty(t, again.App.Replayed.Unreadable)
		require.Subset(t, late, again.App.Replayed.Unreadable)
		require.Equal(t, http.StatusOK, statusOf(t, again, early))
		var rows int64
		require.NoError(t, again.App.Store.One(t.Context(), scopeOf(t, again), `SELECT count(*) FROM customer`, nil, &rows))
		require.Equal(t, int64(41), rows, "they stay, for a younger keystore")
	})
}

// TestKeystoreAlone loses the keystore: the backup of it has keys of people who were erased
// since, and they are destroyed again.
func TestKeystoreAlone(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	here := siteOf(t, s.Config, clock.System())
	stays, goes := person(t, s, "Stays"), person(t, s, "Goes")
	keys := here.create(t, backup.Keystore)
	erase(t, s, goes)
	require.NoError(t, s.App.Close(t.Context()))
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(s.Config.DataDir, "keystore.db"+end))
	}
	require.NoError(t, here.restore(t, keys))
	again := apptest.Start(t, s.Config)
	require.Equal(t, http.StatusOK, statusOf(t, again, stays))
	require.Equal(t, http.StatusGone, statusOf(t, again, goes))
	var n int64
	require.NoError(t, again.App.Keystore.One(t.Context(), scopeOf(t, again), `SELECT count(*) FROM subject_key WHERE id = $1`, []any{keyOf(t, here)}, &n))
	require.Zero(t, n)
}

// TestOwnerDestroyedSince brings back no owner whose keys are gone.
func TestOwnerDestroyedSince(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		here := siteOf(t, s.Config, clock.System())
		made := s.Do(t, apptest.Request{Method: http.MethodPost, Path: "/owners", Key: s.Operator, Body: map[string]any{"name": "Shop of Ana", "baseCurrency": "EUR"}})
		require.Equal(t, http.StatusOK, made.Status, string(made.Body))
		stays := person(t, s, "Stays")
		data := here.create(t, backup.Data)
		owner := made.ID(t)
		suspended := s.Do(t, apptest.Request{Method: http.MethodPatch, Path: fmt.Sprint("/owners/", owner), Key: s.Operator, Body: map[string]any{"status": "suspended", "reason": "contract over"}})
		require.Equal(t, http.StatusOK, suspended.Status, string(suspended.Body))
		o, err := s.App.Owners.Get(t.Context(), owner)
		require.NoError(t, err)
		require.NoError(t, s.App.Leaving.Destroy(t.Context(), o, func(int64) {}))
		keys := later(here, 2*time.Minute).create(t, backup.Keystore)

		there := here.elsewhere(t)
		require.NoError(t, there.restore(t, data, keys))
		again := apptest.Start(t, there.Config)
		require.Equal(t, 1, again.App.Replayed.Owners)
		require.Equal(t, http.StatusOK, statusOf(t, again, stays))
		list, err := again.App.Owners.List(t.Context())
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

// TestEpochsEndCopies takes copies of data and keystore of one day. Until the epoch ends they
// open an erased person, which the certificate says; afterwards, with today's key folder, nobody.
func TestEpochsEndCopies(t *testing.T) {
	t.Parallel()
	moved := clock.NewFake(time.Now())
	s := apptest.SQLite(t, app.WithClock(moved.Clock()))
	here := siteOf(t, s.Config, moved.Clock())
	goes := person(t, s, "Goes")
	data, keys := here.create(t, backup.Data), here.create(t, backup.Keystore)
	erase(t, s, goes)
	require.NoError(t, here.elsewhere(t).restore(t, data, keys), "within the window")

	ends := s.App.Vault.EpochEnds()
	certificate := s.Do(t, apptest.Request{Method: http.MethodGet, Path: fmt.Sprintf("/customers/%d/erasure-certificate", goes)})
	require.Contains(t, string(certificate.Body), "copies made before open nothing after "+ends.UTC().Format("2006-01-02T15:04:05.000Z"))
	require.LessOrEqual(t, ends.Sub(moved.Clock().Now()), 7*24*time.Hour)
	moved.Advance(ends.Sub(moved.Clock().Now()))
	require.True(t, s.App.Vault.EpochDue())
	require.NoError(t, s.App.Vault.RotateEpoch(t.Context(), quiet)) // what a server does by itself within the hour

	there := here.elsewhere(t)
	require.ErrorContains(t, there.restore(t, data, keys), "opens nothing here")
	require.NoError(t, here.verify(t, keys), "the backup itself is whole")
	fresh := here.create(t, backup.Keystore)
	require.NoError(t, there.restore(t, data, fresh))
	require.Equal(t, http.StatusGone, statusOf(t, apptest.Start(t, there.Config, app.WithClock(moved.Clock())), goes))
}
