package api

import (
	"context"
	"net/http"
	"time"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/privacy"
)

// ExportLink is a link by which a customer fetches their data.
type ExportLink struct {
	ID          int64   `json:"id"`
	UserID      int64   `json:"userId" doc:"The user or key that made it"`
	ExpiresAt   string  `json:"expiresAt" format:"date-time"`
	WithdrawnAt *string `json:"withdrawnAt" format:"date-time"`
	Fetched     int64   `json:"fetched" doc:"How often the data were fetched; ten times at most"`
	FetchedAt   *string `json:"fetchedAt" format:"date-time" doc:"The last time"`
	CreateDate  string  `json:"createDate" format:"date-time"`
}

// NewExportLink is a link that was just made: the address is shown this once.
type NewExportLink struct {
	ExportLink
	URL string `json:"url" format:"uri" doc:"For the customer alone: who has it can fetch the data"`
}

// ExportLinkList are a customer's links.
type ExportLinkList struct {
	Data []ExportLink `json:"data"`
}

// ExportLinkInput makes a link.
type ExportLinkInput struct {
	Until string `json:"until,omitempty" format:"date-time" doc:"30 days ahead at most; a week if not given" example:"2027-06-30T00:00:00Z"`
}

// linkFor is how long a link lasts that names no end.
const linkFor = 7 * 24 * time.Hour

// The texts of links to exports. immutable: read by OpenAPI alone.
var (
	exportLinksDoc = operation{tag: "Privacy", summary: "List the links to a customer's data", answer: of[ExportLinkList](), errors: []int{404, 410}}
	exportLinkDoc  = operation{tag: "Privacy", summary: "Make a link by which a customer fetches their data", body: of[ExportLinkInput](), answer: of[NewExportLink](), errors: []int{404, 409, 410, 413, 415, 422},
		headers: []string{"Idempotent-Replayed"}, description: "GDPR Art. 15(3): the same zip as `GET …/export`, gathered when it is fetched, for whoever has the link, until it ends."}
	withdrawExportDoc = operation{tag: "Privacy", summary: "Withdraw a link to a customer's data", errors: []int{404, 410}}
)

func showExportLink(l privacy.Link) ExportLink {
	return ExportLink{ID: l.ID, UserID: l.UserID, ExpiresAt: stamp(l.Expires), WithdrawnAt: stampOrNull(l.Withdrawn), Fetched: l.Fetched, FetchedAt: stampOrNull(l.FetchedAt), CreateDate: stamp(l.Made())}
}

func (a *API) listExportLinks(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Privacy.Links(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ExportLinkList{Data: list(all, showExportLink)})
}

func (a *API) createExportLink(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	until := f.time("until")
	if err := f.end(); err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = a.Clock.Now().Add(linkFor)
	}
	var answer *gate.Answer
	err := a.Privacy.Offer(ctx, r.Grant, r.ID, until, func(tx *db.Tx, l privacy.Link, token string, p customer.Person) (err error) {
		if answer, err = encode(http.StatusOK, NewExportLink{showExportLink(l), a.base() + "/export/" + token}); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: p.ID, Key: p.Key}, answer)
	})
	return answer, err
}

func (a *API) withdrawExportLink(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	linkID, err := r.PathID("exportId")
	if err != nil {
		return nil, err
	}
	return done(a.Privacy.Withdraw(ctx, r.Grant, r.ID, linkID))
}
