//go:build linux

package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// The test binary is also the program whose power is cut, so that it can be
// killed: a process that outlives its file system dies of SIGBUS in the mapped
// -shm file.
func TestMain(m *testing.M) {
	switch role := os.Getenv("LOSSYFS_TEST_ROLE"); role {
	case "":
		os.Exit(m.Run())
	case "disk":
		main()
	default:
		if err := writeRows(os.Getenv("LOSSYFS_TEST_DIR"), role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// writeRows inserts for ever and prints each id once it is committed.
func writeRows(dir, synchronous string) error {
	db, err := open(dir, synchronous)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, body TEXT)"); err != nil {
		return err
	}
	for {
		var id int64
		if err := db.QueryRow("INSERT INTO t (body) VALUES (?) RETURNING id", strings.Repeat("ß👩‍🚀", 40)).Scan(&id); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func open(dir, synchronous string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.Join(dir, "florin.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")")
}

// machine is a computer with one disk and a plug.
type machine struct {
	volume, durable, mnt string
	disk                 *exec.Cmd
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("lossyfs: mounting needs root")
	}
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("lossyfs: no FUSE here: %v", err)
	}
	f.Close()
	dir := t.TempDir()
	m := &machine{volume: filepath.Join(dir, "volume"), durable: filepath.Join(dir, "durable"), mnt: filepath.Join(dir, "mnt")}
	require.NoError(t, os.Mkdir(m.volume, 0o755))
	require.NoError(t, os.Mkdir(m.mnt, 0o755))
	m.powerOn(t)
	t.Cleanup(func() { m.unplug(t) })
	return m
}

func (m *machine) powerOn(t *testing.T, flags ...string) {
	t.Helper()
	m.disk = exec.Command(os.Args[0], append(flags, "--volume", m.volume, "--durable", m.durable, m.mnt)...)
	m.disk.Env = append(os.Environ(), "LOSSYFS_TEST_ROLE=disk")
	m.disk.Stderr = os.Stderr
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

func (m *machine) cut(t *testing.T) {
	t.Helper()
	m.unplug(t)
	m.powerOn(t, "--recover")
}

// cutWhileWriting cuts after some acknowledged rows and returns how many
// acknowledged rows there ever were and how many of them are left.
func (m *machine) cutWhileWriting(t *testing.T, synchronous string, rows int) (acknowledged, left int) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), "LOSSYFS_TEST_ROLE="+synchronous, "LOSSYFS_TEST_DIR="+m.mnt)
	writer.Stderr = os.Stderr
	out, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	lines := bufio.NewScanner(out)
	for range rows {
		require.True(t, lines.Scan(), "the writer ended")
		acknowledged, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
	}
	require.NoError(t, writer.Process.Kill())
	for lines.Scan() { // acknowledged between our last look and its death
		acknowledged, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
	}
	_ = writer.Wait()
	m.cut(t)
	return acknowledged, m.count(t, acknowledged)
}

// count reads a copy, so that the check itself changes nothing on the disk.
func (m *machine) count(t *testing.T, upTo int) int {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(m.durable)))
	db, err := open(dir, "FULL")
	require.NoError(t, err)
	defer db.Close()
	var verdict string
	require.NoError(t, db.QueryRow("PRAGMA integrity_check").Scan(&verdict))
	require.Equal(t, "ok", verdict)
	var tables, n int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 't'").Scan(&tables))
	if tables > 0 {
		require.NoError(t, db.QueryRow("SELECT count(*) FROM t WHERE id <= ?", upTo).Scan(&n))
	}
	return n
}

func TestFullLosesNothingInFiveCuts(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for cut := range 5 {
		acknowledged, left := m.cutWhileWriting(t, "FULL", 40+cut*17)
		t.Logf("cut %d: %d acknowledged, %d left", cut, acknowledged, left)
		require.Equal(t, acknowledged, left)
	}
}

func TestNormalLosesWithinTenCuts(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for cut := range 10 {
		acknowledged, left := m.cutWhileWriting(t, "NORMAL", 40+cut*17)
		t.Logf("cut %d: %d acknowledged, %d left", cut, acknowledged, left)
		if left < acknowledged {
			return
		}
	}
	t.Fatal("synchronous=NORMAL lost nothing in 10 cuts: the file system forgets nothing, and FULL's success proves nothing")
}

