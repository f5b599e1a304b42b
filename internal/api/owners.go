package api

import (
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/owner"
)

// updateOwner suspends an owner or lets it act again.
func (a *API) updateOwner(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	to, reason := owner.Status(f.text("status")), f.line("reason", 500)
	if to != owner.Active && to != owner.Suspended {
		f.bad("status", "invalid", "must be active or suspended")
	}
	if to == owner.Suspended && reason == "" {
		f.bad("reason", "required", "is required to suspend an owner")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	o, err := a.Owners.Get(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	err = a.Owners.Stand(ctx, o.ID, to, reason, func(tx *db.Tx) error { return a.noteStanding(tx, r, o, to) })
	if err != nil {
		return nil, err
	}
	if o, err = a.Owners.Get(ctx, o.ID); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showOwner(o))
}

// noteStanding stands in the operator's trail and in the owner's own: a merchant must be
// able to see since when they were kept out.
func (a *API) noteStanding(tx *db.Tx, r *gate.Request, o owner.Owner, to owner.Status) error {
	e := audit.Entry{Action: audit.OwnerSuspend, Object: o.ID}
	if to == owner.Active {
		e.Action = audit.OwnerResume
	}
	operator := r.Grant.Actor()
	operator.Owner, operator.Realm, operator.Mode = o.ID, o.LiveRealm, auth.Live
	if err := a.Audit.Add(tx, auth.Refused(operator, r.Grant.Origin()), e); err != nil {
		return err
	}
	return a.Audit.Add(tx, r.Grant, e)
}
