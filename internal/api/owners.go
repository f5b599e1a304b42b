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

// updateOwner suspends an owner or lets it act again, and sets its limit.
func (a *API) updateOwner(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	o, err := a.Owners.Get(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	to, err := a.readStanding(r, o.Standing)
	if err != nil {
		return nil, err
	}
	if err = a.Owners.Stand(ctx, o.ID, to, func(tx *db.Tx) error { return a.noteStanding(tx, r, o, to) }); err != nil {
		return nil, err
	}
	if o, err = a.Owners.Get(ctx, o.ID); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showOwner(o))
}

func (a *API) readStanding(r *gate.Request, s owner.Standing) (owner.Standing, error) {
	f := &form{request: r}
	to, reason := owner.Status(f.text("status")), f.line("reason", 500)
	switch {
	case to != "" && to != owner.Active && to != owner.Suspended:
		f.bad("status", "invalid", "must be active or suspended")
	case to == owner.Suspended && reason == "":
		f.bad("reason", "required", "is required to suspend an owner")
	case to != "":
		s.Status, s.Reason, s.Since = to, reason, a.Clock.Now()
	case reason != "":
		f.bad("status", "required", "is required with a reason")
	}
	if limits := f.inner("limits"); limits != nil {
		s.RateLimit = int(limits.whole("requestsPerSecond", 1, 1_000_000, 0))
		f.join(limits)
	}
	return s, f.end()
}

// noteStanding stands in the operator's trail and in the owner's own: a merchant must be
// able to see since when they were kept out.
func (a *API) noteStanding(tx *db.Tx, r *gate.Request, o owner.Owner, to owner.Standing) error {
	e := audit.Entry{Action: audit.OwnerUpdate, Object: o.ID}
	switch {
	case to.Status == owner.Suspended && !o.Suspended():
		e.Action = audit.OwnerSuspend
	case to.Status == owner.Active && o.Suspended():
		e.Action = audit.OwnerResume
	}
	operator := r.Grant.Actor()
	operator.Owner, operator.Realm, operator.Mode = o.ID, o.LiveRealm, auth.Live
	if err := a.Audit.Add(tx, auth.Refused(operator, r.Grant.Origin()), e); err != nil {
		return err
	}
	return a.Audit.Add(tx, r.Grant, e)
}
