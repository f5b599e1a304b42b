package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	tinkaead "github.com/tink-crypto/tink-go/v2/aead"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

// EpochLength is how long an epoch key is in use. It bounds how long an old copy of
// data and keystore together could still show somebody who was erased since.
const EpochLength = 7 * 24 * time.Hour

// epochs are the epoch keys at hand: the current one, and during a rewrap the one
// before it.
type epochs struct {
	dir   string
	store *db.DB
	clock clock.Clock
	root  *rootKey

	mu      sync.RWMutex
	current int64
	since   time.Time
	open    map[int64]aead
}

func openEpochs(ctx context.Context, o Options, root *rootKey) (*epochs, error) {
	e := &epochs{dir: o.Dir, store: o.Keystore, clock: o.Clock, root: root, open: map[int64]aead{}}
	if err := e.reload(ctx); err != nil {
		return nil, err
	}
	if e.current == 0 {
		return e, e.start(ctx, 1)
	}
	return e, nil
}

// reload reads which epochs there are, after a start or another node's rotation.
func (e *epochs) reload(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.store.Each(ctx, db.Worker(), `SELECT id, created_at FROM epoch ORDER BY id`, nil, func(r db.Row) error {
		var id, at int64
		if err := r.Scan(&id, &at); err != nil {
			return err
		}
		if id < e.current {
			return nil // ending, perhaps with its file gone; key loads it if a row still names it
		}
		if e.open[id] == nil {
			if err := e.load(id); err != nil {
				return err
			}
		}
		e.current, e.since = id, time.UnixMilli(at).UTC()
		return nil
	})
}

func (e *epochs) file(id int64) string { return filepath.Join(e.dir, fmt.Sprintf("epoch-%d.key", id)) }

func (e *epochs) load(id int64) error {
	wrapped, err := os.ReadFile(e.file(id))
	if err != nil {
		return fmt.Errorf("the key of epoch %d can't be read, and without it no customer can: %w", id, err)
	}
	handle, err := e.root.unwrap(wrapped, epochPurpose(id))
	if err != nil {
		return fmt.Errorf("the key of epoch %d is not wrapped by this root key", id)
	}
	e.open[id], err = tinkaead.New(handle)
	return err
}

func epochPurpose(id int64) string { return fmt.Sprintf("epoch|%d", id) }

// start makes an epoch's key: the file first, so that no row can name a key that a
// crash kept from being written.
func (e *epochs) start(ctx context.Context, id int64) error {
	e.root.wrapping.RLock()
	defer e.root.wrapping.RUnlock()
	handle, err := newAEAD()
	if err != nil {
		return err
	}
	wrapped, err := wrap(handle, e.root, epochPurpose(id))
	if err != nil {
		return err
	}
	// A file that is there already is another node's, or of a start that was cut
	// short: keys may be wrapped by it, and it is used and never replaced.
	if err := createFile(e.file(id), wrapped); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	err = e.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO epoch (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, e.clock.Millis())
		return nil
	})
	if err != nil {
		return err
	}
	return e.reload(ctx)
}

// destroy forgets an epoch's key for good. Overwriting comes before the unlink for
// what little it is worth on a journaling disk; keys/ belongs on a disk that is not
// backed up (SECURITY.md).
func (e *epochs) destroy(id int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, id)
	info, err := os.Stat(e.file(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil // another node was faster
	}
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(e.file(id), make([]byte, info.Size()), 0o600), os.Remove(e.file(id)), syncDir(e.dir))
}

// now is the epoch under which new keys are wrapped.
func (e *epochs) now() (int64, aead) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.current, e.open[e.current]
}

// key is the key of the epoch that a row names. Another node may have begun it, or a
// rotation that was cut short may have left it as a file alone.
func (e *epochs) key(id int64) (aead, error) {
	e.mu.RLock()
	key := e.open[id]
	e.mu.RUnlock()
	if key != nil {
		return key, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.load(id); err != nil {
		return nil, err
	}
	return e.open[id], nil
}

// EpochEnds is when the key of the present epoch is destroyed at the latest, if the server
// runs: an older copy of data and keystore opens nothing of what was erased by now.
func (v *Vault) EpochEnds() time.Time {
	v.epochs.mu.RLock()
	defer v.epochs.mu.RUnlock()
	return v.epochs.since.Add(EpochLength)
}
