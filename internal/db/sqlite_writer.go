package db

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"time"
)

// liteSession is a unit that asks: it borrows the writer's connection between two
// signals, in a transaction of its own.
type liteSession struct {
	engine   *sqliteEngine
	conn     *liteConn
	scrub    bool
	turn     chan *liteConn
	finished chan error
	done     chan error
}

func (e *sqliteEngine) begin(ctx context.Context, _ Scope) (session, error) {
	s := &liteSession{engine: e, turn: make(chan *liteConn), finished: make(chan error), done: make(chan error, 1)}
	if err := e.submit(s); err != nil {
		return nil, err
	}
	conn, ok := <-s.turn
	if !ok {
		return nil, <-s.done
	}
	s.conn = conn
	if err := ctx.Err(); err != nil {
		return nil, s.end(err)
	}
	return s, nil
}

func (s *liteSession) exec(st statement) error { return fromSQLite(s.conn.run(st)) }

func (s *liteSession) query(sql string, args []any, fn func(Row) error) error {
	return fromSQLite(s.conn.each(sql, args, fn))
}

func (s *liteSession) end(err error) error {
	s.finished <- err
	return <-s.done
}

// group is the units of one SQLite transaction and what became of each.
type group struct {
	conn    *liteConn
	units   []*unit
	waiting []chan error
	results []error
	guilty  bool // a unit failed, so that what ran before it in the group is undone
}

// write is the one writer. It takes whatever waits and commits it together: one fsync
// for all.
func (e *sqliteEngine) write(conn *liteConn) {
	defer e.workers.Done()
	defer func() { _ = conn.close() }()
	var next any
	for {
		work := next
		if next = nil; work == nil {
			var ok bool
			if work, ok = <-e.queue; !ok {
				break
			}
		}
		if e.walFull.Swap(false) {
			e.emptyLog(conn, "RESTART")
		}
		switch w := work.(type) {
		case *unit:
			next = e.commitUnits(conn, w)
		case *liteSession:
			e.commitSession(conn, w)
		}
	}
	e.emptyLog(conn, "TRUNCATE")
}

// emptyLog waits until the write-ahead log is copied and begins it anew. Not while somebody
// reads a snapshot, which it would wait for: the log may grow meanwhile.
func (e *sqliteEngine) emptyLog(conn *liteConn, how string) {
	hold, err := holdCheckpoints(e.path, syscall.LOCK_SH|syscall.LOCK_NB)
	if err != nil {
		return
	}
	defer func() { _ = hold.Close() }()
	_, _ = conn.exec("PRAGMA wal_checkpoint(" + how + ")")
}

// commitUnits commits blind units together and returns the session, if any, that ended
// the group by coming next. Units run without savepoints, new rows of all of them
// merged; if anything fails, all is undone and each unit runs again as it was written,
// in a savepoint of its own, so that only the guilty one hears of it.
func (e *sqliteEngine) commitUnits(conn *liteConn, first *unit) (next any) {
	g := &group{conn: conn}
	if _, err := conn.exec("BEGIN IMMEDIATE"); err != nil {
		refuse(first, e.note(err))
		return nil
	}
	units, next := e.gather([]*unit{first}, maxGroup)
	for yielded := false; len(units) > 0; {
		g.run(units)
		if units = nil; next == nil && !yielded {
			// Whoever is ready to bring a unit brings it before it is our turn again: a commit's
			// price does not depend on how many share it. Once a group, for each time we stand
			// behind everybody, and all who are in the group with us. With nobody ready it costs nothing.
			yielded = true
			runtime.Gosched()
			units, next = e.gather(nil, maxGroup-len(g.units))
		}
	}
	e.finish(g)
	return next
}

// gather takes units that wait already, up to limit, and the session that ended it by
// coming next.
func (e *sqliteEngine) gather(units []*unit, limit int) (_ []*unit, next any) {
	for len(units) < limit {
		select {
		case work, open := <-e.queue:
			u, isUnit := work.(*unit)
			if !open {
				return units, nil
			}
			if !isUnit {
				return units, work
			}
			units = append(units, u)
		default:
			return units, nil
		}
	}
	return units, nil
}

