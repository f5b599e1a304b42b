package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
)

// ServerVariable names the PostgreSQL server that tests may make databases on.
const ServerVariable = "FLORIN_TEST_POSTGRES"

// Engines are the names under which Each runs a test.
func Engines() []string { return []string{"sqlite", "postgres"} }

// Each runs a test once for each engine, with the URL of an empty database: a file's
// path, or postgres://….
func Each(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, filepath.Join(t.TempDir(), "test.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, Postgres(t))
	})
}

// Open runs a test once for each engine with an open database of the given schema.
func Open(t *testing.T, schema func(db.Config) db.Config, run func(t *testing.T, store *db.DB)) {
	t.Helper()
	Each(t, func(t *testing.T, url string) {
		store, err := db.Open(t.Context(), schema(db.Config{URL: url}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		run(t, store)
	})
}

// Postgres makes an empty database and drops it when the test ends. Without a server
// the test is skipped, saying so.
func Postgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv(ServerVariable)
	if server == "" {
		t.Skip("no PostgreSQL: run `make test`, which starts one, or set " + ServerVariable)
	}
	name := fmt.Sprintf("test_%s", rand.Text())
	admin(t, server, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	t.Cleanup(func() { admin(t, server, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

func admin(t *testing.T, server, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}
