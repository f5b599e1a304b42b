package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

// journey is what belongs to one sign-in at a provider, between leaving and coming back.
type journey struct {
	Provider int64
	Owner    int64
	Mode     auth.Mode
	Nonce    string
	Verifier string // of PKCE (RFC 7636)
	Browser  string // hash of the cookie of whoever left
}

// Departure sends a browser to a provider.
type Departure struct {
	Address string // where to
	State   string
	Cookie  Secret // what it must show when it comes back
}

// Arrival is what a browser brings back.
type Arrival struct {
	State, Code, Issuer, Problem string
	Cookie                       string
}

// Depart begins a sign-in at one of the enabled providers; back is where the browser
// returns to.
func (s *Service) Depart(ctx context.Context, providerID int64, mode auth.Mode, back string) (Departure, error) {
	p, err := s.oneProvider(ctx, `id = $1 AND enabled = 1`, providerID)
	if err != nil {
		return Departure{}, err
	}
	if err := s.ownerActive(ctx, p.Owner); err != nil {
		return Departure{}, err
	}
	provider, about, err := s.Issuers.find(ctx, p.Issuer)
	if err != nil {
		return Departure{}, err
	}
	d := Departure{State: rand.Text() + rand.Text(), Cookie: Secret{rand.Text() + rand.Text()}}
	j := journey{Provider: p.ID, Owner: p.Owner, Mode: mode, Nonce: rand.Text() + rand.Text(), Verifier: oauth2.GenerateVerifier(), Browser: hexHash(d.Cookie.text)}
	d.Address = about.client(p, provider, back).AuthCodeURL(d.State, oidc.Nonce(j.Nonce), oauth2.S256ChallengeOption(j.Verifier))
	return d, s.ask(ctx, byProvider, d.State, 0, j, providerLife, func(*db.Tx) error { return nil })
}

// ownerActive refuses what an owner's people would do while the operator has suspended it.
func (s *Service) ownerActive(ctx context.Context, ownerID int64) error {
	o, err := s.owners.Get(ctx, ownerID)
	if err == nil && o.Suspended() {
		err = owner.ErrSuspended()
	}
	return err
}

// claims are what an ID token says of somebody, and whom it is for.
type claims struct {
	Subject  string
	Email    string   `json:"email"`
	Verified verified `json:"email_verified"`
	Name     string   `json:"name"`
	Party    string   `json:"azp"`
}

// verified is true, also as the text that some providers write.
type verified bool

// UnmarshalJSON takes true and "true" for true, and all else for no.
func (v *verified) UnmarshalJSON(text []byte) error {
	*v = verified(string(text) == "true" || string(text) == `"true"`)
	return nil
}

func refusedAt(message string) *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, message)
}

// Arrive opens a session for whoever comes back from a provider that vouches for them.
func (s *Service) Arrive(ctx context.Context, in Arrival, back string, from auth.Origin) (Session, Secret, error) {
	var j journey
	err := s.answered(ctx, byProvider, in.State, 0, &j)
	if errors.Is(err, errCeremony) || err == nil && subtle.ConstantTimeCompare([]byte(j.Browser), []byte(hexHash(in.Cookie))) != 1 {
		// Without it, somebody could sign another's browser in as themselves (RFC 6749 §10.12).
		return Session{}, Secret{}, refusedAt("This sign-in was not begun in this browser, was finished before, or took more than ten minutes")
	}
	if err != nil {
		return Session{}, Secret{}, err
	}
	p, err := s.oneProvider(ctx, `owner_id = $1 AND id = $2 AND enabled = 1`, j.Owner, j.Provider)
	if fault.Is(err, fault.IdentityProviderNotFound) {
		err = refusedAt("The identity provider was switched off meanwhile")
	}
	if err != nil {
		return Session{}, Secret{}, err
	}
	if err := s.ownerActive(ctx, p.Owner); err != nil {
		return Session{}, Secret{}, err
	}
	said, err := s.vouched(ctx, p, j, in, back)
	if err != nil {
		return Session{}, Secret{}, s.turnAwayAt(ctx, p, j, User{}, from, err)
	}
	u, first, err := s.identified(ctx, p, said)
	if err != nil {
		return Session{}, Secret{}, s.turnAwayAt(ctx, p, j, u, from, err)
	}
	return s.openAt(ctx, j, u, first, from)
}

