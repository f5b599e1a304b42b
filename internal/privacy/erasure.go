package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// MostErased is how many customers one job takes.
const MostErased = 10_000

// erasing is how many are erased at the same time: their units share commits.
const erasing = 16

// Erased is the code of an item that is done; another is why it was refused.
const Erased = "ok"

// Job is an erasure of many customers.
type Job struct {
	ID       int64
	UserID   int64
	Total    int64
	Done     int64
	Refused  map[string]int64 // by error code
	Finished time.Time        // zero while it runs
}

// Started is when it was asked for.
func (j Job) Started() time.Time { return id.Time(j.ID) }

// Erase begins the erasure of many. Each is erased, or refused, as DELETE would; what
// became of each is in Items. It survives a restart.
func (s *Service) Erase(ctx context.Context, g auth.Grant, customers []int64, also func(*db.Tx, Job) error) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	all := slices.Clone(customers)
	slices.Sort(all)
	all = slices.Compact(all)
	j := Job{ID: s.IDs.Next(), UserID: g.Actor().ID, Total: int64(len(all))}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO erasure_job (realm_id, id, user_id, owner_id, mode, finished_at) VALUES ($1, $2, $3, $4, $5, 0)`, r.Realm(), j.ID, j.UserID, g.Owner(), string(g.Actor().Mode))
		rows := make([]any, 0, 4*len(all))
		for _, customerID := range all {
			rows = append(rows, r.Realm(), j.ID, customerID, "")
		}
		tx.Insert(`INSERT INTO erasure_item (realm_id, job_id, customer_id, code)`, 4, rows...)
		if err := also(tx, j); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ErasureStart, Object: j.ID, Count: len(all)})
	})
	s.Wake()
	return err
}

// Wake tells Run that there is a job.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Job tells how far an erasure of many is.
func (s *Service) Job(ctx context.Context, g auth.Grant, jobID int64) (Job, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Job{}, err
	}
	j := Job{ID: jobID, Refused: map[string]int64{}}
	var finished int64
	err = s.Store.One(ctx, r.Scope(), `SELECT user_id, finished_at FROM erasure_job WHERE realm_id = $1 AND id = $2`, []any{r.Realm(), jobID}, &j.UserID, &finished)
	if errors.Is(err, db.ErrNoRows) {
		return j, fault.New(fault.NotFound, fault.ErasureNotFound, "Erasure not found")
	}
	if err != nil {
		return j, err
	}
	if finished != 0 {
		j.Finished = time.UnixMilli(finished).UTC()
	}
	err = s.Store.Each(ctx, r.Scope(), `SELECT code, count(*) FROM erasure_item WHERE realm_id = $1 AND job_id = $2 GROUP BY code`, []any{r.Realm(), jobID}, j.count)
	if err != nil {
		return j, err
	}
	return j, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ErasureRead, Object: jobID})
}

func (j *Job) count(row db.Row) error {
	var code string
	var n int64
	err := row.Scan(&code, &n)
	j.Total += n
	switch code {
	case "":
	case Erased:
		j.Done = n
	default:
		j.Refused[code] = n
	}
	return err
}

// Run works through jobs until ctx ends: at once when woken, and every interval for what
// other nodes began or left. Two nodes that meet at a job erase each customer once.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, s.wake, func(ctx context.Context) bool {
		if err := s.EraseDue(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		return false
	})
}

// open is a job that is not finished.
type open struct {
	id    int64
	grant auth.Grant
}

// EraseDue works through every open job.
func (s *Service) EraseDue(ctx context.Context) error {
	var jobs []open
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, id, owner_id, mode FROM erasure_job WHERE finished_at = 0 ORDER BY id`, nil, func(row db.Row) error {
		var realm, jobID, ownerID int64
		var mode string
		err := row.Scan(&realm, &jobID, &ownerID, &mode)
		jobs = append(jobs, open{jobID, auth.System(ownerID, realm, auth.Mode(mode), fmt.Sprint("erasure-", jobID))})
		return err
	})
	for _, j := range jobs {
		if err == nil {
			err = s.work(ctx, j)
		}
	}
	return err
}

// work erases a job's customers, a few at a time.
func (s *Service) work(ctx context.Context, j open) error {
	realm := j.grant.Realm()
	for {
		var next []int64
		err := s.Store.Each(ctx, db.Realm(realm), `SELECT customer_id FROM erasure_item WHERE realm_id = $1 AND job_id = $2 AND code = '' ORDER BY customer_id LIMIT $3`,
			[]any{realm, j.id, 16 * erasing}, func(row db.Row) error {
				var customerID int64
				err := row.Scan(&customerID)
				next = append(next, customerID)
				return err
			})
		if err != nil {
			return err
		}
		if len(next) == 0 {
			return s.Store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
				tx.Exec(`UPDATE erasure_job SET finished_at = $3 WHERE realm_id = $1 AND id = $2 AND finished_at = 0`, realm, j.id, s.Clock.Millis())
				return nil
			})
		}
		if err := s.eraseAll(ctx, j, next); err != nil {
			return err
		}
	}
}

// eraseAll erases some and keeps what became of each. An error that is no refusal stays
// open for the next round.
func (s *Service) eraseAll(ctx context.Context, j open, customers []int64) error {
	codes, errs := make([]string, len(customers)), make([]error, len(customers))
	places := make(chan struct{}, erasing)
	var all sync.WaitGroup
	for i, customerID := range customers {
		places <- struct{}{}
		all.Go(func() {
			codes[i], errs[i] = codeOf(s.Customers.Erase(ctx, j.grant, customerID, nil))
			<-places
		})
	}
	all.Wait()
	realm := j.grant.Realm()
	err := s.Store.Write(context.WithoutCancel(ctx), db.Realm(realm), func(tx *db.Tx) error {
		for i, customerID := range customers {
			if errs[i] == nil {
				tx.Exec(`UPDATE erasure_item SET code = $4 WHERE realm_id = $1 AND job_id = $2 AND customer_id = $3`, realm, j.id, customerID, codes[i])
			}
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// codeOf tells a refusal from a failure. Who was erased already, perhaps by this job before
// a crash, is erased.
func codeOf(err error) (string, error) {
	e := fault.From(err)
	switch {
	case err == nil || e.Code == fault.CustomerErased:
		return Erased, nil
	case e.Kind == fault.Internal || e.Kind == fault.Unavailable:
		return "", err
	}
	return e.Code, nil
}
