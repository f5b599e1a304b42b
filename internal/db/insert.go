package db

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	// rowsAtOnce is the most rows of one insert, a power of two.
	rowsAtOnce = 64
	// fewRows is up to where each count has a text of its own; above it only powers of
	// two have, so that few texts are prepared.
	fewRows = 8
)

// nextRows is how many of the rows that are left the next statement takes.
func nextRows(left int) int {
	if left <= fewRows {
		return left
	}
	size := rowsAtOnce
	for size > left {
		size /= 2
	}
	return size
}

// shape is what the text of an insert depends on.
type shape struct {
	into        string
	width, rows int
	orFail      bool
}

// text completes an insert. Placeholders are numbered for PostgreSQL; SQLite takes
// bare ones, which it need not look up by name.
func (s shape) text(numbered bool) string {
	into := s.into
	if s.orFail {
		into = strings.Replace(into, "INSERT", "INSERT OR FAIL", 1)
	}
	b := append(make([]byte, 0, len(into)+32+5*s.width*s.rows), into...)
	b = append(b, " VALUES "...)
	for i := range s.rows * s.width {
		switch {
		case i == 0:
			b = append(b, '(')
		case i%s.width == 0:
			b = append(b, "),("...)
		default:
			b = append(b, ',')
		}
		if numbered {
			b = strconv.AppendInt(append(b, '$'), int64(i+1), 10)
		} else {
			b = append(b, '?')
		}
	}
	return string(append(b, ')'))
}

const (
	// manyRows of one insert go to PostgreSQL as one array a column: binding a value costs
	// it more than inserting one.
	manyRows = 16
	// mostRows bounds a statement so.
	mostRows = 1024
)

// asColumns turns rows into an array for each column, and their types as the arguments of
// unnest. nil if a column holds values of two types, or NULL.
func asColumns(rows []any, width int) (columns []any, types string) {
	for c := range width {
		var column any
		var name string
		switch rows[c].(type) {
		case int64:
			column, name = ofColumn[int64](rows, c, width), "bigint"
		case string:
			column, name = ofColumn[string](rows, c, width), "text"
		case []byte:
			column, name = ofColumn[[]byte](rows, c, width), "bytea"
		}
		if column == nil {
			return nil, ""
		}
		if c > 0 {
			types += ", "
		}
		types += "$" + strconv.Itoa(c+1) + "::" + name + "[]"
		columns = append(columns, column)
	}
	return columns, types
}

// ofColumn is nil if a value is of another type.
func ofColumn[T any](rows []any, c, width int) any {
	column := make([]T, 0, len(rows)/width)
	for ; c < len(rows); c += width {
		value, ok := rows[c].(T)
		if !ok {
			return nil
		}
		column = append(column, value)
	}
	return column
}

// merged is the rows of several units, by the text that each begins with. The writer
// has one and uses it again.
type merged struct {
	into map[string]*newRows
	used []*newRows // in order of their first row
}

type newRows struct {
	into  string
	width int
	rows  [][]any
}

// onlyInserts reports that a unit's rows may be written together with others', in
// another order: no statement of it could see the difference.
func (u *unit) onlyInserts() bool {
	for i := range u.statements {
		if u.statements[i].width == 0 {
			return false
		}
	}
	return true
}

func (m *merged) add(u *unit) {
	for _, s := range u.statements {
		to := m.into[s.sql]
		if to == nil {
			to = &newRows{into: s.sql, width: s.width}
			m.into[s.sql] = to
		}
		if len(to.rows) == 0 {
			m.used = append(m.used, to)
		}
		for at := 0; at < len(s.args); at += s.width {
			to.rows = append(to.rows, s.args[at:at+s.width])
		}
	}
}

// run writes what was added. An error leaves some of the rows in the tables: the caller
// undoes the whole transaction.
func (m *merged) run(conn *liteConn) error {
	for _, to := range m.used {
		if err := conn.insertSorted(to); err != nil {
			return err
		}
	}
	return nil
}

func (m *merged) forget() {
	for _, to := range m.used {
		clear(to.rows)
		to.rows = to.rows[:0]
	}
	m.used = m.used[:0]
}

// insertSorted writes rows in the order of their primary key. OR FAIL spares SQLite a
// copy of every page before its first change in the statement, with which it could
// undo this statement alone.
func (c *liteConn) insertSorted(to *newRows) error {
	slices.SortFunc(to.rows, func(a, b []any) int { return slices.CompareFunc(a, b, compareValues) })
	for rows := to.rows; len(rows) > 0; {
		count := nextRows(len(rows))
		if err := c.insertRows(shape{to.into, to.width, count, true}, rows[:count]); err != nil {
			return err
		}
		rows = rows[count:]
	}
	return nil
}

// insert runs a queued insert by itself.
func (c *liteConn) insert(s statement) error {
	for args := s.args; len(args) > 0; {
		count := nextRows(len(args) / s.width)
		if err := c.insertRows(shape{s.sql, s.width, count, false}, [][]any{args[:count*s.width]}); err != nil {
			return err
		}
		args = args[count*s.width:]
	}
	return nil
}

func (c *liteConn) insertRows(s shape, rows [][]any) error {
	text, ok := c.inserts[s]
	if !ok {
		text = s.text(false)
		c.inserts[s] = text
	}
	c.values = c.values[:0]
	for _, row := range rows {
		c.values = append(c.values, row...)
	}
	_, err := c.exec(text, c.values...)
	clear(c.values)
	return err
}

// compareValues orders what stands in keys; anything else counts as equal.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case []byte:
		if b, ok := b.([]byte); ok {
			return bytes.Compare(a, b)
		}
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	}
	return 0
}