// vouched exchanges the code for an ID token and judges it (OpenID Connect Core
// §3.1.3.7).
func (s *Service) vouched(ctx context.Context, p IdentityProvider, j journey, in Arrival, back string) (claims, error) {
	provider, about, err := s.Issuers.find(ctx, p.Issuer)
	if err != nil {
		return claims{}, err
	}
	if in.Issuer != p.Issuer && (in.Issuer != "" || about.SaysIssuer) {
		return claims{}, refusedAt("The answer is another provider's") // RFC 9207 §2.4
	}
	if in.Problem != "" || in.Code == "" {
		return claims{}, refusedAt("The identity provider has not signed you in")
	}
	outside := s.Issuers.outside(ctx)
	token, err := about.client(p, provider, back).Exchange(outside, in.Code, oauth2.VerifierOption(j.Verifier))
	if err != nil {
		var answered *oauth2.RetrieveError
		if errors.As(err, &answered) {
			return claims{}, refusedAt("The identity provider does not take its own code back: it may have been used, or our client secret is wrong")
		}
		return claims{}, noAnswer()
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(outside, &oidc.Config{ClientID: p.ClientID, Now: s.clock.Now}).Verify(outside, raw)
	if err != nil {
		return claims{}, refusedAt("The identity provider's token is not for us, or not valid now")
	}
	said := claims{Subject: id.Subject}
	if err := id.Claims(&said); err != nil {
		return claims{}, refusedAt("The identity provider's token cannot be read")
	}
	said.Subject = id.Subject
	return said, said.check(p, j, id)
}

// check judges what go-oidc leaves to its caller.
func (c claims) check(p IdentityProvider, j journey, id *oidc.IDToken) error {
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(j.Nonce)) != 1:
		return refusedAt("The identity provider's token belongs to another sign-in")
	case c.Subject == "" || len(id.Audience) > 1 && c.Party != p.ClientID, c.Party != "" && c.Party != p.ClientID:
		return refusedAt("The identity provider's token is for somebody else")
	case !bool(c.Verified) || c.Email == "":
		return refusedAt("The identity provider has not verified your e-mail address")
	case !p.takes(c.Email):
		return refusedAt("Your e-mail address is in none of the domains that may sign in here")
	}
	return nil
}

// link ties a subject of an issuer to a user.
type link struct {
	subject []byte // fingerprint of owner, issuer and subject
	issuer  []byte // fingerprint of owner and issuer
}

func (s *Service) linkOf(ctx context.Context, p IdentityProvider, subject string) (link, error) {
	keys, err := s.vault.Keys(ctx, 0, 0) // an owner's own indexes change with a rotation
	if err != nil {
		return link{}, err
	}
	issuer, err := keys.Blind(1, "staff_identity.issuer", strconv.FormatInt(p.Owner, 10)+"|"+p.Issuer)
	if err != nil {
		return link{}, err
	}
	who, err := keys.Blind(1, "staff_identity.subject", hex.EncodeToString(issuer[:])+"|"+subject)
	return link{who[:], issuer[:]}, err
}

