package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRangesCoverExactlyWhatWasAdded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var got ranges
		var want [64]bool
		for range rapid.IntRange(0, 20).Draw(t, "adds") {
			from := rapid.Int64Range(0, 63).Draw(t, "from")
			to := rapid.Int64Range(0, 63).Draw(t, "to")
			got = got.add(span{from, to})
			for i := from; i < to; i++ {
				want[i] = true
			}
		}
		var have [64]bool
		for i, s := range got {
			require.Less(t, s.from, s.to)
			if i > 0 {
				require.Less(t, got[i-1].to, s.from, "sorted, with a gap")
			}
			for b := s.from; b < s.to; b++ {
				have[b] = true
			}
		}
		require.Equal(t, want, have)
	})
}
