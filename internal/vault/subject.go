package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
)

// Subject is one customer's own key. It has no printable form.
type Subject struct {
	ID  int64
	key [32]byte
	set cipher.AEAD // the key as a cipher, where an operation seals more than once
}

// String keeps the key out of every log, error and panic.
func (Subject) String() string { return "[subject key]" }

// GoString does the same for %#v.
func (Subject) GoString() string { return "[subject key]" }

// MarshalText refuses: a key leaves the process only wrapped.
func (Subject) MarshalText() ([]byte, error) {
	return nil, errors.New("vault: a subject key can't be marshalled")
}

// cipher is AES-256-GCM that makes its own random 96-bit nonces. A subject key seals
// far below the 2^32 values that bound allows (NIST SP 800-38D §8.3).
func (s Subject) cipher() (cipher.AEAD, error) {
	if s.set != nil {
		return s.set, nil
	}
	block, err := aes.NewCipher(s.key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal encrypts a value for one place.
func (s Subject) Seal(p Place, plain []byte) ([]byte, error) {
	c, err := s.cipher()
	if err != nil {
		return nil, err
	}
	return c.Seal(make([]byte, 0, len(plain)+c.Overhead()), nil, plain, p.associated()), nil
}

// Open decrypts a value that was sealed for this place.
func (s Subject) Open(p Place, sealed []byte) ([]byte, error) {
	c, err := s.cipher()
	if err != nil {
		return nil, err
	}
	plain, err := c.Open(nil, nil, sealed, p.associated())
	if err != nil {
		return nil, fmt.Errorf("vault: a value of %s does not open in its place", p.Table)
	}
	return plain, nil
}

func newSubject(id int64) (Subject, error) {
	s := Subject{ID: id}
	_, err := rand.Read(s.key[:])
	return s, err
}

func subjectPurpose(realm, id int64) []byte {
	b := append(make([]byte, 0, 48), "subject|"...)
	b = append(strconv.AppendInt(b, realm, 10), '|')
	return strconv.AppendInt(b, id, 10)
}

// wrapSubject wraps by the owner's key and then by the epoch's.
func wrapSubject(s Subject, realm int64, owner, epoch aead) ([]byte, error) {
	purpose := subjectPurpose(realm, s.ID)
	inner, err := owner.Encrypt(s.key[:], purpose)
	if err != nil {
		return nil, err
	}
	return epoch.Encrypt(inner, purpose)
}

func unwrapSubject(wrapped []byte, realm, id int64, owner, epoch aead) (Subject, error) {
	inner, err := epoch.Decrypt(wrapped, subjectPurpose(realm, id))
	if err != nil {
		return Subject{}, errors.New("vault: a subject key does not open under its epoch")
	}
	key, err := owner.Decrypt(inner, subjectPurpose(realm, id))
	if err != nil || len(key) != 32 {
		return Subject{}, errOwnerKey
	}
	return Subject{ID: id, key: [32]byte(key)}, nil
}

var errOwnerKey = errors.New("vault: a subject key does not open under its owner's key")

// Subject finds a subject key; ErrNoKey if it was destroyed.
func (k *Keys) Subject(ctx context.Context, id int64) (Subject, error) {
	if s, ok := k.vault.cache.GetIfPresent(subjectRef{k.realm, id}); ok {
		return s, nil
	}
	found, err := k.loadSubjects(ctx, []int64{id})
	if err != nil {
		return Subject{}, err
	}
	s, ok := found[id]
	if !ok {
		return Subject{}, ErrNoKey
	}
	return s, nil
}

// Subjects finds several subject keys in one round trip; destroyed ones are absent.
func (k *Keys) Subjects(ctx context.Context, ids []int64) (map[int64]Subject, error) {
	found := make(map[int64]Subject, len(ids))
	var missing []int64
	for _, id := range ids {
		if s, ok := k.vault.cache.GetIfPresent(subjectRef{k.realm, id}); ok {
			found[id] = s
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	loaded, err := k.loadSubjects(ctx, missing)
	for id, s := range loaded {
		found[id] = s
	}
	return found, err
}

// loadSubjects reads keys from the keystore. One that does not open under the owner's
// key at hand may be wrapped by a newer one: another node has rotated it.
func (k *Keys) loadSubjects(ctx context.Context, ids []int64) (map[int64]Subject, error) {
	found, err := k.readSubjects(ctx, ids)
	if !errors.Is(err, errOwnerKey) {
		return found, err
	}
	k.vault.forget(k.owner)
	fresh, err := k.vault.Keys(ctx, k.owner, k.realm)
	if err != nil {
		return nil, err
	}
	return fresh.readSubjects(ctx, ids)
}

func (k *Keys) readSubjects(ctx context.Context, ids []int64) (map[int64]Subject, error) {
	query, args := inList(`SELECT id, epoch, wrapped FROM subject_key WHERE realm_id = $1 AND id IN `, k.realm, ids)
	found := make(map[int64]Subject, len(ids))
	err := k.vault.store.Each(ctx, db.Realm(k.realm), query, args, func(r db.Row) error {
		var id, epochID int64
		var wrapped []byte
		if err := r.Scan(&id, &epochID, &wrapped); err != nil {
			return err
		}
		epoch, err := k.vault.epochs.key(epochID)
		if err != nil {
			return err
		}
		s, err := unwrapSubject(wrapped, k.realm, id, k.wrapping, epoch)
		if err != nil {
			return err
		}
		found[id] = s
		k.vault.cache.Set(subjectRef{k.realm, id}, s)
		return nil
	})
	return found, err
}

// inList writes "($2,$3,…)" for a list of ids; arrays are PostgreSQL's alone. Lengths
// are rounded up to a power of two so that few texts have to be prepared.
func inList(prefix string, realm int64, ids []int64) (string, []any) {
	size := 1
	for size < len(ids) {
		size *= 2
	}
	args := append(make([]any, 0, size+1), realm)
	var text strings.Builder
	text.WriteString(prefix)
	for i := range size {
		text.WriteString(map[bool]string{true: "($", false: ",$"}[i == 0])
		text.WriteString(strconv.Itoa(i + 2))
		args = append(args, ids[min(i, len(ids)-1)])
	}
	text.WriteByte(')')
	return text.String(), args
}

// Destroy makes everything that was sealed under a subject key unreadable. It
// returns when that is durable; a key that is gone already is no error.
func (v *Vault) Destroy(ctx context.Context, realm, id int64) error {
	err := v.store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM subject_key WHERE realm_id = $1 AND id = $2`, realm, id)
		return nil
	})
	v.cache.Invalidate(subjectRef{realm, id})
	v.destroyed.Store(true)
	return err
}

// subjectsAtOnce is how many subject keys one unit deletes.
const subjectsAtOnce = 1000

// DestroyOwner makes everything that was sealed for an owner unreadable: first the keys of
// its customers, then its own. It goes on where it was stopped.
func (v *Vault) DestroyOwner(ctx context.Context, owner int64, realms []int64) error {
	for _, realm := range realms {
		for left := int64(1); left > 0; {
			err := v.store.One(ctx, db.Realm(realm), `SELECT count(*) FROM (SELECT 1 FROM subject_key WHERE realm_id = $1 LIMIT 1) AS few`, []any{realm}, &left)
			if err != nil {
				return err
			}
			err = v.store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
				tx.Exec(`DELETE FROM subject_key WHERE realm_id = $1 AND id IN (SELECT id FROM subject_key WHERE realm_id = $1 ORDER BY id LIMIT $2)`, realm, int64(subjectsAtOnce))
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	err := v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM owner_key WHERE owner_id = $1`, owner)
		return nil
	})
	v.dropOwner(owner)
	v.destroyed.Store(true)
	return errors.Join(err, v.Scrub(ctx))
}

// dropOwner forgets what this process has of an owner's keys. Other processes do within
// keysFresh, and answer nobody of a suspended owner meanwhile.
func (v *Vault) dropOwner(owner int64) {
	v.cache.InvalidateAll()
	v.mu.Lock()
	defer v.mu.Unlock()
	for ref := range v.keys {
		if ref.owner == owner {
			delete(v.keys, ref)
		}
	}
}

// Scrub removes what the keystore's file still holds of keys destroyed since the last
// time.
func (v *Vault) Scrub(ctx context.Context) error {
	if !v.destroyed.Swap(false) {
		return nil
	}
	return v.store.Scrub(ctx)
}
