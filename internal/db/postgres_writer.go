package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// pgGroup bounds how many units share one commit.
const pgGroup = 64

// write is one of a few committers: it takes the units that wait and commits them
// together, in one round trip where none of them has to be looked at before the end.
func (e *postgresEngine) write(queue <-chan *unit) {
	for first := range queue {
		units := append(make([]*unit, 0, pgGroup), first)
		for more := true; more && len(units) < pgGroup; {
			select {
			case u, ok := <-queue:
				if more = ok; ok {
					units = append(units, u)
				}
			default:
				more = false
			}
		}
		e.commitGroup(units)
	}
}

// commitGroup answers each unit. When a group fails, its units run again one by one:
// only the guilty one shall see the error. What ended with an unknown outcome is not
// run again.
func (e *postgresEngine) commitGroup(units []*unit) {
	err := e.attempt(units)
	var lost *lostError
	if err == nil || len(units) == 1 || errors.As(err, &lost) {
		for _, u := range units {
			u.done <- err
		}
		return
	}
	for _, u := range units {
		u.done <- e.attempt([]*unit{u})
	}
}

// attempt commits the units as one transaction. The context has no caller's end: a
// COMMIT that is cancelled on the way may have happened (ADR 0003).
func (e *postgresEngine) attempt(units []*unit) error {
	ctx, cancel := context.WithTimeout(context.Background(), pgTimeout)
	defer cancel()
	if mustLook(units) {
		return e.attemptLooking(ctx, units)
	}
	batch := &pgx.Batch{}
	e.queueAll(batch, units)
	// A batch is one implicit transaction, committed when its end is reached.
	return fromPostgres(e.pool.SendBatch(ctx, batch).Close())
}

func mustLook(units []*unit) bool {
	for _, u := range units {
		for _, s := range u.statements {
			if s.want >= 0 {
				return true
			}
		}
	}
	return false
}

// queueAll fills the batch and returns for each entry the statement it came from,
// nil where it only enters a scope.
func (e *postgresEngine) queueAll(batch *pgx.Batch, units []*unit) []*statement {
	var from []*statement
	if units[0].early {
		// Local to the transaction. A later commit flushes the log up to itself, and so
		// this one too (PostgreSQL, "Asynchronous Commit").
		batch.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
		from = append(from, nil)
	}
	for i, u := range units {
		if i == 0 || units[i-1].scope != u.scope {
			enter, args := e.enter(u.scope)
			batch.Queue(enter, args...)
			from = append(from, nil)
		}
		for j := range u.statements {
			from = e.queueOne(batch, from, &u.statements[j])
		}
	}
	return from
}

func (e *postgresEngine) queueOne(batch *pgx.Batch, from []*statement, s *statement) []*statement {
	if s.short != nil {
		text, args := s.short()
		batch.Queue(text, args...)
		return append(from, s)
	}
	if s.width == 0 {
		batch.Queue(s.sql, s.args...)
		return append(from, s)
	}
	for left := s.args; len(left) > 0; {
		text, args, taken := e.nextInsert(*s, left)
		batch.Queue(text, args...)
		left = left[taken:]
		from = append(from, s)
	}
	return from
}

// nextInsert gives the text of an insert for as many of its rows as one statement takes,
// its arguments, and how many values it takes.
func (e *postgresEngine) nextInsert(s statement, left []any) (text string, args []any, taken int) {
	if len(left) >= manyRows*s.width {
		rows := left[:min(len(left), mostRows*s.width)]
		if columns, types := asColumns(rows, s.width); columns != nil {
			return s.sql + " SELECT * FROM unnest(" + types + ")", columns, len(rows)
		}
	}
	as := shape{into: s.sql, width: s.width, rows: nextRows(len(left) / s.width)}
	known, ok := e.inserts.Load(as)
	if !ok {
		known, _ = e.inserts.LoadOrStore(as, as.text(true))
	}
	taken = as.rows * as.width
	return known.(string), left[:taken], taken
}

// attemptLooking commits only after every statement changed the rows it had to.
func (e *postgresEngine) attemptLooking(ctx context.Context, units []*unit) error {
	tx, err := e.pool.Begin(ctx)
	if err != nil {
		return fromPostgres(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	batch := &pgx.Batch{}
	from := e.queueAll(batch, units)
	results := tx.SendBatch(ctx, batch)
	for _, s := range from {
		tag, err := results.Exec()
		if err != nil {
			return errors.Join(fromPostgres(err), closed(results))
		}
		if s != nil && s.want >= 0 && tag.RowsAffected() != s.want {
			return errors.Join(s.otherwise, closed(results))
		}
	}
	if err := results.Close(); err != nil {
		return fromPostgres(err)
	}
	return fromPostgres(tx.Commit(ctx))
}

// closed ends a batch whose first error is already known.
func closed(results pgx.BatchResults) error {
	_ = results.Close()
	return nil
}

// pgSession is a unit that asks, in a transaction of its own.
type pgSession struct {
	engine *postgresEngine
	ctx    context.Context // bounds the statements, not the commit
	cancel context.CancelFunc
	tx     pgx.Tx
}

func (e *postgresEngine) begin(ctx context.Context, s Scope) (session, error) {
	tx, err := e.pool.Begin(ctx)
	if err != nil {
		return nil, fromPostgres(err)
	}
	enter, args := e.enter(s)
	if _, err := tx.Exec(ctx, enter, args...); err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx))
		return nil, fromPostgres(err)
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), pgTimeout)
	return &pgSession{e, bounded, cancel, tx}, nil
}

func (s *pgSession) exec(st statement) error {
	if st.short != nil {
		st.sql, st.args = st.short()
		st.width = 0
	}
	for left := st.args; st.width > 0; {
		if len(left) == 0 {
			return nil
		}
		text, args, taken := s.engine.nextInsert(st, left)
		if _, err := s.tx.Exec(s.ctx, text, args...); err != nil {
			return fromPostgres(err)
		}
		left = left[taken:]
	}
	tag, err := s.tx.Exec(s.ctx, st.sql, st.args...)
	if err != nil {
		return fromPostgres(err)
	}
	if st.want >= 0 && tag.RowsAffected() != st.want {
		return st.otherwise
	}
	return nil
}

func (s *pgSession) query(sql string, args []any, fn func(Row) error) error {
	return eachRow(func() (pgx.Rows, error) { return s.tx.Query(s.ctx, sql, args...) }, fn)
}

func (s *pgSession) end(err error) error {
	defer s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), pgTimeout)
	defer cancel()
	if err != nil {
		_ = s.tx.Rollback(ctx)
		return err
	}
	return fromPostgres(s.tx.Commit(ctx))
}
