package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// epochFiles lists the epoch keys that exist.
func (h *house) epochFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.dir, "epoch-*.key"))
	require.NoError(t, err)
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

func (h *house) fill(t *testing.T, v *vault.Vault, each int) []sealed {
	t.Helper()
	var all []sealed
	for range each {
		all = append(all, sealOne(t, keysOf(t, v, owner, live), live), sealOne(t, keysOf(t, v, owner, test), test), sealOne(t, keysOf(t, v, stranger, theirs), theirs))
	}
	return all
}

// Shows: PCI DSS 3.7.4
func TestRotations(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		rotate func(context.Context, *vault.Vault) error
		epochs string
	}{
		"epoch": {func(ctx context.Context, v *vault.Vault) error { return v.RotateEpoch(ctx, nothing) }, "epoch-4.key"},
		"root":  {func(ctx context.Context, v *vault.Vault) error { return v.RotateRoot(ctx, nothing) }, "epoch-1.key"},
		"owner": {func(ctx context.Context, v *vault.Vault) error { return v.RotateOwner(ctx, owner, nothing) }, "epoch-1.key"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, h *house) {
				v := h.furnished(t)
				secret := func(v *vault.Vault) string {
					plain, err := v.Secret(h.dir, "audit", func() ([]byte, error) { return []byte("kept"), nil })
					require.NoError(t, err)
					return string(plain)
				}
				secret(v)
				all := h.fill(t, v, 5)
				for range 3 {
					require.NoError(t, row.rotate(t.Context(), v))
					h.requireReadable(t, all)
					all = append(all, h.fill(t, v, 1)...)
				}
				h.requireReadable(t, all)
				require.Equal(t, []string{row.epochs}, h.epochFiles(t))
				require.Equal(t, "kept", secret(h.open(t)))
			})
		})
	}
}

// Shows: PCI DSS 3.7.4
func TestEpochIsDue(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	v := h.furnished(t)
	require.False(t, v.EpochDue())
	h.time.Advance(vault.EpochLength - 1)
	require.False(t, v.EpochDue())
	h.time.Advance(1)
	require.True(t, v.EpochDue())
	require.NoError(t, v.RotateEpoch(t.Context(), nothing))
	require.False(t, v.EpochDue())
}

// countdown is a context that is cancelled when it has been looked at a number of
// times, which cuts a rotation at every one of its steps.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newCountdown(ctx context.Context, looks int64) *countdown {
	c := &countdown{}
	c.Context, c.cancel = context.WithCancel(ctx)
	c.left.Store(looks)
	return c
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func (c *countdown) Done() <-chan struct{} {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
	return c.Context.Done()
}

func TestRotationIsCutAndFinished(t *testing.T) {
	t.Parallel()
	rotations := map[string]func(context.Context, *vault.Vault) error{
		"epoch": func(ctx context.Context, v *vault.Vault) error { return v.RotateEpoch(ctx, nothing) },
		"root":  func(ctx context.Context, v *vault.Vault) error { return v.RotateRoot(ctx, nothing) },
		"owner": func(ctx context.Context, v *vault.Vault) error { return v.RotateOwner(ctx, owner, nothing) },
	}
	for name, rotate := range rotations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, h *house) {
				all := h.fill(t, h.furnished(t), 3)
				cuts := 0
				for looks := int64(0); looks < 50; looks += 1 + looks/2 {
					v := h.open(t)
					ctx := newCountdown(t.Context(), looks)
					if err := rotate(ctx, v); err != nil {
						cuts++
						h.requireReadable(t, all)
						all = append(all, sealOne(t, keysOf(t, v, owner, live), live))
					}
					ctx.cancel()
				}
				require.NotZero(t, cuts, "the test cut nothing")
				v := h.open(t)
				require.NoError(t, rotate(t.Context(), v))
				require.Len(t, h.epochFiles(t), 1)
				require.False(t, v.EpochDue())
				h.requireReadable(t, all)
			})
		})
	}
}

