package customer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// Also runs in the unit of a change, before the change's own statements: the door
// records its idempotent answer there.
type Also func(tx *db.Tx, c *Customer, key vault.Subject) error

// Input is a body and how strictly it is read.
type Input struct {
	Body    strictjson.Value
	Lenient bool
	drop    bool // leaves out what the owner does not collect, where nobody asked for it to be kept
}

// Created is what Create did.
type Created struct {
	*Customer
	// DuplicateOf is set where the owner's policy answers an existing customer.
	DuplicateOf int64
}

// attempts bounds how often an operation meets another that changed the same rows.
const attempts = 5

var errAgain = errors.New("customer: changed meanwhile")

// Create stores a new customer. A duplicate is CUSTOMER_DUPLICATE, the existing
// customer, or one more, by the owner's policy.
func (s *Service) Create(ctx context.Context, g auth.Grant, in Input, also Also) (Created, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Created{}, err
	}
	profile, status, err := s.check(r, in, Profile{}, Active)
	if err != nil {
		return Created{}, err
	}
	return s.createProfile(ctx, r, profile, status, also)
}

// check reads a whole profile and reports all faults at once.
func (s *Service) check(r room, in Input, current Profile, status Status) (Profile, Status, error) {
	read := reader{rules: rules{phones: s.Phones, defaultRegion: r.Owner.DefaultRegion, strictPhone: r.Owner.StrictPhone,
		today: s.Clock.Now(), current: current, lenient: in.Lenient, drop: in.drop}}
	read.read(in.Body)
	read.minimise(r.Owner.NotCollected)
	if read.status != nil && *read.status != status {
		if *read.status == Restricted || status == Restricted {
			read.bad("/status", "invalid", "is set by a restriction request alone")
		}
		status = *read.status
	}
	if len(read.faults) > 0 {
		return Profile{}, status, fault.Fields(read.faults)
	}
	read.profile.Checks = current.kept(read.profile)
	return read.profile, status, nil
}

func (s *Service) createProfile(ctx context.Context, r room, p Profile, status Status, also Also) (Created, error) {
	marks, err := allMarks(r.Keys, r.Owner, p)
	if err != nil {
		return Created{}, err
	}
	for range attempts {
		c, err := s.insert(ctx, r, p, status, marks, also)
		if err == nil {
			s.Events.Wake()
			return Created{Customer: c}, nil
		}
		if db.IsViolation(err, "customer_index") {
			existing, matched, err := s.duplicates(ctx, r, marks)
			if err != nil || existing != 0 {
				return s.answerDuplicate(ctx, r, existing, matched, err)
			}
			continue
		}
		if !db.IsViolation(err, "customer") && !db.IsViolation(err, "audit_pending") && !db.IsViolation(err, "event_pending") {
			return Created{}, err
		}
	}
	return Created{}, fault.Away(errAgain)
}

// insert writes the row and everything that belongs to it as one unit. A key that
// was not used goes back.
func (s *Service) insert(ctx context.Context, r room, p Profile, status Status, marks []mark, also Also) (*Customer, error) {
	key, err := r.Keys.NewSubject(ctx)
	if err != nil {
		return nil, err
	}
	c := s.newCustomer(r, p, status, key)
	sealed, err := key.Seal(r.place(c.ID), c.doc.bytes())
	if err != nil {
		return nil, err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := also(tx, c, key); err != nil {
			return err
		}
		insertCustomer(tx, c, sealed)
		insertRows(tx, c.realm, c.ID, rowsOf(append(statusMark(status), marks...), c.ID, r.Owner.DuplicatePolicy))
		if r.Owner.DuplicatePolicy == owner.Allow {
			claimFree(tx, c.realm, c.ID, marks)
		}
		s.Events.Record(tx, r.Grant, event.CustomerCreated, c.ID, nil)
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerCreate, Customers: []int64{c.ID}, Fields: filled(p)})
	})
	if isRefusal(err) {
		r.Keys.Return(key)
	}
	return c, err
}

// isRefusal reports that a unit surely did not commit.
func isRefusal(err error) bool {
	var v *db.Violation
	return errors.As(err, &v)
}

func (s *Service) newCustomer(r room, p Profile, status Status, key vault.Subject) *Customer {
	c := &Customer{ID: s.IDs.Next(), Owner: r.Owner.ID, OwnerName: r.Owner.Name, UserID: r.Grant.Actor().ID, Version: 1,
		Status: status, realm: r.Realm(), keyID: key.ID, doc: newDoc(p)}
	c.UpdateDate = c.CreateDate()
	return c
}

// filled names the fields that a profile has.
func filled(p Profile) []string { return changed(Profile{}, p) }

// changed names the fields in which two profiles differ.
func changed(a, b Profile) []string {
	fields := make([]string, 0, 10)
	add := func(differs bool, name string) {
		if differs {
			fields = append(fields, name)
		}
	}
	add(a.Name != b.Name, "name")
	add(a.Email != b.Email, "email")
	add(a.Address != b.Address, "address")
	add(a.Phone != b.Phone, "phone")
	add(a.MemberID != b.MemberID, "memberId")
	add(a.DateOfBirth != b.DateOfBirth, "dateOfBirth")
	add(!sameAddress(a.Billing, b.Billing), "billingAddress")
	add(!sameAddress(a.Shipping, b.Shipping), "shippingAddress")
	add(a.Preferences != b.Preferences, "preferences")
	add(!slices.Equal(a.Metadata, b.Metadata), "metadata")
	add(a.Checks != b.Checks, "verification")
	return fields
}

func sameAddress(a, b *Address) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// duplicates finds who holds the marks already, and by which fields.
func (s *Service) duplicates(ctx context.Context, r room, marks []mark) (int64, []string, error) {
	var existing int64
	var matched []string
	for _, m := range marks {
		if !m.field().unique() || slices.Contains(matched, m.field().String()) {
			continue
		}
		var holder int64
		err := s.Store.One(ctx, r.Scope(), `SELECT customer_id FROM customer_index WHERE realm_id = $1 AND kind = $2 AND hash = $3 AND slot = 0`,
			[]any{r.Realm(), m.Kind, m.Hash[:]}, &holder)
		if errors.Is(err, db.ErrNoRows) {
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		if existing == 0 {
			existing = holder
		}
		if existing == holder {
			matched = append(matched, m.field().String())
		}
	}
	return existing, matched, nil
}

func (s *Service) answerDuplicate(ctx context.Context, r room, existing int64, matched []string, err error) (Created, error) {
	if err != nil {
		return Created{}, err
	}
	// Who may write but not read must not learn a profile by guessing its e-mail.
	if r.Owner.DuplicatePolicy != owner.Return || !r.Grant.Actor().May(auth.CustomersRead) {
		return Created{}, duplicate(existing, matched)
	}
	c, err := s.Get(ctx, r.Grant, existing, nil)
	return Created{Customer: c, DuplicateOf: existing}, err
}

func duplicate(existing int64, matched []string) *fault.Error {
	return fault.New(fault.Conflict, fault.CustomerDuplicate, "A customer with the same "+join(matched)+" exists").
		With("customerId", text(existing)).With("matchedOn", matched)
}

func join(words []string) string {
	switch len(words) {
	case 0:
		return "data"
	case 1:
		return words[0]
	default:
		return words[0] + " and " + words[1]
	}
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
