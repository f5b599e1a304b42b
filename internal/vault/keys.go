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
	derived map[derivation]*derived // HMAC states under keys derived for one use
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
	k := &Keys{vault: v, owner: ref.owner, realm: ref.realm, indexes: map[int]*prf.Set{}, derived: map[derivation]*derived{},
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
func (k *Keys) state(use derivation, from *prf.Set) (*derived, error) {
	k.mu.RLock()
	state := k.derived[use]
	k.mu.RUnlock()
	if state == nil {
		if from == nil {
			return nil, errors.New("vault: there is no key of that version")
		}
		key, err := from.ComputePrimaryPRF(fmt.Appendf(nil, "florin/1|%d|%s|%d|%s", k.realm, use.kind, use.version, use.purpose), 32)
		if err != nil {
			return nil, err
		}
		state = newDerived(key)
		k.mu.Lock()
		k.derived[use] = state
		k.mu.Unlock()
	}
	return state, nil
}

// keyedState is an HMAC ready to be used, with room for its input and output.
type keyedState struct {
	mac  hash.Hash
	text []byte
	full [sha256.Size]byte
}

// derived is one derived key, as many states of it as run at once.
type derived struct{ states sync.Pool }

func newDerived(key []byte) *derived {
	return &derived{sync.Pool{New: func() any { return &keyedState{mac: hmac.New(sha256.New, key)} }}}
}

func (d *derived) sum(parts ...string) Sum {
	s := d.states.Get().(*keyedState)
	defer d.states.Put(s)
	for _, part := range parts {
		s.text = binary.BigEndian.AppendUint64(s.text, uint64(len(part)))
		s.text = append(s.text, part...)
	}
	s.mac.Reset()
	s.mac.Write(s.text)
	clear(s.text) // it may be an e-mail address or a whole body
	s.text = s.text[:0]
	return Sum(s.mac.Sum(s.full[:0])[:len(Sum{})])
}
