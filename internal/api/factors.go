package api

import (
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
)

// maxCode bounds a one-time or recovery code, with what people put between its parts.
const maxCode = 64

func (f *form) code() string {
	text := f.text("otp")
	if len(text) > maxCode {
		f.bad("otp", "invalid", "must be a string of at most 64 bytes")
	}
	return text
}

// proof reads what a caller shows again.
func (f *form) proof() access.Proof {
	p := access.Proof{Password: f.text("password"), Code: f.code()}
	if len(p.Password) > maxSent {
		f.bad("password", "invalid", "must be a string of at most 1024 bytes")
	}
	return p
}

func readProof(r *gate.Request) (access.Proof, error) {
	f := &form{request: r}
	return f.proof(), f.end()
}

// note adds the caller's own change to its unit, and what a repetition is answered: an
// answer without its secrets.
func (a *API) note(r *gate.Request, action string, object int64, status int, shown any) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		kept, err := encode(status, shown)
		if err != nil {
			return err
		}
		if status == http.StatusNoContent {
			kept.Body = nil
		}
		if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Object: object})
	}
}

func (a *API) listFactors(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	has, err := a.Access.Factors(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	shown := Factors{TOTP: has.TOTP, RecoveryCodes: has.Codes, Passkeys: make([]Passkey, len(has.Passkeys))}
	for i, k := range has.Passkeys {
		shown.Passkeys[i] = showPasskey(k)
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.FactorsRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, shown)
}

func showPasskey(k access.Passkey) Passkey {
	return Passkey{ID: k.ID, Name: k.Name, CreateDate: stamp(k.Created), LastUsedAt: stampOrNull(k.LastUsed)}
}

func (a *API) startTOTP(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	proof, err := readProof(r)
	if err != nil {
		return nil, err
	}
	made, err := a.Access.StartTOTP(ctx, r.Grant, proof, a.note(r, audit.FactorStart, r.Grant.Actor().ID, http.StatusOK, NewTOTP{}))
	if err != nil {
		return nil, err
	}
	uri, secret := made.URI.Reveal(), made.Secret.Reveal()
	return encode(http.StatusOK, NewTOTP{URI: &uri, Secret: &secret})
}

func (a *API) confirmTOTP(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	code := f.code()
	if err := f.end(); err != nil {
		return nil, err
	}
	codes, err := a.Access.ConfirmTOTP(ctx, r.Grant, code, a.note(r, audit.FactorAdd, r.Grant.Actor().ID, http.StatusOK, RecoveryCodes{RecoveryCodes: []string{}}))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRecovery(codes))
}

func showRecovery(codes []access.Secret) RecoveryCodes {
	shown := RecoveryCodes{RecoveryCodes: make([]string, len(codes))}
	for i, code := range codes {
		shown.RecoveryCodes[i] = code.Reveal()
	}
	return shown
}

func (a *API) removeTOTP(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	proof, err := readProof(r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.RemoveTOTP(ctx, r.Grant, proof, a.noteObject(r, audit.FactorRemove, r.Grant.Actor().ID)))
}

func (a *API) renewRecovery(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	proof, err := readProof(r)
	if err != nil {
		return nil, err
	}
	codes, err := a.Access.RenewRecovery(ctx, r.Grant, proof, a.note(r, audit.RecoveryRenew, r.Grant.Actor().ID, http.StatusOK, RecoveryCodes{RecoveryCodes: []string{}}))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRecovery(codes))
}

func (a *API) changePassword(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	current, password, code := f.secret("current"), f.password(), f.code()
	if err := f.end(); err != nil {
		return nil, err
	}
	return done(a.Access.ChangePassword(ctx, r.Grant, current, code, password, a.note(r, audit.PasswordChange, r.Grant.Actor().ID, http.StatusNoContent, nil)))
}

// resetFactors helps somebody who has lost theirs; the rank rule is that of changing them.
func (a *API) resetFactors(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.userInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.ResetFactors(ctx, u, a.noteObject(r, audit.FactorsReset, u.ID)))
}
