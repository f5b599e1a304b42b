package api

import (
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func (a *API) beginPasskey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	proof, err := readProof(r)
	if err != nil {
		return nil, err
	}
	party, err := access.NewParty(a.PublicURL())
	if err != nil {
		return nil, err
	}
	ask, err := a.Access.BeginPasskey(ctx, r.Grant, party, proof, a.noteObject(r, audit.FactorStart, r.Grant.Actor().ID))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ask)
}

// credential is what a browser's authenticator said, as it said it.
func (f *form) credential() []byte {
	v, ok := f.get("credential", strictjson.Object, "an object")
	if !ok {
		f.bad("credential", "required", "is required")
		return nil
	}
	return v.Append(nil)
}

func (f *form) label() string {
	name, err := contact.ParseName(f.text("name"))
	if err != nil {
		f.bad("name", "invalid", err.Error())
	}
	return name
}

func (a *API) finishPasskey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	name, answer := f.label(), f.credential()
	if err := f.end(); err != nil {
		return nil, err
	}
	party, err := access.NewParty(a.PublicURL())
	if err != nil {
		return nil, err
	}
	made, codes, err := a.Access.FinishPasskey(ctx, r.Grant, party, name, answer, func(tx *db.Tx, k access.Passkey) error {
		return a.note(r, audit.FactorAdd, k.ID, http.StatusOK, NewPasskey{Passkey: showPasskey(k), RecoveryCodes: []string{}})(tx)
	})
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, NewPasskey{Passkey: showPasskey(made), RecoveryCodes: showRecovery(codes).RecoveryCodes})
}

func (a *API) renamePasskey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	name := f.label()
	if err := f.end(); err != nil {
		return nil, err
	}
	k, err := a.Access.RenamePasskey(ctx, r.Grant, r.ID, name, a.noteObject(r, audit.FactorChange, r.ID))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showPasskey(k))
}

func (a *API) removePasskey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	proof, err := readProof(r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.RemovePasskey(ctx, r.Grant, r.ID, proof, a.noteObject(r, audit.FactorRemove, r.ID)))
}

func (a *API) beginPasskeyLogin(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	if err := f.end(); err != nil {
		return nil, err
	}
	party, err := access.NewParty(a.PublicURL())
	if err != nil {
		return nil, err
	}
	ask, err := a.Access.BeginPasskeyLogin(ctx, party)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ask)
}

// mode reads where a session shall be, live if it is not said.
func (f *form) mode() auth.Mode {
	mode := auth.Mode(f.text("mode"))
	if mode == "" {
		return auth.Live
	}
	if !mode.Valid() {
		f.bad("mode", "invalid", "must be live or test")
	}
	return mode
}

func (a *API) finishPasskeyLogin(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	mode, answer := f.mode(), f.credential()
	if err := f.end(); err != nil {
		return nil, err
	}
	party, err := access.NewParty(a.PublicURL())
	if err != nil {
		return nil, err
	}
	session, token, err := a.Access.LoginByPasskey(ctx, party, mode, answer, r.Grant.Origin())
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showSignedIn(session, token))
}
