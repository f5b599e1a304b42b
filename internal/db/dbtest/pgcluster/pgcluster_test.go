//go:build unix

package pgcluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// start skips where no server is installed: testpg installs one, `go test`
// alone must not.
func start(t *testing.T, o Options) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Start(ctx, o)
	if errors.Is(err, ErrNotFound) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.Background())) })
	return c
}

func query(t *testing.T, c *Cluster, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var out string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&out))
	return out
}

func mustExec(t *testing.T, c *Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestKillLosesNoCommittedRowAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	c := start(t, Options{Settings: map[string]string{"work_mem": "5MB"}})
	require.Equal(t, "5MB", query(t, c, "SHOW work_mem"))
	require.Equal(t, "on", query(t, c, "SHOW fsync"))
	require.Equal(t, "300", query(t, c, "SHOW max_connections"))
	mustExec(t, c, "CREATE TABLE greeting AS SELECT 'سلام 👋' AS word")

	url, postmaster := c.URL(), c.PID()
	children := childrenOf(postmaster)
	require.NotEmpty(t, children)
	require.NoError(t, c.Kill())
	for _, pid := range append(children, postmaster) {
		require.False(t, alive(pid))
	}
	_, err := pgx.Connect(t.Context(), url)
	require.Error(t, err, "the killed server must not answer")

	require.NoError(t, c.Resume(t.Context()))
	require.Equal(t, url, c.URL())
	require.Equal(t, "سلام 👋", query(t, c, "SELECT word FROM greeting"))
	require.Contains(t, c.Log(), "was not properly shut down")
	require.Error(t, c.Resume(t.Context()), "a running server is not started twice")
}

func TestRestartIsClean(t *testing.T) {
	t.Parallel()
	c := start(t, Options{Fast: true})
	require.Equal(t, "off", query(t, c, "SHOW fsync"))
	before := c.PID()
	require.NoError(t, c.Restart(t.Context()))
	require.NotEqual(t, before, c.PID())
	require.NotContains(t, c.Log(), "was not properly shut down")
}

func TestStandbyFollowsAndRefusesWrites(t *testing.T) {
	t.Parallel()
	primary := start(t, Options{Fast: true})
	standby, err := primary.Standby(t.Context(), "second", Options{Fast: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Close(context.Background())) })
	mustExec(t, primary, "ALTER SYSTEM SET synchronous_standby_names = 'second'")
	mustExec(t, primary, "SELECT pg_reload_conf()")
	mustExec(t, primary, "SET synchronous_commit = remote_apply; CREATE TABLE t AS SELECT 'kept' AS word")

	require.Equal(t, "true", query(t, standby, "SELECT pg_is_in_recovery()::text"))
	require.Equal(t, "false", query(t, primary, "SELECT pg_is_in_recovery()::text"))
}

func TestCloseRemovesEverything(t *testing.T) {
	t.Parallel()
	c := start(t, Options{Fast: true})
	pid := c.PID()
	require.DirExists(t, c.DataDir())
	require.NoError(t, c.Close(t.Context()))
	require.NoDirExists(t, c.DataDir())
	require.NoDirExists(t, c.Socket())
	require.False(t, alive(pid))
	require.Zero(t, c.PID())
}

func TestBadSettingShowsTheServersReason(t *testing.T) {
	t.Parallel()
	start(t, Options{Fast: true}) // the positive twin, and the skip
	_, err := Start(t.Context(), Options{Fast: true, Settings: map[string]string{"wal_level": "sideways"}})
	require.ErrorContains(t, err, "sideways")
}

func TestNewestVersionWinsByNumber(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "17"} {
		install(t, filepath.Join(root, version, "bin"), 0o755)
	}
	found, err := firstComplete(versionFolders(root))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "17", "bin"), found.Dir)
}

func TestIncompleteFoldersAreNotFound(t *testing.T) {
	t.Parallel()
	clientOnly, notExecutable := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(clientOnly, "psql"), nil, 0o755))
	install(t, notExecutable, 0o644)
	_, err := firstComplete([]string{clientOnly, notExecutable, "/nonexistent"})
	require.ErrorIs(t, err, ErrNotFound)
}

func install(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, program := range []string{"initdb", "postgres"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, program), nil, mode))
	}
}

func TestFindBelievesTheVariable(t *testing.T) { // t.Setenv: not parallel
	dir := t.TempDir()
	t.Setenv(BinEnv, dir)
	_, err := Find(t.Context())
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, BinEnv)

	install(t, dir, 0o755)
	found, err := Find(t.Context())
	require.NoError(t, err)
	require.Equal(t, dir, found.Dir)
}

func TestAliveKnowsThisProcess(t *testing.T) {
	t.Parallel()
	require.True(t, alive(syscall.Getpid()))
}
