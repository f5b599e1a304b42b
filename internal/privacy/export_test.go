package privacy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// TestEveryTableOfCustomersIsExported, or it is said why it is not. That each is erased is
// held by payment's TestErasureReachesEveryTable.
// Shows: GDPR Art. 15
func TestEveryTableOfCustomersIsExported(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	exported := map[string]bool{}
	for _, one := range archive.Tables() {
		exported[one.Name] = one.Exported() && one.OfCustomers()
	}
	seen := 0
	err = store.Each(t.Context(), db.Worker(), `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND (c.name = 'customer_id' OR m.name = 'customer' AND c.name = 'id')`, nil, func(row db.Row) error {
		var name string
		err := row.Scan(&name)
		seen++
		_, no := withheld()[name]
		require.True(t, exported[name] || no, "say whether a customer is given what %s has of them", name)
		return err
	})
	require.NoError(t, err)
	require.Greater(t, seen, 15)
	for name, why := range withheld() {
		require.Contains(t, exported, name)
		require.NotEmpty(t, why)
	}
}
