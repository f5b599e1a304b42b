package recent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/recent"
)

func TestValuesAreASecondOld(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	var values recent.Values[int]
	stored, loads := 1, 0
	get := func(key int64) int {
		got, err := values.Of(now.Clock(), key, func() (int, error) { loads++; return stored, nil })
		require.NoError(t, err)
		return got
	}
	require.Equal(t, 1, get(7))
	stored = 2
	now.Advance(999 * time.Millisecond)
	require.Equal(t, 1, get(7), "kept")
	require.Equal(t, 2, get(8), "another key is not")
	now.Advance(time.Millisecond)
	require.Equal(t, 2, get(7), "loaded anew")
	stored = 3
	values.Forget(7)
	require.Equal(t, 3, get(7), "a change of ours is seen at once")
	require.Equal(t, 4, loads)
}

func TestNothingReadBeforeAChangeIsKeptAfterIt(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	var values recent.Values[string]
	old, err := values.Of(now.Clock(), 7, func() (string, error) { values.Forget(7); return "old", nil })
	require.NoError(t, err)
	require.Equal(t, "old", old, "it was asked for before the change")
	fresh, err := values.Of(now.Clock(), 7, func() (string, error) { return "new", nil })
	require.NoError(t, err)
	require.Equal(t, "new", fresh)
}

func TestAnErrorIsNotKept(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	var values recent.Values[string]
	_, err := values.Of(now.Clock(), 7, func() (string, error) { return "", errors.New("away") })
	require.Error(t, err)
	got, err := values.Of(now.Clock(), 7, func() (string, error) { return "here", nil })
	require.NoError(t, err)
	require.Equal(t, "here", got)
}
