package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/rights"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

func (a *API) showPrivacyRequest(q rights.Request) PrivacyRequest {
	now := a.Clock.Now()
	until := now
	if !q.Open() {
		until = q.Finished
	}
	return PrivacyRequest{ID: q.ID, Type: q.Kind, CustomerID: q.CustomerID, Channel: q.Channel, Status: q.State, ReceivedDate: day(q.Received), DueDate: day(q.Due),
		DaysLeft: int64(q.DaysLeft(until)), Late: q.Late(now), Extended: q.Extended, VerifiedAt: stampOrNull(q.Verified), FinishedAt: stampOrNull(q.Finished),
		UserID: q.UserID, CreateDate: stamp(id.Time(q.ID))}
}

func (a *API) wholePrivacyRequest(q rights.Request) PrivacyRequestWhole {
	return PrivacyRequestWhole{PrivacyRequest: a.showPrivacyRequest(q), Note: orNull(q.Note), History: list(q.Steps, showStep), Evidence: list(q.Evidence, showEvidence), Notices: list(q.Notices, showNotice)}
}

func showStep(s rights.Step) PrivacyRequestStep {
	return PrivacyRequestStep{Step: s.What, Code: orNull(s.Code), Fields: orEmpty(s.Fields), RecordID: idOrNull(s.Object), Note: orNull(s.Note), Reference: orNull(s.Reference),
		UserID: s.UserID, Time: stamp(s.At())}
}

func showEvidence(e rights.Evidence) Evidence {
	return Evidence{ID: e.ID, Kind: e.Kind, Name: orNull(e.Name), SHA256: orNull(e.SHA256), Size: e.Size, UserID: e.UserID, CreateDate: stamp(e.Added())}
}

// keepRequest makes the answer in the unit of a change.
func (a *API) keepRequest(r *gate.Request, answer **gate.Answer) rights.Also {
	return func(tx *db.Tx, q rights.Request, key vault.Subject) (err error) {
		if *answer, err = encode(http.StatusOK, a.wholePrivacyRequest(q)); err != nil {
			return err
		}
		subject := idempotency.Subject{CustomerID: q.CustomerID, Key: key}
		if key.ID == 0 {
			subject = idempotency.Subject{}
		}
		return r.Record(tx, subject, *answer)
	}
}

// choice reads a member that must be one of some words.
func (f *form) choice(name string, allowed []string) string {
	word := f.text(name)
	if word == "" {
		f.bad(name, "required", "must be one of "+strings.Join(allowed, ", "))
	} else if !oneOf(word, allowed...) {
		f.bad(name, "invalid", "must be one of "+strings.Join(allowed, ", "))
	}
	return word
}

// date reads a member that is a day.
func (f *form) date(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		f.bad(name, "invalid", "must be a day like 2026-11-22")
	}
	return t
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// readDay reads a parameter that is a day.
func readDay(r *gate.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.Text(name)
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, fault.OneField("query/"+name, "invalid", "must be a day like 2026-11-22")
	}
	return t, nil
}

const maxReference = 200

func (f *form) words() rights.Words {
	return rights.Words{Note: f.line("note", maxNote), Reference: f.line("reference", maxReference)}
}

func (a *API) createPrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	in := rights.Request{Kind: f.choice("type", rights.Kinds()), CustomerID: f.whole("customerId", 1, 1<<53-1, 0), Channel: f.choice("channel", rights.Channels()),
		Received: f.date("receivedDate"), Note: f.line("note", maxNote)}
	if in.CustomerID == 0 || pan.LooksLike(in.CustomerID) {
		f.bad("customerId", "required", "must be the id of a customer")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Receive(ctx, r.Grant, in, a.keepRequest(r, &answer))
	return answer, err
}

func (a *API) listPrivacyRequests(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := rights.Filter{State: r.Text("status"), Limit: int(r.Int("limit", 1, maxLimit, defaultLimit))}
	if f.State != "" && !oneOf(f.State, rights.States()...) {
		return nil, fault.OneField("query/status", "invalid", "must be one of "+strings.Join(rights.States(), ", "))
	}
	var err error
	if f.DueBy, err = readDay(r, "due", time.Time{}); err != nil {
		return nil, err
	}
	name := "privacy requests " + f.State + " " + r.Text("due")
	if f.Before, err = a.position(ctx, r, name); err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, next, err := a.Rights.List(ctx, r.Grant, f)
	if err != nil {
		return nil, err
	}
	page := PrivacyRequestPage{Data: list(found, a.showPrivacyRequest), HasMore: next != 0}
	page.NextCursor, err = a.cursor(ctx, r, name, next)
	return answerOr(page, err)
}

