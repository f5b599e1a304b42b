package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"

	tinkaead "github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"

	"github.com/florin-gateway/florin/internal/db"
)

// Purposes of an owner's keysets.
const (
	purposeWrap  = "wrap"  // wraps subject keys
	purposeSeal  = "seal"  // seals cursors and what belongs to no customer
	purposeMAC   = "mac"   // recognises idempotency keys and bodies
	purposeIndex = "index" // blind indexes, with their version behind a dot
)

// Sum is a keyed fingerprint. 16 bytes are enough for an index and keep its pages few.
type Sum [16]byte

// Keys are the keys of one owner's realm.
type Keys struct {
	vault    *Vault
	owner    int64
	realm    int64
	wrapping aead
	sealing  aead
	mac      *prf.Set
	indexes  map[int]*prf.Set // by version
	pool     *keyPool
	loaded   time.Time

	mu      sync.RWMutex
	derived map[derivation]*sync.Pool // HMAC states under keys derived for one use
}

// NewOwner makes an owner's keys. Its first blind index has version 1.
func (v *Vault) NewOwner(ctx context.Context, owner int64) error {
	v.root.wrapping.RLock()
	defer v.root.wrapping.RUnlock()
	wrapped := map[string][]byte{}
	for purpose, make := range map[string]func() (*keyset.Handle, error){
		purposeWrap: newAEAD, purposeSeal: newAEAD, purposeMAC: newPRF, indexPurpose(1): newPRF,
	} {
		handle, err := make()
		if err != nil {
			return err
		}
		if wrapped[purpose], err = wrap(handle, v.root, ownerPurpose(owner, purpose)); err != nil {
			return err
		}
	}
	return v.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		for purpose, sealed := range wrapped {
			tx.Exec(`INSERT INTO owner_key (owner_id, purpose, wrapped, changed_at) VALUES ($1, $2, $3, $4)`, owner, purpose, sealed, v.clock.Millis())
		}
		return nil
	})
}

func ownerPurpose(owner int64, purpose string) string {
	return fmt.Sprintf("owner|%d|%s", owner, purpose)
}

func indexPurpose(version int) string { return fmt.Sprintf("%s.%d", purposeIndex, version) }

func (v *Vault) loadKeys(ctx context.Context, ref realmRef) (*Keys, error) {
	k := &Keys{vault: v, owner: ref.owner, realm: ref.realm, indexes: map[int]*prf.Set{}, derived: map[derivation]*sync.Pool{},
		pool: &keyPool{}, loaded: v.clock.Now()}
	err := v.store.Each(ctx, db.Worker(), `SELECT purpose, wrapped FROM owner_key WHERE owner_id = $1`, []any{ref.owner}, func(r db.Row) error {
		var purpose string
		var wrapped []byte
		if err := r.Scan(&purpose, &wrapped); err != nil {
			return err
		}
		handle, err := v.root.unwrap(wrapped, ownerPurpose(ref.owner, purpose))
		if err != nil {
			return errors.New("vault: an owner's key does not open under this root key")
		}
		return k.use(purpose, handle)
	})
	if err == nil && k.wrapping == nil {
		err = errors.New("vault: the owner has no keys")
	}
	return k, err
}

func (k *Keys) use(purpose string, handle *keyset.Handle) (err error) {
	var version int
	switch {
	case purpose == purposeWrap:
		k.wrapping, err = tinkaead.New(handle)
	case purpose == purposeSeal:
		k.sealing, err = tinkaead.New(handle)
	case purpose == purposeMAC:
		k.mac, err = prf.NewPRFSet(handle)
	case strings.HasPrefix(purpose, purposeIndex+"."):
		if _, err = fmt.Sscanf(purpose, purposeIndex+".%d", &version); err == nil {
			k.indexes[version], err = prf.NewPRFSet(handle)
		}
	}
	return err
}

// Seal encrypts what belongs to the owner and to no customer, for one place.
func (k *Keys) Seal(p Place, plain []byte) ([]byte, error) {
	return k.sealing.Encrypt(plain, p.associated())
}

// Open decrypts what Seal made for this place.
func (k *Keys) Open(p Place, sealed []byte) ([]byte, error) {
	plain, err := k.sealing.Decrypt(sealed, p.associated())
	if err != nil {
		return nil, errors.New("vault: a value does not open in its place")
	}
	return plain, nil
}

// Blind is the blind index of a value in normal form, for one field and version.
func (k *Keys) Blind(version int, field, value string) (Sum, error) {
	state, err := k.state(derivation{"index", version, field}, k.indexes[version])
	if err != nil {
		return Sum{}, err
	}
	return state.sum(value), nil
}

// MAC recognises the same parts again without keeping them. Parts are delimited by
// their lengths, so that no two lists give one input.
func (k *Keys) MAC(purpose string, parts ...string) (Sum, error) {
	state, err := k.state(derivation{"mac", 0, purpose}, k.mac)
	if err != nil {
		return Sum{}, err
	}
	return state.sum(parts...), nil
}

// derivation is what one derived key is for.
type derivation struct {
	kind    string
	version int
	purpose string
}

// state finds or derives the HMAC key for one use in this realm.
func (k *Keys) state(use derivation, from *prf.Set) (*keyedState, error) {
	k.mu.RLock()
	pool := k.derived[use]
	k.mu.RUnlock()
	if pool == nil {
		if from == nil {
			return nil, errors.New("vault: there is no key of that version")
		}
		key, err := from.ComputePrimaryPRF(fmt.Appendf(nil, "florin/1|%d|%s|%d|%s", k.realm, use.kind, use.version, use.purpose), 32)
		if err != nil {
			return nil, err
		}
		pool = &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
		k.mu.Lock()
		k.derived[use] = pool
		k.mu.Unlock()
	}
	return &keyedState{pool}, nil
}

type keyedState struct{ pool *sync.Pool }

func (s *keyedState) sum(parts ...string) Sum {
	h := s.pool.Get().(hash.Hash)
	defer s.pool.Put(h)
	h.Reset()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	var full [32]byte
	return Sum(h.Sum(full[:0])[:16])
}
