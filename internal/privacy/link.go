package privacy

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/vault"
)

// A link to a customer's data is for the customer alone, and soon over.
const (
	longestLink = 30 * 24 * time.Hour
	// MostFetched is how often one link gives the data: a page that is loaded again, a
	// second device. More is somebody else.
	MostFetched = 10
)

// Link lets whoever holds it fetch a customer's data until a time (GDPR Art. 15(3)). The
// data are gathered when they are fetched: there is no file that lies about.
type Link struct {
	ID        int64
	UserID    int64 // who made it
	Expires   time.Time
	Withdrawn time.Time // zero while it holds
	Fetched   int64
	FetchedAt time.Time // the last time; zero for never
}

// Made is when it was made.
func (l Link) Made() time.Time { return id.Time(l.ID) }

// Offer makes a link to a customer's data. also gets the token, which is kept nowhere.
func (s *Service) Offer(ctx context.Context, g auth.Grant, customerID int64, until time.Time, also func(tx *db.Tx, l Link, token string, p customer.Person) error) error {
	now := s.Clock.Now()
	if !until.After(now) || until.After(now.Add(longestLink)) {
		return fault.OneField("/until", "invalid", "must lie ahead, 30 days at most")
	}
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return err
	}
	l := Link{ID: s.IDs.Next(), UserID: g.Actor().ID, Expires: until}
	token := vault.NewToken(s.Random)
	hash := vault.Digest(token)
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.Customers.Touch(tx, r.Realm(), customerID)
		tx.Exec(`INSERT INTO export_link (realm_id, customer_id, id, user_id, hash, expires_at, withdrawn_at, fetched, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0)`,
			r.Realm(), customerID, l.ID, l.UserID, hash[:], until.UnixMilli())
		if err := also(tx, l, token, p); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ExportOffer, Customers: []int64{customerID}, Object: l.ID})
	})
}

// Links lists a customer's links, those that are over too, the newest first.
func (s *Service) Links(ctx context.Context, g auth.Grant, customerID int64) ([]Link, error) {
	r, _, err := s.person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	var all []Link
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, expires_at, withdrawn_at, fetched, fetched_at FROM export_link WHERE realm_id = $1 AND customer_id = $2 ORDER BY id DESC`,
		[]any{r.Realm(), customerID}, func(row db.Row) error {
			l, err := scanLink(row)
			all = append(all, l)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ExportLinks, Customers: []int64{customerID}})
}

func scanLink(row db.Row) (Link, error) {
	var l Link
	var expires, withdrawn, fetched int64
	err := row.Scan(&l.ID, &l.UserID, &expires, &withdrawn, &l.Fetched, &fetched)
	l.Expires, l.Withdrawn, l.FetchedAt = instant(expires), instant(withdrawn), instant(fetched)
	return l, err
}

func instant(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// Withdraw ends a link before its time.
func (s *Service) Withdraw(ctx context.Context, g auth.Grant, customerID, linkID int64) error {
	r, _, err := s.person(ctx, g, customerID)
	if err != nil {
		return err
	}
	none := fault.New(fault.NotFound, fault.ExportNotFound, "There is no such link that still opens")
	now := s.Clock.Millis()
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(none, `UPDATE export_link SET withdrawn_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND withdrawn_at = 0 AND expires_at > $4`, r.Realm(), customerID, linkID, now)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ExportWithdraw, Customers: []int64{customerID}, Object: linkID})
	})
}

// Offered is a link that was found by its token.
type Offered struct {
	Link
	Grant      auth.Grant
	CustomerID int64
}

// Find gives the link of a token. One that is wrong, over, withdrawn or used up answers as
// one that never was.
func (s *Service) Find(ctx context.Context, token string, origin auth.Origin) (Offered, error) {
	gone := fault.New(fault.NotFound, fault.ExportNotFound, "This link is not valid")
	if len(token) != vault.TokenLength {
		return Offered{}, gone
	}
	hash := vault.Digest(token)
	var realm, expires int64
	var o Offered
	err := s.Store.One(ctx, db.Worker(), `SELECT realm_id, customer_id, id, expires_at FROM export_link WHERE hash = $1 AND withdrawn_at = 0 AND expires_at > $2 AND fetched < $3`,
		[]any{hash[:], s.Clock.Millis(), MostFetched}, &realm, &o.CustomerID, &o.ID, &expires)
	if errors.Is(err, db.ErrNoRows) {
		return o, gone
	}
	if err != nil {
		return o, err
	}
	o.Expires = instant(expires)
	shop, mode, err := s.Owners.ByRealm(ctx, realm)
	if err != nil {
		return o, err
	}
	o.Grant = auth.LinkHolder(shop.ID, realm, mode, o.ID, origin)
	return o, nil
}

// Fetch writes the data that a link is for, and counts that it did. What is fetched at the
// same moment is counted too, so that no link gives more than it may.
func (s *Service) Fetch(ctx context.Context, o Offered, w io.Writer) error {
	realm := o.Grant.Realm()
	over := fault.New(fault.NotFound, fault.ExportNotFound, "This link is not valid")
	err := s.Store.Write(ctx, db.Realm(realm), func(tx *db.Tx) error {
		tx.ExecOne(over, `UPDATE export_link SET fetched = fetched + 1, fetched_at = $4 WHERE realm_id = $1 AND customer_id = $2 AND id = $3 AND withdrawn_at = 0 AND expires_at > $4 AND fetched < $5`,
			realm, o.CustomerID, o.ID, s.Clock.Millis(), MostFetched)
		return nil
	})
	if err != nil {
		return err
	}
	return s.Export(ctx, o.Grant, o.CustomerID, w)
}
