package api_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

// TestForeignAndMissingTakeAsLong: by how long a 404 takes, nobody learns that an id is
// another owner's. By turns, and the fastest tenth of each, since what others do on the
// machine only adds.
func TestForeignAndMissingTakeAsLong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		theirs := newFixture(t, s.Server, otherOwner(t, s.Server, "Theirs"))
		customer, hook := theirs.customer(t), theirs.made(t, "/webhook-endpoints", theirs.endpoint())
		request := theirs.paymentRequest(t, theirs.payer(t))
		for _, row := range []struct {
			method, path string
			id           int64
			body         any
		}{
			{"GET", "/customers/%d", customer, nil},
			{"PUT", "/customers/%d", customer, m{"address": "Elsewhere 1"}},
			{"DELETE", "/customers/%d", customer, nil},
			{"GET", "/customers/%d/payment-methods", customer, nil},
			{"GET", "/payment-requests/%d", request, nil},
			{"GET", "/webhook-endpoints/%d", hook, nil},
		} {
			ratio := 0.0
			for round := 0; round < 3 && math.Abs(ratio-1) > 0.5; round++ { // a difference that is there is there each time
				ratio = ratioOf(t, s, func(id int64) apptest.Request {
					return apptest.Request{Method: row.method, Path: fmt.Sprintf(row.path, id), Body: row.body}
				}, row.id)
			}
			t.Logf("%s %s: foreign to missing %.2f", row.method, row.path, ratio)
			require.InDelta(t, 1, ratio, 0.5, "%s %s", row.method, row.path)
		}
	})
}

// ratioOf is how long a foreign id takes to how long one that is nobody's does.
func ratioOf(t *testing.T, s *suite, send func(id int64) apptest.Request, foreign int64) float64 {
	t.Helper()
	const times = 60
	took := map[int64][]time.Duration{}
	missing := foreign + 1
	for range times {
		for _, id := range []int64{foreign, missing} {
			r := send(id)
			began := time.Now()
			got := s.Do(t, r)
			took[id] = append(took[id], time.Since(began))
			require.Equal(t, 404, got.Status, "%s", got.Body)
		}
	}
	slices.Sort(took[foreign])
	slices.Sort(took[missing])
	return float64(took[foreign][times/10]) / float64(took[missing][times/10])
}
