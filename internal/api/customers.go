package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

type handler func(context.Context, *gate.Request) (*gate.Answer, error)

func showCustomer(c *customer.Customer) *gate.Answer {
	return &gate.Answer{Status: http.StatusOK, Body: c.AppendJSON(make([]byte, 0, 1024)), ETag: c.ETag(), Location: customerPath(c.ID)}
}

func customerPath(id int64) string { return "/customers/" + strconv.FormatInt(id, 10) }

func (a *API) createCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	var answer *gate.Answer
	created, err := a.Customers.Create(ctx, r.Grant, customer.Input{Body: r.Body, Lenient: r.Lenient}, func(tx *db.Tx, c *customer.Customer, key vault.Subject) error {
		answer = showCustomer(c)
		return r.Record(tx, idempotency.Subject{CustomerID: c.ID, Key: key}, answer)
	})
	if err != nil {
		return nil, err
	}
	if created.DuplicateOf != 0 {
		answer = showCustomer(created.Customer)
		answer.Header = http.Header{"Duplicate-Of": {strconv.FormatInt(created.DuplicateOf, 10)}}
	}
	return answer, nil
}

func (a *API) getCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	fields := r.List("fields", customer.FieldNames())
	if err := r.Faults(); err != nil {
		return nil, err
	}
	c, err := a.Customers.Get(ctx, r.Grant, r.ID, fields)
	if err != nil {
		return nil, err
	}
	if r.Matches(c.ETag()) {
		return &gate.Answer{Status: http.StatusNotModified, ETag: c.ETag()}, nil
	}
	body, err := c.AppendFields(make([]byte, 0, 1024), fields)
	return &gate.Answer{Status: http.StatusOK, Body: body, ETag: c.ETag()}, err
}

// purposes are what personal values may be revealed for. Free text would put them into the
// trail, where nothing can be erased.
var purposes = []string{"support", "payment", "dispute", "fraud", "data_subject_request", "legal"} // immutable

func readReveal(r *gate.Request) (purpose string, err error) {
	f := &form{request: r}
	purpose, reference := f.text("purpose"), f.text("reference")
	if !slices.Contains(purposes, purpose) {
		f.bad("purpose", "invalid", "must be one of "+strings.Join(purposes, ", "))
	}
	if len(reference) > 64 || strings.Trim(reference, referenceLetters) != "" {
		f.bad("reference", "invalid", "must be up to 64 of A-Z a-z 0-9 . _ - / #")
	}
	return strings.TrimSpace(purpose + " " + reference), f.end()
}

const referenceLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/#"

func (a *API) revealCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	purpose, err := readReveal(r)
	if err != nil {
		return nil, err
	}
	c, err := a.Customers.Unmask(ctx, r.Grant, r.ID, purpose)
	if err != nil {
		return nil, err
	}
	answer := showCustomer(c)
	answer.Location = ""
	return answer, nil
}

func (a *API) updateCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	versions, err := r.IfMatch()
	if err != nil {
		return nil, err
	}
	change := customer.Change{Input: customer.Input{Body: r.Body, Lenient: r.Lenient}, Versions: versions}
	c, err := a.Customers.Update(ctx, r.Grant, r.ID, change, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	if err != nil {
		return nil, err
	}
	answer := showCustomer(c)
	answer.Location = ""
	return answer, nil
}

func (a *API) eraseCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	versions, err := r.IfMatch()
	dryRun := r.Bool("dryRun")
	if err != nil || r.Faults() != nil {
		return nil, first(err, r.Faults())
	}
	if dryRun {
		return a.planErasure(ctx, r)
	}
	return &gate.Answer{Status: http.StatusNoContent}, a.Customers.Erase(ctx, r.Grant, r.ID, versions)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *API) planErasure(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	plan, err := a.Customers.PlanErasure(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ErasurePlan{CustomerID: plan.CustomerID, DryRun: true, Fields: plan.Fields, IndexRows: plan.IndexRows, Interactions: plan.Interactions, Others: orEmpty(plan.Others)})
}

const defaultLimit, maxLimit = 20, 200

func (a *API) listCustomers(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q := customer.Query{Email: r.Text("email"), Phone: r.Text("phone"), MemberID: r.Text("memberId"), Status: r.Text("status"), Words: r.Text("q"),
		CreatedFrom: r.Time("createdFrom"), CreatedTo: r.Time("createdTo"), Sort: r.Text("sort"), Cursor: r.Text("cursor"),
		Limit: int(r.Int("limit", 1, maxLimit, defaultLimit)), Fields: r.List("fields", customer.FieldNames())}
	if err := r.Faults(); err != nil {
		return nil, err
	}
	return a.page(ctx, r, q)
}

