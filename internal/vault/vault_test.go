package vault_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/vault"
)

// Owner 10 has the realms 1 and 2, owner 20 has realm 3.
const (
	owner, live, test = 10, 1, 2
	stranger, theirs  = 20, 3
)

// house is a keystore with its key folder, in which vaults are opened.
type house struct {
	store *db.DB
	dir   string
	time  *clock.Fake
	last  atomic.Int64
}

func newHouse(t *testing.T, store *db.DB) *house {
	return &house{store: store, dir: t.TempDir(), time: clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))}
}

func (h *house) options() vault.Options {
	return vault.Options{Keystore: h.store, Dir: h.dir, Clock: h.time.Clock(), NextID: func() int64 { return h.last.Add(1) }}
}

// open gives a vault as a process of its own would have it: nothing in memory yet.
func (h *house) open(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), h.options())
	require.NoError(t, err)
	v.UseRealms(func(context.Context) (map[int64]int64, error) {
		return map[int64]int64{live: owner, test: owner, theirs: stranger}, nil
	})
	return v
}

// furnished makes the two owners.
func (h *house) furnished(t *testing.T) *vault.Vault {
	t.Helper()
	v := h.open(t)
	require.NoError(t, v.NewOwner(t.Context(), owner))
	require.NoError(t, v.NewOwner(t.Context(), stranger))
	return v
}

func keysOf(t *testing.T, v *vault.Vault, owner, realm int64) *vault.Keys {
	t.Helper()
	k, err := v.Keys(t.Context(), owner, realm)
	require.NoError(t, err)
	return k
}

func each(t *testing.T, run func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Open(t, vault.Schema, func(t *testing.T, store *db.DB) { run(t, newHouse(t, store)) })
}

func nothing(int64) {}

// sealed is a value with the key it was sealed under.
type sealed struct {
	realm, key int64
	value      []byte
}

func place(realm, row int64) vault.Place {
	return vault.Place{Realm: realm, Table: "customer", Row: row, Column: "doc"}
}

func text(key int64) string { return fmt.Sprintf("王小明 🌸 %d", key) }

func sealOne(t *testing.T, k *vault.Keys, realm int64) sealed {
	t.Helper()
	s, err := k.NewSubject(t.Context())
	require.NoError(t, err)
	value, err := s.Seal(place(realm, s.ID), []byte(text(s.ID)))
	require.NoError(t, err)
	return sealed{realm, s.ID, value}
}

// requireReadable opens every value with a vault that has nothing in memory.
func (h *house) requireReadable(t *testing.T, all []sealed) {
	t.Helper()
	v := h.open(t)
	for _, one := range all {
		k := keysOf(t, v, map[int64]int64{live: owner, test: owner, theirs: stranger}[one.realm], one.realm)
		s, err := k.Subject(t.Context(), one.key)
		require.NoError(t, err)
		plain, err := s.Open(place(one.realm, one.key), one.value)
		require.NoError(t, err)
		require.Equal(t, text(one.key), string(plain))
	}
}

// Shows: PCI DSS 3.6.1, 3.7.1
func TestHierarchy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		v := h.furnished(t)
		all := []sealed{sealOne(t, keysOf(t, v, owner, live), live), sealOne(t, keysOf(t, v, owner, test), test), sealOne(t, keysOf(t, v, stranger, theirs), theirs)}
		h.requireReadable(t, all)
		for _, name := range []string{"root.key", "epoch-1.key"} {
			info, err := os.Stat(filepath.Join(h.dir, name))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
		}
		// Another owner's key of the realm, or another realm's, is no key here.
		_, err := keysOf(t, v, owner, test).Subject(t.Context(), all[0].key)
		require.ErrorIs(t, err, vault.ErrNoKey)
		_, err = keysOf(t, h.open(t), stranger, live).Subject(t.Context(), all[0].key)
		require.ErrorContains(t, err, "owner's key")
		_, err = v.Keys(t.Context(), 99, 98)
		require.ErrorContains(t, err, "no keys")
		require.Error(t, v.NewOwner(t.Context(), owner), "an owner's keys are never replaced")
		h.requireReadable(t, all)
	})
}

