package register_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/register"
)

// BenchmarkAffected computes who is affected over a sealed trail of 120,000 records.
func BenchmarkAffected(b *testing.B) {
	o := open(b, "")
	const workers, each = 64, 120_000 / 64
	var all sync.WaitGroup
	for w := range int64(workers) {
		all.Go(func() {
			g := o.as(b, 500+w%8, "203.0.113.7")
			for n := range int64(each) {
				if err := o.Audit.Note(b.Context(), g, audit.Entry{Action: audit.CustomerRead, Customers: []int64{1_000_000 + (n*workers+w)%40_000}}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	for more := 1; more > 0; {
		var err error
		more, err = o.Sealer.Seal(b.Context())
		require.NoError(b, err)
	}
	o.clock.Advance(time.Minute)
	id := o.report(b, register.Incident{From: start, Facts: register.Facts{Description: "x", Credentials: []int64{501, 502}}})
	for b.Loop() {
		_, extent, _, err := o.Register.Affected(b.Context(), o.g, id, 0, 200)
		require.NoError(b, err)
		require.Equal(b, 2*each*workers/8, extent.Records)
	}
}
