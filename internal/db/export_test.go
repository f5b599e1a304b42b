package db

import "context"

// CommitTogether queues units so that they share one commit, and gives what became
// of each.
func CommitTogether(ctx context.Context, d *DB, s Scope, fns ...func(*Tx)) ([]error, error) {
	units := make([]*unit, len(fns))
	for i, fn := range fns {
		tx := &Tx{ctx: ctx, db: d, scope: s}
		fn(tx)
		units[i] = &unit{ctx: ctx, scope: s, statements: tx.queued, done: make(chan error, 1)}
	}
	switch e := d.engine.(type) {
	case *postgresEngine:
		e.commitGroup(units)
	case *sqliteEngine:
		// The writer waits for a session's end, and then takes all that has come.
		hold, err := e.begin(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			e.queue <- u
		}
		if err := hold.end(nil); err != nil {
			return nil, err
		}
	}
	errs := make([]error, len(units))
	for i, u := range units {
		errs[i] = outward(<-u.done)
	}
	return errs, nil
}
