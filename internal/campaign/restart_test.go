//go:build unix

package campaign

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPostgresRestart kills PostgreSQL, postmaster and all, while Florin serves, and
// lets it recover: meanwhile 503 with Retry-After and nothing else, no request hangs,
// and service comes back by itself.
// Shows: GDPR Art. 32(1)(b)
func TestPostgresRestart(t *testing.T) {
	t.Parallel()
	pg := cluster(t, false)
	in := newInstallation(t, "--database-url", pg.URL())
	s := in.start(t)
	s.allowDuplicates(t)
	j := newJournal(writers)
	j.unavailable = true
	ctx, stop := context.WithCancel(t.Context())
	done := j.load(ctx, s.client)
	var slowest time.Duration
	for range cycles(3) {
		wait(t.Context(), 500*time.Millisecond)
		before := j.refused.Load()
		require.NoError(t, pg.Kill())
		require.Eventually(t, func() bool { return j.refused.Load() > before }, 15*time.Second, 10*time.Millisecond, "nothing was refused while PostgreSQL was away")
		require.False(t, s.isReady())
		require.NoError(t, pg.Resume(t.Context()))
		began := time.Now()
		require.Eventually(t, func() bool { return s.isReady() && serves(s.client) }, 15*time.Second, 10*time.Millisecond)
		slowest = max(slowest, time.Since(began))
	}
	wait(t.Context(), 200*time.Millisecond)
	stop()
	<-done
	j.faults.none(t, "while PostgreSQL was away")
	require.Zero(t, j.check(t, s.client))
	j.faults.none(t, "after PostgreSQL was back")
	j.checkAll(t, s.client)
	s.stop(t)
	t.Log(in.must(t, "audit", "verify").out)
	t.Logf("%d kills of PostgreSQL, %d customers, %d acknowledged answers, %d times 503; slowest return %s",
		cycles(3), j.customers(), j.answers.Load(), j.refused.Load(), slowest)
	require.Less(t, slowest, 5*time.Second)
}

// serves reports whether a personal read works, which needs database, keys and trail.
func serves(c *client) bool {
	a, err := c.call(http.MethodGet, "/customers?limit=1", "", nil)
	return err == nil && a.status == http.StatusOK
}
