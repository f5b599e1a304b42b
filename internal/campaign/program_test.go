//go:build unix

package campaign

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// installation is a data folder and how the program runs on it.
type installation struct {
	dir   string
	flags []string // after every command
	env   []string
	serve []string // after serve alone
	log   string   // file that receives what servers say, all lives together
}

func newInstallation(t *testing.T, flags ...string) *installation {
	t.Helper()
	dir := t.TempDir()
	return &installation{dir: filepath.Join(dir, "data"), flags: flags, log: filepath.Join(dir, "florin.log")}
}

// copyOf is the same installation on a copy of its folder.
func (in *installation) copyOf(t *testing.T) *installation {
	t.Helper()
	other := newInstallation(t, in.flags...)
	require.NoError(t, os.CopyFS(other.dir, os.DirFS(in.dir)))
	return other
}

func (in *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(programs, "florin"), append(append(args, "--data-dir", in.dir), in.flags...)...)
	cmd.Env = append(os.Environ(), in.env...)
	endWithUs(cmd)
	return cmd
}

// outcome is how a command ended.
type outcome struct {
	code     int
	out, err string
}

// run executes a command to its end.
func (in *installation) run(t *testing.T, args ...string) outcome {
	t.Helper()
	cmd := in.command(args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(t, cmd.Start())
	expired := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
	defer expired.Stop()
	_ = cmd.Wait()
	return outcome{cmd.ProcessState.ExitCode(), out.String(), said.String()}
}

// must executes a command that has to succeed.
func (in *installation) must(t *testing.T, args ...string) outcome {
	t.Helper()
	o := in.run(t, args...)
	require.Zero(t, o.code, "florin %v: %s", args, o.err)
	return o
}

// runUntilKilled executes a command and kills it after d, if it still runs. It says
// whether it had to.
func (in *installation) runUntilKilled(t *testing.T, d time.Duration, args ...string) bool {
	t.Helper()
	cmd := in.command(args...)
	require.NoError(t, cmd.Start())
	deadline := time.AfterFunc(d, func() { _ = cmd.Process.Kill() })
	defer deadline.Stop()
	_ = cmd.Wait()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return status.Signaled()
}

// server is one running `florin serve`.
type server struct {
	*client
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	ready  time.Duration // from its start to the first 200 of /readyz
}

// launch starts a server and does not wait for it.
func (in *installation) launch(t *testing.T) *server {
	t.Helper()
	address := freeAddress(t)
	log, err := os.OpenFile(in.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	cmd := in.command(append([]string{"serve", "--listen", address, "--rate-limit", "0"}, in.serve...)...)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	s := &server{cmd: cmd, exited: make(chan struct{}), client: newClient("http://" + address)}
	go func() {
		_ = cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() { s.kill() })
	return s
}

const readyTimeout = 20 * time.Second

// start starts a server and waits until it is ready.
func (in *installation) start(t *testing.T) *server {
	t.Helper()
	began := time.Now()
	s := in.launch(t)
	require.Eventually(t, func() bool { return s.ended() || s.isReady() }, readyTimeout, 2*time.Millisecond, "not ready in time: %s", in.tail())
	s.ready = time.Since(began)
	require.False(t, s.ended(), "the server ended at its start: %s", in.tail())
	s.useKey(t, in.dir)
	return s
}

func (s *server) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

func (s *server) isReady() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// kill ends the server as a crash would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
	s.http.CloseIdleConnections()
}

// stop asks the server to end and says how long it took.
func (s *server) stop(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not stop within 20 s")
	}
	require.Zero(t, s.cmd.ProcessState.ExitCode(), "exit code after SIGTERM")
	return time.Since(began)
}

// tail is the end of what the servers said.
func (in *installation) tail() string {
	text, _ := os.ReadFile(in.log)
	return string(text[max(0, len(text)-3000):])
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// useKey reads the credentials that the first start wrote.
func (c *client) useKey(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "first-run.env"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), "FLORIN_API_KEY="); ok {
			c.key = key
		}
	}
	require.NotEmpty(t, c.key, "first-run.env holds no FLORIN_API_KEY: %d bytes", len(text))
}

// wait lets time pass for a fault to strike in the middle of something.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// faults collects what went wrong in goroutines, which must not end a test.
type faults struct {
	mu   sync.Mutex
	list []string
}

func (f *faults) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) < 20 {
		f.list = append(f.list, fmt.Sprintf(format, args...))
	}
}

func (f *faults) none(t *testing.T, about string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	require.Empty(t, f.list, about)
}
