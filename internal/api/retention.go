package api

import (
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/retention"
)

// RetentionPolicy is how long an owner keeps a class of data.
type RetentionPolicy struct {
	Name        string  `json:"name" example:"customers"`
	Description string  `json:"description" doc:"What goes, and what its time is counted from"`
	Days        *int64  `json:"days" doc:"null: no policy, nothing is removed by it"`
	MinimumDays *int64  `json:"minimumDays"`
	MaximumDays *int64  `json:"maximumDays"`
	Fixed       *string `json:"fixed" doc:"Why there can be no policy"`
	Version     int64   `json:"version" doc:"Grows with each change and stands in the report of each run"`
	UserID      *int64  `json:"userId"`
	UpdateDate  *string `json:"updateDate" format:"date-time"`
}

// RetentionPolicyList are all classes, in the order in which they run.
type RetentionPolicyList struct {
	Data []RetentionPolicy `json:"data"`
}

// RetentionPolicyInput sets how long a class is kept.
type RetentionPolicyInput struct {
	Days int64 `json:"days" minimum:"1" maximum:"36500" example:"730"`
}

// RetentionOutcome is what a run did in one class.
type RetentionOutcome struct {
	Class         string           `json:"class"`
	PolicyVersion int64            `json:"policyVersion"`
	Days          int64            `json:"days"`
	Cutoff        string           `json:"cutoff" format:"date-time" doc:"What happened last before it was due"`
	Removed       int64            `json:"removed" doc:"In a dry run: how many would be"`
	Kept          map[string]int64 `json:"kept" doc:"By reason, although their time has come: legal_hold, restricted, customer_on_hold"`
	SampleIDs     []int64          `json:"sampleIds" doc:"In a dry run: some that would be removed"`
}

// RetentionRun is what a run did.
type RetentionRun struct {
	ID          int64              `json:"id"`
	DryRun      bool               `json:"dryRun"`
	UserID      *int64             `json:"userId" doc:"Who asked for it; null is the job"`
	CreateDate  string             `json:"createDate" format:"date-time"`
	Removed     int64              `json:"removed"`
	Classes     []RetentionOutcome `json:"classes"`
	Certificate *string            `json:"certificate" doc:"The same as a signed note (C2SP signed-note), for florin audit certificate"`
}

// RetentionRunList are recorded runs, the newest first.
type RetentionRunList struct {
	Data []RetentionRun `json:"data"`
}

// The texts of retention. immutable: read by OpenAPI alone.
var (
	policiesDoc  = operation{tag: "Privacy", summary: "List how long each class of data is kept", answer: of[RetentionPolicyList]()}
	putPolicyDoc = operation{tag: "Privacy", summary: "Set how long a class of data is kept", body: of[RetentionPolicyInput](), answer: of[RetentionPolicy](), errors: []int{404, 413, 415},
		description: "From the next hour on, what is older is removed. Try it with a dry run of `POST /privacy/retention-runs`, on the same policy in test mode or with more days first."}
	removePolicyDoc = operation{tag: "Privacy", summary: "End the policy of a class of data", errors: []int{404}}
	runsDoc         = operation{tag: "Privacy", summary: "List what runs of the retention policies did", answer: of[RetentionRunList](), description: "Runs that removed something, those that were asked for, and one a day."}
	runDoc          = operation{tag: "Privacy", summary: "Get the report of a retention run", answer: of[RetentionRun](), errors: []int{404}}
	startRunDoc     = operation{tag: "Privacy", summary: "Apply the retention policies now, or count what would go", answer: of[RetentionRun](), errors: []int{409, 422}, headers: []string{"Idempotent-Replayed"},
		description: "With `dryRun=true` nothing is removed: counts and samples of ids. Customers are erased as by DELETE, each with a certificate."}
)

func showPolicy(p retention.Policy) RetentionPolicy {
	shown := RetentionPolicy{Name: p.Name, Description: p.Says, Days: idOrNull(p.Days), MinimumDays: idOrNull(int64(p.Least)), MaximumDays: idOrNull(int64(p.Most)), Fixed: orNull(p.Fixed), Version: p.Version, UserID: idOrNull(p.UserID)}
	if p.Version > 0 {
		shown.UpdateDate = stampOrNull(p.Changed)
	}
	return shown
}

func showRun(r retention.Report) RetentionRun {
	return RetentionRun{ID: r.ID, DryRun: r.DryRun, UserID: idOrNull(r.UserID), CreateDate: stamp(r.At()), Removed: r.Removed(), Certificate: orNull(r.Signed), Classes: list(r.Classes, func(o retention.Outcome) RetentionOutcome {
		return RetentionOutcome{Class: o.Class, PolicyVersion: o.Version, Days: o.Days, Cutoff: stamp(o.Cutoff), Removed: o.Removed, Kept: o.Kept, SampleIDs: append([]int64{}, o.Samples...)}
	})}
}

func (a *API) listPolicies(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Retention.Policies(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, RetentionPolicyList{Data: list(all, showPolicy)})
}

func (a *API) putPolicy(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	days := f.whole("days", 1, 1<<31, 0)
	if days == 0 {
		f.bad("days", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	p, err := a.Retention.Put(ctx, r.Grant, r.Word("name"), days)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showPolicy(p))
}

func (a *API) removePolicy(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	_, err := a.Retention.Put(ctx, r.Grant, r.Word("name"), 0)
	return done(err)
}

func (a *API) listRuns(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit, before := r.Int("limit", 1, maxLimit, defaultLimit), r.Int("before", 1, 1<<53-1, 0)
	if err := r.Faults(); err != nil {
		return nil, err
	}
	all, err := a.Retention.Runs(ctx, r.Grant, before, int(limit))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, RetentionRunList{Data: list(all, showRun)})
}

func (a *API) getRun(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	found, err := a.Retention.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRun(found))
}

func (a *API) startRun(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	dryRun := r.Bool("dryRun")
	if err := r.Faults(); err != nil {
		return nil, err
	}
	made, err := a.Retention.Run(ctx, r.Grant, dryRun, func(tx *db.Tx, made retention.Report) error {
		answer, err := encode(http.StatusOK, showRun(made))
		if err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRun(made))
}

func beforeParam() gate.Param {
	return gate.Param{Name: "before", Type: "integer", Typed: true, Doc: "Only those with smaller ids: the last id of the page before", Example: 1234567890123}
}
