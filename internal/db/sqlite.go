package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/florin-gateway/florin/internal/fault"
)

const (
	liteReaders = 4
	// maxGroup bounds how many units wait for one commit, and with it a unit's delay.
	maxGroup = 128
	// checkpointEvery keeps SQLite's own checkpoints out of the commit path. A second is
	// better than the 200 ms we began with: each run writes the hot pages again, and its
	// fsync stands in the way of the commits' (docs/performance.md).
	checkpointEvery = time.Second
	// walLimit is how many pages the write-ahead log may hold before the writer
	// itself waits for a checkpoint: 128 MiB.
	walLimit = 32768
)

type sqliteEngine struct {
	path    string
	log     *slog.Logger
	lock    *os.File
	readers chan *liteConn
	queue   chan any // *unit or *liteSession
	broken  atomic.Bool
	walFull atomic.Bool

	stop    context.CancelFunc
	shut    chan struct{} // closed with the engine: nobody may wait for a reader then
	closing sync.RWMutex  // held for reading while a unit is handed over
	closed  bool
	workers sync.WaitGroup
}

func openSQLite(ctx context.Context, c Config) (engine, error) {
	if err := os.MkdirAll(filepath.Dir(c.URL), 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFile(c.URL + ".lock")
	if err != nil {
		return nil, err
	}
	e := &sqliteEngine{path: c.URL, log: c.Log, lock: lock, readers: make(chan *liteConn, liteReaders),
		queue: make(chan any, 4*maxGroup), shut: make(chan struct{})}
	if err := e.open(ctx, c); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return e, nil
}

// lockFile keeps a second process out: two would each believe to be the only writer.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s; stop it first", ErrInUse, filepath.Dir(path))
	}
	return f, nil
}

func (e *sqliteEngine) open(ctx context.Context, c Config) error {
	synchronous := c.Synchronous
	if synchronous == "" {
		synchronous = "FULL"
	}
	if err := errors.Join(registerJoining(), createPrivate(c.URL)); err != nil {
		return err
	}
	if err := migrateSQLite(ctx, sqliteSource(c.URL, synchronous), c.Migrations); err != nil {
		return err
	}
	conns := make([]*liteConn, liteReaders+2)
	for i := range conns {
		conn, err := openLite(c.URL, synchronous)
		if err != nil {
			return err
		}
		if err := conn.verifySettings(synchronous); err != nil {
			return err
		}
		conns[i] = conn
	}
	if c.WriterCacheMB > 0 {
		// The writer touches a random page for each index entry: what it keeps in memory
		// it need not read again.
		if _, err := conns[0].exec(fmt.Sprintf("PRAGMA cache_size = -%d", 1000*c.WriterCacheMB)); err != nil {
			return err
		}
	}
	for _, reader := range conns[2:] {
		e.readers <- reader
	}
	running, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.workers.Add(2)
	go e.write(conns[0])
	go e.checkpoint(running, conns[1])
	return nil
}

// createPrivate makes the file readable by its owner alone before SQLite would make
// it with the process's umask. SQLite keeps names in the file's own folder durable and
// looks no higher.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), SyncFolders(filepath.Dir(path)))
}

// verifySettings reads back what was asked for: an unknown pragma is silently
// ignored by SQLite, and the wrong setting loses data without a sound.
func (c *liteConn) verifySettings(synchronous string) error {
	level := map[string]string{"FULL": "2", "NORMAL": "1", "OFF": "0"}[synchronous]
	for _, want := range [][2]string{{"journal_mode", "wal"}, {"synchronous", level}, {"secure_delete", "1"}, {"foreign_keys", "1"}, {"trusted_schema", "0"}} {
		got := ""
		err := c.each("PRAGMA "+want[0], nil, func(r Row) error { got = fmt.Sprint(r.sqlite[0]); return nil })
		if err != nil {
			return err
		}
		if got != want[1] {
			return fmt.Errorf("SQLite setting %s is %q, not %q: refusing to run", want[0], got, want[1])
		}
	}
	return nil
}

func (e *sqliteEngine) row(ctx context.Context, s Scope, sql string, args []any, fn func(Row) error) error {
	return e.read(ctx, s, sql, args, fn)
}

func (e *sqliteEngine) read(ctx context.Context, _ Scope, sql string, args []any, fn func(Row) error) error {
	select {
	case conn := <-e.readers:
		defer func() { e.readers <- conn }()
		return fromSQLite(conn.each(sql, args, fn))
	case <-e.shut:
		return fault.Away(errShut)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// submit hands a unit or a session to the writer.
func (e *sqliteEngine) submit(work any) error {
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return fault.Away(errShut)
	}
	if e.broken.Load() {
		return fault.Away(errBroken)
	}
	e.queue <- work
	return nil
}

func (e *sqliteEngine) commit(u *unit) error {
	if err := e.submit(u); err != nil {
		return err
	}
	return <-u.done
}

func (e *sqliteEngine) scrub(context.Context) error {
	// The log can't be emptied below a snapshot. Its end is awaited here and not by the writer.
	hold, err := holdCheckpoints(e.path, syscall.LOCK_SH)
	if err != nil {
		return err
	}
	defer func() { _ = hold.Close() }()
	s := &liteSession{turn: make(chan *liteConn), finished: make(chan error), done: make(chan error, 1), scrub: true}
	if err := e.submit(s); err != nil {
		return err
	}
	return <-s.done
}

func (e *sqliteEngine) close() error {
	e.closing.Lock()
	if e.closed {
		e.closing.Unlock()
		return nil
	}
	e.closed = true
	close(e.queue)
	close(e.shut)
	e.closing.Unlock()
	e.stop()
	e.workers.Wait()
	var errs []error
	for range liteReaders {
		errs = append(errs, (<-e.readers).close())
	}
	return errors.Join(append(errs, e.lock.Close())...)
}

func (e *sqliteEngine) facts(ctx context.Context) (Facts, error) {
	f := Facts{Engine: "sqlite"}
	ask := func(sql string, keep func(string)) error {
		return e.read(ctx, Worker(), sql, nil, func(r Row) error { keep(fmt.Sprint(r.sqlite[0])); return nil })
	}
	err := errors.Join(
		ask(`SELECT sqlite_version()`, func(s string) { f.Version = s }),
		ask(`PRAGMA synchronous`, func(s string) { f.Synchronous = map[string]string{"0": "OFF", "1": "NORMAL", "2": "FULL"}[s] }),
		ask(`PRAGMA quick_check(5)`, func(s string) {
			if s != "ok" {
				f.IntegrityErrors = append(f.IntegrityErrors, s)
			}
		}))
	return f, err
}