// TestValuesOpenInTheirPlaceAlone moves sealed values to a thousand other places.
// Shows: PCI DSS 3.7.7; GDPR Art. 5(1)(f)
func TestValuesOpenInTheirPlaceAlone(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	k := keysOf(t, h.furnished(t), owner, live)
	s, err := k.NewSubject(t.Context())
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(7, 7))
	anywhere := func() vault.Place {
		names := []string{"customer", "customer|1", "interaction", "doc", "doc|1", "", "|", "1"}
		return vault.Place{Realm: random.Int64N(3), Table: names[random.IntN(8)], Row: random.Int64N(3), Column: names[random.IntN(8)]}
	}
	moved := 0
	for moved < 1000 {
		home, away := anywhere(), anywhere()
		bySubject, err := s.Seal(home, []byte("secret"))
		require.NoError(t, err)
		byOwner, err := k.Seal(home, []byte("secret"))
		require.NoError(t, err)
		plain, err := s.Open(home, bySubject)
		require.NoError(t, err)
		require.Equal(t, "secret", string(plain))
		plain, err = k.Open(home, byOwner)
		require.NoError(t, err)
		require.Equal(t, "secret", string(plain))
		if home == away {
			continue
		}
		moved++
		_, err = s.Open(away, bySubject)
		require.Error(t, err, "%+v opened in %+v", home, away)
		_, err = k.Open(away, byOwner)
		require.Error(t, err, "%+v opened in %+v", home, away)
		bySubject[random.IntN(len(bySubject))] ^= 1 << random.IntN(8)
		_, err = s.Open(home, bySubject)
		require.Error(t, err, "a changed bit opened")
	}
}

func sqlite(t *testing.T) *house {
	t.Helper()
	store, err := db.Open(t.Context(), vault.Schema(db.Config{URL: filepath.Join(t.TempDir(), "keystore.db")}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return newHouse(t, store)
}

// Shows: PCI DSS 3.7.1, 3.7.7
func TestRootKey(t *testing.T) {
	t.Parallel()
	root := func(h *house) string { return filepath.Join(h.dir, "root.key") }
	rows := map[string]struct {
		change func(t *testing.T, h *house)
		want   string
	}{
		"as it was": {func(*testing.T, *house) {}, ""},
		"missing":   {func(t *testing.T, h *house) { require.NoError(t, os.Remove(root(h))) }, "can't be read"},
		"damaged":   {func(t *testing.T, h *house) { require.NoError(t, os.WriteFile(root(h), []byte("{"), 0o600)) }, "damaged"},
		"empty":     {func(t *testing.T, h *house) { require.NoError(t, os.WriteFile(root(h), nil, 0o600)) }, "damaged"},
		"another": {func(t *testing.T, h *house) {
			other := sqlite(t)
			other.open(t)
			key, err := os.ReadFile(root(other))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(root(h), key, 0o600))
		}, "not the one"},
		"epoch missing": {func(t *testing.T, h *house) { require.NoError(t, os.Remove(filepath.Join(h.dir, "epoch-1.key"))) }, "epoch 1"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := sqlite(t)
			h.furnished(t)
			row.change(t, h)
			before, _ := os.ReadFile(root(h))
			_, err := vault.Open(t.Context(), h.options())
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.want)
			after, _ := os.ReadFile(root(h))
			require.Equal(t, before, after, "no key is made where one is missing")
			if len(before) > 20 {
				require.NotContains(t, err.Error(), string(before[10:20]))
			}
		})
	}
}

func TestDestroy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		v := h.furnished(t)
		k := keysOf(t, v, owner, live)
		gone, stays := sealOne(t, k, live), sealOne(t, k, live)
		require.NoError(t, v.Destroy(t.Context(), live, gone.key))
		for _, from := range []*vault.Vault{v, h.open(t)} {
			keys := keysOf(t, from, owner, live)
			_, err := keys.Subject(t.Context(), gone.key)
			require.ErrorIs(t, err, vault.ErrNoKey)
			found, err := keys.Subjects(t.Context(), []int64{gone.key, stays.key, 12345})
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Contains(t, found, stays.key)
			other, err := keys.Subject(t.Context(), stays.key)
			require.NoError(t, err)
			_, err = other.Open(place(live, gone.key), gone.value)
			require.Error(t, err, "another customer's key opens nothing of hers")
		}
		require.NoError(t, v.Destroy(t.Context(), live, gone.key), "again is no error")
		require.NoError(t, v.Scrub(t.Context()))
		h.requireReadable(t, []sealed{stays})
	})
}

func TestPool(t *testing.T) {
	t.Parallel()
	const crowd, rounds = 200, 15
	each(t, func(t *testing.T, h *house) {
		v := h.furnished(t)
		k := keysOf(t, v, owner, live)
		var seen sync.Map
		var twice, failed atomic.Int64
		var workers sync.WaitGroup
		for range crowd {
			workers.Go(func() {
				for range rounds {
					s, err := k.NewSubject(t.Context())
					if err != nil {
						failed.Add(1)
					}
					if _, had := seen.LoadOrStore(s.ID, true); had {
						twice.Add(1)
					}
				}
			})
		}
		workers.Wait()
		require.Zero(t, failed.Load())
		require.Zero(t, twice.Load(), "a key was given to two customers")
		spare, err := k.NewSubject(t.Context())
		require.NoError(t, err)
		k.Return(spare)
		again, err := k.NewSubject(t.Context())
		require.NoError(t, err)
		require.Equal(t, spare.ID, again.ID, "a key that came back is used")
		require.NoError(t, v.Close(t.Context()))
		var rows int64
		require.NoError(t, h.store.One(t.Context(), db.Worker(), `SELECT count(*) FROM subject_key`, nil, &rows))
		require.Equal(t, int64(crowd*rounds+1), rows, "what was made ahead and not used is deleted")
	})
}

