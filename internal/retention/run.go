package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/lease"
	"github.com/florin-gateway/florin/internal/owner"
)

// Outcome is what a run did in one class.
type Outcome struct {
	Class   string           `json:"class"`
	Version int64            `json:"policyVersion"`
	Days    int64            `json:"days"`
	Cutoff  time.Time        `json:"cutoff"`  // what happened last before it was due
	Removed int64            `json:"removed"` // or would be, in a dry run
	Kept    map[string]int64 `json:"kept"`    // by reason, although its time has come
	Samples []int64          `json:"-"`       // ids of some that are due, in a dry run
}

// Report is what a run did.
type Report struct {
	ID      int64
	UserID  int64 // who asked for it; 0 is the job
	DryRun  bool
	Classes []Outcome
	Signed  string // the same as a C2SP signed note, by the key of the audit trail
}

// At is when it began.
func (r Report) At() time.Time { return id.Time(r.ID) }

// Removed is how much it removed in all.
func (r Report) Removed() (n int64) {
	for _, o := range r.Classes {
		n += o.Removed
	}
	return n
}

const (
	batch   = 500 // rows of a unit
	samples = 10
	// proven is how often a run that found nothing is recorded: that the job runs is part of
	// what a report shows.
	proven = 24 * time.Hour
)

// Run applies every policy of a realm now. A dry run counts, and removes nothing. keep runs in
// the unit of the report.
func (s *Service) Run(ctx context.Context, g auth.Grant, dryRun bool, keep func(*db.Tx, Report) error) (Report, error) {
	r, rep, err := s.run(ctx, g, dryRun)
	if err != nil {
		return rep, err
	}
	return s.record(ctx, r, rep, keep)
}

// RunJob is Run by the program itself, which records a run that did something, or one a day.
func (s *Service) RunJob(ctx context.Context, g auth.Grant) error {
	if s.Leases != nil {
		if err := s.Leases.Hold(ctx, leaseOf(g)); errors.Is(err, lease.ErrTaken) {
			return nil // another node does it
		} else if err != nil {
			return err
		}
	}
	r, rep, err := s.run(ctx, g, false)
	if len(rep.Classes) == 0 {
		return err
	}
	last, asked := s.last(ctx, r)
	if rep.Removed() > 0 || asked == nil && s.Clock.Now().Sub(last) >= proven {
		_, recorded := s.record(ctx, r, rep, func(*db.Tx, Report) error { return nil })
		err = errors.Join(err, recorded)
	}
	return errors.Join(err, asked)
}

func leaseOf(g auth.Grant) string { return fmt.Sprint("retention/", g.Realm()) }

// last is when the newest recorded run was.
func (s *Service) last(ctx context.Context, r owner.Room) (time.Time, error) {
	var newest int64
	err := s.Store.One(ctx, r.Scope(), `SELECT coalesce(max(id), 0) FROM retention_run WHERE realm_id = $1`, []any{r.Realm()}, &newest)
	return id.Time(newest), err
}

func (s *Service) run(ctx context.Context, g auth.Grant, dryRun bool) (owner.Room, Report, error) {
	rep := Report{ID: s.IDs.Next(), UserID: g.Actor().ID, DryRun: dryRun}
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return r, rep, err
	}
	all, err := s.policies(ctx, r)
	if err != nil {
		return r, rep, err
	}
	now := s.Clock.Now()
	var errs []error
	for _, p := range all {
		if p.Days == 0 || p.due == "" && p.Name != Uncollected {
			continue
		}
		o := Outcome{Class: p.Name, Version: p.Version, Days: p.Days, Cutoff: now.AddDate(0, 0, -int(p.Days)), Kept: map[string]int64{}}
		if p.Name == Uncollected {
			errs = append(errs, s.fields(ctx, g, r, rep, &o))
			rep.Classes = append(rep.Classes, o)
			continue
		}
		w := window{realm: r.Realm(), cutoff: o.Cutoff, now: now, limit: batch}
		errs = append(errs, s.apply(ctx, g, p.Class, w, rep, &o))
		rep.Classes = append(rep.Classes, o)
	}
	return r, rep, errors.Join(errs...)
}

// apply goes through one class, a batch at a time.
func (s *Service) apply(ctx context.Context, g auth.Grant, c Class, w window, rep Report, o *Outcome) error {
	for {
		found, err := s.step(ctx, g, c, w, rep, o)
		if err != nil || len(found) < w.limit {
			return err
		}
		w.after = found[len(found)-1].id
		if s.Leases != nil && !rep.DryRun {
			_ = s.Leases.Hold(ctx, leaseOf(g)) // renewed; two nodes at once would only count less each
		}
	}
}

func (s *Service) step(ctx context.Context, g auth.Grant, c Class, w window, rep Report, o *Outcome) ([]item, error) {
	if !rep.DryRun && !c.erases() {
		return s.sweep(ctx, g, c, w, rep, o)
	}
	found, err := c.ask(w, s.reader(ctx, g))
	for _, it := range found {
		switch {
		case err != nil:
		case it.kept != 0:
			o.Kept[it.why()]++
		case rep.DryRun:
			if o.Removed++; len(o.Samples) < samples {
				o.Samples = append(o.Samples, it.id)
			}
		default:
			err = s.erase(ctx, g, c, w, rep, it, o)
		}
	}
	return found, err
}

