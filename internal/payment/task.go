package payment

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// Kinds of tasks. Each can be done twice without harm: providers act once for a key.
const (
	askTask     = "ask"     // how does the attempt stand
	captureTask = "capture" // take what is held
	reverseTask = "reverse" // give a late approval back
	refundTask  = "refund"  // how does the refund stand
	forgetTask  = "forget"  // remove a method or a payer at the provider
	contestTask = "contest" // hand in the evidence of a dispute
)

// task is something due with a provider.
type task struct {
	realm, id int64
	kind      string
	requestID int64
	subjectID int64 // the attempt, refund, method or dispute
	due       time.Time
	tries     int64
	seen      int64 // due_at as it was read: a claim moves it on this condition
	sealed    []byte
}

// task queues a task.
func (s *Service) task(tx *db.Tx, r owner.Room, t task) {
	if t.id == 0 {
		t.id = s.IDs.Next()
	}
	if t.sealed == nil {
		t.sealed = []byte{}
	}
	tx.Insert(`INSERT INTO payment_task (subject_id, realm_id, id, kind, request_id, due_at, tries, doc)`, 8,
		t.subjectID, r.Realm(), t.id, t.kind, t.requestID, t.due.UnixMilli(), int64(0), t.sealed)
}

// done deletes a subject's task in the unit of its end.
func (s *Service) done(tx *db.Tx, r owner.Room, kind string, subjectID int64) {
	tx.Exec(`DELETE FROM payment_task WHERE realm_id = $1 AND subject_id = $2 AND kind = $3`, r.Realm(), subjectID, kind)
}

// ended deletes what an attempt that is over waited for.
func (s *Service) ended(tx *db.Tx, r owner.Room, attemptID int64) {
	tx.Exec(`DELETE FROM payment_task WHERE realm_id = $1 AND subject_id = $2 AND kind IN ($3, $4)`, r.Realm(), attemptID, askTask, captureTask)
}

// postpone lets an attempt that is under way be asked about at its own pace.
func (s *Service) postpone(tx *db.Tx, r owner.Room, attemptID int64) {
	tx.Exec(`UPDATE payment_task SET due_at = $4, tries = 0 WHERE realm_id = $1 AND subject_id = $2 AND kind = $3`,
		r.Realm(), attemptID, askTask, s.Clock.Now().Add(pauses()[0]).UnixMilli())
}

// pauses are the waits between two questions about one thing; the last goes on.
func pauses() []time.Duration {
	return []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
}

const (
	tasksAtOnce = 64
	// taskLease is how long another node leaves a claimed task alone.
	taskLease = time.Minute
	// challengeLife is how long a payer may take to confirm.
	challengeLife = 30 * time.Minute
)

// RunDue does what is due with providers and says how many tasks it took.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	tasks, err := s.dueTasks(ctx)
	if err != nil {
		return 0, err
	}
	errs := make(chan error, len(tasks))
	slots := make(chan struct{}, 8)
	for _, t := range tasks {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			errs <- s.claim(ctx, t)
		}()
	}
	for range tasks {
		err = errors.Join(err, <-errs)
	}
	return len(tasks), err
}

func (s *Service) dueTasks(ctx context.Context) ([]task, error) {
	var tasks []task
	err := s.Store.Each(ctx, db.Worker(), `SELECT realm_id, id, kind, request_id, subject_id, due_at, tries, doc FROM payment_task WHERE due_at <= $1 ORDER BY due_at LIMIT $2`,
		[]any{s.Clock.Millis(), tasksAtOnce}, func(row db.Row) error {
			var t task
			err := row.Scan(&t.realm, &t.id, &t.kind, &t.requestID, &t.subjectID, &t.seen, &t.tries, &t.sealed)
			t.sealed = append([]byte(nil), t.sealed...)
			tasks = append(tasks, t)
			return err
		})
	return tasks, err
}

// realmOf enters a realm for the program's own work.
func (s *Service) realmOf(ctx context.Context, realm int64, name string) (owner.Room, error) {
	o, mode, err := s.Owners.ByRealm(ctx, realm)
	if err != nil {
		return owner.Room{}, err
	}
	return s.enter(ctx, auth.System(o.ID, realm, mode, name))
}

func (s *Service) claim(ctx context.Context, t task) error {
	r, err := s.realmOf(ctx, t.realm, "payment-"+t.kind)
	if err != nil {
		return err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `UPDATE payment_task SET due_at = $4, tries = tries + 1 WHERE realm_id = $1 AND subject_id = $5 AND id = $2 AND due_at = $3`,
			t.realm, t.id, t.seen, s.Clock.Now().Add(taskLease).UnixMilli(), t.subjectID)
		return nil
	})
	if errors.Is(err, errAgain) {
		return nil // another node has it, or it is done
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	finished, err := s.perform(ctx, r, t)
	return errors.Join(err, s.after(context.WithoutCancel(ctx), r, t, finished))
}

