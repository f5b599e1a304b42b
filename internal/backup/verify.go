package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/db"
)

// Reader reads backups.
type Reader struct {
	Verifier note.Verifier
	By       Identities
	Temp     string // where a copy is opened for looking at it; the system's if empty
}

// content is a backup's database while it is read. Its last byte comes with an error if
// anything is not as the manifest says.
type content struct {
	of           Backup
	file         *os.File
	plain        io.Reader
	outer, inner *measured
}

func (r Reader) content(b Backup) (*content, error) {
	f, err := os.Open(filepath.Join(b.Path, b.File.Name))
	if err != nil {
		return nil, err
	}
	c := &content{of: b, file: f, outer: &measured{w: io.Discard, sum: sha256.New()}, inner: &measured{w: io.Discard, sum: sha256.New()}}
	if c.plain, err = r.By.open(io.TeeReader(f, c.outer)); err != nil {
		return nil, errors.Join(refused("%s does not open by the identity given, or its head is damaged: %v", f.Name(), err), f.Close())
	}
	return c, nil
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.plain.Read(p)
	_, _ = c.inner.Write(p[:n])
	switch {
	case errors.Is(err, io.EOF):
		if wrong := c.atEnd(); wrong != nil {
			return n, wrong
		}
	case err != nil:
		return n, refused("%s is damaged or cut off: %v", c.file.Name(), err)
	}
	return n, err
}

func (c *content) atEnd() error {
	if _, err := io.Copy(c.outer, c.file); err != nil {
		return err
	}
	if c.outer.size != c.of.File.Size || c.outer.digest() != c.of.File.SHA256 {
		return refused("%s is not the file that the manifest is of: its SHA-256 differs", c.file.Name())
	}
	if c.inner.size != c.of.Content.Size || c.inner.digest() != c.of.Content.SHA256 {
		return refused("what %s holds is not what the manifest says", c.file.Name())
	}
	return nil
}

func (c *content) Close() error { return c.file.Close() }

// counting tells how far a reader is.
type counting struct {
	io.Reader
	read     int64
	progress func(int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	c.progress(c.read)
	return n, err
}

// Verify reads a backup to its end and checks all that can be without the installation:
// signature, files, digests, and the database as such. It changes nothing.
func (r Reader) Verify(ctx context.Context, path string, progress func(bytes int64)) (Backup, error) {
	b, err := Open(path, r.Verifier)
	if err != nil {
		return b, err
	}
	if b.Head != "" {
		if _, err := audit.ParseCheckpoint(b.Head, r.Verifier); err != nil {
			return b, refused("the audit head in the manifest of %s: %v", path, err)
		}
	}
	c, err := r.content(b)
	if err != nil {
		return b, err
	}
	defer func() { _ = c.Close() }()
	from := &counting{Reader: c, progress: progress}
	if b.Engine == "postgres" {
		rows, err := db.Inspect(true, from)
		if err != nil && !errors.Is(err, ErrRefused) {
			err = refused("%s holds no tables of PostgreSQL's: %v", path, err)
		}
		if err != nil {
			return b, err
		}
		return b, b.compare(rows)
	}
	return b, r.lookInto(ctx, b, from)
}

func (b Backup) compare(rows map[string]int64) error {
	if err := db.Differences(b.Rows, rows); err != nil {
		return refused("table %v", err)
	}
	return nil
}

// lookInto opens a copy of an SQLite file, in a folder that is removed afterwards.
func (r Reader) lookInto(ctx context.Context, b Backup, from io.Reader) (err error) {
	dir, err := os.MkdirTemp(r.Temp, "florin-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "copy.db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(f, from, make([]byte, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := db.CheckFile(path); err != nil {
		return refused("%v", err)
	}
	s, err := db.OpenSnapshot(ctx, db.Config{URL: path})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	seen := Manifest{Kind: b.Kind}
	if err := seen.describe(ctx, s); err != nil {
		return err
	}
	if seen.Schema != b.Schema || seen.Head != b.Head {
		return refused("the database in %s has schema %d or an audit head other than the manifest says", b.Path, seen.Schema)
	}
	return b.compare(seen.Rows)
}

// Describe says in words what a backup is of.
func (b Backup) Describe() string {
	total := int64(0)
	for _, n := range b.Rows {
		total += n
	}
	what := "Data"
	if b.Kind == Keystore {
		what = "Keystore"
	}
	return fmt.Sprintf("%s of %s, %s, schema %d, %d rows, %d bytes: %s", what, b.At.Format("2006-01-02 15:04:05 MST"), b.Engine, b.Schema, total, b.File.Size, b.Path)
}
