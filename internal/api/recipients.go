package api

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/rights"
)

// The texts of recipients and notices. immutable: read by OpenAPI alone.
var (
	recipientsDoc         = operation{tag: "Privacy", summary: "List recipients of customers' data", answer: of[RecipientList]()}
	createRecipientDoc    = operation{tag: "Privacy", summary: "Record a recipient", body: of[RecipientInput](), answer: of[Recipient](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	recipientDoc          = operation{tag: "Privacy", summary: "Get a recipient", answer: of[Recipient](), errors: []int{404}}
	updateRecipientDoc    = operation{tag: "Privacy", summary: "Replace what is recorded of a recipient", body: of[RecipientInput](), answer: of[Recipient](), errors: []int{404, 413, 415}, description: "Recipients are not deleted: who got somebody's data stays to be told. `endedAt` ends one."}
	customerRecipientsDoc = operation{tag: "Privacy", summary: "Tell who got a customer's data", answer: of[CustomerRecipients](), errors: []int{404, 410}, description: "GDPR Art. 15(1)(c) and 19."}
	discloseDoc           = operation{tag: "Privacy", summary: "Record that a recipient got a customer's data", body: of[DisclosureInput](), errors: []int{404, 409, 410, 413, 415, 422}}
	recipientNoticesDoc   = operation{tag: "Privacy", summary: "List what recipients must be told", answer: of[RecipientNoticePage](),
		description: "GDPR Art. 19: one for each recipient of the customer's data and each rectification, erasure and restriction, made in its unit, with the event `recipient.notice`."}
	recipientNoticeDoc = operation{tag: "Privacy", summary: "Get a notice to a recipient", answer: of[RecipientNotice](), errors: []int{404}}
	tellRecipientDoc   = operation{tag: "Privacy", summary: "Record that a recipient was told", errors: []int{404, 409, 422}}
	privacyNoticesDoc  = operation{tag: "Privacy", summary: "List versions of the privacy notice", answer: of[PrivacyNoticeList]()}
	publishNoticeDoc   = operation{tag: "Privacy", summary: "Publish a version of the privacy notice", body: of[PrivacyNoticeInput](), answer: of[PrivacyNotice](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}, description: "Each point of Art. 13 or 14 is in `points`, or in `notApplicable` where it can be: the list is your own check, nobody reads the text for it."}
	privacyNoticeDoc   = operation{tag: "Privacy", summary: "Get a version of the privacy notice", answer: of[PrivacyNotice](), errors: []int{404}}
	currentNoticeDoc   = operation{tag: "Privacy", summary: "Get the current privacy notice", answer: of[PrivacyNotice](), errors: []int{404}}
)

func showRecipient(r rights.Recipient) Recipient {
	return Recipient{ID: r.ID, Kind: r.Kind, Name: r.Name, Receives: r.Receives, Contact: orNull(r.Contact), Country: orNull(r.Country), Safeguards: orNull(r.Safeguards),
		Everyone: r.Everyone, ProviderID: idOrNull(r.Provider), EndedAt: stampOrNull(r.Ended), UserID: r.UserID, CreateDate: stamp(r.Since())}
}

func showNotice(n rights.Notice) RecipientNotice {
	return RecipientNotice{ID: n.ID, RecipientID: n.Recipient, CustomerID: n.CustomerID, Cause: n.Cause, Fields: orEmpty(n.Fields), CreateDate: stamp(n.Raised()),
		DoneAt: stampOrNull(n.Done), UserID: idOrNull(n.UserID)}
}

func showStatement(s rights.Statement) PrivacyNotice {
	return PrivacyNotice{ID: s.ID, Language: s.Language, Article: s.Article, Title: s.Title, Text: s.Text, Points: orEmpty(s.Points), NotApplicable: orEmpty(s.Without), UserID: s.UserID, CreateDate: stamp(s.Since())}
}

// needed is a line that must be there.
func (f *form) needed(name string, limit int) string {
	text := f.line(name, limit)
	if text == "" {
		f.bad(name, "required", "is required")
	}
	return text
}

func (a *API) readRecipient(ctx context.Context, r *gate.Request) (rights.Recipient, error) {
	f := &form{request: r}
	in := rights.Recipient{Kind: f.choice("kind", rights.RecipientKinds()), Everyone: f.flag("everyone"), Provider: f.whole("providerId", 1, 1<<53-1, 0), Ended: f.time("endedAt"),
		About: rights.About{Name: f.needed("name", maxReference), Receives: f.needed("receives", maxNote), Contact: f.line("contact", 500), Country: f.text("country"), Safeguards: f.line("safeguards", maxNote)}}
	if in.Country != "" {
		var err error
		if in.Country, err = contact.Country(in.Country); err != nil {
			f.bad("country", "invalid", err.Error())
		}
	}
	if err := f.end(); err != nil || in.Provider == 0 {
		return in, err
	}
	_, err := a.Routing.Find(ctx, r.Grant, in.Provider)
	return in, err
}

func (a *API) listRecipients(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Rights.Recipients(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, RecipientList{Data: list(all, showRecipient)})
}

func (a *API) createRecipient(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	in, err := a.readRecipient(ctx, r)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Rights.AddRecipient(ctx, r.Grant, in, func(tx *db.Tx, one rights.Recipient) (err error) {
		if answer, err = encode(http.StatusOK, showRecipient(one)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func (a *API) getRecipient(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	one, err := a.Rights.Recipient(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRecipient(one))
}

func (a *API) updateRecipient(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	in, err := a.readRecipient(ctx, r)
	if err != nil {
		return nil, err
	}
	in.ID = r.ID
	if err := a.Rights.ChangeRecipient(ctx, r.Grant, in); err != nil {
		return nil, err
	}
	return a.getRecipient(ctx, r)
}

func (a *API) customerRecipients(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, told, err := a.Rights.RecipientsOf(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, CustomerRecipients{Data: list(all, showRecipient), Notices: list(told, showNotice)})
}

func (a *API) disclose(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	recipientID := f.whole("recipientId", 1, 1<<53-1, 0)
	if recipientID == 0 {
		f.bad("recipientId", "required", "must be the id of a recipient")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	return done(a.Rights.Disclose(ctx, r.Grant, r.ID, recipientID))
}

func (a *API) listRecipientNotices(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	status, limit := r.Text("status"), int(r.Int("limit", 1, maxLimit, defaultLimit))
	if !oneOf(status, "", "open", "done") {
		return nil, fault.OneField("query/status", "invalid", "must be open or done")
	}
	name := "recipient notices " + status
	before, err := a.position(ctx, r, name)
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, next, err := a.Rights.Notices(ctx, r.Grant, status, before, limit)
	if err != nil {
		return nil, err
	}
	page := RecipientNoticePage{Data: list(found, showNotice), HasMore: next != 0}
	page.NextCursor, err = a.cursor(ctx, r, name, next)
	return answerOr(page, err)
}

func (a *API) getRecipientNotice(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	n, err := a.Rights.Notice(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showNotice(n))
}

func (a *API) tellRecipient(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return done(a.Rights.Told(ctx, r.Grant, r.ID))
}

// mostText is how long a privacy notice may be, in bytes.
const mostText = 100_000

func readStatement(f *form) rights.Statement {
	s := rights.Statement{Language: f.text("language"), Article: f.choice("article", []string{"13", "14"}), Points: f.texts("points"), Without: f.texts("notApplicable"),
		Wording: rights.Wording{Title: f.needed("title", maxReference), Text: strings.TrimSpace(f.text("text"))}}
	if s.Text == "" || len(s.Text) > mostText || !utf8.ValidString(s.Text) {
		f.bad("text", "invalid", "must have 1 to 100,000 bytes")
	}
	tag, err := language.Parse(s.Language)
	if err != nil || s.Language == "" {
		f.bad("language", "invalid", "must be a language tag like de or pt-BR (BCP 47)")
	}
	s.Language = tag.String()
	for name, points := range map[string][]string{"points": s.Points, "notApplicable": s.Without} {
		for _, p := range points {
			if !oneOf(p, rights.Points(s.Article)...) {
				f.bad(name, "invalid", "names a point that the article does not have")
				break
			}
		}
	}
	return s
}

func (a *API) publishNotice(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	s := readStatement(f)
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err := a.Rights.Publish(ctx, r.Grant, s, func(tx *db.Tx, s rights.Statement) (err error) {
		if answer, err = encode(http.StatusOK, showStatement(s)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func (a *API) listPrivacyNotices(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Rights.Statements(ctx, r.Grant, r.Text("language"), r.Text("article"))
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, PrivacyNoticeList{Data: list(all, showStatement)})
}

func (a *API) getPrivacyNotice(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return showOne(a.Rights.Statement(ctx, r.Grant, r.ID))
}

func (a *API) currentPrivacyNotice(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	article := r.Text("article")
	if article == "" {
		article = "13"
	}
	return showOne(a.Rights.Current(ctx, r.Grant, r.Text("language"), article))
}

func showOne(s rights.Statement, err error) (*gate.Answer, error) {
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showStatement(s))
}

func noticeParams() []gate.Param {
	return append(pageParams(), gate.Param{Name: "status", Type: "string", Doc: "open or done", Typed: true})
}

func statementParams() []gate.Param {
	return []gate.Param{{Name: "language", Type: "string", Doc: "BCP 47", Typed: true, Example: "de"}, {Name: "article", Type: "string", Doc: "13 or 14", Typed: true}}
}
