package db

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Violation says that a row would have broken a uniqueness rule. It names the table
// and nothing of the row.
type Violation struct{ Table string }

func (v *Violation) Error() string { return "db: a row with this key exists in " + v.Table }

// IsViolation reports whether err is a uniqueness violation in the given table.
func IsViolation(err error, table string) bool {
	var v *Violation
	return errors.As(err, &v) && v.Table == table
}

// NullError says that a statement would have put nothing where something must stand. A
// unit makes its condition of it, which the database checks where it stands, so that the
// unit stays blind. It names the table and nothing of the row.
type NullError struct{ Table string }

func (e *NullError) Error() string { return "db: a value is missing in " + e.Table }

// IsNull reports whether err is a missing value in the given table.
func IsNull(err error, table string) bool {
	var e *NullError
	return errors.As(err, &e) && e.Table == table
}

// lostError means that the database could not be used, or that it can't be known
// whether a commit took place.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "db: unavailable: " + e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

// brokenError means that the storage itself failed (an fsync, a page) and that the
// only honest way on is to stop and recover (Rebello et al., ATC 2020).
var errBroken = errors.New("the storage failed; Florin stops writing until it is restarted")

// errShut is what whoever comes after Close hears.
var errShut = errors.New("the database is closed: shutting down")

func fromSQLite(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return sqliteViolation(e)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY:
		return &lostError{err}
	}
	return err
}

// sqliteViolation takes the table out of "UNIQUE constraint failed: table.column, …".
func sqliteViolation(e *sqlite.Error) error {
	kind, rest, found := strings.Cut(e.Error(), " constraint failed: ")
	table, _, _ := strings.Cut(rest, ".")
	switch {
	case found && strings.HasSuffix(kind, "UNIQUE"):
		return &Violation{Table: table}
	case found && strings.HasSuffix(kind, "NOT NULL"):
		return &NullError{Table: table}
	}
	// SQLite names the constraint and the column, never a value.
	return errors.New("db: " + e.Error())
}

func isStorageFailure(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_IOERR || e.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}

func fromPostgres(err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return fromPgError(e)
	case errors.Is(err, context.Canceled):
		return err
	default:
		return &lostError{err}
	}
}

// fromPgError keeps the code and the table. PgError's text and detail can quote a
// row's values and are dropped.
func fromPgError(e *pgconn.PgError) error {
	switch {
	case e.Code == "23505":
		return &Violation{Table: e.TableName}
	case e.Code == "23502":
		return &NullError{Table: e.TableName}
	case e.Code == "40001" || e.Code == "40P01":
		return &serializationError{e.Code}
	case e.Code == "25006", e.Code == "55000", strings.HasPrefix(e.Code, "57"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "08"):
		return &lostError{errors.New("postgres " + e.Code)}
	}
	return errors.New("db: postgres refused a statement: " + e.Code + " " + e.TableName + " " + e.Routine)
}

// serializationError is PostgreSQL's "run the transaction again".
type serializationError struct{ code string }

func (e *serializationError) Error() string { return "db: serialization failure " + e.code }

func isSerialization(err error) bool {
	var e *serializationError
	return errors.As(err, &e)
}
