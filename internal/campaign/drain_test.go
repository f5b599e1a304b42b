//go:build unix

package campaign

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDrain stops the server under load. What may happen to a request:
//
//   - the server began to read it before SIGTERM: it gets its whole answer, even if
//     the rest of its body comes after SIGTERM;
//   - the server did not begin to read it (its connection was refused, or an idle
//     keep-alive connection was closed under it): not one byte of an answer comes and
//     nothing was done, so that sending it again with its key is a first time.
//
// Anything between the two would be a dropped request.
func TestDrain(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	var slowest time.Duration
	for round := range 5 {
		s := in.start(t)
		if round == 0 {
			s.allowDuplicates(t)
		}
		l := newDrainLoad(round)
		finished := l.run(s)
		half := openHalf(t, s, round)
		wait(t.Context(), 150*time.Millisecond)
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
		began := time.Now()
		require.Eventually(t, func() bool { return refusesConnections(s) }, 5*time.Second, time.Millisecond)
		half.finish(t)
		<-s.exited
		slowest = max(slowest, time.Since(began))
		require.Zero(t, s.cmd.ProcessState.ExitCode(), in.tail())
		<-finished
		l.faults.none(t, "during a stop")
		require.Positive(t, l.answered.Load())
		l.compare(t, in)
	}
	t.Logf("slowest stop %s", slowest)
	require.Less(t, slowest, 10*time.Second)
}

func refusesConnections(s *server) bool {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.base, "http://"), time.Second)
	if err != nil {
		return true
	}
	_ = conn.Close()
	return false
}

// drainLoad sends creates over keep-alive connections until there is no server.
type drainLoad struct {
	round    int
	faults   faults
	answered atomic.Int64

	mu      sync.Mutex
	answers map[string]int64 // key: id
	untold  []string         // keys of requests without an answer
}

func newDrainLoad(round int) *drainLoad {
	return &drainLoad{round: round, answers: map[string]int64{}}
}

func (l *drainLoad) run(s *server) <-chan struct{} {
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for n := 0; l.create(s, fmt.Sprintf("drain-%d-%d-%d", l.round, w, n)); n++ {
			}
		})
	}
	finished := make(chan struct{})
	go func() {
		running.Wait()
		close(finished)
	}()
	return finished
}

func createBody(key string) map[string]string {
	return map[string]string{"name": "宮崎 駿 " + key, "email": key + "@example.com"}
}

// create sends one request and says whether the server still answers.
func (l *drainLoad) create(s *server, key string) bool {
	a, err := s.call(http.MethodPost, "/customers", key, createBody(key))
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if a.status != 0 {
			l.faults.add("%s: the answer (%d) broke off: %v", key, a.status, err)
		}
		l.untold = append(l.untold, key)
		return false
	}
	got, bad := a.customer()
	if a.status != http.StatusOK || bad != nil {
		l.faults.add("%s: %d %s", key, a.status, a.body)
	}
	l.answers[key] = got.ID
	l.answered.Add(1)
	return true
}

// compare starts the server again: what was answered is there, what was not is new.
func (l *drainLoad) compare(t *testing.T, in *installation) {
	t.Helper()
	s := in.start(t)
	for key, id := range l.answers {
		a := s.must(t, http.StatusOK, http.MethodPost, "/customers", key, createBody(key))
		require.Equal(t, "true", a.header.Get("Idempotent-Replayed"), key)
		got, err := a.customer()
		require.NoError(t, err)
		require.Equal(t, id, got.ID)
	}
	for _, key := range l.untold {
		a := s.must(t, http.StatusOK, http.MethodPost, "/customers", key, createBody(key))
		require.Empty(t, a.header.Get("Idempotent-Replayed"), "%s got no answer and was done all the same", key)
	}
	s.stop(t)
}

// halfRequest is a create of which the server has the headers and waits for the body:
// it said 100 Continue (RFC 9110 §15.2.1).
type halfRequest struct {
	conn net.Conn
	read *bufio.Reader
	body []byte
}

func openHalf(t *testing.T, s *server, round int) *halfRequest {
	t.Helper()
	body, err := json.Marshal(createBody(fmt.Sprintf("half-%d", round)))
	require.NoError(t, err)
	host := strings.TrimPrefix(s.base, "http://")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(15*time.Second)))
	_, err = fmt.Fprintf(conn, "POST /ipg/2.0.0/customers HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		host, s.key, len(body))
	require.NoError(t, err)
	h := &halfRequest{conn, bufio.NewReader(conn), body}
	line, err := h.read.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	_, err = h.read.ReadString('\n')
	require.NoError(t, err)
	return h
}

// finish sends the body after SIGTERM and wants the answer.
func (h *halfRequest) finish(t *testing.T) {
	t.Helper()
	_, err := h.conn.Write(h.body)
	require.NoError(t, err)
	resp, err := http.ReadResponse(h.read, nil)
	require.NoError(t, err, "a request that was accepted before SIGTERM got no answer")
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(text))
	require.Contains(t, string(text), "宮崎 駿 half-")
}
