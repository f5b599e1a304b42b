package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/notification"
)

func showUser(u access.User) User {
	return User{ID: u.ID, OwnerID: u.Owner, Name: u.Name, Email: u.Email, Role: string(u.Role), Status: string(u.Status),
		CreateDate: stamp(u.Created), ExpiresAt: stampOrNull(u.InviteExpires()),
		SecondFactor: u.Factor}
}

// inLive keeps users out of a test key's hands: whoever could make one would have live
// data a sign-in later.
func inLive(r *gate.Request) error {
	if r.Grant.Actor().Mode == auth.Live {
		return nil
	}
	return fault.New(fault.Forbidden, fault.ForbiddenCode, "Users are managed with a live credential")
}

func (a *API) listUsers(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := inLive(r); err != nil {
		return nil, err
	}
	users, err := a.Access.Users(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	list := UserList{Data: make([]User, len(users))}
	for i, u := range users {
		list.Data[i] = showUser(u)
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.UsersRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, list)
}

func (a *API) readUser(ctx context.Context, r *gate.Request) (u access.User, err error) {
	f := &form{request: r}
	if u.Role, u.Permissions, err = a.role(ctx, f); err != nil {
		return u, err
	}
	if _, given := r.Body.Get("role"); !given {
		f.bad("role", "required", "is required")
	}
	email, err := contact.ParseEmail(f.text("email"))
	if err != nil {
		f.bad("email", "invalid", err.Error())
	}
	name, err := contact.ParseName(f.text("name"))
	if err != nil {
		f.bad("name", "invalid", err.Error())
	}
	u.Email, u.Name = email.Given, name
	return u, f.end()
}

func (a *API) inviteUser(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := inLive(r); err != nil {
		return nil, err
	}
	u, err := a.readUser(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := mayHold(r, auth.Live, u.Permissions); err != nil {
		return nil, err
	}
	var token access.Secret
	err = a.Access.Invite(ctx, r.Grant, u, func(tx *db.Tx, made access.User, secret access.Secret) error {
		u, token = made, secret
		kept, err := encode(http.StatusOK, InvitedUser{User: showUser(made)})
		if err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.UserInvite, Object: made.ID})
	})
	if err != nil {
		return nil, err
	}
	return a.handOver(ctx, u, token, a.mailInvitation)
}

// handOver mails a link, or shows it where there is no mail.
func (a *API) handOver(ctx context.Context, u access.User, token access.Secret, mail func(context.Context, access.User, string) bool) (*gate.Answer, error) {
	shown := InvitedUser{User: showUser(u)}
	link := a.PublicURL() + "/accept#" + token.Reveal() // what stands behind # is sent to no server and in no log
	if shown.Mailed = mail(ctx, u, link); !shown.Mailed {
		shown.InvitationLink = &link
	}
	return encode(http.StatusOK, shown)
}

// reinviteUser gives a new link to somebody whose password or invitation is lost.
func (a *API) reinviteUser(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.userInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	var token access.Secret
	err = a.Access.Reinvite(ctx, u, func(tx *db.Tx, renewed access.User, secret access.Secret) error {
		u, token = renewed, secret
		kept, err := encode(http.StatusOK, InvitedUser{User: showUser(renewed)})
		if err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.UserReinvite, Object: renewed.ID})
	})
	if err != nil {
		return nil, err
	}
	return a.handOver(ctx, u, token, a.mailNewLink)
}

// mailNewLink sends the link of somebody who has been invited before.
func (a *API) mailNewLink(ctx context.Context, u access.User, link string) bool {
	o, err := a.Owners.Get(ctx, u.Owner)
	if err != nil || a.Mail == nil {
		return false
	}
	return a.Mail.Post(ctx, notification.Letter{ID: u.ID, From: o.Name, To: u.Email, Subject: "Your new link to " + o.Name,
		Body: fmt.Sprintf("Hello %s,\n\nset a new password at %s within seven days:\n\n%s\n\nThe link works once, and earlier ones no longer do. If you did not expect it, tell whoever manages your account.\n", u.Name, o.Name, link)}) == nil
}

// mailInvitation sends the link, or reports that the admin has to.
func (a *API) mailInvitation(ctx context.Context, u access.User, link string) bool {
	o, err := a.Owners.Get(ctx, u.Owner)
	if err != nil || a.Mail == nil {
		return false
	}
	return a.Mail.Post(ctx, notification.Letter{ID: u.ID, From: o.Name, To: u.Email, Subject: "You are invited to " + o.Name,
		Body: fmt.Sprintf("Hello %s,\n\n%s has made you an account. Set your password within seven days:\n\n%s\n\nThe link works once. If you did not expect it, do nothing.\n", u.Name, o.Name, link)}) == nil
}

