package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	tinkaead "github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/florin-gateway/florin/internal/db"
)

// checkText is what key_check holds, sealed by the root key.
const checkText = "florin root key check"

// rootKey is the key above all others, and the file it lives in.
type rootKey struct {
	file    string
	handle  *keyset.Handle
	current atomic.Pointer[aead]
	// wrapping is held for reading from a wrap to its commit. A rotation that has held
	// it for writing knows that whatever the old key wrapped is there to be seen.
	wrapping sync.RWMutex
}

// Encrypt wraps by the present root key.
func (r *rootKey) Encrypt(plain, associated []byte) ([]byte, error) {
	return (*r.current.Load()).Encrypt(plain, associated)
}

// Decrypt opens what any key of the root keyset wrapped.
func (r *rootKey) Decrypt(sealed, associated []byte) ([]byte, error) {
	return (*r.current.Load()).Decrypt(sealed, associated)
}

// unwrap opens a keyset. If it does not open, another node may have rotated the root
// key: the file is read again, once.
func (r *rootKey) unwrap(wrapped []byte, purpose string) (*keyset.Handle, error) {
	handle, err := unwrap(wrapped, r, purpose)
	if err == nil {
		return handle, nil
	}
	again, readErr := readRoot(r.file)
	if readErr != nil {
		return nil, err
	}
	r.current.Store(again.current.Load())
	return unwrap(wrapped, r, purpose)
}

// openRoot reads the root key and proves it on the keystore. Only a keystore that
// never had one gets a new root key: making another for a keystore whose file is
// missing would look like data loss and become it.
func openRoot(ctx context.Context, o Options) (*rootKey, error) {
	file := o.RootFile
	if file == "" {
		file = filepath.Join(o.Dir, "root.key")
	}
	var sealed []byte
	err := o.Keystore.One(ctx, db.Worker(), `SELECT sealed FROM key_check WHERE id = 1`, nil, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		return firstRoot(ctx, o, file)
	}
	if err != nil {
		return nil, err
	}
	root, err := readRoot(file)
	if err != nil {
		return nil, err
	}
	if text, err := root.Decrypt(sealed, []byte("check")); err != nil || string(text) != checkText {
		return nil, fmt.Errorf("the root key in %s is not the one that this keystore was made with; "+
			"give the right file with --root-key-file (nothing was changed)", file)
	}
	return root, nil
}

func firstRoot(ctx context.Context, o Options, file string) (*rootKey, error) {
	root, err := readRoot(file)
	if errors.Is(err, os.ErrNotExist) {
		root, err = makeRoot(file)
	}
	if err != nil {
		return nil, err
	}
	sealed, err := root.Encrypt([]byte(checkText), []byte("check"))
	if err != nil {
		return nil, err
	}
	return root, o.Keystore.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO key_check (id, sealed) VALUES (1, $1)`, sealed)
		return nil
	})
}

func makeRoot(file string) (*rootKey, error) {
	handle, err := newAEAD()
	if err != nil {
		return nil, err
	}
	root := &rootKey{handle: handle, file: file}
	return root, root.save()
}

func readRoot(file string) (*rootKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the root key can't be read: %w", err)
	}
	handle, err := readClearKeyset(text)
	if err != nil {
		return nil, fmt.Errorf("the root key file %s is damaged or is not a root key", file)
	}
	root := &rootKey{handle: handle, file: file}
	return root, root.use()
}

func (r *rootKey) use() error {
	key, err := tinkaead.New(r.handle)
	if err == nil {
		r.current.Store(&key)
	}
	return err
}

func (r *rootKey) save() error {
	text, err := clearKeyset(r.handle)
	if err != nil {
		return err
	}
	if err := writeFile(r.file, text); err != nil {
		return err
	}
	return r.use()
}

// addPrimary makes the key that wraps from now on, unless an earlier rotation that was
// cut short made it already.
func (r *rootKey) addPrimary() (err error) {
	r.wrapping.Lock()
	defer r.wrapping.Unlock()
	if r.handle.Len() > 1 {
		return nil
	}
	if r.handle, err = withNewPrimary(r.handle); err != nil {
		return err
	}
	return r.save()
}

// writeFile replaces a file whole and durably, readable by its owner alone.
func writeFile(path string, content []byte) error { return placeFile(path, content, os.Rename) }

// createFile does the same but leaves a file that exists: os.ErrExist.
func createFile(path string, content []byte) error { return placeFile(path, content, os.Link) }

func placeFile(path string, content []byte, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := place(temporary.Name(), path); err != nil {
		return err
	}
	return db.SyncFolders(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
