package bulk

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Result counts what became of the rows.
type Result struct {
	Stored  int // new customers
	Present int // rows whose e-mail or member id a customer has already
	Refused int // rows in the error file
}

// Rows is the number of rows read.
func (r Result) Rows() int { return r.Stored + r.Present + r.Refused }

// Options say how an import runs.
type Options struct {
	Format   Format
	DryRun   bool
	Errors   io.Writer      // CSV: row, path, code, message
	Progress func(rows int) // called as rows are finished
}

const (
	batchRows   = 64
	batchesOpen = 4
)

type batch struct {
	numbers []int
	rows    []customer.Input
}

// Import stores the customers of a file. It may be cut at any point and run again: a
// row that is stored already is counted as present.
func Import(ctx context.Context, s *customer.Service, g auth.Grant, file io.Reader, o Options) (Result, error) {
	src, err := open(file, o.Format)
	if err != nil {
		return Result{}, err
	}
	run := &importRun{service: s, grant: g, options: o, errors: csv.NewWriter(o.Errors)}
	_ = run.errors.Write([]string{"row", "path", "code", "message"})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan batch)
	var workers sync.WaitGroup
	for range batchesOpen {
		workers.Go(func() {
			for b := range batches {
				if err := run.store(ctx, b); err != nil {
					cancel(err)
				}
			}
		})
	}
	err = run.read(ctx, src, batches)
	close(batches)
	workers.Wait()
	run.errors.Flush()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return run.result, errors.Join(err, run.errors.Error())
}

func open(file io.Reader, f Format) (source, error) {
	if f == NDJSON {
		return newNDJSON(file), nil
	}
	return newCSV(file)
}

type importRun struct {
	service *customer.Service
	grant   auth.Grant
	options Options

	mu     sync.Mutex
	errors *csv.Writer
	result Result
}

// read fills batches until the file ends. Rows that can't be read or hold a card
// number go no further.
func (r *importRun) read(ctx context.Context, src source, batches chan<- batch) error {
	var b batch
	for number := 1; ; number++ {
		row, err := src.next()
		if errors.Is(err, io.EOF) {
			return send(ctx, batches, b)
		}
		var refused *fault.Error
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if err == nil {
			err = guard(row)
		}
		if err != nil {
			r.finish(number, err)
			continue
		}
		b.numbers, b.rows = append(b.numbers, number), append(b.rows, customer.Input{Body: row})
		if len(b.rows) == batchRows {
			if err := send(ctx, batches, b); err != nil {
				return err
			}
			b = batch{}
		}
	}
}

func guard(row strictjson.Value) error {
	if found := cardguard.Check(row, customer.Typed); len(found) > 0 {
		return fault.Fields(found)
	}
	return nil
}

func send(ctx context.Context, batches chan<- batch, b batch) error {
	if len(b.rows) == 0 {
		return nil
	}
	select {
	case batches <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *importRun) store(ctx context.Context, b batch) error {
	store := r.service.CreateBatch
	if r.options.DryRun {
		store = r.service.CheckBatch
	}
	errs, err := store(ctx, r.grant, b.rows)
	if err != nil {
		return err
	}
	for i, rowErr := range errs {
		if e := fault.From(rowErr); rowErr != nil && (e.Kind == fault.Internal || e.Kind == fault.Unavailable) {
			return rowErr
		}
		r.finish(b.numbers[i], rowErr)
	}
	return nil
}

// finish counts a row and writes why it was refused.
func (r *importRun) finish(number int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.result.Stored++
	case fault.Is(err, fault.CustomerDuplicate):
		r.result.Present++
	default:
		r.result.Refused++
		r.describe(number, fault.From(err))
	}
	r.options.Progress(r.result.Rows())
}

func (r *importRun) describe(number int, e *fault.Error) {
	if len(e.Fields) == 0 {
		_ = r.errors.Write([]string{strconv.Itoa(number), "", e.Code, e.Message})
	}
	for _, f := range e.Fields {
		_ = r.errors.Write([]string{strconv.Itoa(number), escape(f.Path), f.Code, f.Message})
	}
}
