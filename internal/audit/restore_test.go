package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// TestGivenUp goes through histories with restores: what a checkpoint covers is either lost
// by one of them, or must be in the trail.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	data := func(id, kept int64) Restore {
		return Restore{ID: id, DataAt: time.UnixMilli(id), Kept: Checkpoint{Size: kept}}
	}
	keys := Restore{ID: 150, KeysAt: time.UnixMilli(150), Kept: Checkpoint{Size: 70}}
	for name, row := range map[string]struct {
		against  Checkpoint
		restores []Restore
		gaveUp   int64
	}{
		"no restore":                           {Checkpoint{Size: 90}, nil, 0},
		"older than what was kept":             {Checkpoint{Size: 80}, []Restore{data(100, 80)}, 0},
		"lost":                                 {Checkpoint{Size: 81}, []Restore{data(100, 80)}, 100},
		"after the restore, of the same size":  {Checkpoint{Size: 81, Restored: 100}, []Restore{data(100, 80)}, 0},
		"lost by the second":                   {Checkpoint{Size: 95, Restored: 100}, []Restore{data(100, 80), data(200, 90)}, 200},
		"kept by both":                         {Checkpoint{Size: 80}, []Restore{data(100, 80), data(200, 90)}, 0},
		"lost by the first, not by the second": {Checkpoint{Size: 85}, []Restore{data(100, 80), data(200, 90)}, 100},
		"of a line that was left":              {Checkpoint{Size: 85, Restored: 100}, []Restore{data(200, 90)}, 200},
		"of a restore that nobody knows":       {Checkpoint{Size: 85, Restored: 300}, []Restore{data(200, 90)}, 0},
		"a keystore alone loses no record":     {Checkpoint{Size: 85}, []Restore{keys}, 0},
	} {
		got := givenUp(row.against, row.restores)
		if row.gaveUp == 0 {
			require.Nil(t, got, name)
			continue
		}
		require.NotNil(t, got, name)
		require.Equal(t, row.gaveUp, got.ID, name)
	}
}

// TestCutTailIsNoRestore: whoever cuts the trail can't pass it off as a restore, nor as part of
// an earlier one.
func TestCutTailIsNoRestore(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"})) // SQLite: on PostgreSQL these deletions need the owner's rights
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	o := newOffice(t, store)
	o.fill(t, 3)
	before := o.newest(t)
	r := Restore{ID: 1000, DataAt: time.UnixMilli(900), Kept: before, Outside: Checkpoint{Size: before.Size + 50}}
	signed, err := r.Sign(o.signer)
	require.NoError(t, err)
	sql, args := InsertRestore(r, signed)
	o.exec(t, sql, args...)
	require.NoError(t, o.sealer.Resume(t.Context()))
	o.fill(t, 3)
	after := o.newest(t)
	require.Equal(t, int64(1000), after.Restored)

	report := o.verify(t, &after)
	require.Empty(t, report.Problem)
	require.Len(t, report.Restores, 1)
	lost := o.verify(t, &Checkpoint{Size: before.Size + 50})
	require.Empty(t, lost.Problem)
	require.Contains(t, lost.Lost, "lost")

	o.exec(t, `DELETE FROM audit_segment WHERE first_seq >= $1`, before.Size)
	o.exec(t, `DELETE FROM audit_checkpoint WHERE size > $1`, before.Size)
	require.Contains(t, o.verify(t, &after).Problem, "tail was cut", "against a checkpoint from after the restore")
	o.exec(t, `DELETE FROM audit_restore`)
	require.Contains(t, o.verify(t, &Checkpoint{Size: before.Size + 50}).Problem, "tail was cut", "nothing is recorded of a restore")
	require.Contains(t, o.verify(t, &after).Problem, "a restore that is not recorded")
	o.exec(t, `INSERT INTO audit_restore (id, note, replayed_at) VALUES ($1, $2, 0)`, 1000, "florin-restore\n{\"id\":1000}\n\n— florin-audit AAAA\n")
	require.Contains(t, o.verify(t, nil).Problem, "not signed")
	_, err = Restored(t.Context(), o.store, o.verifier)
	require.ErrorIs(t, err, ErrRestore)
}

// fill adds records, each under a head of its own.
func (o *office) fill(t *testing.T, records int64) {
	t.Helper()
	for n := range records {
		o.note(t, read(n+1))
		require.Equal(t, 1, o.seal(t))
	}
}

func (o *office) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	require.NoError(t, o.store.Write(t.Context(), db.Worker(), func(tx *db.Tx) error { tx.Exec(sql, args...); return nil }))
}

// newest is the newest checkpoint in the store.
func (o *office) newest(t *testing.T) Checkpoint {
	t.Helper()
	c, err := NewestHead(func(sql string, args []any, dest ...any) error {
		return o.store.One(t.Context(), db.Worker(), sql, args, dest...)
	}, o.verifier)
	require.NoError(t, err)
	return c
}