func TestNewSubjectHearsItsCaller(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	k := keysOf(t, h.furnished(t), owner, live)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.NewSubject(gone)
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err = k.NewSubject(t.Context())
	require.NoError(t, err)
}

// Shows: PCI DSS 3.6.1
func TestSubjectCannotBeShown(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	s, err := keysOf(t, h.furnished(t), owner, live).NewSubject(t.Context())
	require.NoError(t, err)
	holder := struct {
		Key  vault.Subject
		Next *vault.Subject
	}{s, &s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, thing := range []any{s, &s, holder, []vault.Subject{s}} {
			shown := fmt.Sprintf(verb, thing)
			require.NotRegexp(t, `\d{1,3},? \d{1,3},? \d{1,3}|0x[0-9a-f]+, 0x`, shown, verb)
		}
	}
	for _, thing := range []any{s, &s, holder, map[string]any{"k": s}} {
		_, err := json.Marshal(thing)
		require.ErrorContains(t, err, "can't be marshalled")
	}
}

func TestBlindIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		v := h.furnished(t)
		require.NoError(t, v.AddIndexVersion(t.Context(), owner, 2))
		require.NoError(t, v.AddIndexVersion(t.Context(), owner, 2), "a key that is there stays")
		blind := func(v *vault.Vault, owner, realm int64, version int, field, value string) vault.Sum {
			sum, err := keysOf(t, v, owner, realm).Blind(version, field, value)
			require.NoError(t, err)
			return sum
		}
		const value = "zoë@example.com"
		seen := map[vault.Sum]string{}
		for name, sum := range map[string]vault.Sum{
			"plain":   blind(v, owner, live, 1, "email", value),
			"value":   blind(v, owner, live, 1, "email", value+" "),
			"field":   blind(v, owner, live, 1, "phone", value),
			"version": blind(v, owner, live, 2, "email", value),
			"realm":   blind(v, owner, test, 1, "email", value),
			"owner":   blind(v, stranger, theirs, 1, "email", value),
			"both":    blind(v, stranger, live, 1, "email", value),
		} {
			require.NotContains(t, seen, sum, name)
			seen[sum] = name
		}
		require.Equal(t, blind(v, owner, live, 2, "email", value), blind(h.open(t), owner, live, 2, "email", value))
		_, err := keysOf(t, v, owner, live).Blind(3, "email", value)
		require.ErrorContains(t, err, "version")
		require.NoError(t, v.DropIndexVersion(t.Context(), owner, 1))
		_, err = keysOf(t, h.open(t), owner, live).Blind(1, "email", value)
		require.ErrorContains(t, err, "version")
	})
}

func TestMACPartsAreApart(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	k := keysOf(t, h.furnished(t), owner, live)
	long := strings.Repeat("x", 300)
	seen := map[vault.Sum][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"a\x00b"}, {"a", "\x00b"},
		{"\x00\x00\x00\x00\x00\x00\x00\x01a"}, {long}, {long[:299], "x"}} {
		sum, err := k.MAC("body", parts...)
		require.NoError(t, err)
		require.NotContains(t, seen, sum, "%q", parts)
		seen[sum] = parts
		again, err := k.MAC("body", parts...)
		require.NoError(t, err)
		require.Equal(t, sum, again)
		other, err := k.MAC("key", parts...)
		require.NoError(t, err)
		require.NotEqual(t, sum, other)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	v := h.open(t)
	made := 0
	read := func(v *vault.Vault, name string) (string, error) {
		plain, err := v.Secret(h.dir, name, func() ([]byte, error) { made++; return []byte("signing key"), nil })
		return string(plain), err
	}
	for _, from := range []*vault.Vault{v, v, h.open(t)} {
		got, err := read(from, "audit")
		require.NoError(t, err)
		require.Equal(t, "signing key", got)
	}
	require.Equal(t, 1, made)
	file := filepath.Join(h.dir, "audit.secret")
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(kept), "signing key")
	require.NoError(t, os.Rename(file, filepath.Join(h.dir, "other.secret")))
	_, err = read(v, "other")
	require.ErrorContains(t, err, "does not open")
}
