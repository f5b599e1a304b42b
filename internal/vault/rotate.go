package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/florin-gateway/florin/internal/db"
)

// rewrapBatch is how many keys one unit of a rotation wraps anew.
const rewrapBatch = 500

// EpochDue reports that the present epoch has served its time, or that the one before
// it still has a key because its end was cut short.
func (v *Vault) EpochDue() bool {
	v.epochs.mu.RLock()
	current, since := v.epochs.current, v.epochs.since
	v.epochs.mu.RUnlock()
	old, err := v.epochs.filesBefore(current)
	return v.clock.Now().Sub(since) >= EpochLength || err == nil && len(old) > 0
}

// RotateEpoch begins a new epoch, wraps every living subject key under it and then
// destroys the old epochs' keys. It can be interrupted at any point and run again;
// progress hears how many keys are done.
func (v *Vault) RotateEpoch(ctx context.Context, progress func(done int64)) error {
	if err := v.epochs.reload(ctx); err != nil {
		return err
	}
	current, _ := v.epochs.now()
	old, err := v.epochs.filesBefore(current)
	if err != nil {
		return err
	}
	if len(old) == 0 { // else an earlier rotation was cut short and is finished first
		if err := v.epochs.start(ctx, current+1); err != nil {
			return err
		}
		current++
	}
	return v.finishEpoch(ctx, current, progress)
}

// finishEpoch wraps what is left and destroys the old keys. Whoever makes a subject
// key holds its epoch's row until the commit: once the row is deleted nobody can be
// about to add one, and the second pass finds what was added during the first.
func (v *Vault) finishEpoch(ctx context.Context, current int64, progress func(int64)) error {
	older := fmt.Sprintf(`epoch <> %d`, current)
	if err := v.rewrapAll(ctx, older, progress); err != nil {
		return err
	}
	err := v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM epoch WHERE id < $1`, current)
		return nil
	})
	if err != nil {
		return err
	}
	if err := v.rewrapAll(ctx, older, progress); err != nil {
		return err
	}
	old, err := v.epochs.filesBefore(current)
	for _, id := range old {
		err = errors.Join(err, v.epochs.destroy(id))
	}
	return errors.Join(err, v.store.Scrub(ctx))
}

// filesBefore lists the epochs whose key files still exist.
func (e *epochs) filesBefore(current int64) ([]int64, error) {
	files, err := os.ReadDir(e.dir)
	var old []int64
	for _, f := range files {
		var id int64
		if sscan(f.Name(), "epoch-%d.key", &id) && id < current {
			old = append(old, id)
		}
	}
	return old, err
}

// wrappedKey is one row of subject_key.
type wrappedKey struct {
	realm, id, epoch int64
	wrapped          []byte
	anew             []byte // by the present keys
}

// rewrapAll wraps the keys that match anew, by the owner's and the epoch's present
// keys, in order of realm and id.
func (v *Vault) rewrapAll(ctx context.Context, matching string, progress func(int64)) error {
	owners, err := v.ownersOfRealms(ctx)
	if err != nil {
		return err
	}
	var done int64
	var at wrappedKey
	for {
		batch, err := v.readKeys(ctx, matching, at)
		if err != nil || len(batch) == 0 {
			return err
		}
		epoch, key := v.epochs.now()
		err = v.rewrapBatch(owners, batch, key)
		if errors.Is(err, errOwnerKey) { // rotated meanwhile on another node
			if owners, err = v.ownersOfRealms(ctx); err == nil {
				err = v.rewrapBatch(owners, batch, key)
			}
		}
		if err != nil {
			return err
		}
		err = v.writeKeys(ctx, batch, epoch)
		if errors.Is(err, errEpochOver) {
			if err := v.epochs.reload(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		at = batch[len(batch)-1]
		done += int64(len(batch))
		progress(done)
	}
}

func (v *Vault) readKeys(ctx context.Context, matching string, after wrappedKey) ([]wrappedKey, error) {
	var batch []wrappedKey
	err := v.store.Each(ctx, db.Worker(), `SELECT realm_id, id, epoch, wrapped FROM subject_key
		WHERE (realm_id, id) > ($1, $2) AND `+matching+` ORDER BY realm_id, id LIMIT $3`,
		[]any{after.realm, after.id, rewrapBatch}, func(r db.Row) error {
			var k wrappedKey
			err := r.Scan(&k.realm, &k.id, &k.epoch, &k.wrapped)
			batch = append(batch, k)
			return err
		})
	return batch, err
}

func (v *Vault) rewrapBatch(owners map[int64]aead, batch []wrappedKey, present aead) error {
	for i := range batch {
		if err := v.rewrap(owners, &batch[i], present); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) rewrap(owners map[int64]aead, k *wrappedKey, present aead) error {
	epoch, err := v.epochs.key(k.epoch)
	if err != nil {
		return err
	}
	owner := owners[k.realm]
	if owner == nil {
		return fmt.Errorf("vault: realm %d has no owner's key", k.realm)
	}
	subject, err := unwrapSubject(k.wrapped, k.realm, k.id, owner, epoch)
	if err != nil {
		return err
	}
	k.anew, err = wrapSubject(subject, k.realm, owner, present)
	return err
}

// writeKeys stores a batch that was wrapped under an epoch, and holds the epoch until
// the commit as makeSubjects does: nothing may come to be wrapped by a key that another
// node has just destroyed. A key that was destroyed meanwhile stays destroyed: its row
// is not there to be changed.
func (v *Vault) writeKeys(ctx context.Context, batch []wrappedKey, epoch int64) error {
	return v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(errEpochOver, `UPDATE epoch SET created_at = created_at WHERE id = $1`, epoch)
		for _, k := range batch {
			tx.Exec(`UPDATE subject_key SET epoch = $3, wrapped = $4 WHERE realm_id = $1 AND id = $2`, k.realm, k.id, epoch, k.anew)
		}
		return nil
	})
}

// UseRealms tells the vault which realm is whose, so that a rotation finds the
// owner's key of each row.
func (v *Vault) UseRealms(list func(context.Context) (map[int64]int64, error)) { v.realms = list }

func (v *Vault) ownersOfRealms(ctx context.Context) (map[int64]aead, error) {
	realms, err := v.realms(ctx)
	if err != nil {
		return nil, err
	}
	keys := map[int64]aead{}
	for realm, owner := range realms {
		v.forget(owner) // another node may have rotated it a moment ago
		k, err := v.Keys(ctx, owner, realm)
		if err != nil {
			return nil, err
		}
		keys[realm] = k.wrapping
	}
	return keys, nil
}

// RotateRoot makes a new root key, wraps the owners' keys, the epochs and the secrets
// by it, and then drops the old one. A cut in between leaves both keys in the file,
// and the next run finishes.
func (v *Vault) RotateRoot(ctx context.Context, progress func(done int64)) error {
	if err := v.root.addPrimary(); err != nil {
		return err
	}
	if err := v.rewrapOwnerKeys(ctx, progress); err != nil {
		return err
	}
	if err := v.rewrapFiles(); err != nil {
		return err
	}
	sealed, err := v.root.Encrypt([]byte(checkText), []byte("check"))
	if err != nil {
		return err
	}
	err = v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE key_check SET sealed = $1 WHERE id = 1`, sealed)
		return nil
	})
	if err != nil {
		return err
	}
	if v.root.handle, err = primaryOnly(v.root.handle); err != nil {
		return err
	}
	return v.root.save()
}

