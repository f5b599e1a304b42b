package fill_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/demo/fill"
)

func small(s *apptest.Server) fill.Options {
	return fill.Options{URL: s.URL, Key: s.Test, Seed: 3, Customers: 20, Payments: 150, Workers: 4, Clock: clock.System()}
}

// requests counts a server's payment requests by status, and customers.
func requests(t *testing.T, s *apptest.Server) (byStatus map[int]int, refunded int) {
	t.Helper()
	byStatus = map[int]int{}
	path := "/ipg/2.0.0/payment-requests?limit=100"
	for next := path; next != ""; {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+next, nil)
		require.NoError(t, err)
		r.Header.Set("X-API-Key", s.Test)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		var page struct {
			Data []struct {
				Status   int     `json:"paymentRequestStatusId"`
				Refunded float64 `json:"refundedAmount"`
			}
			NextCursor *string
		}
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&page))
		require.NoError(t, answer.Body.Close())
		for _, q := range page.Data {
			byStatus[q.Status]++
			if q.Refunded > 0 {
				refunded++
			}
		}
		if next = ""; page.NextCursor != nil {
			next = path + "&cursor=" + *page.NextCursor
		}
	}
	return byStatus, refunded
}

func total(byStatus map[int]int) (n int) {
	for _, count := range byStatus {
		n += count
	}
	return n
}

// The second run finds everything and adds nothing; the first made all there should be.
func TestFillTwice(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		var told atomic.Int64
		result, err := fill.Run(t.Context(), small(s), func(done int) { told.Store(int64(done)) })
		require.NoError(t, err)
		require.Equal(t, []int{20, 150, 0, 0}, []int{result.Customers, result.Payments, result.Present, result.Skipped})
		require.EqualValues(t, 170, told.Load())
		for _, share := range fill.Mix() {
			require.Positive(t, result.Kinds[share.Kind], share.Kind)
		}
		byStatus, refunded := requests(t, s)
		require.Equal(t, 150, total(byStatus))
		require.Greater(t, byStatus[1], 90, "paid")
		require.Positive(t, byStatus[2], "unpaid")
		require.Positive(t, byStatus[3], "cancelled")
		require.Positive(t, byStatus[4], "pending")
		require.Equal(t, result.Kinds[fill.Refunded]+result.Kinds[fill.Partly], refunded)

		result, err = fill.Run(t.Context(), small(s), func(int) {})
		require.NoError(t, err)
		require.Equal(t, []int{0, 0, 20, 150}, []int{result.Customers, result.Payments, result.Present, result.Skipped})
		again, _ := requests(t, s)
		require.Equal(t, 150, total(again))
	})
}

// A run that is stopped is gone on with.
func TestFillGoesOn(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	ctx, stop := context.WithCancel(t.Context())
	_, err := fill.Run(ctx, small(s), func(done int) {
		if done == 60 {
			stop()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	_, err = fill.Run(t.Context(), small(s), func(int) {})
	require.NoError(t, err)
	byStatus, _ := requests(t, s)
	require.Equal(t, 150, total(byStatus))
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	o := small(s)
	o.Customers, o.Payments = 1, 0
	for key, want := range map[string]string{s.Live: "live key", "": "no test key", "florin_test_sk_wrong": "401"} {
		o.Key = key
		_, err := fill.Run(t.Context(), o, func(int) {})
		require.ErrorContains(t, err, want)
	}
	o.Key = s.Test
	_, err := fill.Run(t.Context(), o, func(int) {})
	require.NoError(t, err)
}
