package db

import (
	"database/sql/driver"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Row is one row of an answer, valid inside the function it is given to.
type Row struct {
	postgres pgx.Rows
	sqlite   []driver.Value
}

// Scan copies the columns, in order, into *int64, *int, *string, *[]byte or **int64
// (nil where the column is null).
func (r Row) Scan(dest ...any) error {
	if r.postgres != nil {
		return r.postgres.Scan(dest...)
	}
	if len(dest) != len(r.sqlite) {
		return fmt.Errorf("db: %d columns for %d destinations", len(r.sqlite), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.sqlite[i]); err != nil {
			return fmt.Errorf("db: column %d: %w", i, err)
		}
	}
	return nil
}

func assign(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		return assignInt(value, func(n int64) { *d = n })
	case *int:
		return assignInt(value, func(n int64) { *d = int(n) })
	case **int64:
		*d = nil
		if value == nil {
			return nil
		}
		return assignInt(value, func(n int64) { *d = &n })
	case *string:
		text, ok := value.(string)
		*d = text
		return mustBe(ok, value)
	case *[]byte:
		bytes, ok := value.([]byte)
		*d = bytes
		return mustBe(ok || value == nil, value)
	}
	return fmt.Errorf("no way to scan into %T", dest)
}

func assignInt(value driver.Value, set func(int64)) error {
	n, ok := value.(int64)
	if ok {
		set(n)
	}
	return mustBe(ok, value)
}

func mustBe(ok bool, value driver.Value) error {
	if ok {
		return nil
	}
	return fmt.Errorf("unexpected %T", value)
}