// identified finds who a subject is. Whoever was here before is known by issuer and subject
// alone: an e-mail address may be somebody else's by then (OpenID Connect Core §5.7). The
// first time it is the address, and the link is given to be kept.
func (s *Service) identified(ctx context.Context, p IdentityProvider, said claims) (User, *link, error) {
	l, err := s.linkOf(ctx, p, said.Subject)
	if err != nil {
		return User{}, nil, err
	}
	known, err := s.users(ctx, `owner_id = $1 AND id = (SELECT user_id FROM staff_identity WHERE hash = $2)`, p.Owner, l.subject)
	if err != nil {
		return User{}, nil, err
	}
	if len(known) > 0 {
		return known[0], nil, mayEnter(known[0])
	}
	index, err := s.emailIndex(ctx, said.Email)
	if err != nil {
		return User{}, nil, err
	}
	invited, err := s.users(ctx, `email_index = $1 AND owner_id = $2`, index, p.Owner)
	if err != nil {
		return User{}, nil, err
	}
	if len(invited) > 0 {
		return invited[0], &l, mayEnter(invited[0])
	}
	if p.Role == "" {
		return User{}, nil, refusedAt("You have not been invited")
	}
	u, err := s.provision(ctx, p, said)
	return u, &l, err
}

func mayEnter(u User) error {
	if u.Status == Disabled {
		return refusedAt("You have not been invited") // nor is it told who was disabled
	}
	return nil
}

// provision makes a user of whoever may come in without an invitation.
func (s *Service) provision(ctx context.Context, p IdentityProvider, said claims) (User, error) {
	email, err := contact.ParseEmail(said.Email)
	if err != nil {
		return User{}, refusedAt("The identity provider has not verified your e-mail address")
	}
	name, err := contact.ParseName(said.Name)
	if err != nil {
		name = email.Given
	}
	u := User{ID: s.ids.Next(), Owner: p.Owner, Name: name, Email: email.Given, Role: p.Role, Status: Invited}
	actor, err := s.actorOf(ctx, u, auth.Live)
	if err != nil {
		return User{}, err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		if err := s.insert(ctx, tx, u, ""); err != nil {
			return err
		}
		return s.audit.Add(tx, auth.Refused(actor, auth.Origin{}), audit.Entry{Action: audit.UserProvision, Object: u.ID})
	})
	if db.IsViolation(err, "staff_user") {
		err = refusedAt("You are signing in twice at once; try again")
	}
	return u, err
}

// turnAwayAt notes a refusal in the trail of the provider's owner.
func (s *Service) turnAwayAt(ctx context.Context, p IdentityProvider, j journey, u User, from auth.Origin, why error) error {
	if !fault.Is(why, fault.UnauthorizedCode) {
		return why
	}
	u.Owner = p.Owner
	actor, err := s.actorOf(ctx, u, j.Mode)
	if err != nil {
		return err
	}
	object := u.ID
	if object == 0 {
		object = p.ID
	}
	if err := s.audit.Note(ctx, auth.Refused(actor, from), audit.Entry{Action: audit.UserSignIn, Result: fault.UnauthorizedCode, Object: object}); err != nil {
		return err
	}
	return why
}

// openAt opens the session. Factors are the provider's to ask for. Whoever was invited has
// accepted by coming.
func (s *Service) openAt(ctx context.Context, j journey, u User, first *link, from auth.Origin) (Session, Secret, error) {
	actor, err := s.actorOf(ctx, u, j.Mode)
	if err != nil {
		return Session{}, Secret{}, err
	}
	try := attempt{SignIn: SignIn{Email: u.Email, Mode: j.Mode}, from: from, user: u, actor: actor, proven: true}
	if err := s.chooseBuckets(ctx, &try); err != nil { // for the place alone
		return Session{}, Secret{}, err
	}
	try.counts = nil
	session, token, err := s.open(ctx, try, func(tx *db.Tx) {
		if first != nil {
			tx.Exec(`INSERT INTO staff_identity (hash, owner_id, user_id, issuer) VALUES ($1, $2, $3, $4)`, first.subject, u.Owner, u.ID, first.issuer)
		}
		tx.Exec(`UPDATE staff_user SET status = 'active', invite_hash = '', invite_expires_at = 0 WHERE id = $1 AND status = 'invited'`, u.ID)
	})
	if db.IsViolation(err, "staff_identity") {
		err = refusedAt("This e-mail address belongs to somebody who signs in as another account of the identity provider")
	}
	return session, token, err
}