// sweep asks and removes in one unit, so that nothing can come between.
func (s *Service) sweep(ctx context.Context, g auth.Grant, c Class, w window, rep Report, o *Outcome) ([]item, error) {
	remove := c.remove
	if remove == nil {
		remove = s.Attempt
	}
	var found []item
	var done Outcome
	err := s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) (err error) {
		done = Outcome{Kept: map[string]int64{}} // a unit may run twice
		if found, err = c.ask(w, tx.Each); err != nil {
			return err
		}
		about := map[int64]bool{}
		for _, it := range found {
			if it.kept != 0 {
				done.Kept[it.why()]++
				continue
			}
			remove(tx, w.realm, it.of, it.id)
			done.Removed++
			if c.remove != nil && it.of != 0 {
				about[it.of] = true
				customer.WasActive(tx, w.realm, it.of, max(it.at, id.Millis(it.id)))
			}
		}
		if done.Removed == 0 {
			return nil
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RetentionRemove, Customers: slices.Sorted(maps.Keys(about)), Object: rep.ID, Fields: []string{c.Name}})
	})
	if err != nil {
		return nil, err
	}
	o.Removed += done.Removed
	for why, n := range done.Kept {
		o.Kept[why] += n
	}
	return found, nil
}

// erase removes a customer as DELETE would, if they are still due: the list was read a moment
// ago. A refusal is counted by its code.
func (s *Service) erase(ctx context.Context, g auth.Grant, c Class, w window, rep Report, it item, o *Outcome) error {
	w.after, w.limit = it.id-1, 1
	again, err := c.ask(w, s.reader(ctx, g))
	if err != nil {
		return err
	}
	if len(again) == 0 || again[0].id != it.id || again[0].kept != 0 {
		return nil // something has happened
	}
	a := g.Actor()
	err = s.Customers.Erase(ctx, auth.System(a.Owner, a.Realm, a.Mode, fmt.Sprint("retention-", rep.ID)), it.id, nil)
	switch e := fault.From(err); {
	case err == nil:
		o.Removed++
	case e.Kind == fault.Internal || e.Kind == fault.Unavailable:
		return err
	case e.Code != fault.CustomerErased:
		o.Kept[strings.ToLower(e.Code)]++
	}
	return nil
}

// text is what is signed.
func (r Report) text(realm int64) string {
	lines := []string{customer.RetentionHead, fmt.Sprintf("run %d in realm %d, asked by %d", r.ID, realm, r.UserID), "began " + r.At().Format(time.RFC3339)}
	for _, o := range r.Classes {
		line := fmt.Sprintf("class %s, policy %d of %d days, cut-off %s, removed %d", o.Class, o.Version, o.Days, o.Cutoff.UTC().Format(time.RFC3339), o.Removed)
		for _, why := range slices.Sorted(maps.Keys(o.Kept)) {
			line += fmt.Sprintf(", kept %d for %s", o.Kept[why], why)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// record signs a report and writes it down; of a dry run the trail alone knows.
func (s *Service) record(ctx context.Context, r owner.Room, rep Report, keep func(*db.Tx, Report) error) (Report, error) {
	e := audit.Entry{Action: audit.RetentionRun, Object: rep.ID}
	if rep.DryRun {
		e.Filters = []string{"dryRun"}
		return rep, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			if err := keep(tx, rep); err != nil {
				return err
			}
			return s.Audit.Add(tx, r.Grant, e)
		})
	}
	classes, err := json.Marshal(append([]Outcome{}, rep.Classes...))
	if err != nil {
		return rep, err
	}
	if rep.Signed, err = s.Sign(rep.text(r.Realm())); err != nil {
		return rep, err
	}
	return rep, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO retention_run (realm_id, id, user_id, removed, report, certificate) VALUES ($1, $2, $3, $4, $5, $6)`, r.Realm(), rep.ID, rep.UserID, rep.Removed(), string(classes), rep.Signed)
		if err := keep(tx, rep); err != nil {
			return err
		}
		return s.Audit.Add(tx, r.Grant, e)
	})
}

// Runs lists recorded runs with ids below before, the newest first; 0 begins at the newest.
func (s *Service) Runs(ctx context.Context, g auth.Grant, before int64, limit int) ([]Report, error) {
	if before == 0 {
		before = id.Max
	}
	return s.read(ctx, g, ` AND id < $2 ORDER BY id DESC LIMIT $3`, before, limit)
}

// Get finds one.
func (s *Service) Get(ctx context.Context, g auth.Grant, runID int64) (Report, error) {
	all, err := s.read(ctx, g, ` AND id = $2`, runID)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, fault.RetentionRunNotFound, "Retention run not found")
	}
	if err != nil {
		return Report{}, err
	}
	return all[0], nil
}

func (s *Service) read(ctx context.Context, g auth.Grant, where string, args ...any) ([]Report, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all := []Report{}
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, report, certificate FROM retention_run WHERE realm_id = $1`+where, append([]any{r.Realm()}, args...), func(row db.Row) error {
		var rep Report
		var classes string
		if err := row.Scan(&rep.ID, &rep.UserID, &classes, &rep.Signed); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(classes), &rep.Classes)
		all = append(all, rep)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RetentionRead})
}
