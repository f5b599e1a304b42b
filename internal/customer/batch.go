package customer

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// CreateBatch stores many customers as one unit and answers an error for each row, nil
// where it was stored. A duplicate is CUSTOMER_DUPLICATE whatever the owner's policy,
// so that running an import again adds nobody. If the unit breaks on a row, the rows
// are stored one by one and only the guilty ones fail.
func (s *Service) CreateBatch(ctx context.Context, g auth.Grant, rows []Input) ([]error, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	r.Owner.DuplicatePolicy = owner.Reject
	errs := make([]error, len(rows))
	drafts := make([]draft, 0, len(rows))
	for i, in := range rows {
		d, err := s.draft(ctx, r, in)
		if err != nil {
			if errs[i] = err; ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		d.at = i
		drafts = append(drafts, d)
	}
	err = s.insertAll(ctx, r, drafts)
	if err == nil || !isRefusal(err) {
		s.Events.Wake()
		return errs, err
	}
	for _, d := range drafts {
		r.Keys.Return(d.key)
		_, errs[d.at] = s.createProfile(ctx, r, d.profile, d.customer.Status, nothingMore)
	}
	return errs, nil
}

func nothingMore(*db.Tx, *Customer, vault.Subject) error { return nil }

// draft is a customer that is ready to be stored.
type draft struct {
	at       int
	customer *Customer
	key      vault.Subject
	profile  Profile
	sealed   []byte
	marks    []mark
}

func (s *Service) draft(ctx context.Context, r room, in Input) (draft, error) {
	p, status, err := s.check(r, in, Profile{}, Active)
	if err != nil {
		return draft{}, err
	}
	d := draft{profile: p}
	if d.marks, err = allMarks(r.Keys, r.Owner, p); err != nil {
		return draft{}, err
	}
	if d.key, err = r.Keys.NewSubject(ctx); err != nil {
		return draft{}, err
	}
	d.customer = s.newCustomer(r, p, status, d.key)
	d.sealed, err = d.key.Seal(r.place(d.customer.ID), d.customer.doc.bytes())
	return d, err
}

func (s *Service) insertAll(ctx context.Context, r room, drafts []draft) error {
	if len(drafts) == 0 {
		return nil
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		e := audit.Entry{Action: audit.CustomerCreate, Filters: []string{"import"}}
		for _, d := range drafts {
			insertCustomer(tx, d.customer, d.sealed)
			insertRows(tx, r.Realm(), d.customer.ID, rowsOf(append(statusMark(d.customer.Status), d.marks...), d.customer.ID, owner.Reject))
			s.Events.Record(tx, r.Grant, event.CustomerCreated, d.customer.ID, nil)
			e.Customers = append(e.Customers, d.customer.ID)
		}
		return s.Audit.Add(tx, r.Grant, e)
	})
}

func insertCustomer(tx *db.Tx, c *Customer, sealed []byte) {
	tx.Insert(`INSERT INTO customer (realm_id, id, key_id, user_id, version, facts, status, has_payment_requests, total_deposits, updated_at, doc)`, 11,
		c.realm, c.ID, c.keyID, c.UserID, int64(1), int64(0), int64(c.Status), int64(0), int64(0), c.UpdateDate.UnixMilli(), sealed)
}

// exportPage is how many customers one record of an export names.
const exportPage = 200

// Export gives every customer of the realm, oldest first, and says how many were left out
// because their data are restricted: to hand them on is to use them (GDPR Art. 18(2)).
func (s *Service) Export(ctx context.Context, g auth.Grant, restricted bool, each func(*Customer) error) (withheld int, err error) {
	q := Query{Sort: "createDate", Limit: exportPage, export: true, free: !restricted}
	for {
		page, err := s.List(ctx, g, q)
		if err != nil {
			return withheld, err
		}
		withheld += page.withheld
		for _, c := range page.Customers {
			if err := errors.Join(ctx.Err(), each(c)); err != nil {
				return withheld, err
			}
		}
		if page.Cursor == "" {
			return withheld, nil
		}
		q.Cursor = page.Cursor
	}
}

// CheckBatch answers what CreateBatch would refuse a row for, and stores nothing.
func (s *Service) CheckBatch(ctx context.Context, g auth.Grant, rows []Input) ([]error, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(rows))
	for i, in := range rows {
		p, _, err := s.check(r, in, Profile{}, Active)
		if err != nil {
			errs[i] = err
			continue
		}
		marks, err := marksOf(r.Keys, r.Owner.IndexVersion, p)
		if err != nil {
			return nil, err
		}
		existing, matched, err := s.duplicates(ctx, r, marks)
		if err != nil {
			return nil, err
		}
		if existing != 0 {
			errs[i] = duplicate(existing, matched)
		}
	}
	return errs, nil
}
