package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/notification"
)

func showPurpose(p consent.Purpose) Purpose {
	shown := Purpose{Name: p.Name, LawfulBasis: string(p.Basis), Article: p.Basis.Article(), Description: orNull(p.Description), PolicyVersion: orNull(p.PolicyVersion),
		DoubleOptIn: p.DoubleOptIn, Marketing: p.Marketing, Active: p.Active, BuiltIn: p.ID == 0, UserID: idOrNull(p.UserID)}
	if p.ID != 0 {
		shown.UpdateDate = stampOrNull(p.Changed())
	}
	return shown
}

func (a *API) listPurposes(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Consents.Purposes(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, PurposeList{Data: list(all, showPurpose)})
}

func (a *API) getPurpose(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	p, err := a.Consents.Purpose(ctx, r.Grant, r.Word("name"))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showPurpose(p))
}

func (a *API) putPurpose(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	p := consent.Purpose{Name: r.Word("name"), Basis: consent.Basis(f.text("lawfulBasis")), DoubleOptIn: f.flag("doubleOptIn"), Marketing: f.flag("marketing"), Active: true,
		Terms: consent.Terms{Description: f.line("description", maxNote), PolicyVersion: f.line("policyVersion", 200)}}
	if _, given := r.Body.Get("active"); given {
		p.Active = f.flag("active")
	}
	f.faults = append(f.faults, consent.CheckPurpose(p)...)
	if err := f.end(); err != nil {
		return nil, err
	}
	p, err := a.Consents.PutPurpose(ctx, r.Grant, p)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showPurpose(p))
}

func (a *API) removePurpose(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return done(a.Consents.RemovePurpose(ctx, r.Grant, r.Word("name")))
}

// showConsent hides from where a customer acted from those who see masked values.
func showConsent(c consent.Consent, now time.Time, unmasked bool) Consent {
	shown := Consent{ID: c.ID, Purpose: c.Purpose, LawfulBasis: string(consent.ByConsent), State: c.State(now), Channel: c.Channel, GivenAt: stamp(c.Given()),
		PendingUntil: stampOrNull(c.PendingUntil), ConfirmedAt: stampOrNull(c.Confirmed), WithdrawnAt: stampOrNull(c.Withdrawn), WithdrawnBy: orNull(c.Withdrawal.Channel),
		Text: orNull(c.Text), PolicyVersion: orNull(c.PolicyVersion), Language: orNull(c.Language), Reference: orNull(c.Reference), UserID: idOrNull(c.UserID)}
	if unmasked {
		shown.Address, shown.ConfirmedFrom, shown.WithdrawnFrom = orNull(c.Address), orNull(c.Confirmation.Address), orNull(c.Withdrawal.Address)
	}
	return shown
}

func (a *API) listConsents(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Consents.List(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	now, unmasked := a.Clock.Now(), r.Grant.Actor().Unmasked()
	return encode(http.StatusOK, ConsentList{Data: list(all, func(c consent.Consent) Consent { return showConsent(c, now, unmasked) })})
}

// channel is where a consent or an objection came by; the API if nothing is said.
func (f *form) channel() string {
	channel := f.text("channel")
	if channel == "" {
		return "api"
	}
	if !slices.Contains(consent.Channels(), channel) {
		f.bad("channel", "invalid", "is not one of the channels")
	}
	return channel
}

func (a *API) giveConsent(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	c := consent.Consent{Purpose: f.text("purpose"), Channel: f.channel(), Evidence: consent.Evidence{Text: f.line("text", 1000), PolicyVersion: f.line("policyVersion", 200),
		Language: f.text("language"), Reference: f.line("reference", 200), Address: f.address("address")}}
	if c.Purpose == "" {
		f.bad("purpose", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	now, unmasked := a.Clock.Now(), r.Grant.Actor().Unmasked()
	made, link, err := a.Consents.Ask(ctx, r.Grant, r.ID, c, func(tx *db.Tx, c consent.Consent, p customer.Person) error {
		answer, err := encode(http.StatusOK, GivenConsent{Consent: showConsent(c, now, unmasked)})
		if err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: p.ID, Key: p.Key}, answer)
	})
	if err != nil {
		return nil, err
	}
	shown := GivenConsent{Consent: showConsent(made, now, unmasked)}
	if shown.Mailed = made.State(now) == "pending" && a.mailLetter(ctx, r, made.ID, link); !shown.Mailed {
		shown.Link = &link.Address
	}
	return encode(http.StatusOK, shown)
}

// mailLetter sends a customer the link to their page, or reports that the owner has to.
func (a *API) mailLetter(ctx context.Context, r *gate.Request, letterID int64, l consent.Link) bool {
	o, err := a.Owners.Get(ctx, r.Grant.Owner())
	if err != nil || a.Mail == nil {
		return false
	}
	subject, body := l.Letter.Write(o.Name, l.Address)
	return a.Mail.Post(ctx, notification.Letter{ID: letterID, From: o.Name, To: l.To, Subject: subject, Body: body}) == nil
}

func (a *API) withdrawConsent(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	consentID, err := r.PathID("consentId")
	if err != nil {
		return nil, err
	}
	return done(a.Payments.WithdrawConsent(ctx, r.Grant, r.ID, consentID, consent.Trace{Channel: "api"}))
}

func showDecision(d consent.Decision) PurposeDecision {
	return PurposeDecision{Purpose: d.Purpose, LawfulBasis: string(d.Basis), Article: d.Basis.Article(), Marketing: d.Marketing, Allowed: d.Allowed, Reason: d.Reason, ConsentID: idOrNull(d.ConsentID)}
}

func (a *API) listDecisions(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Consents.Decisions(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, DecisionList{Data: list(all, showDecision)})
}

func showObjection(o consent.Objection) Objection {
	return Objection{ID: o.ID, Purpose: o.Purpose, Channel: o.Channel, Note: orNull(o.Note), Blocks: o.Blocks(), Answer: orNull(o.Answer), Reason: orNull(o.Reason),
		UserID: idOrNull(o.UserID), CreateDate: stamp(o.Raised()), AnsweredBy: idOrNull(o.AnsweredBy), AnsweredAt: stampOrNull(o.Answered)}
}

func (a *API) listObjections(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Consents.Objections(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ObjectionList{Data: list(all, showObjection)})
}

func (a *API) raiseObjection(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	o := consent.Objection{Purpose: f.text("purpose"), Channel: f.channel(), Note: f.line("note", maxNote)}
	if o.Purpose == "" {
		f.bad("purpose", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Payments.Object(ctx, r.Grant, r.ID, o, func(tx *db.Tx, o consent.Objection, p customer.Person) (err error) {
		if answer, err = encode(http.StatusOK, showObjection(o)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: p.ID, Key: p.Key}, answer)
	})
	return answer, err
}

func (a *API) answerObjection(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	objectionID, err := r.PathID("objectionId")
	if err != nil {
		return nil, err
	}
	f := &form{request: r}
	answer, reason := f.text("answer"), f.line("reason", maxNote)
	if !consent.ValidAnswer(answer) {
		f.bad("answer", "invalid", "must be upheld, compelling_grounds or withdrawn")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	o, err := a.Consents.AnswerObjection(ctx, r.Grant, r.ID, objectionID, answer, reason)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showObjection(o))
}
