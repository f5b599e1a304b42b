package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/vault"
	"github.com/florin-gateway/florin/internal/verification"
)

// CustomerVerification is one attempt to find out whether something is the customer's.
type CustomerVerification struct {
	ID         int64    `json:"id"`
	CustomerID int64    `json:"customerId"`
	Kind       string   `json:"kind" enum:"email,phone,identity"`
	Status     string   `json:"status" enum:"pending,resubmit,verified,failed,expired,superseded"`
	Provider   string   `json:"provider" doc:"smtp, twilio, sumsub; log and sandbox in test mode"`
	Reference  *string  `json:"reference" doc:"The applicant's number at an identity provider"`
	Reasons    []string `json:"reasons" doc:"Codes of the provider, or not_sent"`
	TriesLeft  int64    `json:"triesLeft" doc:"How many wrong codes it still takes"`
	UserID     int64    `json:"userId" doc:"The user or key that started it"`
	CreateDate string   `json:"createDate" format:"date-time"`
	ExpiresAt  string   `json:"expiresAt" format:"date-time"`
	EndedAt    *string  `json:"endedAt" format:"date-time"`
	Link       *string  `json:"link" doc:"Where the person shows documents; in the answer of the start alone"`
	TestCode   *string  `json:"testCode" doc:"The code, in test mode and in the answer of the start alone"`
}

// CustomerVerificationPage is a run of verifications, the newest first.
type CustomerVerificationPage struct {
	Data       []CustomerVerification `json:"data"`
	NextCursor *string                `json:"nextCursor"`
	HasMore    bool                   `json:"hasMore"`
}

// VerificationInput starts a verification.
type VerificationInput struct {
	Kind string `json:"kind" enum:"email,phone,identity"`
}

// VerificationCode is a code that somebody read.
type VerificationCode struct {
	Code string `json:"code" pattern:"^[0-9]{6}$" example:"042317"`
}

// The texts of verifications. immutable: read by OpenAPI alone.
var (
	verificationsDoc     = operation{tag: "Verification", summary: "List a customer's verifications", answer: of[CustomerVerificationPage](), errors: []int{404, 409, 410}}
	verificationDoc      = operation{tag: "Verification", summary: "Get a verification", answer: of[CustomerVerification](), errors: []int{404, 409, 410}}
	startVerificationDoc = operation{tag: "Verification", summary: "Start to verify an e-mail address, a phone number or an identity", body: of[VerificationInput](), answer: of[CustomerVerification](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "A code of six digits goes to the e-mail address or the phone number, good for ten minutes and five tries; an identity is looked at by a provider, under link. One a minute of a kind, five a day of a customer: 429. In test mode nobody is written to: the code is `testCode`, and the last word of the customer's name decides about an identity (docs/verification.md)."}
	checkVerificationDoc = operation{tag: "Verification", summary: "Hand in the code that somebody read", body: of[VerificationCode](), answer: of[CustomerVerification](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "A wrong code is 422 `VERIFICATION_CODE_WRONG` and counts; after the fifth, after ten minutes, or once the address is another, it is 409 `VERIFICATION_OVER`."}
)

func showVerification(v verification.Verification) CustomerVerification {
	return CustomerVerification{ID: v.ID, CustomerID: v.CustomerID, Kind: string(v.Kind), Status: v.Status, Provider: v.Provider, Reference: orNull(v.Reference), Reasons: orEmpty(v.Reasons),
		TriesLeft: v.Left(), UserID: v.UserID, CreateDate: stamp(v.Started()), ExpiresAt: stamp(v.Expires), EndedAt: stampOrNull(v.Ended), Link: orNull(v.Link), TestCode: orNull(v.Code)}
}

// keptVerification records or amends the answer about a verification, without what only the first one shows.
func keptVerification(customerID int64, by func(*db.Tx, idempotency.Subject, *gate.Answer) error) func(*db.Tx, verification.Verification, vault.Subject) error {
	return func(tx *db.Tx, v verification.Verification, key vault.Subject) error {
		answer, err := encode(http.StatusOK, showVerification(v))
		if err != nil {
			return err
		}
		return by(tx, idempotency.Subject{CustomerID: customerID, Key: key}, answer)
	}
}

func (a *API) startVerification(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	kind := verification.Kind(f.text("kind"))
	if kind != verification.Email && kind != verification.Phone && kind != verification.Identity {
		f.bad("kind", "invalid", "must be email, phone or identity")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	v, err := a.Verifications.Start(ctx, r.Grant, r.ID, kind, verification.Keep{Begin: keptVerification(r.ID, r.Record), End: keptVerification(r.ID, r.Amend)})
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showVerification(v))
}

func (a *API) checkVerification(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	verificationID, err := r.PathID("verificationId")
	if err != nil {
		return nil, err
	}
	f := &form{request: r}
	code := strings.TrimSpace(f.text("code"))
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		f.bad("code", "invalid", "must be the six digits that were sent")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	v, err := a.Verifications.Check(ctx, r.Grant, r.ID, verificationID, code, keptVerification(r.ID, r.Record))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showVerification(v))
}

func (a *API) getVerification(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	verificationID, err := r.PathID("verificationId")
	if err != nil {
		return nil, err
	}
	v, err := a.Verifications.Get(ctx, r.Grant, r.ID, verificationID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showVerification(v))
}

func (a *API) listVerifications(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	name := "verifications " + strconv.FormatInt(r.ID, 10)
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	before, err := a.position(ctx, r, name)
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	all, err := a.Verifications.List(ctx, r.Grant, r.ID, before, limit+1)
	if err != nil {
		return nil, err
	}
	next := int64(0)
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	page := CustomerVerificationPage{Data: list(all, showVerification), HasMore: next != 0}
	if page.NextCursor, err = a.cursor(ctx, r, name, next); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

// IdentityCallback takes what an identity provider tells, verified on its raw bytes.
func (a *API) IdentityCallback(ctx context.Context, r *http.Request, origin auth.Origin) (*gate.Answer, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fault.New(fault.TooLarge, fault.PayloadTooLarge, "The callback is too large or did not arrive whole")
	}
	if err := a.Verifications.Callback(ctx, r.PathValue("checker"), origin, r.Header, body); err != nil {
		return nil, err
	}
	return &gate.Answer{Status: http.StatusOK, Body: []byte(`{"received":true}`)}, nil
}
