package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/rotation"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func showRotation(s rotation.State) Rotation {
	return Rotation{Running: s.Running, Step: orNull(s.Step), Done: s.Done, Finished: orEmpty(s.Finished), Failed: orNull(s.Failed)}
}

func (a *API) getRotation(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.RotationRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRotation(a.Rotations.State()))
}

// startRotation is safe to repeat without a kept answer: a second start while one runs
// is 409, and a rotation that ran can run again.
func (a *API) startRotation(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	plan, err := readRotation(r)
	if err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.KeysRotate}); err != nil {
		return nil, err
	}
	if err := a.Rotations.Start(ctx, plan); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRotation(a.Rotations.State()))
}

func readRotation(r *gate.Request) (rotation.Plan, error) {
	f := &form{request: r}
	p := rotation.Plan{Root: f.flag("root"), Epoch: f.flag("epoch"), OwnerKey: f.flag("ownerKey"), Index: f.flag("index")}
	if v, ok := f.get("ownerId", strictjson.Number, "a number"); ok {
		id, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil || id <= 0 {
			f.bad("ownerId", "invalid", "must be a positive whole number")
		}
		p.Owner = id
	}
	if p.Empty() {
		f.bad("root", "required", "say what to rotate: root, epoch, ownerKey or index")
	}
	return p, f.end()
}
