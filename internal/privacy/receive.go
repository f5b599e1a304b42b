package privacy

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/cardguard"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// Bounds of an export that is taken in: what is packed may be a thousand times as large as
// the file.
const (
	mostFiles    = 200
	mostUnpacked = 64 << 20
)

var errNoExport = errors.New("this is no export of a customer: make one with GET /customers/{id}/export")

// Received is an export, checked, and not yet taken in.
type Received struct {
	profile strictjson.Value
	doc     []byte // customer.json and every kind of data, as they were, as one JSON object
}

// ReadExport reads the zip that Export writes, here or at another merchant. What is not in
// its format, too large, or holds a card number is refused; no error repeats what it holds.
func ReadExport(file io.ReaderAt, size int64) (Received, error) {
	packed, err := zip.NewReader(file, size)
	if err != nil || len(packed.File) > mostFiles {
		return Received{}, errNoExport
	}
	left := int64(mostUnpacked)
	whole := strictjson.Value{Kind: strictjson.Object}
	for _, f := range packed.File {
		name, isJSON := strings.CutSuffix(f.Name, ".json")
		if !isJSON {
			continue // what is in CSV and on the page is in JSON too
		}
		text, err := unpack(f, &left)
		if err != nil {
			return Received{}, err
		}
		value, err := strictjson.Parse(text)
		if err != nil {
			return Received{}, errNoExport
		}
		whole.Members = append(whole.Members, strictjson.Member{Name: name, Value: value})
	}
	return received(whole)
}

func unpack(f *zip.File, left *int64) ([]byte, error) {
	from, err := f.Open()
	if err != nil {
		return nil, errNoExport
	}
	defer func() { _ = from.Close() }()
	text, err := io.ReadAll(io.LimitReader(from, *left+1))
	if *left -= int64(len(text)); *left < 0 {
		return nil, errors.New("the export is too large: 64 MiB unpacked at most")
	}
	if err != nil {
		return nil, errors.New("the export is damaged")
	}
	return text, nil
}

func received(whole strictjson.Value) (Received, error) {
	profile, ok := whole.Get("customer")
	if !ok || profile.Kind != strictjson.Object {
		return Received{}, errNoExport
	}
	if found := cardguard.Check(whole, typedInExports); len(found) > 0 {
		return Received{}, fault.Fields(found)
	}
	out := Received{doc: whole.Append(nil)}
	out.profile = strictjson.Value{Kind: strictjson.Object, Members: slices.Clone(profile.Members)}
	out.profile.Members = slices.DeleteFunc(out.profile.Members, func(m strictjson.Member) bool {
		return slices.Contains(customer.ReadOnly(), m.Name) || m.Name == "status" || m.Value.Kind == strictjson.Null
	})
	return out, nil
}

// typedInExports are members that are no free text: numbers, dates and references.
func typedInExports(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return customer.Typed(last) || last == "id" || strings.HasSuffix(last, "_id") || strings.HasSuffix(last, "_at") || last == "reference"
}

// Receive makes a customer of an export (GDPR Art. 20): the profile as if it were created
// now, by this owner's rules, and everything else as a document under the customer's key.
// Payments of another merchant are history that the customer brought along: no sum counts
// them, no consent given to somebody else holds here. A duplicate is CUSTOMER_DUPLICATE.
func (s *Service) Receive(ctx context.Context, g auth.Grant, in Received) (int64, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return 0, err
	}
	created, err := s.Customers.Create(ctx, g, customer.Input{Body: in.profile}, func(tx *db.Tx, c *customer.Customer, key vault.Subject) error {
		return s.keepImport(tx, r, c.ID, key, in.doc)
	})
	if err != nil {
		return 0, err
	}
	if created.DuplicateOf != 0 {
		return 0, fault.New(fault.Conflict, fault.CustomerDuplicate, "A customer with this e-mail or member id exists")
	}
	return created.ID, nil
}

func (s *Service) keepImport(tx *db.Tx, r owner.Room, customerID int64, key vault.Subject, doc []byte) error {
	row := s.IDs.Next()
	sealed, err := key.Seal(r.Place("customer_import", row, "doc"), doc)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO customer_import (realm_id, customer_id, id, user_id, doc) VALUES ($1, $2, $3, $4, $5)`, r.Realm(), customerID, row, r.Grant.Actor().ID, sealed)
	return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerImport, Customers: []int64{customerID}, Object: row})
}

// CheckReceive tells what Receive would refuse, and stores nothing.
func (s *Service) CheckReceive(ctx context.Context, g auth.Grant, in Received) error {
	errs, err := s.Customers.CheckBatch(ctx, g, []customer.Input{{Body: in.profile}})
	if err != nil {
		return err
	}
	return errs[0]
}

// imports are lines of a customer's history.
func (s *Service) imports(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	err := s.Store.Each(ctx, db.Realm(g.Realm()), `SELECT id FROM customer_import WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{g.Realm(), customerID, before, limit}, func(row db.Row) error {
			item := customer.HistoryItem{Type: "customer.imported"}
			err := row.Scan(&item.ID)
			items = append(items, item)
			return err
		})
	return items, err
}
