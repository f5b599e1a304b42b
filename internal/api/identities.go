package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/strictjson"
)

func (a *API) showIdentityProvider(p access.IdentityProvider) IdentityProvider {
	shown := IdentityProvider{ID: p.ID, Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, Domains: append([]string{}, p.Domains...),
		Role: orNull(string(p.Role)), Enabled: p.Enabled, SignIn: fmt.Sprintf("%s/auth/oidc/%d", a.base(), p.ID), Back: a.arrival()}
	return shown
}

func (a *API) base() string { return strings.TrimSuffix(a.PublicURL(), "/") }

// arrival is where providers send browsers back to.
func (a *API) arrival() string { return a.base() + "/auth/oidc/callback" }

// mayVouch keeps providers to those who may do everything: whoever chooses one can come in
// as anybody.
func mayVouch(r *gate.Request) error {
	if err := inLive(r); err != nil {
		return err
	}
	return mayHold(r, auth.Live, auth.Admin.Permissions())
}

func (a *API) readIdentityProvider(ctx context.Context, r *gate.Request, p access.IdentityProvider) (access.IdentityProvider, error) {
	f := &form{request: r}
	if _, given := r.Body.Get("name"); given || p.ID == 0 {
		p.Name = f.label()
	}
	for name, to := range map[string]*string{"issuer": &p.Issuer, "clientId": &p.ClientID, "clientSecret": &p.Secret} {
		if text := f.text(name); text != "" {
			*to = text
		}
	}
	if v, given := r.Body.Get("domains"); given && v.Kind == strictjson.Null {
		p.Domains = nil
	}
	if domains := f.texts("domains"); domains != nil {
		p.Domains = domains
	}
	if v, given := r.Body.Get("role"); given && v.Kind == strictjson.Null {
		p.Role = ""
	}
	role, _, err := a.role(ctx, f)
	if err != nil {
		return p, err
	}
	if role != "" {
		p.Role = role
	}
	if v, given := f.get("enabled", strictjson.Bool, "true or false"); given {
		p.Enabled = v.Text == "true"
	}
	f.faults = append(f.faults, access.CheckIdentityProvider(&p)...)
	return p, f.end()
}

func (a *API) listIdentityProviders(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := inLive(r); err != nil {
		return nil, err
	}
	all, err := a.Access.IdentityProviders(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	list := IdentityProviderList{Data: make([]IdentityProvider, len(all))}
	for i, p := range all {
		list.Data[i] = a.showIdentityProvider(p)
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.IdentityRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, list)
}

func (a *API) getIdentityProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := inLive(r); err != nil {
		return nil, err
	}
	p, err := a.Access.IdentityProvider(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.IdentityRead, Object: p.ID}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, a.showIdentityProvider(p))
}

func (a *API) createIdentityProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := mayVouch(r); err != nil {
		return nil, err
	}
	p, err := a.readIdentityProvider(ctx, r, access.IdentityProvider{Enabled: true})
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Access.AddIdentityProvider(ctx, r.Grant, p, func(tx *db.Tx, made access.IdentityProvider) (err error) {
		if answer, err = encode(http.StatusOK, a.showIdentityProvider(made)); err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, answer); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.IdentityChange, Object: made.ID})
	})
	return answer, err
}

func (a *API) updateIdentityProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := mayVouch(r); err != nil {
		return nil, err
	}
	p, err := a.Access.IdentityProvider(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	if p, err = a.readIdentityProvider(ctx, r, p); err != nil {
		return nil, err
	}
	if err := a.Access.ChangeIdentityProvider(ctx, r.Grant, p, a.noteObject(r, audit.IdentityChange, p.ID)); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, a.showIdentityProvider(p))
}

func (a *API) removeIdentityProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if err := mayVouch(r); err != nil {
		return nil, err
	}
	return done(a.Access.RemoveIdentityProvider(ctx, r.Grant, r.ID, a.noteObject(r, audit.IdentityRemove, r.ID)))
}

// departToProvider sends a browser away with a cookie of its own for each sign-in, so that
// two tabs do not end one another's.
func (a *API) departToProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	mode := auth.Live
	if text := r.Text("mode"); text != "" {
		mode = auth.Mode(text)
	}
	if !mode.Valid() {
		return nil, fault.Fields([]fault.Field{{Path: "query/mode", Code: "invalid", Message: "must be live or test"}})
	}
	d, err := a.Access.Depart(ctx, r.ID, mode, a.arrival())
	if err != nil {
		return nil, err
	}
	return &gate.Answer{Status: http.StatusFound, Header: http.Header{"Location": {d.Address}, "Referrer-Policy": {"no-referrer"},
		"Set-Cookie": {a.journeyCookie(d.State, d.Cookie.Reveal(), 600).String()}}}, nil
}

// journeyCookie ties a sign-in to the browser that began it. Lax: it comes back with a
// navigation that another site starts, and with nothing else of that site's.
func (a *API) journeyCookie(state, value string, seconds int) *http.Cookie {
	c := &http.Cookie{Name: "florin-oidc-" + state[:min(12, len(state))], Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if u, err := url.Parse(a.PublicURL()); err == nil && u.Scheme == "https" {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

func (a *API) arriveFromProvider(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	in := access.Arrival{State: r.Text("state"), Code: r.Text("code"), Issuer: r.Text("iss"), Problem: r.Text("error")}
	cookie := a.journeyCookie(in.State, "", -1)
	shown, err := http.ParseCookie(r.Header("Cookie"))
	for _, c := range shown {
		if err == nil && c.Name == cookie.Name {
			in.Cookie = c.Value
		}
	}
	session, token, err := a.Access.Arrive(ctx, in, a.arrival(), r.Grant.Origin())
	if err != nil {
		return nil, err
	}
	answer, err := encode(http.StatusOK, showSignedIn(session, token))
	if err != nil {
		return nil, err
	}
	// The address holds the code and must not be told to whoever is asked next.
	answer.Header = http.Header{"Referrer-Policy": {"no-referrer"}, "Set-Cookie": {cookie.String()}}
	return answer, nil
}
