//go:build unix

package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// flapping is a receiver that is there, refuses, breaks off or is silent, by turns.
type flapping struct {
	*httptest.Server
	mu       sync.Mutex
	mood     int
	accepted map[string]string // body by webhook-id
	first    []heard           // in order of their first acceptance
	again    int
	faults   faults
}

type heard struct {
	id       int64
	customer int64
}

const (
	willing = iota
	refusing
	breaking
	busy
	moods
)

func newFlapping(t *testing.T) *flapping {
	t.Helper()
	f := &flapping{accepted: map[string]string{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		switch f.mood {
		case refusing:
			w.WriteHeader(http.StatusInternalServerError)
		case busy:
			w.WriteHeader(http.StatusServiceUnavailable)
		case breaking:
			panic(http.ErrAbortHandler)
		default:
			f.take(r.Header.Get("webhook-id"), string(body))
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *flapping) take(id, body string) {
	if before, known := f.accepted[id]; known {
		if f.again++; before != body {
			f.faults.add("event %s came with two bodies", id)
		}
		return
	}
	f.accepted[id] = body
	var m struct{ Data struct{ CustomerID int64 } }
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		f.faults.add("event %s: %v", id, err)
	}
	number, _ := strconv.ParseInt(id, 10, 64)
	f.first = append(f.first, heard{number, m.Data.CustomerID})
}

func (f *flapping) feels(mood int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = mood
}

func (f *flapping) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.accepted)
}

// TestWebhooks kills the program while events go out to a receiver that flaps: none is
// lost, what comes twice has one id and one body, and each customer's come in order.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); webhooks(t, newInstallation(t)) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		webhooks(t, newInstallation(t, "--database-url", cluster(t, true).URL()))
	})
}

func webhooks(t *testing.T, in *installation) {
	t.Helper()
	in.serve = []string{"--egress-allow", "127.0.0.0/8"}
	f, random := newFlapping(t), rand.New(rand.NewPCG(*seedFlag, 17))
	s := in.start(t)
	s.must(t, http.StatusOK, http.MethodPost, "/webhook-endpoints", "", map[string]any{"url": f.URL, "events": []string{"*"}})
	kills := cycles(4)
	for cycle := range kills {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for n := 0; n < 1000/kills && ctx.Err() == nil; n += 4 {
				changes(s, fmt.Sprintf("hook-%d-%d@example.com", cycle, n))
			}
		}()
		for range 2 + random.IntN(6) {
			f.feels(random.IntN(moods))
			wait(t.Context(), time.Duration(20+random.IntN(150))*time.Millisecond)
		}
		stop()
		s.kill()
		<-done
		s = in.start(t)
	}
	f.feels(willing)
	events := f.everything(t, s)
	f.check(t, events)
	s.stop(t)
	t.Logf("%d kills, %d events, %d came again", kills, len(events), f.again)
}

// everything waits for a last event and gives the log. Events get their numbers soon
// after they are committed and in that order: with the last one there, none is to come.
func (f *flapping) everything(t *testing.T, s *server) (events []json.RawMessage) {
	t.Helper()
	a, err := s.call(http.MethodPost, "/customers", "", map[string]string{"name": "Last", "email": "last@example.com"})
	require.NoError(t, err)
	last, err := a.customer()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		events = s.all(t, "/events")
		listed := bytes.Contains(events[len(events)-1], fmt.Appendf(nil, `"customerId":%d,`, last.ID))
		return listed && f.count() >= len(events)
	}, time.Minute, 50*time.Millisecond, "all come in the end")
	return events
}

// changes makes a customer and changes it three times. What a kill cuts off is no fault.
func changes(s *server, email string) {
	a, err := s.call(http.MethodPost, "/customers", "", map[string]string{"name": "Zoë 王", "email": email})
	if err != nil {
		return
	}
	made, err := a.customer()
	for n := 0; n < 3 && err == nil; n++ {
		_, err = s.call(http.MethodPut, customerPath(made.ID), "", map[string]string{"address": fmt.Sprint("Calle ", n)})
	}
}

func (f *flapping) check(t *testing.T, events []json.RawMessage) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.none(t, "of what came")
	require.Len(t, f.accepted, len(events), "nothing but what is in the log")
	for _, text := range events {
		var e struct{ ID string }
		require.NoError(t, json.Unmarshal(text, &e))
		require.Contains(t, f.accepted, e.ID, "lost")
	}
	last := map[int64]int64{}
	for _, h := range f.first {
		require.Less(t, last[h.customer], h.id, "the order of customer %d", h.customer)
		last[h.customer] = h.id
	}
}
