package webhook

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/florin-gateway/florin/internal/event"
)

// TestWindow: whatever is refused and whenever rows are written, no event is lost or told
// twice, and those of one customer are under way one at a time and in order.
func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWindow()
		count := rapid.IntRange(1, 60).Draw(t, "events")
		told, rows := map[int64]bool{}, map[int64]int64{}
		for seq := range int64(count) {
			customer := rapid.Int64Range(0, 4).Draw(t, "customer")
			w.fresh = append(w.fresh, &item{Event: event.Event{Seq: seq + 1, CustomerID: customer}})
		}
		var flying []*item
		last := map[int64]int64{}
		for step := 0; len(w.fresh) > 0; step++ {
			require.Less(t, step, 5000, "it ends")
			for i := w.next(); i != nil; i = w.next() {
				if i.CustomerID != 0 {
					require.Less(t, last[i.CustomerID], i.Seq)
					for _, other := range flying {
						require.NotEqual(t, i.CustomerID, other.CustomerID)
					}
				}
				require.Zero(t, rows[i.Seq], "an event with a row is the row's")
				flying = append(flying, i)
			}
			require.LessOrEqual(t, len(flying), widest)
			healthy := true
			if len(flying) > 0 {
				at := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
				i := flying[at]
				flying = append(flying[:at], flying[at+1:]...)
				healthy = rapid.Float64Range(0, 1).Draw(t, "chance") < 0.8
				if w.took(i, healthy); healthy {
					require.False(t, told[i.Seq])
					told[i.Seq] = true
					last[i.CustomerID] = i.Seq
				}
			}
			if healthy || rapid.Bool().Draw(t, "breaks") {
				w.park(healthy, func(i *item, _ bool) { rows[i.Seq] = i.CustomerID })
			}
			position := w.advance(0)
			for seq := int64(1); seq <= position; seq++ {
				_, row := rows[seq]
				require.True(t, told[seq] != row, "event %d is told or has a row", seq)
			}
		}
		require.Len(t, told, count-len(rows))
	})
}

// TestSchedules: waits as the contract has them: three tries within twenty seconds, more
// than three days in all, never more than an hour for an endpoint.
func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, random := range []func() uint64{func() uint64 { return 0 }, func() uint64 { return 1<<64 - 1 }, rand.Uint64} {
		total := time.Duration(0)
		for n := int64(1); ; n++ {
			wait, ok := retry(n, random)
			if !ok {
				break
			}
			if total += wait; n == 3 {
				require.LessOrEqual(t, total, 20*time.Second)
			}
		}
		require.Greater(t, total, 72*time.Hour)
		total = 0
		for n := int64(1); n < 40; n++ {
			wait := probe(n, random)
			if total < time.Minute {
				require.LessOrEqual(t, wait, 5*time.Second)
			}
			require.LessOrEqual(t, wait, time.Hour)
			total += wait
		}
		require.Greater(t, total, 12*time.Hour)
	}
}

// TestVerify: of 1,100 messages each verifies and no altered one does, with either kind of
// key.
func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, asymmetric := range []bool{false, true} {
		key, err := newSecret(asymmetric)
		require.NoError(t, err)
		other, err := newSecret(asymmetric)
		require.NoError(t, err)
		for n := range map[bool]int{false: 1000, true: 100}[asymmetric] {
			id, at, body := fmt.Sprint(n), fmt.Sprint(now.Unix()), []byte(strings.Repeat("é{}", n%50)+fmt.Sprint(n))
			signed := signatures([]secret{other, key}, now, id, at, body)
			require.NoError(t, Verify(key.shown(), now.Add(4*time.Minute), id, at, signed, body))
			for name, err := range map[string]error{
				"body":      Verify(key.shown(), now, id, at, signed, append(body, ' ')),
				"id":        Verify(key.shown(), now, id+"1", at, signed, body),
				"time":      Verify(key.shown(), now, id, fmt.Sprint(now.Unix()+1), signed, body),
				"old":       Verify(key.shown(), now.Add(5*time.Minute+time.Second), id, at, signed, body),
				"early":     Verify(key.shown(), now.Add(-5*time.Minute-time.Second), id, at, signed, body),
				"signature": Verify(key.shown(), now, id, at, flipped(signed, n), body),
				"other key": Verify(key.shown(), now, id, at, signatures([]secret{other}, now, id, at, body), body),
				"version":   Verify(key.shown(), now, id, at, strings.ReplaceAll(signed, ",", "b,"), body),
				"none":      Verify(key.shown(), now, id, at, "", body),
			} {
				require.ErrorIs(t, err, ErrSignature, name)
			}
		}
	}
}

// flipped changes one bit of each signature.
func flipped(signed string, n int) string {
	var out []string
	for one := range strings.FieldsSeq(signed) {
		version, text, _ := strings.Cut(one, ",")
		raw, _ := base64.StdEncoding.DecodeString(text)
		raw[n%len(raw)] ^= 1 << (n % 8)
		out = append(out, version+","+base64.StdEncoding.EncodeToString(raw))
	}
	return strings.Join(out, " ")
}
