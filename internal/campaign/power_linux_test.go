package campaign

import (
	"bufio"
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPower cuts the power of a computer whose disk forgets what was not fsynced.
// The second computer is the control: with synchronous=NORMAL the same cuts must lose
// something, or this campaign sees nothing.
// Shows: GDPR Art. 32(1)(b)
func TestPower(t *testing.T) {
	t.Parallel()
	t.Run("FULL", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t)
		lost := m.cuts(t, cycles(3), func(int) bool { return false })
		require.Zero(t, lost)
		m.wholeTrail(t)
		require.False(t, m.withoutKeys, "a power cut after the first start took first-run.env, while the owner is in the database: nobody can ever sign in")
	})
	t.Run("NORMAL", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t)
		m.in.env = []string{"FLORIN_TEST_SYNCHRONOUS=NORMAL"}
		lost := m.cuts(t, 10, func(lost int) bool { return lost > 0 })
		require.Positive(t, lost, "synchronous=NORMAL lost nothing in 10 cuts: the cuts cut nothing")
		said, err := os.ReadFile(m.in.log)
		require.NoError(t, err)
		require.Contains(t, string(said), "FLORIN_TEST_SYNCHRONOUS")
	})
}

// machine is a computer with one disk and a plug.
type machine struct {
	in                   *installation
	volume, durable, mnt string
	disk                 *exec.Cmd
	firstRun             []byte // what first-run.env held before the first cut
	withoutKeys          bool   // a cut took first-run.env or its content
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("power: mounting lossyfs needs root")
	}
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("power: no FUSE here: %v", err)
	}
	_ = fuse.Close()
	dir := t.TempDir()
	m := &machine{volume: filepath.Join(dir, "volume"), durable: filepath.Join(dir, "durable"), mnt: filepath.Join(dir, "mnt")}
	require.NoError(t, os.Mkdir(m.volume, 0o755))
	require.NoError(t, os.Mkdir(m.mnt, 0o755))
	m.in = newInstallation(t)
	m.in.dir = filepath.Join(m.mnt, "florin-data")
	m.powerOn(t)
	t.Cleanup(func() { m.unplug(t) })
	return m
}

func (m *machine) powerOn(t *testing.T, flags ...string) {
	t.Helper()
	m.disk = exec.Command(filepath.Join(programs, "lossyfs"), append(flags, "--volume", m.volume, "--durable", m.durable, m.mnt)...)
	m.disk.Stderr = os.Stderr
	endWithUs(m.disk)
	out, err := m.disk.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, m.disk.Start())
	require.True(t, bufio.NewScanner(out).Scan(), "lossyfs did not mount")
}

func (m *machine) unplug(t *testing.T) {
	t.Helper()
	if m.disk == nil {
		return
	}
	require.NoError(t, m.disk.Process.Kill())
	_ = m.disk.Wait()
	require.NoError(t, syscall.Unmount(m.mnt, syscall.MNT_DETACH))
	m.disk = nil
}

// cut takes the power away under load: first the program, which would die of SIGBUS
// in a mapped file, then the disk.
func (m *machine) cut(t *testing.T, s *server, done <-chan struct{}) {
	t.Helper()
	s.kill()
	<-done
	m.unplug(t)
	m.powerOn(t, "--recover")
}

// cuts cuts up to n times and counts what acknowledged things were lost.
func (m *machine) cuts(t *testing.T, n int, enough func(lost int) bool) (lost int) {
	t.Helper()
	j, random := newJournal(writers), rand.New(rand.NewPCG(*seedFlag, 2))
	s := m.in.start(t)
	m.firstRun, _ = os.ReadFile(filepath.Join(m.in.dir, "first-run.env"))
	for cycle := 0; cycle < n && !enough(lost); cycle++ {
		ctx, stop := context.WithCancel(t.Context())
		done := j.load(ctx, s.client)
		wait(t.Context(), time.Duration(200+random.IntN(600))*time.Millisecond)
		m.cut(t, s, done)
		stop()
		s = m.startAgain(t)
		lost += j.check(t, s.client)
		if !enough(lost) {
			j.faults.none(t, "after a power cut")
		}
	}
	t.Logf("%d customers, %d acknowledged answers, %d lost", j.customers(), j.answers.Load(), lost)
	if lost == 0 {
		j.checkAll(t, s.client)
	}
	s.kill()
	return lost
}

// startAgain boots from what the disk kept. The credentials come from before the cut, so
// that a lost first-run.env does not hide what else was lost.
func (m *machine) startAgain(t *testing.T) *server {
	t.Helper()
	file := filepath.Join(m.in.dir, "first-run.env")
	kept, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(kept, m.firstRun) {
		m.withoutKeys = true
		require.NoError(t, os.WriteFile(file, m.firstRun, 0o600))
	}
	return m.in.start(t)
}

// wholeTrail verifies the audit trail against what is in the sink, and the databases.
func (m *machine) wholeTrail(t *testing.T) {
	t.Helper()
	t.Log(m.in.must(t, "audit", "verify", "--against", filepath.Join(m.in.dir, "audit", "checkpoints")).out)
	for _, file := range []string{"florin.db", "keystore.db"} {
		require.Equal(t, "ok", pragma(t, filepath.Join(m.in.dir, file), "integrity_check"))
	}
}
