package archive

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// elsewhere are tables that hold rows of owners' things and name neither owner nor realm.
func elsewhere() map[string]string {
	return map[string]string{
		"owner":            "is what remains of an owner",
		"staff_address":    "is deleted with staff_user",
		"staff_recovery":   "is deleted with staff_user",
		"staff_ceremony":   "questions that live for minutes",
		"sign_in_wait":     "keyed fingerprints that live for a day",
		"rate_use":         "numbers that live for an hour",
		"lease":            "the nodes'",
		"audit_checkpoint": "the operator's",
		"audit_restore":    "the operator's",
	}
}

// columnsOf gives the columns of every table of the schema.
func columnsOf(t *testing.T, store *db.DB) map[string][]string {
	t.Helper()
	const sql = `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`
	all := map[string][]string{}
	require.NoError(t, store.Each(t.Context(), db.Worker(), sql, nil, func(r db.Row) error {
		var table, column string
		err := r.Scan(&table, &column)
		if !strings.HasPrefix(table, "goose") {
			all[table] = append(all[table], column)
		}
		return err
	}))
	return all
}

// TestEveryTableIsKnown: a new table or column that holds an owner's data must be exported,
// or said why not, and destroyed, or said to stay.
func TestEveryTableIsKnown(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	all := columnsOf(t, store)
	require.Greater(t, len(all), 40)
	known := map[string]Table{}
	for _, one := range Tables() {
		require.NotContains(t, known, one.Name)
		require.Contains(t, all, one.Name)
		require.Contains(t, all[one.Name], one.By())
		require.True(t, (!one.Exported()) == (one.Why != ""), "%s: say what is exported, or why nothing is", one.Name)
		known[one.Name] = one
	}
	for name, columns := range all {
		one, ok := known[name]
		if !ok {
			require.Contains(t, elsewhere(), name, "table %s is not in internal/archive: an owner could not take it along, or it would stay behind", name)
			require.NotContains(t, columns, "realm_id", name)
			require.NotContains(t, columns, "owner_id", name)
			continue
		}
		if !one.Exported() {
			continue
		}
		listed := one.Columns()
		slices.Sort(listed)
		slices.Sort(columns)
		require.Equal(t, columns, listed, "columns of %s", name)
	}
}
