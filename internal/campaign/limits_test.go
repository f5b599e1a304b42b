//go:build unix

package campaign

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLimitsOfTwoNodes asks two programs on one PostgreSQL for more than a key may: what
// both give together is what one alone would, and a tenth more at most (decision 0024).
func TestLimitsOfTwoNodes(t *testing.T) {
	t.Parallel()
	const perSecond, length = 100, 6 * time.Second
	in := newInstallation(t, "--database-url", cluster(t, true).URL())
	in.serve = []string{"--rate-limit", "100"}
	nodes := []*server{in.start(t), in.start(t)}
	wait(t.Context(), time.Second) // until each knows of the other
	var each [2]atomic.Int64
	var limited, other atomic.Int64
	var working sync.WaitGroup
	began := time.Now()
	for i, s := range nodes {
		for range 4 {
			working.Go(func() {
				for time.Since(began) < length {
					switch got, err := s.call(http.MethodGet, "/settings", "", nil); {
					case err != nil || got.status != http.StatusOK && got.status != http.StatusTooManyRequests:
						other.Add(1)
					case got.status == http.StatusOK:
						each[i].Add(1)
					default:
						limited.Add(1)
						wait(t.Context(), 2*time.Millisecond)
					}
				}
			})
		}
	}
	working.Wait()
	alone := 2*perSecond + perSecond*time.Since(began).Seconds()
	total := each[0].Load() + each[1].Load()
	t.Logf("%d and %d accepted, %.3f of what one node gives; %d limited", each[0].Load(), each[1].Load(), float64(total)/alone, limited.Load())
	require.Zero(t, other.Load())
	require.Positive(t, limited.Load())
	require.LessOrEqual(t, float64(total), alone*1.1)
	require.GreaterOrEqual(t, float64(total), alone*0.8)
	require.Positive(t, each[0].Load())
	require.Positive(t, each[1].Load())
}