// TestUnfinishedEpochIsDue: the old key must not live on for another week.
func TestUnfinishedEpochIsDue(t *testing.T) {
	t.Parallel()
	h := sqlite(t)
	v := h.furnished(t)
	all := h.fill(t, v, 2)
	ctx, cancel := context.WithCancel(t.Context())
	err := v.RotateEpoch(ctx, func(int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, h.epochFiles(t), 2)
	again := h.open(t)
	require.True(t, again.EpochDue())
	require.NoError(t, again.RotateEpoch(t.Context(), nothing))
	require.Equal(t, []string{"epoch-2.key"}, h.epochFiles(t), "the one that was cut is finished, no further one is begun")
	require.False(t, again.EpochDue())
	h.requireReadable(t, all)
}

// TestKeysAreMadeDuringRotations makes and destroys keys from two nodes while epochs
// and the owner's key change.
func TestKeysAreMadeDuringRotations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		nodes := []*vault.Vault{h.furnished(t), h.open(t)}
		var mu sync.Mutex
		var all []sealed
		var failures []error
		var workers sync.WaitGroup
		stop := make(chan struct{})
		for i := range 8 {
			workers.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					if n > 400 {
						<-stop
						return
					}
					v := nodes[i%2]
					k, err := v.Keys(t.Context(), owner, live)
					var s vault.Subject
					if err == nil {
						s, err = k.NewSubject(t.Context())
					}
					value, sealErr := s.Seal(place(live, s.ID), []byte(text(s.ID)))
					if err == nil && n%5 == 0 {
						err = v.Destroy(t.Context(), live, s.ID)
					}
					mu.Lock()
					if err != nil || sealErr != nil {
						failures = append(failures, err, sealErr)
					} else if n%5 != 0 {
						all = append(all, sealed{live, s.ID, value})
					}
					mu.Unlock()
				}
			})
		}
		require.NoError(t, nodes[0].RotateEpoch(t.Context(), nothing))
		// Once only: a node may wrap by an owner's key for five minutes after it was
		// replaced, and the second rotation drops that key.
		require.NoError(t, nodes[1].RotateOwner(t.Context(), owner, nothing))
		require.NoError(t, nodes[1].RotateEpoch(t.Context(), nothing))
		require.NoError(t, nodes[0].RotateEpoch(t.Context(), nothing))
		close(stop)
		workers.Wait()
		require.Empty(t, failures)
		require.NotEmpty(t, all)
		h.requireReadable(t, all)
		require.Len(t, h.epochFiles(t), 1)
		var old int64
		require.NoError(t, h.store.One(t.Context(), db.Worker(), `SELECT count(*) FROM subject_key WHERE epoch <> (SELECT max(id) FROM epoch)`, nil, &old))
		require.Zero(t, old)
	})
}

// TestOtherNodeReadsAfterOwnerRotation: a node believes an owner's keys for minutes,
// and must still open what is wrapped by the new one.
func TestOtherNodeReadsAfterOwnerRotation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		first := h.furnished(t)
		one := sealOne(t, keysOf(t, first, owner, live), live)
		other := h.open(t)
		stale := keysOf(t, other, owner, live)
		require.NoError(t, first.RotateOwner(t.Context(), owner, nothing))
		for _, k := range []*vault.Keys{stale, keysOf(t, other, owner, live)} {
			s, err := k.Subject(t.Context(), one.key)
			require.NoError(t, err)
			plain, err := s.Open(place(live, one.key), one.value)
			require.NoError(t, err)
			require.Equal(t, text(one.key), string(plain))
		}
	})
}

// TestTwoNodesRotateAtOnce: both may find an epoch due in the same hour.
func TestTwoNodesRotateAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		nodes := []*vault.Vault{h.furnished(t), h.open(t), h.open(t)}
		all := h.fill(t, nodes[0], 10)
		for range 3 {
			var workers sync.WaitGroup
			begin := make(chan struct{})
			errs := make([]error, len(nodes))
			for i, v := range nodes {
				workers.Go(func() { <-begin; errs[i] = v.RotateEpoch(t.Context(), nothing) })
			}
			close(begin)
			workers.Wait()
			for _, v := range nodes {
				all = append(all, sealOne(t, keysOf(t, v, owner, live), live))
			}
			h.requireReadable(t, all)
			_ = errs // one may lose the race to the other; what counts is that no key is lost
		}
		require.NoError(t, h.open(t).RotateEpoch(t.Context(), nothing))
		h.requireReadable(t, all)
	})
}

// TestOldKeystoreStaysShut: a copy of the keystore from before an epoch, with every
// key that exists later, opens nothing that was erased since.
// Shows: PCI DSS 3.7.5; GDPR Art. 17(1)
func TestOldKeystoreStaysShut(t *testing.T) {
	t.Parallel()
	h := &house{dir: t.TempDir(), time: sqlite(t).time}
	path := filepath.Join(t.TempDir(), "keystore.db")
	store, err := db.Open(t.Context(), vault.Schema(db.Config{URL: path}))
	require.NoError(t, err)
	h.store = store
	v := h.furnished(t)
	erased := sealOne(t, keysOf(t, v, owner, live), live)
	require.NoError(t, v.Close(t.Context()))
	require.NoError(t, store.Close())
	old := filepath.Join(t.TempDir(), "old.db")
	copyFile(t, path, old)

	h.store, err = db.Open(t.Context(), vault.Schema(db.Config{URL: path}))
	require.NoError(t, err)
	v = h.open(t)
	require.NoError(t, v.Destroy(t.Context(), live, erased.key))
	require.NoError(t, v.RotateEpoch(t.Context(), nothing))
	require.NoError(t, h.store.Close())

	h.store, err = db.Open(t.Context(), vault.Schema(db.Config{URL: old}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.store.Close()) })
	_, err = vault.Open(t.Context(), h.options())
	require.ErrorContains(t, err, "epoch 1")
	copyFile(t, filepath.Join(h.dir, "epoch-2.key"), filepath.Join(h.dir, "epoch-1.key"))
	_, err = vault.Open(t.Context(), h.options())
	require.ErrorContains(t, err, "epoch 1", "a later epoch's key is not taken for an earlier one's")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
}