// after deletes a finished task, or lets it wait for its next try.
func (s *Service) after(ctx context.Context, r owner.Room, t task, finished bool) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if finished {
			tx.Exec(`DELETE FROM payment_task WHERE realm_id = $1 AND subject_id = $2 AND id = $3`, t.realm, t.subjectID, t.id)
			return nil
		}
		all := pauses()
		wait := all[min(int(t.tries), len(all)-1)]
		tx.Exec(`UPDATE payment_task SET due_at = $4 WHERE realm_id = $1 AND subject_id = $2 AND id = $3`, t.realm, t.subjectID, t.id, s.Clock.Now().Add(wait).UnixMilli())
		return nil
	})
}

// perform does one task and says whether it is over.
func (s *Service) perform(ctx context.Context, r owner.Room, t task) (bool, error) {
	switch t.kind {
	case refundTask:
		return s.askRefund(ctx, r, t)
	case forgetTask:
		return s.forgetAtProvider(ctx, r, t)
	case contestTask:
		return s.contestAtProvider(ctx, r, t)
	}
	a, err := s.findAttempt(ctx, r, `id = $2`, t.subjectID)
	if err != nil {
		return errors.Is(err, db.ErrNoRows), ignoreNoRows(err)
	}
	q, err := s.find(ctx, r, a.requestID)
	if err != nil {
		return false, err
	}
	u, err := s.Routing.Open(ctx, r, a.providerID)
	if err != nil {
		return false, err
	}
	switch t.kind {
	case captureTask:
		return s.capture(ctx, r, q, a, u)
	case reverseTask:
		return s.reverse(ctx, r, q, a, u)
	default:
		return s.ask(ctx, r, q, a, u)
	}
}

func ignoreNoRows(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	return err
}

// ask finds out how an attempt stands. A challenge that nobody confirms is ended.
func (s *Service) ask(ctx context.Context, r owner.Room, q *Request, a attempt, u use) (bool, error) {
	out, err := u.Connector.Fetch(ctx, u.Account, a.ref(q))
	if err != nil {
		return false, nil // asked again; what stands in the way is the provider's
	}
	if out.State == provider.Challenge && s.Clock.Now().Sub(id.Time(a.id)) > challengeLife {
		if ended, err := u.Connector.Cancel(ctx, u.Account, a.ref(q)); err == nil {
			out = ended
		}
	}
	if rank(out.State) < 2 {
		if out.Reference != "" && a.reference == "" {
			_, err = s.settle(ctx, r, a.id, out, Keep{})
		}
		return false, err
	}
	_, err = s.settle(ctx, r, a.id, out, Keep{})
	return err == nil, err
}

func (s *Service) capture(ctx context.Context, r owner.Room, q *Request, a attempt, u use) (bool, error) {
	if a.state != provider.Authorised {
		return true, nil
	}
	out, err := u.Connector.Capture(ctx, u.Account, a.ref(q))
	if err != nil || rank(out.State) < 3 {
		return false, nil
	}
	_, err = s.settle(ctx, r, a.id, out, Keep{})
	return err == nil, err
}

// reverse gives back money that came too late: what is held is let go, what was taken is
// refunded in full under a key of its own.
func (s *Service) reverse(ctx context.Context, r owner.Room, q *Request, a attempt, u use) (bool, error) {
	if a.code == codeReversed {
		return true, nil
	}
	out, err := u.Connector.Cancel(ctx, u.Account, a.ref(q))
	if err != nil {
		return false, nil
	}
	if out.State == provider.Approved {
		refund, err := u.Connector.Refund(ctx, u.Account, provider.RefundOrder{Key: key(a.id) + "-reverse", Ref: a.ref(q), Amount: q.Amount})
		if err != nil || refund.State != provider.Approved {
			return false, nil
		}
	} else if out.State != provider.Cancelled {
		return false, nil
	}
	return true, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(errAgain, `UPDATE payment_attempt SET code = $3 WHERE realm_id = $1 AND id = $2 AND code <> $3`, r.Realm(), a.id, codeReversed)
		line := *q
		line.AttemptID, line.ProviderID = a.id, a.providerID
		s.step(tx, &line, codeReversed, q.Amount)
		s.Events.RecordOn(tx, r.Grant, event.PaymentReversed, q.CustomerID, q.ID)
		return s.Audit.Add(tx, r.Grant, entry(audit.PaymentLate, q))
	})
}

// Run does what is due until ctx ends: at once when woken, and every interval.
func (s *Service) Run(ctx context.Context, interval time.Duration, failed func(error)) {
	clock.Repeat(ctx, interval, s.wake, func(ctx context.Context) bool {
		_, due := s.RunDue(ctx)
		_, expire := s.Expire(ctx)
		for _, err := range []error{due, expire} {
			if err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
		return false
	})
}

// sealTask gives a task its id and what it must know, sealed for that row under the owner's
// key: a customer's may be gone when it is done.
func (s *Service) sealTask(r owner.Room, t task, v any) (task, error) {
	t.id = s.IDs.Next()
	plain, err := json.Marshal(v)
	if err != nil {
		return t, err
	}
	t.sealed, err = r.Keys.Seal(r.Place("payment_task", t.id, "doc"), plain)
	return t, err
}

func openTask(r owner.Room, t task, v any) error {
	plain, err := r.Keys.Open(r.Place("payment_task", t.id, "doc"), t.sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
