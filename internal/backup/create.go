package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// Maker makes backups of an installation, whether or not a server runs on it.
type Maker struct {
	Main, Keys db.Config
	Folder     *vault.Folder
	Signer     note.Signer
	To         Recipients
	Clock      clock.Clock
}

// partial begins the name of a backup that is not complete.
const partial = ".partial-"

// rotations is how often a keystore is read again because an epoch ended meanwhile.
const rotations = 3

// Create makes one backup in a folder below dir, which gets its name once it is complete and
// on the disk. progress hears how many bytes were read.
func (m *Maker) Create(ctx context.Context, kind Kind, dir string, progress func(bytes int64)) (Backup, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Backup{}, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return Backup{}, err
	}
	defer func() { _ = lock.Close() }()
	if err := removePartial(dir); err != nil {
		return Backup{}, err
	}
	for attempt := 1; ; attempt++ {
		b, err := m.create(ctx, kind, dir, progress)
		if err != nil || kind == Data {
			return b, err
		}
		err = m.Folder.Opens(*b.Locks)
		if err == nil {
			return b, nil
		}
		err = errors.Join(err, os.RemoveAll(b.Path))
		if attempt == rotations {
			return b, fmt.Errorf("the keystore does not open by the keys at hand: %w", err)
		}
	}
}

// lockDir keeps a second run from taking the first one's unfinished backup for waste.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another backup is being written to %s", dir), f.Close())
	}
	return f, nil
}

// removePartial removes what runs that were cut short left.
func removePartial(dir string) error {
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), partial) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, f.Name())))
		}
	}
	return err
}

func (m *Maker) config(kind Kind) db.Config {
	if kind == Keystore {
		return m.Keys
	}
	return m.Main
}

func engineOf(c db.Config) string {
	if c.Postgres() {
		return "postgres"
	}
	return "sqlite"
}

func (m *Maker) create(ctx context.Context, kind Kind, dir string, progress func(int64)) (b Backup, err error) {
	c := m.config(kind)
	b.Manifest = Manifest{Kind: kind, Engine: engineOf(c), At: m.Clock.Now(), File: File{Name: string(kind) + ".age"}}
	snapshot, err := db.OpenSnapshot(ctx, c)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if err := b.describe(ctx, snapshot); err != nil {
		return b, err
	}
	unfinished := filepath.Join(dir, partial+b.name())
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		return b, err
	}
	if err := m.fill(ctx, &b.Manifest, snapshot, unfinished, progress); err != nil {
		return b, errors.Join(err, os.RemoveAll(unfinished))
	}
	if b.text, err = b.sign(m.Signer); err != nil {
		return b, err
	}
	if err := placeFile(filepath.Join(unfinished, manifestName), b.text); err != nil {
		return b, err
	}
	b.Path = filepath.Join(dir, b.name())
	if err := os.Rename(unfinished, b.Path); err != nil {
		return b, err
	}
	return b, db.SyncFolders(dir)
}

// describe reads what the manifest says of the database.
func (m *Manifest) describe(ctx context.Context, s *db.Snapshot) (err error) {
	if m.Schema, err = s.Version(ctx); err != nil {
		return err
	}
	if m.Rows, err = s.Counts(ctx); err != nil {
		return err
	}
	if m.Kind == Keystore {
		locks, err := vault.ReadLocks(ctx, s.Each)
		m.Locks = &locks
		return err
	}
	err = s.One(ctx, `SELECT note FROM audit_checkpoint ORDER BY number DESC LIMIT 1`, nil, &m.Head)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return err
}

// fill writes the database, encrypted, and notes both digests.
func (m *Maker) fill(ctx context.Context, b *Manifest, s *db.Snapshot, dir string, progress func(int64)) error {
	f, err := os.OpenFile(filepath.Join(dir, b.File.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	outer := &measured{w: buffered, sum: sha256.New()}
	sealed, err := m.To.seal(outer)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	inner := &measured{w: sealed, sum: sha256.New()}
	err = s.Write(ctx, inner, progress)
	if err == nil {
		err = sealed.Close()
	}
	err = errors.Join(err, buffered.Flush(), f.Sync(), f.Close())
	b.File.Size, b.File.SHA256 = outer.size, outer.digest()
	b.Content = File{Size: inner.size, SHA256: inner.digest()}
	return err
}

// measured passes on what is written and takes its size and digest.
type measured struct {
	w    io.Writer
	sum  hash.Hash
	size int64
}

func (m *measured) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.size += int64(n)
	m.sum.Write(p[:n])
	return n, err
}

func (m *measured) digest() string { return hex.EncodeToString(m.sum.Sum(nil)) }
