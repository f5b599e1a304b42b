package db

import (
	"context"
	"errors"
	"strconv"
)

// statement is one SQL text with its arguments: int64, int, string, []byte or
// nil. want is how many rows it must change, -1 for any. With a width it is an insert
// of that many columns a row, whose text ends before VALUES.
type statement struct {
	sql       string
	args      []any
	width     int
	short     func() (string, []any) // the same with fewer placeholders, for PostgreSQL; may be nil
	want      int64
	otherwise error
}

// Flag is how both engines keep a truth: 1 or 0.
func Flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// unit is a set of blind statements that becomes durable as a whole.
type unit struct {
	ctx        context.Context
	scope      Scope
	early      bool // see WriteEarly
	statements []statement
	done       chan error
}

// Tx is one unit while its function runs.
type Tx struct {
	ctx     context.Context
	db      *DB
	scope   Scope
	queued  []statement
	session session
}

// Exec queues a statement. A constraint that it breaks fails the whole unit with a
// *Violation.
func (t *Tx) Exec(sql string, args ...any) {
	t.queued = append(t.queued, statement{sql: sql, args: args, want: -1})
}

// Insert queues new rows of one table, of as many columns as the text names:
//
//	tx.Insert(`INSERT INTO thing (realm_id, id, n)`, 3, realm, 1, 7, realm, 2, 8)
//
// SQLite writes the rows of all units of a group together that begin with the same
// text, in order of their first columns; name those of the primary key first.
func (t *Tx) Insert(into string, width int, rows ...any) {
	if last := len(t.queued) - 1; last >= 0 && t.queued[last].sql == into && t.queued[last].short == nil {
		t.queued[last].args = append(t.queued[last].args, rows...)
		return
	}
	t.queued = append(t.queued, statement{sql: into, args: rows, width: width, want: -1})
}

// InsertShort is Insert with a statement that adds the same rows with fewer values. It
// runs on PostgreSQL, where units are not merged and binding costs more than inserting.
func (t *Tx) InsertShort(short func() (string, []any), into string, width int, rows ...any) {
	t.queued = append(t.queued, statement{sql: into, args: rows, width: width, short: short, want: -1})
}

// ExecOne queues a statement that must change exactly one row; the unit fails with
// the given error if it does not.
func (t *Tx) ExecOne(otherwise error, sql string, args ...any) {
	t.queued = append(t.queued, statement{sql: sql, args: args, want: 1, otherwise: otherwise})
}

// ExecMany queues a statement that must change exactly count rows; the unit fails with
// the given error if it does not.
func (t *Tx) ExecMany(count int, otherwise error, sql string, args ...any) {
	t.queued = append(t.queued, statement{sql: sql, args: args, want: int64(count), otherwise: otherwise})
}

// deleteAtOnce is the most ids of one statement, a power of two.
const deleteAtOnce = 256

// DeleteExactly queues the deletion of these rows of a realm, in a table with the
// columns realm_id and id; the unit fails with the given error if one is missing. Texts
// have a power of two of ids, so that few have to be prepared.
func (t *Tx) DeleteExactly(otherwise error, table string, realm int64, ids []int64) {
	for size := deleteAtOnce; len(ids) > 0; size /= 2 {
		for len(ids) >= size {
			some := ids[:size]
			text := append(make([]byte, 0, 80+5*size), "DELETE FROM "+table+" WHERE realm_id = $1 AND id IN ("...)
			args := append(make([]any, 0, 1+size), realm)
			for i, id := range some {
				if i > 0 {
					text = append(text, ',')
				}
				text = strconv.AppendInt(append(text, '$'), int64(i+2), 10)
				args = append(args, id)
			}
			t.ExecMany(size, otherwise, string(append(text, ')')), args...)
			// PostgreSQL plans a long IN list anew each time, and reads the whole realm for it.
			t.queued[len(t.queued)-1].short = func() (string, []any) {
				return "DELETE FROM " + table + " WHERE realm_id = $1 AND id = ANY ($2)", []any{realm, some}
			}
			ids = ids[size:]
		}
	}
}

// Each asks inside the unit, after what was queued, and calls fn for each row.
func (t *Tx) Each(sql string, args []any, fn func(Row) error) error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.session.query(sql, args, fn)
}

// One asks for a single row inside the unit; ErrNoRows if there is none.
func (t *Tx) One(sql string, args []any, dest ...any) error {
	found := false
	err := t.Each(sql, args, func(r Row) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}

var errPanic = errors.New("db: the unit panicked")

// run calls the unit's function. net/http recovers a handler's panic: the turn must
// end with it, or nobody would ever write again.
func (t *Tx) run(fn func(*Tx) error) error {
	ended := false
	defer func() {
		if !ended && t.session != nil {
			_ = t.session.end(errPanic)
		}
	}()
	err := fn(t)
	ended = true
	return err
}

// begin takes the unit's own turn, at its first question.
func (t *Tx) begin() error {
	if t.session != nil {
		return nil
	}
	s, err := t.db.engine.begin(t.ctx, t.scope)
	if err != nil {
		return err
	}
	t.session = s
	return nil
}

func (t *Tx) flush() error {
	if err := t.begin(); err != nil {
		return err
	}
	for _, s := range t.queued {
		if err := t.session.exec(s); err != nil {
			return err
		}
	}
	t.queued = t.queued[:0]
	return nil
}