// finish commits the group and answers everybody in it.
func (e *sqliteEngine) finish(g *group) {
	if g.guilty {
		if err := g.runAgain(); err != nil {
			e.abandon(g, err)
			return
		}
	}
	if _, err := g.conn.exec("COMMIT"); err != nil {
		e.abandon(g, err)
		return
	}
	for i, done := range g.waiting {
		done <- g.results[i]
	}
}

// commitSession gives a unit that asks the connection, in a transaction of its own.
func (e *sqliteEngine) commitSession(conn *liteConn, s *liteSession) {
	if s.scrub {
		_, err := conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
		s.done <- fromSQLite(err)
		return
	}
	if _, err := conn.exec("BEGIN IMMEDIATE"); err != nil {
		refuse(s, e.note(err))
		return
	}
	g := &group{conn: conn, waiting: []chan error{s.done}}
	s.turn <- conn
	err := <-s.finished
	if err != nil {
		_, undo := conn.exec("ROLLBACK")
		s.done <- errors.Join(err, fromSQLite(undo))
		return
	}
	g.results = []error{nil}
	e.finish(g)
}

// abandon answers a group whose commit failed. After a failed fsync nothing may be
// tried again: the kernel may have dropped the pages and call them clean.
func (e *sqliteEngine) abandon(g *group, err error) {
	_, _ = g.conn.exec("ROLLBACK")
	failed := e.note(err)
	for _, done := range g.waiting {
		done <- failed
	}
}

// note marks the storage as broken if that is what the error says.
func (e *sqliteEngine) note(err error) error {
	if isStorageFailure(err) && !e.broken.Swap(true) {
		e.log.Error("storage failed: refusing all writes until restarted", "error", err)
	}
	return &lostError{err}
}

func refuse(work any, err error) {
	switch w := work.(type) {
	case *unit:
		w.done <- err
	case *liteSession:
		w.done <- err
		close(w.turn)
	}
}

// run runs units once; when one of them or the merged rows fail, nobody's result counts
// until all have run again.
func (g *group) run(units []*unit) {
	for _, u := range units {
		g.units = append(g.units, u)
		g.waiting = append(g.waiting, u.done)
		err := u.ctx.Err()
		switch {
		case err != nil || g.guilty:
		case u.onlyInserts():
			g.conn.merged.add(u)
		default:
			err = u.run(g.conn)
			g.guilty = err != nil
		}
		g.results = append(g.results, fromSQLite(err))
	}
	defer g.conn.merged.forget()
	if !g.guilty {
		g.guilty = g.conn.merged.run(g.conn) != nil
	}
}

func (u *unit) run(conn *liteConn) error {
	for _, s := range u.statements {
		if err := conn.run(s); err != nil {
			return err
		}
	}
	return nil
}

// runAgain undoes the transaction and runs every unit in a savepoint of its own.
func (g *group) runAgain() error {
	if _, err := g.conn.exec("ROLLBACK"); err != nil {
		return err
	}
	if _, err := g.conn.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, u := range g.units {
		if g.results[i] = u.ctx.Err(); g.results[i] == nil {
			g.results[i] = g.savepoint(func() error { return u.run(g.conn) })
		}
	}
	return nil
}

// savepoint keeps one unit's failure from the others in the group.
func (g *group) savepoint(fn func() error) error {
	if _, err := g.conn.exec("SAVEPOINT unit"); err != nil {
		return fromSQLite(err)
	}
	err := fn()
	if err != nil {
		if _, undo := g.conn.exec("ROLLBACK TO unit"); undo != nil {
			return fromSQLite(undo)
		}
	}
	if _, release := g.conn.exec("RELEASE unit"); release != nil {
		return fromSQLite(release)
	}
	return fromSQLite(err)
}

// checkpoint copies the write-ahead log into the database beside the writer and
// asks the writer to wait for it only when the log has grown past its limit.
func (e *sqliteEngine) checkpoint(ctx context.Context, conn *liteConn) {
	defer e.workers.Done()
	defer func() { _ = conn.close() }()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var busy, pages, moved int64
		err := conn.each("PRAGMA wal_checkpoint(PASSIVE)", nil, func(r Row) error { return r.Scan(&busy, &pages, &moved) })
		if err != nil {
			_ = e.note(err)
		}
		if pages > walLimit {
			e.walFull.Store(true)
		}
	}
}
