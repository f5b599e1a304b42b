package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that we started and end by its id.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

func start(cmd *exec.Cmd) (*process, error) {
	endWithUs(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop asks, waits, and kills what does not listen.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// cpu is the processor time used so far, in clock ticks of 10 ms; -1 where there is no
// /proc (proc_pid_stat(5): fields 14 and 15, counted after the name in parentheses).
func (p *process) cpu() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return -1
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return -1
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return user + system
}

// memory is the resident set in bytes, 0 where there is no /proc (proc_pid_status(5)).
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, _ := strconv.ParseInt(number, 10, 64)
	return kilobytes << 10
}

const (
	settleStep = 100 * time.Millisecond
	settleMost = 5 * time.Second
)

// settle waits until the process has nearly stopped computing and returns how long that
// took.
func (p *process) settle(ctx context.Context) time.Duration {
	began := time.Now()
	for before := p.cpu(); before >= 0 && time.Since(began) < settleMost && ctx.Err() == nil; {
		pause(ctx, settleStep)
		now := p.cpu()
		if now-before <= 1 {
			break
		}
		before = now
	}
	return max(0, time.Since(began)-settleStep)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// startFloorHTTP runs this program's floor-http beside us. stop ends it.
func startFloorHTTP(ctx context.Context) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, floorHTTPCommand)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	reader, out := io.Pipe()
	cmd.Stdout = out
	p, err := start(cmd)
	if err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	return strings.TrimSpace(line), func() { _ = in.Close(); p.stop() }, err
}

// program is the Florin binary under measurement.
type program struct {
	path string
	temp string // our folder
	log  *os.File
}

// build makes the program as `make build` does, unless one is given.
func build(ctx context.Context, given, temp string) (program, error) {
	log, err := os.Create(filepath.Join(temp, "florin.log"))
	if err != nil {
		return program{}, err
	}
	if given != "" {
		path, err := filepath.Abs(given)
		return program{path, temp, log}, err
	}
	path := filepath.Join(temp, "florin")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/florin-gateway/florin")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program{path, temp, log}, nil
}

// size is the binary's, in bytes.
func (p program) size() int64 {
	info, err := os.Stat(p.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// run executes a subcommand to its end.
func (p program) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Stdout = p.log
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("florin %s: %w\n%s", args[0], err, said.String())
	}
	return nil
}

// server is one `florin serve`.
type server struct {
	*process
	wire
	dataDir string
	ready   time.Duration // from its start to the first 200 of /readyz
}

const readyTimeout = 60 * time.Second

// serve starts Florin on a free port and waits until it is ready. databaseURL is empty
// for SQLite.
func (p program) serve(ctx context.Context, dataDir, databaseURL string) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--data-dir", dataDir, "--listen", address, "--rate-limit", "0", "--egress-allow", "127.0.0.0/8"}
	if databaseURL != "" {
		args = append(args, "--database-url", databaseURL)
	}
	cmd := exec.Command(p.path, args...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	began := time.Now()
	running, err := start(cmd)
	if err != nil {
		return nil, err
	}
	s := &server{process: running, wire: wire{host: address}, dataDir: dataDir}
	if err := s.waitReady(ctx); err != nil {
		running.stop()
		return nil, fmt.Errorf("florin serve: %w\n%s", err, p.tail())
	}
	s.ready = time.Since(began)
	if s.key, err = firstKey(filepath.Join(dataDir, "first-run.env"), liveKey); err != nil {
		running.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) waitReady(ctx context.Context) error {
	deadline := time.Now().Add(readyTimeout)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		select {
		case <-s.done:
			return errors.New("ended before it was ready")
		default:
		}
		if s.isReady(ctx) {
			return nil
		}
		pause(ctx, 5*time.Millisecond)
	}
	return errors.Join(errors.New("not ready in time"), ctx.Err())
}

func (s *server) isReady(ctx context.Context) bool {
	c, err := dial(ctx, s.host)
	if err != nil {
		return false
	}
	defer c.close()
	status, _, err := c.do(s.get(nil, "/readyz"))
	return err == nil && status == 200
}

// tail is the end of what the program said.
func (p program) tail() string {
	text, _ := os.ReadFile(p.log.Name())
	return string(text[max(0, len(text)-2000):])
}

// Names of the keys in first-run.env.
const (
	liveKey = "FLORIN_API_KEY"
	testKey = "FLORIN_TEST_API_KEY"
)

// firstKey reads a key that the first start wrote.
func firstKey(path, name string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(key, `"'`), nil
		}
	}
	return "", fmt.Errorf("%s: no %s", path, name)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
