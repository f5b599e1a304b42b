package audit

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestTreeIsRFC6962 compares every size with the reference implementation.
func TestTreeIsRFC6962(t *testing.T) {
	t.Parallel()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	var e edge
	for size := int64(0); size <= 300; size++ {
		want, err := tlog.TreeHash(size, reader)
		require.NoError(t, err)
		require.Equal(t, want, e.root(), size)
		again, err := parseEdge(e.size, e.bytes())
		require.NoError(t, err)
		require.Equal(t, want, again.root(), "an edge that was stored, at %d", size)
		e = again
		record := fmt.Appendf(nil, `{"id":%d}`, size)
		hashes, err := tlog.StoredHashes(size, record, reader)
		require.NoError(t, err)
		stored = append(stored, hashes...)
		e.push(tlog.RecordHash(record))
	}
	_, err := parseEdge(1, make([]byte, tlog.HashSize-1))
	require.Error(t, err)
}

func TestSegmentComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(t, "records")
		packed, err := segment{records: records}.pack()
		require.NoError(t, err)
		got, err := unpack(packed)
		require.NoError(t, err)
		require.Len(t, got, len(records))
		for i := range records {
			require.Empty(t, cmp.Diff(string(records[i]), string(got[i])))
		}
		if len(packed) > 0 {
			cut := packed[:rapid.IntRange(0, len(packed)-1).Draw(t, "cut")]
			short, err := unpack(cut)
			require.True(t, err != nil || len(short) <= len(records))
		}
	})
}

func TestCustomerSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOf(rapid.Int64Range(1, 1<<53-1)).Draw(t, "ids")
		other := rapid.Int64Range(1, 1<<53-1).Draw(t, "other")
		named := map[int64]bool{}
		for _, id := range ids {
			named[id] = true
		}
		set := customerSet(ids)
		require.NotEmpty(t, set)
		for id := range named {
			require.True(t, inSet(set, id))
		}
		require.Equal(t, named[other], inSet(set, other))
		require.False(t, inSet(set, 0))
	})
}
