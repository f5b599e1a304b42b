package vault

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// cachedKeys bounds how many unwrapped subject keys stay in memory.
const cachedKeys = 50_000

// keysFresh is how long an owner's keys are believed before they are read again: a
// rotation on another node is seen by then.
const keysFresh = 5 * time.Minute

// ErrNoKey says that a subject key does not exist, or no longer does.
var ErrNoKey = errors.New("vault: no such subject key")

// Schema adds what the keystore needs to a database configuration.
func Schema(c db.Config) db.Config {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	c.Migrations = files
	c.AppTables = map[string]string{"subject_key": "SELECT, INSERT, UPDATE, DELETE", "epoch": "SELECT, UPDATE"}
	c.WorkerTables = map[string]string{"key_check": "SELECT, INSERT, UPDATE", "owner_key": "SELECT, INSERT, UPDATE, DELETE",
		"epoch": "SELECT, INSERT, UPDATE, DELETE", "subject_key": "SELECT, UPDATE, DELETE"}
	return c
}

// Options say where the keys are.
type Options struct {
	Keystore *db.DB
	Dir      string // holds the epoch keys, and root.key unless RootFile says otherwise
	RootFile string
	Clock    clock.Clock
	NextID   func() int64 // numbers subject keys
}

// Vault opens and makes keys. Methods are safe for concurrent use.
type Vault struct {
	store  *db.DB
	clock  clock.Clock
	nextID func() int64
	root   *rootKey
	epochs *epochs
	cache  *otter.Cache[subjectRef, Subject]

	destroyed atomic.Bool // since the last Scrub
	// realms lists whose each realm is; owner tells it, being above the vault.
	realms func(context.Context) (map[int64]int64, error)

	mu   sync.Mutex
	keys map[realmRef]*Keys
}

type subjectRef struct{ realm, id int64 }

type realmRef struct{ owner, realm int64 }

// Open reads the root key, makes one for an empty keystore, and refuses a root key
// that is not this keystore's.
func Open(ctx context.Context, o Options) (*Vault, error) {
	root, err := openRoot(ctx, o)
	if err != nil {
		return nil, err
	}
	cache, err := otter.New(&otter.Options[subjectRef, Subject]{MaximumSize: cachedKeys})
	if err != nil {
		return nil, err
	}
	v := &Vault{store: o.Keystore, clock: o.Clock, nextID: o.NextID, root: root, cache: cache, keys: map[realmRef]*Keys{}}
	v.epochs, err = openEpochs(ctx, o, root)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Close gives back the subject keys that were made ahead and not used.
func (v *Vault) Close(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var errs []error
	for _, k := range v.keys {
		errs = append(errs, k.giveBack(ctx))
	}
	return errors.Join(errs...)
}

// Ping answers whether the keystore can be reached.
func (v *Vault) Ping(ctx context.Context) error { return v.store.Ping(ctx) }

// Keys gives the keys of one owner's realm.
func (v *Vault) Keys(ctx context.Context, owner, realm int64) (*Keys, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	ref := realmRef{owner, realm}
	old, ok := v.keys[ref]
	if ok && v.clock.Now().Sub(old.loaded) < keysFresh {
		return old, nil
	}
	k, err := v.loadKeys(ctx, ref)
	if err != nil {
		return nil, err
	}
	if ok {
		k.pool = old.pool
	}
	v.keys[ref] = k
	return k, nil
}

// forget lets an owner's keys be read again at their next use. The keys that were made
// ahead stay good.
func (v *Vault) forget(owner int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for ref, k := range v.keys {
		if ref.owner == owner {
			k.loaded = time.Time{}
		}
	}
}

// CacheStats are the hits and misses of the subject key cache.
func (v *Vault) CacheStats() (hits, misses uint64) {
	s := v.cache.Stats()
	return s.Hits, s.Misses
}

// Place is where a sealed value belongs. It opens nowhere else.
type Place struct {
	Realm  int64
	Table  string
	Row    int64
	Column string
}

func (p Place) associated() []byte {
	b := append(make([]byte, 0, 80), "florin/1|"...)
	b = append(strconv.AppendInt(b, p.Realm, 10), '|')
	b = append(append(b, p.Table...), '|')
	b = append(strconv.AppendInt(b, p.Row, 10), '|')
	return append(b, p.Column...)
}

// aead is what every key in the hierarchy can do.
type aead = tink.AEAD
