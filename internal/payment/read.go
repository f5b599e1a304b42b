package payment

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Get answers one request.
func (s *Service) Get(ctx context.Context, g auth.Grant, requestID int64) (*Request, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil {
		return nil, err
	}
	return q, s.Audit.Note(ctx, g, entry(audit.RequestRead, q))
}

// Query says which requests are wanted. Zero values want all but archived ones.
type Query struct {
	Status      *Status
	CustomerID  int64
	CreatedFrom time.Time
	CreatedTo   time.Time
	Before      int64 // an id; 0 begins at the newest
	Limit       int
}

// List answers one page, newest first. Next is 0 at the end.
func (s *Service) List(ctx context.Context, g auth.Grant, query Query) (page []*Request, next int64, err error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, 0, err
	}
	page, err = s.rows(ctx, r, query)
	if err != nil {
		return nil, 0, err
	}
	if len(page) > query.Limit {
		page = page[:query.Limit]
		next = page[query.Limit-1].ID
	}
	return page, next, s.Audit.Note(ctx, g, listEntry(query, page))
}

func listEntry(query Query, page []*Request) audit.Entry {
	e := audit.Entry{Action: audit.RequestList}
	filter := func(used bool, name string) {
		if used {
			e.Filters = append(e.Filters, name)
		}
	}
	filter(query.Status != nil, "status")
	filter(query.CustomerID != 0, "customerId")
	filter(!query.CreatedFrom.IsZero() || !query.CreatedTo.IsZero(), "created")
	seen := map[int64]bool{}
	for _, q := range page {
		if q.CustomerID != 0 && !seen[q.CustomerID] {
			seen[q.CustomerID] = true
			e.Customers = append(e.Customers, q.CustomerID)
		}
	}
	return e
}

// statement walks an index in the order of the answer, whatever the filters.
func (query Query) statement(realm int64) (string, []any) {
	var b strings.Builder
	args := []any{realm}
	add := func(text string, value any) {
		args = append(args, value)
		b.WriteString(text + "$" + string(rune('0'+len(args))))
	}
	b.WriteString(`SELECT ` + columns + ` FROM payment_request q WHERE q.realm_id = $1`)
	if query.CustomerID != 0 {
		add(` AND q.customer_id = `, query.CustomerID)
	}
	switch {
	case query.Status == nil:
		b.WriteString(` AND q.archived = 0`)
	case *query.Status == Archived:
		b.WriteString(` AND q.archived = 1`)
	default:
		b.WriteString(` AND q.archived = 0`)
		add(` AND q.status = `, int64(*query.Status))
	}
	if !query.CreatedFrom.IsZero() {
		add(` AND q.id >= `, id.First(query.CreatedFrom))
	}
	before := int64(id.Max)
	if query.Before != 0 {
		before = query.Before
	}
	if !query.CreatedTo.IsZero() {
		before = min(before, max(1, id.First(query.CreatedTo)))
	}
	add(` AND q.id < `, before)
	add(` ORDER BY q.id DESC LIMIT `, query.Limit+1)
	return b.String(), args
}

// rows reads a page and finds its keys in one round trip.
func (s *Service) rows(ctx context.Context, r owner.Room, query Query) ([]*Request, error) {
	sql, args := query.statement(r.Realm())
	var page []*Request
	var docs [][]byte
	var keyIDs []int64
	err := s.Store.Each(ctx, r.Scope(), sql, args, func(line db.Row) error {
		q, sealed, err := scan(r, line)
		page, docs = append(page, q), append(docs, append([]byte(nil), sealed...))
		if err == nil && q.keyID != 0 {
			keyIDs = append(keyIDs, q.keyID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	keys := map[int64]vault.Subject{}
	if len(keyIDs) > 0 {
		if keys, err = r.Keys.Subjects(ctx, keyIDs); err != nil {
			return nil, err
		}
	}
	for i, q := range page {
		key, ok := keys[q.keyID]
		if !ok && q.keyID != 0 {
			docs[i] = nil
		}
		if err := q.open(r, key, docs[i]); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// ByToken finds the request whose payment page a token opens, and the grant of whoever
// holds it. A token that is wrong or over answers as one that never was.
func (s *Service) ByToken(ctx context.Context, token string, origin auth.Origin) (auth.Grant, *Request, error) {
	gone := fault.New(fault.NotFound, fault.RequestNotFound, "This payment link is not valid")
	if len(token) != vault.TokenLength {
		return auth.Grant{}, nil, gone
	}
	hash := vault.Digest(token)
	var realm, requestID int64
	err := s.Store.One(ctx, db.Worker(), `SELECT realm_id, request_id FROM payment_link WHERE hash = $1`, []any{hash[:]}, &realm, &requestID)
	if errors.Is(err, db.ErrNoRows) {
		return auth.Grant{}, nil, gone
	}
	if err != nil {
		return auth.Grant{}, nil, err
	}
	o, mode, err := s.Owners.ByRealm(ctx, realm)
	if err != nil {
		return auth.Grant{}, nil, err
	}
	g := auth.Payer(o.ID, realm, mode, origin)
	r, err := s.enter(ctx, g)
	if err != nil {
		return g, nil, err
	}
	q, err := s.find(ctx, r, requestID)
	if err != nil {
		return g, nil, err
	}
	if q.Erased {
		return g, nil, gone
	}
	return g, q, s.Audit.Note(ctx, g, entry(audit.RequestRead, q))
}

// Step is one line of a request's log.
type Step struct {
	LogLine
	AttemptID   int64
	ProviderID  int64
	Transaction Transaction
}

// Steps lists a request's log, oldest first.
func (s *Service) Steps(ctx context.Context, g auth.Grant, requestID int64) ([]Step, error) {
	all := []Step{}
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id, attempt_id, provider_id, transaction_status, code FROM payment_log WHERE realm_id = $1 AND request_id = $2 ORDER BY id`,
		[]any{g.Realm(), requestID}, func(row db.Row) error {
			var step Step
			var transaction int64
			err := row.Scan(&step.ID, &step.AttemptID, &step.ProviderID, &transaction, &step.Code)
			step.Transaction = Transaction(transaction)
			all = append(all, step)
			return err
		})
	return all, err
}
