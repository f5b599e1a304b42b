//go:build unix

package campaign

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// backups lists the complete ones below a folder, by their names, the oldest first.
func backups(t *testing.T, dir, kind string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, kind+"-*"))
	require.NoError(t, err)
	slices.Sort(all)
	return all
}

// saved makes both backups and gives them, data first.
func (in *installation) saved(t *testing.T, dir string) []string {
	t.Helper()
	in.must(t, "backup", "create", dir)
	data, keys := backups(t, dir, "data"), backups(t, filepath.Join(dir, "keystore"), "keystore")
	return []string{data[len(data)-1], keys[len(keys)-1]}
}

// emptied is a place with this installation's key folder and ledger, and nothing else.
func (in *installation) emptied(t *testing.T) *installation {
	t.Helper()
	other := newInstallation(t)
	require.NoError(t, os.CopyFS(filepath.Join(other.dir, "keys"), os.DirFS(filepath.Join(in.dir, "keys"))))
	for _, name := range []string{"audit/erasures", "audit/checkpoints", "first-run.env"} {
		text, err := os.ReadFile(filepath.Join(in.dir, name))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(other.dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(other.dir, name), text, 0o600))
	}
	return other
}

// elsewhere is a place as emptied gives it, on PostgreSQL with a new database.
func (in *installation) elsewhere(t *testing.T) *installation {
	t.Helper()
	there := in.emptied(t)
	if slices.Contains(in.flags, "--database-url") {
		there.flags = []string{"--database-url", cluster(t, true).URL()}
	}
	return there
}

// TestBackupKilled kills backups, restores, rotations and erasures at several points of their
// time. Each leaves what was before or what is after, and can be run again.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.must(t, "import", "customers", generated(t, 1500))
	before := in.exported(t)
	t.Run("backup", func(t *testing.T) { t.Parallel(); backupsKilled(t, in.copyOf(t)) })
	t.Run("restore", func(t *testing.T) { t.Parallel(); restoresKilled(t, in.copyOf(t), before, cycles(10)) })
	t.Run("rotation", func(t *testing.T) { t.Parallel(); backupOfKilledRotation(t, in.copyOf(t), before) })
	t.Run("erasure", func(t *testing.T) { t.Parallel(); erasuresKilled(t, in.copyOf(t)) })
}

// TestBackupKilledOnPostgres does the same to one place, one kind of kill after another.
func TestBackupKilledOnPostgres(t *testing.T) {
	t.Parallel()
	in := newInstallation(t, "--database-url", cluster(t, true).URL())
	in.must(t, "import", "customers", generated(t, 1500))
	before := in.exported(t)
	restoresKilled(t, in, before, cycles(4))
	backupOfKilledRotation(t, in, before)
	backupsKilled(t, in)
	erasuresKilled(t, in)
}

// timed runs a command to its end and says how long that took.
func (in *installation) timed(t *testing.T, args ...string) time.Duration {
	t.Helper()
	began := time.Now()
	in.must(t, args...)
	return time.Since(began)
}

func backupsKilled(t *testing.T, in *installation) {
	t.Helper()
	s := in.start(t)
	dir := filepath.Join(t.TempDir(), "backups")
	whole := in.timed(t, "backup", "create", dir)
	kills, points := 0, cycles(8)
	for i := range points {
		if in.runUntilKilled(t, whole*time.Duration(i+1)/time.Duration(points+1), "backup", "create", dir) {
			kills++
		}
		s.must(t, http.StatusOK, http.MethodPost, "/customers", "", createBody(fmt.Sprint("beside-", i)))
	}
	require.Positive(t, kills)
	s.kill()
	in.saved(t, dir) // of a server that was killed, whose log was not emptied
	all := append(backups(t, dir, "data"), backups(t, filepath.Join(dir, "keystore"), "keystore")...)
	in.must(t, append([]string{"backup", "verify"}, all...)...)
	left, err := filepath.Glob(filepath.Join(dir, ".partial-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	t.Logf("%d backups killed within %s, %d complete", kills, whole, len(all))
}

func restoresKilled(t *testing.T, in *installation, before []string, points int) {
	t.Helper()
	made := in.saved(t, t.TempDir())
	restore := append([]string{"backup", "restore"}, made...)
	whole := in.elsewhere(t).timed(t, restore...)
	kills := 0
	for i := range points {
		there := in.elsewhere(t)
		if !there.runUntilKilled(t, whole*time.Duration(i+1)/time.Duration(points+1), restore...) {
			continue
		}
		kills++
		if _, err := os.Stat(filepath.Join(there.dir, "restoring")); err == nil {
			require.Contains(t, there.run(t, "migrate").err, "cut short", "a start in between")
		}
		if o := there.run(t, restore...); o.code != 0 {
			require.Contains(t, o.err, "there is a", "all was there already")
		}
		require.Equal(t, before, there.exported(t), "kill %d", i)
		require.Contains(t, there.must(t, "audit", "verify").out, "Restored on")
	}
	require.Positive(t, kills)
	t.Logf("%d restores killed within %s", kills, whole)
}

func backupOfKilledRotation(t *testing.T, in *installation, before []string) {
	t.Helper()
	whole := in.timed(t, rotateAll()...)
	for i := range cycles(3) {
		in.runUntilKilled(t, whole*time.Duration(i+1)/time.Duration(cycles(3)+1), rotateAll()...)
		made := in.saved(t, t.TempDir())
		there := in.elsewhere(t)
		there.must(t, append([]string{"backup", "restore"}, made...)...)
		require.Equal(t, before, there.exported(t), "kill %d", i)
	}
}

// erasuresKilled kills the server among erasures. What was acknowledged stays erased, also in
// a place restored from a backup made before.
func erasuresKilled(t *testing.T, in *installation) {
	t.Helper()
	random := rand.New(rand.NewPCG(*seedFlag, 27))
	s := in.start(t)
	var ids []int64
	for n := range 60 {
		got, err := s.must(t, http.StatusOK, http.MethodPost, "/customers", "", createBody(fmt.Sprint("goes-", n))).customer()
		require.NoError(t, err)
		ids = append(ids, got.ID)
	}
	made := in.saved(t, t.TempDir())
	gone := map[int64]bool{}
	began := time.Now()
	s.must(t, http.StatusNoContent, http.MethodDelete, customerPath(ids[0]), "", nil)
	gone[ids[0]] = true
	one := time.Since(began)
	for range cycles(4) {
		killed := time.AfterFunc(time.Duration(1+random.IntN(10))*one, s.kill)
		for _, id := range ids {
			if a, err := s.call(http.MethodDelete, customerPath(id), "", nil); err == nil && (a.status == http.StatusNoContent || a.status == http.StatusGone) {
				gone[id] = true
			}
		}
		killed.Stop()
		s.kill()
		s = in.start(t)
	}
	require.NotEmpty(t, gone)
	alive := 0
	for _, id := range ids {
		a, err := s.call(http.MethodGet, customerPath(id), "", nil)
		require.NoError(t, err)
		if a.status == http.StatusOK {
			require.False(t, gone[id], "an acknowledged erasure was undone")
			alive++
			continue
		}
		require.Equal(t, http.StatusGone, a.status)
		gone[id] = true
	}
	s.stop(t)
	there := in.elsewhere(t)
	o := there.must(t, append([]string{"backup", "restore"}, made...)...)
	require.Contains(t, o.out, fmt.Sprintf("Erased again: %d customers", len(gone)))
	again := there.start(t)
	for id := range gone {
		again.must(t, http.StatusGone, http.MethodGet, customerPath(id), "", nil)
	}
	again.stop(t)
	t.Logf("%d erased, %d not; one in %s", len(gone), alive, one)
}

// TestErasedNowhere erases many while writers write. Before and after, nothing of them is in
// clear anywhere; afterwards not even by the keys, in the place or in what backups from
// before give.
func TestErasedNowhere(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); erasedNowhere(t, newInstallation(t, "--log-level", "debug")) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pg := cluster(t, true)
		erasedNowhere(t, newInstallation(t, "--log-level", "debug", "--database-url", pg.URL()), filepath.Dir(pg.DataDir()))
	})
}