func (a *API) searchCustomers(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	q, err := readSearch(r)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, r, q)
}

func (a *API) page(ctx context.Context, r *gate.Request, q customer.Query) (*gate.Answer, error) {
	page, err := a.Customers.List(ctx, r.Grant, q)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 64+1024*len(page.Customers)), `{"data":[`...)
	for i, c := range page.Customers {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = c.AppendFields(b, q.Fields); err != nil {
			return nil, err
		}
	}
	answer := &gate.Answer{Status: http.StatusOK, Body: appendPageEnd(b, page.Cursor)}
	if page.Cursor != "" && !q.Search {
		answer.Header = http.Header{"Link": {nextLink("/customers", page.Cursor, q.Limit)}}
	}
	return answer, nil
}

// appendPageEnd closes "data" and says whether there is more.
func appendPageEnd(b []byte, cursor string) []byte {
	if cursor == "" {
		return append(b, `],"nextCursor":null,"hasMore":false}`...)
	}
	b = strictjson.AppendString(append(b, `],"nextCursor":`...), cursor)
	return append(b, `,"hasMore":true}`...)
}

// nextLink is RFC 8288. The cursor holds the filters, sealed: nothing of them stands
// in a URL.
func nextLink(path, cursor string, limit int) string {
	return "<" + Bases()[0] + path + "?" + url.Values{"cursor": {cursor}, "limit": {strconv.Itoa(limit)}}.Encode() + `>; rel="next"`
}

func (a *API) history(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	before, err := a.position(ctx, r, "history "+strconv.FormatInt(r.ID, 10))
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	items, next, err := a.Customers.History(ctx, r.Grant, r.ID, before, limit)
	if err != nil {
		return nil, err
	}
	page := HistoryPage{Data: make([]HistoryItem, len(items))}
	for i, item := range items {
		page.Data[i] = showHistory(item)
	}
	page.NextCursor, err = a.cursor(ctx, r, "history "+strconv.FormatInt(r.ID, 10), next)
	page.HasMore = next != 0
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

func (a *API) createInteraction(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	var answer *gate.Answer
	_, err := a.Customers.AddInteraction(ctx, r.Grant, r.ID, customer.Input{Body: r.Body, Lenient: r.Lenient}, func(tx *db.Tx, i customer.Interaction, key vault.Subject) (err error) {
		if answer, err = encode(http.StatusOK, showInteraction(i)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: r.ID, Key: key}, answer)
	})
	return answer, err
}

func (a *API) duplicates(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	found, err := a.Customers.LikelyDuplicates(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	list := DuplicateList{Data: make([]Duplicate, len(found))}
	for i, d := range found {
		list.Data[i] = Duplicate{CustomerID: d.CustomerID, Score: d.Score, Reasons: d.Reasons}
	}
	return encode(http.StatusOK, list)
}

// cursor seals a position of a list, bound to the list by name; nil at the end.
func (a *API) cursor(ctx context.Context, r *gate.Request, list string, position int64) (*string, error) {
	if position == 0 {
		return nil, nil
	}
	keys, err := a.Vault.Keys(ctx, r.Grant.Owner(), r.Grant.Realm())
	if err != nil {
		return nil, err
	}
	sealed, err := keys.Seal(vault.Place{Realm: r.Grant.Realm(), Table: "cursor", Column: list}, strconv.AppendInt(nil, position, 10))
	text := base64.RawURLEncoding.EncodeToString(sealed)
	return &text, err
}

// position opens a cursor of the named list; 0 without one.
func (a *API) position(ctx context.Context, r *gate.Request, list string) (int64, error) {
	text := r.Text("cursor")
	if text == "" {
		return 0, nil
	}
	bad := fault.New(fault.Invalid, fault.InvalidCursor, "The cursor is not valid for this list")
	keys, err := a.Vault.Keys(ctx, r.Grant.Owner(), r.Grant.Realm())
	if err != nil {
		return 0, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, bad
	}
	plain, err := keys.Open(vault.Place{Realm: r.Grant.Realm(), Table: "cursor", Column: list}, sealed)
	if err != nil {
		return 0, bad
	}
	position, err := strconv.ParseInt(string(plain), 10, 64)
	if err != nil {
		return 0, bad
	}
	return position, nil
}
