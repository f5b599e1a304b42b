package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// preparePostgres migrates and puts the two roles and the row-level security in
// place. It reports whether the roles could be made; without the right to create
// them Florin runs as the tables' owner under FORCE, which `florin doctor` mentions.
func preparePostgres(ctx context.Context, admin string, c Config) (roles bool, err error) {
	config, err := pgx.ParseConfig(admin)
	if err != nil {
		return false, errors.New("the database URL is not understood: expected postgres://user:password@host:port/name")
	}
	useSchema(config, c.Schema)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("PostgreSQL can't be reached at %s:%d (user %s): %w", config.Host, config.Port, config.User, connectReason(err))
	}
	defer func() { _ = conn.Close(ctx) }()
	if c.Schema != "" {
		if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{c.Schema}.Sanitize()); err != nil && !isRace(err) {
			return false, err
		}
	}
	if err := migratePostgres(ctx, config, c.Migrations); err != nil {
		return false, err
	}
	roles, err = createRoles(ctx, conn, c)
	if err != nil {
		return false, err
	}
	return roles, secureTables(ctx, conn, c, roles)
}

// connectReason keeps the server's code and drops the address book of the rest.
func connectReason(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Errorf("%s (%s)", e.Message, e.Code)
	}
	return errors.New("no answer; is the server running and is the address right?")
}

// createRoles makes the realm's and the worker's roles. Roles belong to the cluster,
// so another node or database may be making them at this moment.
func createRoles(ctx context.Context, conn *pgx.Conn, c Config) (bool, error) {
	for _, role := range []string{"florin_app", "florin_worker"} {
		var exists bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&exists); err != nil {
			return false, err
		}
		if !exists {
			if _, err := conn.Exec(ctx, `CREATE ROLE `+role+` NOLOGIN NOSUPERUSER NOBYPASSRLS`); isDenied(err) {
				return false, nil
			} else if err != nil && !isRace(err) {
				return false, err
			}
		}
		if err := grantRole(ctx, conn, c, role); isDenied(err) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

func grantRole(ctx context.Context, conn *pgx.Conn, c Config, role string) error {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return err
	}
	var member bool
	err = conn.QueryRow(ctx, `SELECT pg_has_role($1, $2, 'MEMBER')`, config.User, role).Scan(&member)
	if err != nil || member {
		return err
	}
	_, err = conn.Exec(ctx, `GRANT `+role+` TO `+pgx.Identifier{config.User}.Sanitize())
	if isRace(err) {
		return nil
	}
	return err
}

func isDenied(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42501"
}

func isRace(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "42710" || e.Code == "23505" || e.Code == "XX000" || e.Code == "42P06")
}

// secureTables forces row-level security on every table that has a realm, found in
// the catalogue so that none can be forgotten, and gives each role its rights.
func secureTables(ctx context.Context, conn *pgx.Conn, c Config, roles bool) error {
	rows, err := conn.Query(ctx, `
		SELECT c.relname FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'realm_id' AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
		  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
		           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup'))`)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	var script strings.Builder
	for _, table := range tables {
		_, worker := c.WorkerTables[table]
		secureTable(&script, table, worker, roles)
	}
	if roles {
		grantTables(&script, c)
	}
	_, err = conn.Exec(ctx, script.String())
	if isRace(err) || isConcurrentUpdate(err) {
		return nil // another node is doing the same
	}
	return err
}

func isConcurrentUpdate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && strings.Contains(e.Message, "concurrently updated")
}

func secureTable(script *strings.Builder, table string, worker, roles bool) {
	const mine = `realm_id = nullif(current_setting('app.realm', true), '')::bigint`
	fmt.Fprintf(script, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY; ALTER TABLE %s FORCE ROW LEVEL SECURITY;\n", table, table)
	fmt.Fprintf(script, "DROP POLICY IF EXISTS own_realm ON %s; CREATE POLICY own_realm ON %s USING (%s);\n", table, table, mine)
	// A backup reads all realms: as the owner of the tables, which the server's transactions
	// are not where there are roles, and only where it says so (see snapshotPostgres).
	fmt.Fprintf(script, "DROP POLICY IF EXISTS backup ON %s; CREATE POLICY backup ON %s FOR SELECT TO CURRENT_USER USING (current_setting('app.backup', true) = 'on');\n", table, table)
	fmt.Fprintf(script, "DROP POLICY IF EXISTS worker ON %s;\n", table)
	if worker && roles {
		fmt.Fprintf(script, "CREATE POLICY worker ON %s TO florin_worker USING (true);\n", table)
	} else if worker {
		fmt.Fprintf(script, "CREATE POLICY worker ON %s USING (current_setting('app.worker', true) = 'on');\n", table)
	}
}

func grantTables(script *strings.Builder, c Config) {
	schema := "public"
	if c.Schema != "" {
		schema = c.Schema
	}
	fmt.Fprintf(script, "GRANT USAGE ON SCHEMA %s TO florin_app, florin_worker;\n", schema)
	for _, table := range slices.Sorted(maps.Keys(c.AppTables)) {
		fmt.Fprintf(script, "GRANT %s ON %s TO florin_app;\n", c.AppTables[table], table)
	}
	for _, table := range slices.Sorted(maps.Keys(c.WorkerTables)) {
		fmt.Fprintf(script, "GRANT %s ON %s TO florin_worker;\n", c.WorkerTables[table], table)
	}
}
