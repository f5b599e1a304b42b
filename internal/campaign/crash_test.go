//go:build unix

package campaign

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/florin-gateway/florin/internal/db/dbtest/pgcluster"
)

const writers = 8

// readyWithin is how soon after a crash customers are served again.
const readyWithin = 2 * time.Second

// TestCrash kills the program under load, again and again: nothing acknowledged is
// lost and nothing is done twice. (It says nothing about fsync: see TestPower.)
// Shows: GDPR Art. 32(1)(b)
func TestCrash(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		in := newInstallation(t)
		crash(t, in)
		for _, file := range []string{"florin.db", "keystore.db"} {
			require.Equal(t, "ok", pragma(t, filepath.Join(in.dir, file), "integrity_check"))
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		crash(t, newInstallation(t, "--database-url", cluster(t, true).URL()))
	})
}

// cyclePace keeps a long campaign below 16 deaths in the 15 s for which a dead process
// holds its node number on PostgreSQL.
const cyclePace = 1400 * time.Millisecond

func crash(t *testing.T, in *installation) {
	t.Helper()
	j, random := newJournal(writers), rand.New(rand.NewPCG(*seedFlag, 1))
	s := in.start(t)
	s.allowDuplicates(t)
	var slowest time.Duration
	for cycle := range cycles(6) {
		pace, release := context.WithTimeout(t.Context(), cyclePace)
		done := j.load(t.Context(), s.client)
		wait(t.Context(), time.Duration(50+random.IntN(350))*time.Millisecond)
		s.kill()
		<-done
		if cycle%3 == 2 { // once more, before it was ready
			half := in.launch(t)
			wait(t.Context(), time.Duration(random.IntN(120))*time.Millisecond)
			half.kill()
		}
		s = in.start(t)
		slowest = max(slowest, s.ready)
		require.Zero(t, j.check(t, s.client), "cycle %d", cycle)
		j.faults.none(t, "after a crash")
		if pace.Err() == nil && cycles(6) > 10 {
			<-pace.Done()
		}
		release()
	}
	j.checkAll(t, s.client)
	s.stop(t)
	t.Log(in.must(t, "audit", "verify").out)
	t.Logf("%d kills, %d customers, %d acknowledged answers, %d cut off; slowest start %s", cycles(6), j.customers(), j.answers.Load(), j.broken.Load(), slowest)
	require.Less(t, slowest, readyWithin, "the slowest start after a crash")
	require.Positive(t, j.answers.Load())
}

// cluster is a PostgreSQL of this test's own.
func cluster(t *testing.T, fast bool) *pgcluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgcluster.Start(ctx, pgcluster.Options{Fast: fast})
	if errors.Is(err, pgcluster.ErrNotFound) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.Background())) })
	return c
}

func pragma(t *testing.T, file, name string) string {
	t.Helper()
	store, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	var lines []string
	rows, err := store.Query("PRAGMA " + name)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return slices.Max(lines)
}
