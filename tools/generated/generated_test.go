package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	before := sums{"same": {1}, "edited": {2}, "deleted": {3}}
	require.NoError(t, compare(before, before))
	err := compare(before, sums{"same": {1}, "edited": {9}, "added": {4}})
	require.ErrorContains(t, err, "stale: edited")
	require.ErrorContains(t, err, "new: added")
	require.ErrorContains(t, err, "gone: deleted")
	require.NotContains(t, err.Error(), "same")
}