func erasedNowhere(t *testing.T, in *installation, more ...string) {
	t.Helper()
	s := in.start(t)
	people := map[int64]canary{}
	var all []needle
	for n := range *personsFlag {
		p := canary{n + 10, s.client}
		got, err := s.must(t, http.StatusOK, http.MethodPost, "/customers", p.key(), p.body()).customer()
		require.NoError(t, err)
		people[got.ID] = p
		all = append(all, p.needles()...)
	}
	h := newHaystack(all)
	dir := filepath.Join(t.TempDir(), "backups")
	made := in.saved(t, dir)
	opened := opened(t, in, made)
	everything := append([]string{in.dir, in.log, dir, opened}, more...)
	require.Empty(t, h.search(t, everything...), "before the erasure")
	plain := filepath.Join(t.TempDir(), "clear.json")
	for id := range people {
		require.NoError(t, os.WriteFile(plain, s.must(t, http.StatusOK, http.MethodGet, customerPath(id), "", nil).body, 0o600))
		require.NotEmpty(t, h.search(t, filepath.Dir(plain)), "the search is blind")
	}
	eraseBesideWriters(t, s, people)
	s.stop(t)
	require.Empty(t, h.search(t, everything...), "after the erasure")

	there := in.elsewhere(t)
	there.must(t, append([]string{"backup", "restore"}, made...)...)
	rows := filepath.Join(t.TempDir(), "rows.csv")
	there.must(t, "export", "customers", rows)
	require.Empty(t, h.search(t, there.dir, filepath.Dir(rows)), "the backup from before, restored under today's keys")

	in.must(t, "keys", "rotate", "--epoch")
	late := in.elsewhere(t)
	require.NoError(t, os.Remove(filepath.Join(late.dir, "audit", "erasures")))
	o := late.run(t, append([]string{"backup", "restore"}, made...)...)
	require.Equal(t, 1, o.code)
	require.Contains(t, o.err, "opens nothing here", "data and keystore of the day, after the epoch")
}

func eraseBesideWriters(t *testing.T, s *server, people map[int64]canary) {
	t.Helper()
	stop := make(chan struct{})
	var bad faults
	done := make(chan struct{}, 16)
	for w := range 16 {
		go func() {
			defer func() { done <- struct{}{} }()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if a, err := s.call(http.MethodPost, "/customers", "", createBody(fmt.Sprintf("writer-%d-%d", w, n))); err != nil || a.status != http.StatusOK {
					bad.add("a writer was answered %d, %v", a.status, err)
				}
			}
		}()
	}
	for id := range people {
		s.must(t, http.StatusNoContent, http.MethodDelete, customerPath(id), "", nil)
	}
	close(stop)
	for range 16 {
		<-done
	}
	bad.none(t, "beside erasures")
}

// opened decrypts backups into files of a folder.
func opened(t *testing.T, in *installation, made []string) string {
	t.Helper()
	dir := t.TempDir()
	ids := identities(t, filepath.Join(in.dir, "keys", "backup.agekey"))
	for _, path := range made {
		sealed, err := filepath.Glob(filepath.Join(path, "*.age"))
		require.NoError(t, err)
		require.Len(t, sealed, 1)
		decrypt(t, ids, sealed[0], filepath.Join(dir, strings.TrimSuffix(filepath.Base(sealed[0]), ".age")))
	}
	return dir
}
