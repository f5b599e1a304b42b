package register

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// TestEveryTableHasAnActivity: the draft of the records of processing is complete against the
// schema. A new table is in an activity, or it is said why it holds nothing of a person.
// Shows: GDPR Art. 30
func TestEveryTableHasAnActivity(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	in := map[string]string{}
	for name, why := range impersonal() {
		require.NotEmpty(t, why)
		in[name] = "nothing personal"
	}
	for _, a := range activities() {
		for _, text := range []string{a.Name, a.Purposes, a.Persons, a.Data, a.Retention} {
			require.NotEmpty(t, text, a.Name)
		}
		for _, table := range a.Tables {
			require.Empty(t, in[table], "%s is in %s too", table, a.Name)
			in[table] = a.Name
		}
	}
	there := map[string]bool{}
	require.NoError(t, store.Each(t.Context(), db.Worker(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`, nil, func(row db.Row) error {
		var name string
		err := row.Scan(&name)
		if !strings.HasPrefix(name, "goose") {
			there[name] = true
			require.NotEmpty(t, in[name], "table %s is in no record of processing: add it to an activity in builtin.go, or say that it holds nothing of a person", name)
		}
		return err
	}))
	require.Greater(t, len(there), 60)
	for name := range in {
		require.True(t, there[name], "there is no table %s", name)
	}
}

// TestPersonalColumnsAreInAnActivity: what names a customer or is sealed is never "nothing
// personal" without a reason that says what it is.
func TestPersonalColumnsAreInAnActivity(t *testing.T) {
	t.Parallel()
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: t.TempDir() + "/test.db"}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.NoError(t, store.Each(t.Context(), db.Worker(), `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name IN ('customer_id', 'profile')`, nil, func(row db.Row) error {
		var name string
		err := row.Scan(&name)
		require.Empty(t, impersonal()[name], "%s names people", name)
		return err
	}))
}