func (v *Vault) rewrapOwnerKeys(ctx context.Context, progress func(int64)) error {
	type row struct {
		owner   int64
		purpose string
		wrapped []byte
	}
	var rows []row
	err := v.store.Each(ctx, db.Worker(), `SELECT owner_id, purpose, wrapped FROM owner_key`, nil, func(r db.Row) error {
		var one row
		err := r.Scan(&one.owner, &one.purpose, &one.wrapped)
		rows = append(rows, one)
		return err
	})
	if err != nil {
		return err
	}
	return v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		for i, one := range rows {
			purpose := ownerPurpose(one.owner, one.purpose)
			handle, err := v.root.unwrap(one.wrapped, purpose)
			if err != nil {
				return errors.New("vault: an owner's key does not open under this root key")
			}
			wrapped, err := wrap(handle, v.root, purpose)
			if err != nil {
				return err
			}
			tx.Exec(`UPDATE owner_key SET wrapped = $3 WHERE owner_id = $1 AND purpose = $2`, one.owner, one.purpose, wrapped)
			progress(int64(i + 1))
		}
		return nil
	})
}

// rewrapFiles wraps what lies beside the root key: epochs and secrets.
func (v *Vault) rewrapFiles() error {
	files, err := os.ReadDir(v.epochs.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(v.epochs.dir, f.Name())
		var id int64
		switch {
		case strings.HasSuffix(f.Name(), ".secret"):
			err = v.reseal(path, "secret|"+strings.TrimSuffix(f.Name(), ".secret"))
		case sscan(f.Name(), "epoch-%d.key", &id):
			err = v.rewrapEpoch(path, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sscan(text, format string, id *int64) bool {
	n, err := fmt.Sscanf(text, format, id)
	return err == nil && n == 1
}

func (v *Vault) reseal(path, purpose string) error {
	sealed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	plain, err := v.root.Decrypt(sealed, []byte(purpose))
	if err != nil {
		return fmt.Errorf("%s does not open under this root key", path)
	}
	if sealed, err = v.root.Encrypt(plain, []byte(purpose)); err != nil {
		return err
	}
	return writeFile(path, sealed)
}

func (v *Vault) rewrapEpoch(path string, id int64) error {
	wrapped, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(bytes.Trim(wrapped, "\x00")) == 0 {
		return nil // being destroyed: a crash came between overwriting and removing
	}
	handle, err := v.root.unwrap(wrapped, epochPurpose(id))
	if err != nil {
		return fmt.Errorf("%s does not open under this root key", path)
	}
	if wrapped, err = wrap(handle, v.root, epochPurpose(id)); err != nil {
		return err
	}
	return writeFile(path, wrapped)
}

// settleOwner is how long after a rotation every node has the new wrapping key.
const settleOwner = 2 * keysFresh

// RotateOwner gives an owner a new wrapping key and wraps its subject keys by it. The
// key before stays able to open until the next rotation, because other nodes may wrap
// by it for some minutes; those before that are dropped now, unless the last rotation
// ended minutes ago. A rotation that was cut short goes on where it was.
func (v *Vault) RotateOwner(ctx context.Context, owner int64, progress func(done int64)) error {
	handle, changed, err := v.ownerKeyset(ctx, owner, purposeWrap)
	if err != nil {
		return err
	}
	unfinished := handle.Len() > 1 && changed == 0
	if !unfinished {
		if handle, err = v.nextWrapping(ctx, owner, handle, changed, progress); err != nil {
			return err
		}
		if err := v.saveOwnerKeyset(ctx, owner, purposeWrap, handle, 0); err != nil {
			return err
		}
	}
	if err := v.rewrapOwner(ctx, owner, progress); err != nil {
		return err
	}
	return v.saveOwnerKeyset(ctx, owner, purposeWrap, handle, v.clock.Millis())
}

// nextWrapping drops what the last rotation left behind and adds a new primary key.
func (v *Vault) nextWrapping(ctx context.Context, owner int64, handle *keyset.Handle, changed int64, progress func(int64)) (*keyset.Handle, error) {
	if handle.Len() > 1 && v.clock.Millis()-changed >= settleOwner.Milliseconds() {
		if err := v.rewrapOwner(ctx, owner, progress); err != nil {
			return nil, err
		}
		var err error
		if handle, err = primaryOnly(handle); err != nil {
			return nil, err
		}
	}
	return withNewPrimary(handle)
}

func (v *Vault) rewrapOwner(ctx context.Context, owner int64, progress func(int64)) error {
	v.forget(owner)
	realms, err := v.realms(ctx)
	if err != nil {
		return err
	}
	for realm, of := range realms {
		if of != owner {
			continue
		}
		if err := v.rewrapAll(ctx, fmt.Sprintf(`realm_id = %d`, realm), progress); err != nil {
			return err
		}
	}
	return nil
}

// AddIndexVersion makes the key of a further blind index, if it is not there yet.
func (v *Vault) AddIndexVersion(ctx context.Context, owner int64, version int) error {
	v.root.wrapping.RLock()
	defer v.root.wrapping.RUnlock()
	handle, err := newPRF()
	if err != nil {
		return err
	}
	wrapped, err := wrap(handle, v.root, ownerPurpose(owner, indexPurpose(version)))
	if err != nil {
		return err
	}
	err = v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO owner_key (owner_id, purpose, wrapped, changed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			owner, indexPurpose(version), wrapped, v.clock.Millis())
		return nil
	})
	v.forget(owner)
	return err
}

// DropIndexVersion destroys the key of a blind index that is no longer used.
func (v *Vault) DropIndexVersion(ctx context.Context, owner int64, version int) error {
	err := v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM owner_key WHERE owner_id = $1 AND purpose = $2`, owner, indexPurpose(version))
		return nil
	})
	v.forget(owner)
	return err
}

// ownerKeyset reads a keyset and when it last changed, 0 while a rotation is under way.
func (v *Vault) ownerKeyset(ctx context.Context, owner int64, purpose string) (*keyset.Handle, int64, error) {
	var wrapped []byte
	var changed int64
	err := v.store.One(ctx, db.Worker(), `SELECT wrapped, changed_at FROM owner_key WHERE owner_id = $1 AND purpose = $2`, []any{owner, purpose}, &wrapped, &changed)
	if err != nil {
		return nil, 0, err
	}
	handle, err := v.root.unwrap(wrapped, ownerPurpose(owner, purpose))
	return handle, changed, err
}

func (v *Vault) saveOwnerKeyset(ctx context.Context, owner int64, purpose string, handle *keyset.Handle, changed int64) error {
	v.root.wrapping.RLock()
	defer v.root.wrapping.RUnlock()
	wrapped, err := wrap(handle, v.root, ownerPurpose(owner, purpose))
	if err != nil {
		return err
	}
	return v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE owner_key SET wrapped = $3, changed_at = $4 WHERE owner_id = $1 AND purpose = $2`, owner, purpose, wrapped, changed)
		return nil
	})
}
