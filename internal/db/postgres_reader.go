package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/florin-gateway/florin/internal/fault"
)

const (
	// pgReaders send questions for one row at the same time. While fewer callers ask,
	// each question travels alone.
	pgReaders = 4
	// pgQuestions bounds how many share a round trip, and so how long one waits for others.
	pgQuestions = 16
)

// question asks for one row by its key.
type question struct {
	ctx   context.Context
	scope Scope
	sql   string
	args  []any
	fn    func(Row) error
	done  chan error
}

// row sends a question along with whatever others wait. A round trip costs the server
// and us more than finding a row does.
func (e *postgresEngine) row(ctx context.Context, s Scope, sql string, args []any, fn func(Row) error) error {
	q := &question{ctx: ctx, scope: s, sql: sql, args: args, fn: fn, done: make(chan error, 1)}
	e.closing.RLock()
	if e.closed {
		e.closing.RUnlock()
		return fault.Away(errShut)
	}
	e.questions <- q
	e.closing.RUnlock()
	return <-q.done
}

func (e *postgresEngine) answer(queue <-chan *question) {
	for first := range queue {
		group := append(make([]*question, 0, pgQuestions), first)
		for more := true; more && len(group) < pgQuestions; {
			select {
			case q, ok := <-queue:
				if more = ok; ok {
					group = append(group, q)
				}
			default:
				more = false
			}
		}
		e.answerGroup(group)
	}
}

// answerGroup asks all at once. What the server refuses ends the transaction for those
// behind it, so from there on each is asked alone: only the guilty one shall see the
// error. When the server is away nobody is asked again, or the last would wait for all.
func (e *postgresEngine) answerGroup(group []*question) {
	if len(group) > 1 {
		done, err := e.askTogether(group)
		group = group[done:]
		if lost := new(lostError); errors.As(err, &lost) {
			for _, q := range group {
				q.done <- err
			}
			return
		}
	}
	for _, q := range group {
		q.done <- e.read(q.ctx, q.scope, q.sql, q.args, q.take)
	}
}

// askTogether says how many questions were answered before something failed.
func (e *postgresEngine) askTogether(group []*question) (done int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), pgTimeout)
	defer cancel()
	batch := &pgx.Batch{}
	for i, q := range group {
		if i == 0 || group[i-1].scope != q.scope {
			enter, args := e.enter(q.scope)
			batch.Queue(enter, args...)
		}
		batch.Queue(q.sql, q.args...)
	}
	results := e.pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }()
	for i, q := range group {
		if i == 0 || group[i-1].scope != q.scope {
			if _, err := results.Exec(); err != nil {
				return i, fromPostgres(err)
			}
		}
		if err := eachRow(results.Query, q.take); err != nil {
			return i, err
		}
		q.done <- nil
	}
	return len(group), nil
}

// take hands a row to the caller's function. It runs in no caller's goroutine: what
// net/http would recover there must not end the program here.
func (q *question) take(r Row) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return q.fn(r)
}
