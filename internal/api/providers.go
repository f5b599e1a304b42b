package api

import (
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/routing"
)

// keepOwn records an answer about the owner's own things, in the unit that made it.
func keepOwn[T, S any](r *gate.Request, answer **gate.Answer, shown func(T) S) func(*db.Tx, T) error {
	return func(tx *db.Tx, value T) (err error) {
		if *answer, err = encode(http.StatusOK, shown(value)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, *answer)
	}
}

func list[T, S any](all []T, shown func(T) S) []S {
	out := make([]S, len(all))
	for i, v := range all {
		out[i] = shown(v)
	}
	return out
}

func (a *API) listProviders(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Routing.Accounts(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ProviderList{Data: list(all, showProvider)})
}

func (a *API) createProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	d, err := readProvider(r, routing.Draft{Enabled: true}, true)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Routing.Create(ctx, r.Grant, d, keepOwn(r, &answer, showProvider))
	return answer, err
}

func (a *API) updateProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	now, err := a.Routing.Find(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	d, err := readProvider(r, routing.Draft{Kind: now.Kind, Name: now.Name, Enabled: now.Enabled}, false)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Routing.Update(ctx, r.Grant, r.ID, d, keepOwn(r, &answer, showProvider))
	return answer, err
}

func (a *API) listRules(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Routing.Rules(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, RoutingRuleList{Data: list(all, showRule)})
}

func (a *API) createRule(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	rule, err := readRule(r)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Routing.AddRule(ctx, r.Grant, rule, keepOwn(r, &answer, showRule))
	return answer, err
}

func (a *API) removeRule(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return &gate.Answer{Status: http.StatusNoContent}, a.Routing.RemoveRule(ctx, r.Grant, r.ID)
}

func (a *API) listFees(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Fees.List(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, FeeTableList{Data: list(all, showFee)})
}

func (a *API) createFee(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	t, err := readFee(r)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Fees.Put(ctx, r.Grant, t, keepOwn(r, &answer, showFee))
	return answer, err
}

func (a *API) removeFee(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return &gate.Answer{Status: http.StatusNoContent}, a.Fees.Remove(ctx, r.Grant, r.ID)
}

func showOrigin(o owner.Origin) OriginDomain { return OriginDomain{ID: o.ID, Origin: o.Origin} }

func (a *API) listOrigins(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Owners.Origins(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.OriginsRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, OriginList{Data: list(all, showOrigin)})
}

func (a *API) createOrigin(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	origin := f.text("origin")
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	o, err := a.Owners.AddOrigin(ctx, r.Grant, origin, func(tx *db.Tx, o owner.Origin) error {
		if err := keepOwn(r, &answer, showOrigin)(tx, o); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.OriginsChange, Object: o.ID})
	})
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showOrigin(o))
}

func (a *API) removeOrigin(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return &gate.Answer{Status: http.StatusNoContent}, a.Owners.RemoveOrigin(ctx, r.Grant, r.ID, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.OriginsChange, Object: r.ID})
	})
}
