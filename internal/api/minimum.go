package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/owner"
)

// MinimumField is an optional field of customers, and whether it is collected.
type MinimumField struct {
	Field     string  `json:"field" example:"phone"`
	Collected bool    `json:"collected"`
	Since     *string `json:"since" format:"date-time" doc:"When it was switched off"`
	Customers *int64  `json:"customers" doc:"Of how many it is kept still, where it is not collected"`
}

// Minimum are all optional fields.
type Minimum struct {
	Data []MinimumField `json:"data"`
}

// StaleProfile is one that nobody has changed or confirmed for long.
type StaleProfile struct {
	CustomerID  int64   `json:"customerId"`
	UpdateDate  string  `json:"updateDate" format:"date-time"`
	ConfirmedAt *string `json:"confirmedAt" format:"date-time"`
}

// StaleList is a page of them in order of id.
type StaleList struct {
	Data    []StaleProfile `json:"data"`
	HasMore bool           `json:"hasMore" doc:"Go on with after = the last customerId"`
}

// ProfilePrompt asks a customer whether their data are still right.
type ProfilePrompt struct {
	ID        int64   `json:"id"`
	ExpiresAt string  `json:"expiresAt" format:"date-time"`
	Mailed    bool    `json:"mailed"`
	Link      *string `json:"link" format:"uri" doc:"Shown once, and only if it was not mailed"`
}

// The texts of minimum and freshness. immutable: read by OpenAPI alone.
var (
	minimumDoc = operation{tag: "Privacy", summary: "Tell which optional fields are collected, and of how many customers the others are kept still", answer: of[Minimum](),
		description: "GDPR Art. 5(1)(c). Fields are switched off by `notCollected` of `PUT /settings`; the retention class `uncollected_fields` removes what is kept. Profiles are opened to be counted, which takes a while with many."}
	staleDoc  = operation{tag: "Privacy", summary: "List profiles that were not changed or confirmed for long", answer: of[StaleList](), description: "GDPR Art. 5(1)(d). In order of id; `after` goes on behind one."}
	promptDoc = operation{tag: "Privacy", summary: "Ask a customer whether their data are still right", answer: of[ProfilePrompt](), errors: []int{404, 409, 410, 422}, headers: []string{"Idempotent-Replayed"},
		description: "By mail, or by the link in the answer. On the page they see masked values, and confirm them (`profile.confirmed`) or say what is wrong, which becomes an interaction (`profile.correction_requested`). Once, within 30 days."}
)

// collect reads the setting of fields that are not collected.
func (a *API) collect(f *form, r *gate.Request, s *owner.Settings) {
	if _, given := r.Body.Get("notCollected"); !given {
		f.ignore("notCollected")
		return
	}
	names := f.texts("notCollected")
	for _, name := range names {
		if !slices.Contains(customer.OptionalFields(), name) {
			f.bad("notCollected", "invalid", "must hold optional fields: "+strings.Join(customer.OptionalFields(), ", "))
			return
		}
	}
	s.Collect(names, a.Clock.Now())
}

// uncollected are the fields' names, for the settings.
func uncollected(s owner.Settings) []string {
	return list(s.NotCollected, func(u owner.Uncollected) string { return u.Field })
}

func (a *API) getMinimum(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	o, err := a.Owners.Get(ctx, r.Grant.Owner())
	if err != nil {
		return nil, err
	}
	counts, err := a.Customers.Holding(ctx, r.Grant, uncollected(o.Settings))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, Minimum{Data: list(customer.OptionalFields(), func(field string) MinimumField {
		shown := MinimumField{Field: field, Collected: true}
		for _, u := range o.NotCollected {
			if u.Field == field {
				n := counts[field]
				shown.Collected, shown.Since, shown.Customers = false, stampOrNull(u.Since), &n
			}
		}
		return shown
	})})
}

func staleParams() []gate.Param {
	return []gate.Param{{Name: "olderThan", Type: "integer", Typed: true, Doc: "Days since the last change or confirmation, 365 by default", Example: 365}, pageParams()[0],
		{Name: "after", Type: "integer", Typed: true, Doc: "Only customers with larger ids: the last of the page before", Example: 1234567890123}}
}

func (a *API) listStale(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	days, limit, after := r.Int("olderThan", 1, 36_500, 365), r.Int("limit", 1, maxLimit, defaultLimit), r.Int("after", 1, 1<<53-1, 0)
	if err := r.Faults(); err != nil {
		return nil, err
	}
	all, err := a.Customers.Stale(ctx, r.Grant, a.Clock.Now().AddDate(0, 0, -int(days)), after, int(limit)+1)
	if err != nil {
		return nil, err
	}
	more := len(all) > int(limit)
	return encode(http.StatusOK, StaleList{HasMore: more, Data: list(all[:min(len(all), int(limit))], func(s customer.Stale) StaleProfile {
		return StaleProfile{CustomerID: s.CustomerID, UpdateDate: stamp(s.Updated), ConfirmedAt: stampOrNull(s.Confirmed)}
	})})
}

func (a *API) promptProfile(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	made, link, err := a.Consents.AskProfile(ctx, r.Grant, r.ID, func(tx *db.Tx, p consent.Prompt, to customer.Person) error {
		answer, err := encode(http.StatusOK, ProfilePrompt{ID: p.ID, ExpiresAt: stamp(p.Expires)})
		if err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: to.ID, Key: to.Key}, answer)
	})
	if err != nil {
		return nil, err
	}
	shown := ProfilePrompt{ID: made.ID, ExpiresAt: stamp(made.Expires), Mailed: a.mailLetter(ctx, r, made.ID, link)}
	if !shown.Mailed {
		shown.Link = &link.Address
	}
	return encode(http.StatusOK, shown)
}
