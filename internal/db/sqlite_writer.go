package db

import (
	"context"
	"time"
)

// liteSession is a unit that asks: it borrows the writer's connection between two
// signals and is committed with the group in which it ran.
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
	waiting []chan error
	results []error
}

// write is the one writer. It takes whatever waits, runs each unit in a savepoint of
// its own, and commits them together: one fsync for all.
func (e *sqliteEngine) write(conn *liteConn) {
	defer e.workers.Done()
	defer func() { _ = conn.close() }()
	for work := range e.queue {
		if e.walFull.Swap(false) {
			_, _ = conn.exec("PRAGMA wal_checkpoint(RESTART)")
		}
		if s, ok := work.(*liteSession); ok && s.scrub {
			_, err := conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
			s.done <- fromSQLite(err)
			continue
		}
		e.commitGroup(conn, work)
	}
	_, _ = conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

func (e *sqliteEngine) commitGroup(conn *liteConn, first any) {
	g := &group{conn: conn}
	if _, err := conn.exec("BEGIN IMMEDIATE"); err != nil {
		refuse(first, e.note(err))
		return
	}
	g.run(first)
	for more := true; more && len(g.waiting) < maxGroup; {
		select {
		case work, ok := <-e.queue:
			switch s, isSession := work.(*liteSession); {
			case !ok:
				more = false
			case isSession && s.scrub:
				s.done <- nil
				e.walFull.Store(true)
			default:
				g.run(work)
			}
		default:
			more = false
		}
	}
	if _, err := conn.exec("COMMIT"); err != nil {
		e.abandon(g, err)
		return
	}
	for i, done := range g.waiting {
		done <- g.results[i]
	}
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

func (g *group) run(work any) {
	switch w := work.(type) {
	case *unit:
		g.waiting = append(g.waiting, w.done)
		g.results = append(g.results, g.runUnit(w))
	case *liteSession:
		g.waiting = append(g.waiting, w.done)
		g.results = append(g.results, g.savepoint(func() error {
			w.turn <- g.conn
			return <-w.finished
		}))
	}
}

func (g *group) runUnit(u *unit) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	if len(u.statements) == 1 && u.statements[0].want < 0 {
		// A single statement undoes itself when it fails (SQLite: ABORT).
		return fromSQLite(g.conn.run(u.statements[0]))
	}
	return g.savepoint(func() error {
		for _, s := range u.statements {
			if err := g.conn.run(s); err != nil {
				return err
			}
		}
		return nil
	})
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
