package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
)

// liteSnapshot is a read transaction of a connection that can't write.
type liteSnapshot struct {
	conn *liteConn
	lock *os.File // see holdCheckpoints
}

func snapshotSQLite(c Config) (snapshot, error) {
	if _, err := os.Stat(c.URL); err != nil {
		return nil, fmt.Errorf("there is no database to read: %w", err)
	}
	lock, err := holdCheckpoints(c.URL, syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	conn, err := openReading(c.URL)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &liteSnapshot{conn, lock}
	// The first question fixes what is seen.
	_, err = conn.exec("BEGIN")
	if err == nil {
		err = conn.each("SELECT count(*) FROM sqlite_schema", nil, func(Row) error { return nil })
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openReading opens a file that nothing of ours may change.
func openReading(path string) (*liteConn, error) {
	query := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "query_only(ON)", "trusted_schema(OFF)", "cell_size_check(ON)", "cache_size(-4000)"}}
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	return &liteConn{conn: conn, prepared: map[string]*liteStatement{}, inserts: map[shape]string{}, merged: merged{into: map[string]*newRows{}}}, nil
}

// holdCheckpoints takes the lock of whoever reads a snapshot (exclusive), or of a writer who
// means to wait until the write-ahead log is empty (shared). Without it that writer, and all
// who wait behind it, would stand still until the snapshot ends: the log can't be emptied
// below a reader.
func holdCheckpoints(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path+".reading.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *liteSnapshot) each(_ context.Context, sql string, args []any, fn func(Row) error) error {
	return fromSQLite(s.conn.each(sql, args, fn))
}

func (s *liteSnapshot) tables(context.Context) ([]string, error) {
	var names []string
	err := s.conn.each(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`, nil, func(r Row) error {
		name := r.sqlite[0].(string)
		if !strings.HasPrefix(name, "sqlite_") && !strings.HasPrefix(name, "goose_") {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// write gives the pages as the snapshot sees them, the write-ahead log's among them: that is
// the file as it would be after a checkpoint (https://sqlite.org/dbpage.html).
func (s *liteSnapshot) write(ctx context.Context, w io.Writer, progress func(int64)) error {
	var written int64
	return s.conn.each("SELECT data FROM sqlite_dbpage ORDER BY pgno", nil, func(r Row) error {
		page, ok := r.sqlite[0].([]byte)
		if !ok {
			return errors.New("db: a page has no content")
		}
		if _, err := w.Write(page); err != nil {
			return err
		}
		written += int64(len(page))
		progress(written)
		return ctx.Err()
	})
}

func (s *liteSnapshot) close() error { return errors.Join(s.conn.close(), s.lock.Close()) }

func emptySQLite(c Config) (bool, error) {
	for _, name := range []string{c.URL, c.URL + "-wal"} {
		if _, err := os.Stat(name); err == nil {
			return false, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}

// loadSQLite writes the file under another name, and gives it its own once all of it is on
// the disk.
func loadSQLite(c Config, from io.Reader, then func(func(string, ...any) error) error) error {
	if err := errors.Join(os.MkdirAll(filepath.Dir(c.URL), 0o700), registerJoining()); err != nil {
		return err
	}
	lock, err := lockFile(c.URL + ".lock")
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	temporary := c.URL + ".restoring"
	defer removeLite(temporary)
	removeLite(temporary)
	if err := writeLite(temporary, from); err != nil {
		return err
	}
	if err := changeLite(temporary, then); err != nil {
		return err
	}
	// A link, and no rename: that would replace a file that came meanwhile.
	if err := os.Link(temporary, c.URL); err != nil {
		return err
	}
	return SyncFolders(filepath.Dir(c.URL))
}

func removeLite(path string) {
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(path + end)
	}
}

func writeLite(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(f, from, make([]byte, 1<<20))
	return errors.Join(err, f.Sync(), f.Close())
}

// changeLite runs statements in a file that nobody else has open.
func changeLite(path string, then func(func(string, ...any) error) error) error {
	conn, err := openLite(path, "FULL")
	if err != nil {
		return err
	}
	_, err = conn.exec("BEGIN IMMEDIATE")
	if err == nil {
		err = then(func(sql string, args ...any) error {
			_, err := conn.exec(sql, args...)
			return fromSQLite(err)
		})
	}
	if err == nil {
		_, err = conn.exec("COMMIT")
	}
	if err == nil {
		_, err = conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return errors.Join(err, conn.close())
}

// CheckFile runs SQLite's own check of a whole file and gives what it finds wrong.
func CheckFile(path string) error {
	conn, err := openReading(path)
	if err != nil {
		return err
	}
	var wrong []string
	err = conn.each("PRAGMA integrity_check(5)", nil, func(r Row) error {
		if text := fmt.Sprint(r.sqlite[0]); text != "ok" {
			wrong = append(wrong, text)
		}
		return nil
	})
	if wrong != nil {
		err = errors.Join(err, fmt.Errorf("SQLite's integrity check: %s", strings.Join(wrong, "; ")))
	}
	return errors.Join(err, conn.close())
}