func (a *API) reportPrivacyRequests(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	year := time.Date(a.Clock.Now().Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	from, err := readDay(r, "from", year)
	if err != nil {
		return nil, err
	}
	to, err := readDay(r, "to", year.AddDate(1, 0, 0))
	if err != nil {
		return nil, err
	}
	counts, err := a.Rights.Report(ctx, r.Grant, from, to)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, PrivacyReport{From: day(from), To: day(to), Data: list(counts, showCount)})
}

func showCount(c rights.Count) PrivacyTotals {
	shown := PrivacyTotals{Type: c.Kind, Status: c.State, Requests: int64(c.Requests), Late: int64(c.Late)}
	if n := len(c.Days); n > 0 {
		short, median, long := int64(c.Days[0]), int64(c.Median()), int64(c.Days[n-1])
		shown.ShortDays, shown.MedianDays, shown.LongDays = &short, &median, &long
	}
	return shown
}

func (a *API) getPrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q, err := a.Rights.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, a.wholePrivacyRequest(q))
}

func (a *API) verifyPrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	v, given := f.get("verified", strictjson.Bool, "true or false")
	method, words := f.choice("method", rights.Methods()), f.words()
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Verify(ctx, r.Grant, r.ID, !given || v.Text == "true", method, words, a.keepRequest(r, &answer))
	return answer, err
}

func (a *API) extendPrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	reason, words := f.choice("reason", rights.ExtensionReasons()), rights.Words{Note: f.line("note", maxNote)}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Extend(ctx, r.Grant, r.ID, reason, words, a.keepRequest(r, &answer))
	return answer, err
}

func (a *API) completePrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	o := rights.Outcome{Reason: f.text("reason"), Purpose: f.text("purpose"), Words: f.words()}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Complete(ctx, r.Grant, r.ID, o, a.keepRequest(r, &answer))
	return answer, err
}

func (a *API) refusePrivacyRequest(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	reason, words := f.choice("reason", rights.RefusalReasons()), rights.Words{Note: f.line("note", maxNote)}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Refuse(ctx, r.Grant, r.ID, reason, words, a.keepRequest(r, &answer))
	return answer, err
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// readEvidence reads what is attached: a text, a file, or the digest of something elsewhere.
func readEvidence(f *form) rights.Evidence {
	e := rights.Evidence{Sealed: rights.Sealed{Name: f.line("name", maxReference)}}
	if e.Name == "" {
		f.bad("name", "required", "is required")
	}
	words, encoded := f.text("text"), f.text("content")
	content, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err != nil || words != "" && encoded != "":
		f.bad("content", "invalid", "must be base64, and not beside text")
	case len(words)+len(content) > rights.MostEvidence:
		f.bad("content", "too_long", "must have at most 100 KiB")
	case pan.Find(string(bytes.ToValidUTF8(content, nil))):
		f.bad("content", "card_number", "holds a card number")
	}
	if e.Content = content; words != "" {
		e.Content = []byte(words)
	}
	e.SHA256 = f.text("sha256")
	switch {
	case e.SHA256 == "" && len(e.Content) == 0:
		f.bad("sha256", "required", "is required without text or content")
	case e.SHA256 != "" && !hexDigest.MatchString(e.SHA256), e.SHA256 != "" && len(e.Content) > 0 && e.SHA256 != rights.Digest(e.Content):
		f.bad("sha256", "invalid", "must be the SHA-256 of the content, in 64 small hex digits")
	}
	return e
}

func (a *API) addEvidence(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	e := readEvidence(f)
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Rights.Attach(ctx, r.Grant, r.ID, e, a.keepRequest(r, &answer))
	return answer, err
}

func (a *API) getEvidence(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	evidenceID, err := r.PathID("evidenceId")
	if err != nil {
		return nil, err
	}
	e, err := a.Rights.Look(ctx, r.Grant, r.ID, evidenceID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, EvidenceContent{Evidence: showEvidence(e), Content: orNull(base64.StdEncoding.EncodeToString(e.Content))})
}