// TestWhatADiskKeeps drives the files by hand; each row is what is there after
// the cut.
func TestWhatADiskKeeps(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		do   func(d drive)
		want map[string]string
	}{
		"nothing synced":         {func(d drive) { d.write("a", "x") }, map[string]string{}},
		"file synced, not named": {func(d drive) { d.write("a", "x"); d.sync("a") }, map[string]string{}},
		"named, not synced":      {func(d drive) { d.write("a", "x"); d.sync(".") }, map[string]string{"a": ""}},
		"file and folder synced": {func(d drive) { d.write("ß👋", "x"); d.sync("ß👋"); d.sync(".") }, map[string]string{"ß👋": "x"}},
		"folder before file":     {func(d drive) { d.write("a", "x"); d.sync("."); d.sync("a") }, map[string]string{"a": "x"}},
		"change not synced":      {func(d drive) { d.saved("a", "old"); d.write("a", "new") }, map[string]string{"a": "old"}},
		"part changed":           {func(d drive) { d.saved("a", "abcdef"); d.patch("a", 2, "XY"); d.sync("a") }, map[string]string{"a": "abXYef"}},
		"shorter not synced":     {func(d drive) { d.saved("a", "abcdef"); d.truncate("a", 2) }, map[string]string{"a": "abcdef"}},
		"shorter":                {func(d drive) { d.saved("a", "abcdef"); d.truncate("a", 2); d.sync("a") }, map[string]string{"a": "ab"}},
		"shorter, then longer":   {func(d drive) { d.saved("a", "abcdef"); d.truncate("a", 2); d.patch("a", 4, "Z"); d.sync("a") }, map[string]string{"a": "ab\x00\x00Z"}},
		"removed not synced":     {func(d drive) { d.saved("a", "x"); d.remove("a") }, map[string]string{"a": "x"}},
		"removed":                {func(d drive) { d.saved("a", "x"); d.remove("a"); d.sync(".") }, map[string]string{}},
		"renamed not synced":     {func(d drive) { d.saved("a", "x"); d.rename("a", "b") }, map[string]string{"a": "x"}},
		"renamed":                {func(d drive) { d.saved("a", "x"); d.rename("a", "b"); d.sync(".") }, map[string]string{"b": "x"}},
		"replaced not synced":    {func(d drive) { d.saved("a", "x"); d.write("n", "y"); d.sync("n"); d.rename("n", "a") }, map[string]string{"a": "x"}},
		"replaced":               {func(d drive) { d.saved("a", "x"); d.write("n", "y"); d.sync("n"); d.rename("n", "a"); d.sync(".") }, map[string]string{"a": "y"}},
		"number reused":          {func(d drive) { d.saved("a", "old"); d.remove("a"); d.write("b", "new"); d.sync("b") }, map[string]string{"a": "old"}},
		"folder renamed":         {func(d drive) { d.mkdir("k"); d.sync("."); d.saved("k/a", "x"); d.rename("k", "l"); d.sync(".") }, map[string]string{"l/a": "x"}},
		"in a folder, not named": {func(d drive) { d.mkdir("k"); d.saved("k/a", "x") }, map[string]string{}},
		"append":                 {func(d drive) { d.saved("a", "x"); d.appendTo("a", "yz"); d.sync("a") }, map[string]string{"a": "xyz"}},
	}
	m := newMachine(t) // one machine: the rows share its disk, not their folders
	for name, row := range rows {
		dir := filepath.Join(m.mnt, "row")
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Mkdir(dir, 0o755))
		d := drive{t, dir}
		d.sync("..")
		row.do(d)
		m.cut(t)
		require.Equal(t, row.want, contents(t, filepath.Join(m.mnt, "row")), name)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[rel] = string(text)
		return err
	}))
	return out
}

// drive is a folder on the lossy disk.
type drive struct {
	t   *testing.T
	dir string
}

func (d drive) path(name string) string { return filepath.Join(d.dir, name) }
func (d drive) ok(err error)            { d.t.Helper(); require.NoError(d.t, err) }
func (d drive) write(name, text string) { d.ok(os.WriteFile(d.path(name), []byte(text), 0o600)) }
func (d drive) remove(name string)      { d.ok(os.Remove(d.path(name))) }
func (d drive) mkdir(name string)       { d.ok(os.Mkdir(d.path(name), 0o755)) }
func (d drive) rename(from, to string)  { d.ok(os.Rename(d.path(from), d.path(to))) }

func (d drive) truncate(name string, size int64) { d.ok(os.Truncate(d.path(name), size)) }

// saved writes a file and makes content and name durable.
func (d drive) saved(name, text string) {
	d.write(name, text)
	d.sync(name)
	d.sync(filepath.Dir(name))
}

func (d drive) patch(name string, at int64, text string) {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY, 0)
	d.ok(err)
	defer f.Close()
	_, err = f.WriteAt([]byte(text), at)
	d.ok(err)
}

func (d drive) appendTo(name, text string) {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_APPEND, 0)
	d.ok(err)
	defer f.Close()
	_, err = f.WriteString(text)
	d.ok(err)
}

func (d drive) sync(name string) {
	f, err := os.Open(d.path(name))
	d.ok(err)
	defer f.Close()
	d.ok(f.Sync())
}