// userInReach finds the user of the path, whom the caller may change: in live mode, not
// themselves, and nobody who may do more than they may (OWASP API5:2023).
func (a *API) userInReach(ctx context.Context, r *gate.Request) (access.User, error) {
	if err := inLive(r); err != nil {
		return access.User{}, err
	}
	u, err := a.Access.User(ctx, r.Grant, r.ID)
	if err != nil {
		return u, err
	}
	if actor := r.Grant.Actor(); actor.Kind == auth.User && actor.ID == u.ID {
		return u, fault.New(fault.Forbidden, fault.ForbiddenCode, "Nobody changes their own role or status")
	}
	return u, mayHold(r, auth.Live, u.Permissions)
}

func (a *API) updateUser(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.userInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	old, f := u, &form{request: r}
	role, permissions, err := a.role(ctx, f)
	if err != nil {
		return nil, err
	}
	if role != "" {
		u.Role, u.Permissions = role, permissions
	}
	if status := access.UserStatus(f.text("status")); status == access.Active || status == access.Disabled {
		u.Status = status
	} else if status != "" {
		f.bad("status", "invalid", "must be active or disabled")
	}
	if err := first(f.end(), mayHold(r, auth.Live, u.Permissions)); err != nil {
		return nil, err
	}
	err = a.Access.Change(ctx, old, u, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.UserUpdate, Object: u.ID})
	})
	if err != nil {
		return nil, err
	}
	if u, err = a.Access.User(ctx, r.Grant, u.ID); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showUser(u))
}

func (a *API) removeUser(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.userInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.Remove(ctx, u, a.noteObject(r, audit.UserRemove, u.ID)))
}

func (a *API) endUserSessions(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.userInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	return done(a.Access.EndSessions(ctx, u, a.noteObject(r, audit.SessionEnd, u.ID)))
}

// noteObject adds a record about a user, a role or a session to the unit that changes it.
func (a *API) noteObject(r *gate.Request, action string, object int64) func(*db.Tx) error {
	return func(tx *db.Tx) error { return a.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Object: object}) }
}

func done(err error) (*gate.Answer, error) {
	return &gate.Answer{Status: http.StatusNoContent}, err
}

// renewUserKey answers a bare string, as the vendor's API does.
func (a *API) renewUserKey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	u, err := a.Access.User(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	if err := mayHold(r, r.Grant.Actor().Mode, u.Permissions); err != nil {
		return nil, err
	}
	var text string
	err = a.Access.Renew(ctx, r.Grant, u, func(tx *db.Tx, k access.Key, s access.Secret) error {
		text = s.Reveal()
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.UserKey, Object: u.ID})
	})
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, text)
}

func (a *API) listSessions(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	sessions, err := a.Access.Sessions(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	list := SessionList{Data: make([]Session, len(sessions))}
	for i, s := range sessions {
		list.Data[i] = Session{ID: s.ID, Mode: string(s.Mode), Address: s.Address, CreateDate: stamp(s.Created), LastUsedAt: stamp(s.LastUsed),
			ExpiresAt: stamp(s.Expires), Current: s.ID == r.Grant.Actor().Session}
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.SessionsRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, list)
}

func (a *API) endSession(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return done(a.Access.EndSession(ctx, r.Grant, r.ID, a.noteObject(r, audit.SessionEnd, r.ID)))
}

func (a *API) logOut(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	session := r.Grant.Actor().Session
	return done(a.Access.EndSession(ctx, r.Grant, session, a.noteObject(r, audit.UserSignOut, session)))
}

// maxSent bounds a password before it is hashed.
const maxSent = 1024

func (f *form) password() string { return f.secret("password") }

func (f *form) secret(name string) string {
	text := f.text(name)
	if text == "" || len(text) > maxSent {
		f.bad(name, "invalid", "must be a string of 1 to 1024 bytes")
	}
	return text
}

func (a *API) logIn(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	in := access.SignIn{Email: f.text("email"), Password: f.password(), Code: f.code(), Mode: f.mode(), Owner: f.whole("ownerId", 1, 1<<53, 0)}
	if in.Email == "" || len(in.Email) > maxSent {
		f.bad("email", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	session, token, err := a.Access.Login(ctx, in, r.Grant.Origin())
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showSignedIn(session, token))
}

func showSignedIn(s access.Session, token access.Secret) SignedIn {
	return SignedIn{AccessToken: token.Reveal(), ExpireDate: stamp(s.Expires), FactorRequired: s.Restricted}
}

func (a *API) acceptInvitation(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	token, password := f.text("token"), f.password()
	if err := f.end(); err != nil {
		return nil, err
	}
	u, err := a.Access.Accept(ctx, token, password, r.Grant.Origin())
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showUser(u))
}
