package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/screening"
	"github.com/florin-gateway/florin/internal/vault"
)

// ScreeningMatch is an entry of a sanctions list that a customer may be.
type ScreeningMatch struct {
	ID         int64    `json:"id"`
	CustomerID int64    `json:"customerId"`
	Status     string   `json:"status" enum:"open,false_positive,confirmed,withdrawn"`
	List       string   `json:"list" example:"ofac-sdn"`
	Reference  string   `json:"reference" doc:"The publisher's own number of the entry"`
	Name       string   `json:"name" doc:"The name of the entry that is most like the customer's"`
	Names      []string `json:"names" doc:"All names of the entry"`
	Births     []string `json:"births" doc:"Birth dates or years of the entry"`
	Programs   []string `json:"programs"`
	Score      float64  `json:"score" minimum:"0" maximum:"1"`
	Reason     *string  `json:"reason" doc:"Of the decision"`
	UserID     *int64   `json:"userId" doc:"The user or key that decided"`
	CreateDate string   `json:"createDate" format:"date-time"`
	DecidedAt  *string  `json:"decidedAt" format:"date-time"`
}

// ScreeningMatchPage is a run of matches, the newest first.
type ScreeningMatchPage struct {
	Data       []ScreeningMatch `json:"data"`
	NextCursor *string          `json:"nextCursor"`
	HasMore    bool             `json:"hasMore"`
}

// ScreeningResult is what looking one customer up found.
type ScreeningResult struct {
	CustomerID int64            `json:"customerId"`
	Status     string           `json:"status" enum:"clear,review,confirmed"`
	Engine     string           `json:"engine" enum:"lists,watchman"`
	Version    string           `json:"version" doc:"Of the lists that were searched"`
	Time       string           `json:"time" format:"date-time"`
	Matches    []ScreeningMatch `json:"matches" doc:"All that the customer has, the likeliest first; false positives too"`
}

// ScreeningDecision says who a match is.
type ScreeningDecision struct {
	Decision string `json:"decision" enum:"false_positive,confirmed"`
	Reason   string `json:"reason" minLength:"1" maxLength:"500" example:"Born in 1991; the listed person in 1957"`
}

// SanctionsList is a list that is loaded.
type SanctionsList struct {
	List     string  `json:"list" example:"un"`
	Date     *string `json:"date" doc:"The publisher's, as written"`
	Version  string  `json:"version"`
	Entries  int     `json:"entries"`
	LoadedAt string  `json:"loadedAt" format:"date-time"`
}

// ScreeningState is by what customers are screened, and how far that is.
type ScreeningState struct {
	Engine    string          `json:"engine" enum:"lists,watchman"`
	Threshold float64         `json:"threshold"`
	Lists     []SanctionsList `json:"lists"`
	Automatic bool            `json:"automatic" doc:"The owner's setting screenCustomers"`
	Customers int64           `json:"customers"`
	Screened  int64           `json:"screened" doc:"In the lists as they are now"`
}

