package leave

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/owner"
)

// TestDeletionsRun on both engines, with the rights that the roles have.
func TestDeletionsRun(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		s := &Service{Store: store}
		for _, one := range archive.Tables() {
			for _, p := range []part{{db.Realm(1), 1}, {db.Worker(), 1}} {
				if one.Kept || (one.Worker || one.Owner) != (p.scope == db.Worker()) {
					continue
				}
				require.NoError(t, s.Store.Write(t.Context(), p.scope, func(tx *db.Tx) error {
					tx.Exec(deletion(one), p.of, int64(atOnce))
					return nil
				}), one.Name)
				require.NoError(t, s.emptyPart(t.Context(), one, p, func(int64) {}), one.Name)
			}
		}
	})
}

// ownLeftOut are the columns of an owner that they don't take along.
func ownLeftOut() map[string]string {
	return map[string]string{
		"status": "the operator's", "status_reason": "the operator's words, for the operator", "status_at": "the operator's",
		"signing_secret": "signs notifications", "index_version": "of fingerprints that are not exported", "next_index_version": "of fingerprints that are not exported",
		"not_collected": "nothing writes it yet",
	}
}

// TestAnOwnersColumnsAreExported, or it is said why one is not: the list of tables does not
// have this one, since it stays.
func TestAnOwnersColumnsAreExported(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	shown := map[string]any{}
	o := owner.Owner{ID: 7, Settings: owner.Settings{RequireSecondFactor: true}, Standing: owner.Standing{RateLimit: 40}}
	for _, member := range showOwner(o) {
		shown[member.Name] = member.Value
	}
	require.Equal(t, []any{int64(7), true, 40}, []any{shown["id"], shown["require_second_factor"], shown["rate_limit"]})
	columns := 0
	require.NoError(t, store.Each(t.Context(), db.Worker(), `SELECT name FROM pragma_table_info('owner')`, nil, func(r db.Row) error {
		var name string
		err := r.Scan(&name)
		columns++
		_, exported := shown[name]
		_, left := ownLeftOut()[name]
		require.NotEqual(t, exported, left, "column %s of owner: export it, or say why not, and not both", name)
		return err
	}))
	require.Equal(t, len(shown)+len(ownLeftOut()), columns, "and nothing that is no column")
}
