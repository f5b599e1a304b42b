package leave

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
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