// The texts of screening. immutable: read by OpenAPI alone.
var (
	screenDoc = operation{tag: "Verification", summary: "Look a customer up in the sanctions lists", answer: of[ScreeningResult](), errors: []int{404, 409, 410, 422}, headers: []string{"Idempotent-Replayed"},
		description: "By name, other names of the entries and birth date. What is found waits for a decision in `GET /screenings`; `verification.screening` of the customer says where they stand. A false positive stays quiet until the entry or the customer says something else."}
	screeningsDoc = operation{tag: "Verification", summary: "List matches with sanctions lists", answer: of[ScreeningMatchPage](), description: "Newest first; those that wait for a decision unless status says otherwise. A page may be shorter than limit where customers are restricted."}
	screeningDoc  = operation{tag: "Verification", summary: "Get a match", answer: of[ScreeningMatch](), errors: []int{404, 409, 410}}
	decideDoc     = operation{tag: "Verification", summary: "Decide who a match is", body: of[ScreeningDecision](), answer: of[ScreeningMatch](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Once one is confirmed the customer can't be asked to pay, and pays no more: 409 `CUSTOMER_SANCTIONED`. It can be decided again; the trail keeps each decision."}
	screeningStateDoc = operation{tag: "Verification", summary: "Tell by which lists customers are screened, and how far it is", answer: of[ScreeningState](), errors: []int{422}}
)

func showMatch(m screening.Match) ScreeningMatch {
	return ScreeningMatch{ID: m.ID, CustomerID: m.CustomerID, Status: m.Status, List: m.List, Reference: m.Reference, Name: m.Name, Names: orEmpty(m.Names), Births: orEmpty(m.Births), Programs: orEmpty(m.Programs),
		Score: m.Score, Reason: orNull(m.Reason), UserID: idOrNull(m.UserID), CreateDate: stamp(m.Found()), DecidedAt: stampOrNull(m.Decided)}
}

func (a *API) screen(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	var answer *gate.Answer
	_, err := a.Screenings.Screen(ctx, r.Grant, r.ID, func(tx *db.Tx, found screening.Result, key vault.Subject) (err error) {
		shown := ScreeningResult{CustomerID: found.CustomerID, Status: found.Status, Engine: found.Engine, Version: found.Stamp, Time: stamp(found.At), Matches: list(found.Matches, showMatch)}
		if answer, err = encode(http.StatusOK, shown); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: r.ID, Key: key}, answer)
	})
	return answer, err
}

func screeningParams() []gate.Param {
	return append(pageParams(), gate.Param{Name: "status", Type: "string", Doc: "open (if absent), false_positive, confirmed or withdrawn", Typed: true})
}

func (a *API) listScreenings(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	status := r.Text("status")
	switch status {
	case "":
		status = screening.Open
	case screening.Open, screening.FalsePositive, screening.Confirmed, screening.Withdrawn:
	default:
		return nil, fault.Fields([]fault.Field{{Path: "query/status", Code: "invalid", Message: "must be open, false_positive, confirmed or withdrawn"}})
	}
	name := "screenings " + status
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	before, err := a.position(ctx, r, name)
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	all, err := a.Screenings.List(ctx, r.Grant, status, before, limit+1)
	if err != nil {
		return nil, err
	}
	next := int64(0)
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	page := ScreeningMatchPage{Data: []ScreeningMatch{}, HasMore: next != 0}
	for _, m := range all {
		if m.CustomerID != 0 {
			page.Data = append(page.Data, showMatch(m))
		}
	}
	if page.NextCursor, err = a.cursor(ctx, r, name, next); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

func (a *API) getScreening(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	m, err := a.Screenings.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showMatch(m))
}

func (a *API) decideScreening(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	decision, reason := f.text("decision"), strings.TrimSpace(f.line("reason", maxNote))
	if decision != screening.FalsePositive && decision != screening.Confirmed {
		f.bad("decision", "invalid", "must be false_positive or confirmed")
	}
	if reason == "" {
		f.bad("reason", "required", "is required: somebody will ask why")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Screenings.Decide(ctx, r.Grant, r.ID, decision, reason, func(tx *db.Tx, m screening.Match, key vault.Subject) (err error) {
		if answer, err = encode(http.StatusOK, showMatch(m)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: m.CustomerID, Key: key}, answer)
	})
	return answer, err
}

func (a *API) screeningState(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	s, err := a.Screenings.State(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	shown := ScreeningState{Engine: s.Engine, Threshold: s.Threshold, Automatic: s.Automatic, Customers: s.Customers, Screened: s.Screened}
	shown.Lists = list(s.Lists, func(l screening.List) SanctionsList {
		return SanctionsList{List: l.Name, Date: orNull(l.Date), Version: l.Version, Entries: l.Entries, LoadedAt: stamp(l.Loaded)}
	})
	return encode(http.StatusOK, shown)
}
