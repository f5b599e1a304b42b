package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/florin-gateway/florin/internal/db"
)

// Folder is the key folder alone, without a keystore: what signs a backup while a server
// has the keystore, and what tells whether the keys at hand open a keystore's backup.
type Folder struct {
	dir  string
	root *rootKey
}

// OpenFolder reads the root key, which must be there.
func OpenFolder(dir, rootFile string) (*Folder, error) {
	if rootFile == "" {
		rootFile = filepath.Join(dir, "root.key")
	}
	root, err := readRoot(rootFile)
	if err != nil {
		return nil, err
	}
	return &Folder{dir, root}, nil
}

// Secret reads a secret that Vault.Secret has made.
func (f *Folder) Secret(name string) ([]byte, error) {
	file := filepath.Join(f.dir, name+".secret")
	sealed, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	plain, err := f.root.Decrypt(sealed, []byte("secret|"+name))
	if err != nil {
		return nil, fmt.Errorf("the secret %s does not open under this root key", file)
	}
	return plain, nil
}

// Locks is what a keystore is locked by: its check word, sealed by the root key, and the
// epochs that its subject keys are wrapped by.
type Locks struct {
	Check  []byte  `json:"check"`
	Epochs []int64 `json:"epochs"`
}

// ReadLocks reads the locks of a keystore by questions to it.
func ReadLocks(ctx context.Context, each func(ctx context.Context, sql string, args []any, fn func(db.Row) error) error) (Locks, error) {
	var l Locks
	err := each(ctx, `SELECT sealed FROM key_check WHERE id = 1`, nil, func(r db.Row) error {
		var sealed []byte
		err := r.Scan(&sealed)
		l.Check = append(l.Check, sealed...)
		return err
	})
	if err != nil {
		return l, err
	}
	return l, each(ctx, `SELECT DISTINCT epoch FROM subject_key ORDER BY epoch`, nil, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		l.Epochs = append(l.Epochs, id)
		return err
	})
}

// Opens says what of a keystore the keys at hand don't open; nil if nothing. A key of an
// epoch that has ended is gone for good, and with it whatever was wrapped by it.
func (f *Folder) Opens(l Locks) error {
	if text, err := f.root.Decrypt(l.Check, []byte("check")); err != nil || string(text) != checkText {
		return errors.New("the root key at hand is not the one of this keystore, or was rotated since")
	}
	e := &epochs{dir: f.dir, root: f.root, open: map[int64]aead{}}
	for _, id := range l.Epochs {
		if err := e.load(id); err != nil {
			return fmt.Errorf("the key of epoch %d was destroyed since or is not in %s: what it wrapped opens no more", id, f.dir)
		}
	}
	return nil
}

// Missing says which of these subject keys are not in the keystore.
func (v *Vault) Missing(ctx context.Context, realm int64, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	there := make(map[int64]bool, len(ids))
	query, args := inList(`SELECT id FROM subject_key WHERE realm_id = $1 AND id IN `, realm, ids)
	err := v.store.Each(ctx, db.Realm(realm), query, args, func(r db.Row) error {
		var id int64
		err := r.Scan(&id)
		there[id] = true
		return err
	})
	var missing []int64
	for _, id := range ids {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	return missing, err
}

// HasOwner reports whether an owner has keys: not once they were destroyed.
func (v *Vault) HasOwner(ctx context.Context, owner int64) (bool, error) {
	var n int64
	err := v.store.One(ctx, db.Worker(), `SELECT count(*) FROM owner_key WHERE owner_id = $1`, []any{owner}, &n)
	return n > 0, err
}
