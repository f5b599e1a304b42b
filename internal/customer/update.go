package customer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// Change is a partial update. Versions are what If-Match allows, none for any.
type Change struct {
	Input
	Versions []int64
}

// Update changes a customer. A body that is an object is merged (RFC 7396): absent is
// unchanged, null is cleared, objects merge. An array is a patch (RFC 6902).
func (s *Service) Update(ctx context.Context, g auth.Grant, customerID int64, ch Change, also Also) (*Customer, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	for range attempts {
		c, err := s.updateOnce(ctx, r, customerID, ch, also)
		if !errors.Is(err, errAgain) {
			return c, err
		}
	}
	return nil, fault.Away(errAgain)
}

func (s *Service) updateOnce(ctx context.Context, r room, customerID int64, ch Change, also Also) (*Customer, error) {
	before, err := s.find(ctx, r, customerID)
	if err != nil {
		return nil, err
	}
	if before.Status == Restricted {
		return nil, fault.New(fault.Conflict, fault.CustomerRestricted, "The customer's data are restricted and can't be changed").With("customerId", text(customerID))
	}
	if len(ch.Versions) > 0 && !slices.Contains(ch.Versions, before.Version) {
		return nil, fault.New(fault.Precondition, fault.PreconditionFailed, "The customer was changed since the version in If-Match").With("customerId", text(customerID))
	}
	merged, err := apply(before, ch.Body)
	if err != nil {
		return nil, err
	}
	old, err := before.Profile()
	if err != nil {
		return nil, err
	}
	profile, status, err := s.check(r, Input{Body: merged, Lenient: ch.Lenient}, old, before.Status)
	if err != nil {
		return nil, err
	}
	after := *before
	after.doc, after.Status = newDoc(profile), status
	return s.store(ctx, r, before, &after, old, profile, also)
}

// store writes the new version, if anything is new, on condition that nobody else
// did meanwhile.
func (s *Service) store(ctx context.Context, r room, before, after *Customer, old, profile Profile, also Also) (*Customer, error) {
	fields := changed(old, profile)
	if before.Status != after.Status {
		fields = append(fields, "status")
	}
	key, err := r.Keys.Subject(ctx, before.keyID)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return after, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
			if err := also(tx, after, key); err != nil {
				return err
			}
			return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerUpdate, Customers: []int64{after.ID}})
		})
	}
	after.Version++
	after.UpdateDate = instant(max(s.Clock.Millis(), before.UpdateDate.UnixMilli()+1))
	err = s.write(ctx, r, version{before.Status, old}, version{after.Status, profile}, after, key, fields, also)
	if db.IsViolation(err, "customer_index") {
		return nil, s.whoElse(ctx, r, after.ID, profile)
	}
	if err != nil {
		return nil, err
	}
	s.Events.Wake()
	return after, nil
}

// version is what the indexes are made of.
type version struct {
	status  Status
	profile Profile
}

func (v version) marks(r room) ([]mark, error) {
	marks, err := allMarks(r.Keys, r.Owner, v.profile)
	return append(statusMark(v.status), marks...), err
}

func (s *Service) write(ctx context.Context, r room, old, next version, c *Customer, key vault.Subject, fields []string, also Also) error {
	sealed, err := key.Seal(r.place(c.ID), c.doc.bytes())
	if err != nil {
		return err
	}
	was, err := old.marks(r)
	if err != nil {
		return err
	}
	is, err := next.marks(r)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := also(tx, c, key); err != nil {
			return err
		}
		tx.ExecOne(errAgain, `UPDATE customer SET version = $3, status = $4, updated_at = $5, doc = $6 WHERE realm_id = $1 AND id = $2 AND version = $7`,
			c.realm, c.ID, c.Version, int64(c.Status), c.UpdateDate.UnixMilli(), sealed, c.Version-1)
		added := without(is, was)
		removeMarks(tx, c.realm, c.ID, without(was, is))
		insertRows(tx, c.realm, c.ID, rowsOf(added, c.ID, r.Owner.DuplicatePolicy))
		if r.Owner.DuplicatePolicy == owner.Allow {
			claimFree(tx, c.realm, c.ID, added)
		}
		s.Events.Record(tx, r.Grant, event.CustomerUpdated, c.ID, fields)
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.CustomerUpdate, Customers: []int64{c.ID}, Fields: fields})
	})
}

// whoElse names the customer that has the e-mail or member id already.
func (s *Service) whoElse(ctx context.Context, r room, self int64, p Profile) error {
	marks, err := allMarks(r.Keys, r.Owner, p)
	if err != nil {
		return err
	}
	for _, m := range marks {
		existing, matched, err := s.duplicates(ctx, r, []mark{m})
		if err != nil {
			return err
		}
		if existing != 0 && existing != self {
			return duplicate(existing, matched)
		}
	}
	return errAgain
}

// apply gives the whole profile as it would be after the change.
func apply(c *Customer, body strictjson.Value) (strictjson.Value, error) {
	switch body.Kind {
	case strictjson.Object:
		current, err := c.doc.value()
		return merge(current, body), err
	case strictjson.Array:
		return applyPatch(c, body)
	}
	return body, fault.OneField("", "type", "must be a JSON object, or an array of patch operations")
}

// merge is RFC 7396 §2.
func merge(target, patch strictjson.Value) strictjson.Value {
	if patch.Kind != strictjson.Object {
		return patch
	}
	result := strictjson.Value{Kind: strictjson.Object}
	if target.Kind == strictjson.Object {
		result.Members = slices.Clone(target.Members)
	}
	for _, m := range patch.Members {
		at := slices.IndexFunc(result.Members, func(old strictjson.Member) bool { return old.Name == m.Name })
		switch {
		case m.Value.Kind == strictjson.Null && at >= 0:
			result.Members = slices.Delete(result.Members, at, at+1)
		case m.Value.Kind == strictjson.Null:
			// Clearing what is not there still names a field: an unknown one is a fault.
			result.Members = append(result.Members, m)
		case at >= 0:
			result.Members[at].Value = merge(result.Members[at].Value, m.Value)
		default:
			result.Members = append(result.Members, strictjson.Member{Name: m.Name, Value: merge(strictjson.Value{}, m.Value)})
		}
	}
	return result
}

// maxOperations and maxCopied bound what one RFC 6902 patch may cost.
const (
	maxOperations = 100
	maxCopied     = 256 << 10
)

// applyPatch is RFC 6902. Operations on read-only members are ignored, but a test may
// read them.
func applyPatch(c *Customer, body strictjson.Value) (strictjson.Value, error) {
	operations, err := writableOperations(body)
	if err != nil {
		return body, err
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return body, fault.OneField("", "invalid", "is not a JSON Patch (RFC 6902)")
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = maxCopied
	patched, err := patch.ApplyWithOptions(c.AppendJSON(nil), options)
	if errors.Is(err, jsonpatch.ErrTestFailed) {
		return body, fault.New(fault.Conflict, fault.PatchConflict, "A test operation of the patch failed").With("customerId", text(c.ID))
	}
	if err != nil {
		return body, fault.OneField("", "path", "has an operation whose path does not exist")
	}
	v, err := strictjson.Parse(patched)
	if err != nil {
		return body, fault.OneField("", "invalid", "does not give a valid customer")
	}
	return v, nil
}

func writableOperations(body strictjson.Value) ([]byte, error) {
	if len(body.Items) > maxOperations {
		return nil, fault.OneField("", "too_many", "must have at most 100 operations")
	}
	kept := strictjson.Value{Kind: strictjson.Array, Items: []strictjson.Value{}}
	for i, op := range body.Items {
		if member, code, message := wrongOperation(op); code != "" {
			return nil, fault.OneField("/"+strconv.Itoa(i)+"/"+member, code, message)
		}
		name, path := textOf(op, "op"), textOf(op, "path")
		if name == "test" || !isReadOnly(path) && !(name == "move" && isReadOnly(textOf(op, "from"))) {
			kept.Items = append(kept.Items, op)
		}
	}
	return kept.Append(nil), nil
}

// wrongOperation names the member of a patch's operation that RFC 6902 §4 does not
// allow as it is; code is empty if there is none. That only a test may have the whole
// customer as its path is our own rule.
func wrongOperation(op strictjson.Value) (member, code, message string) {
	name := textOf(op, "op")
	needs := map[string]string{"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from", "remove": "path"}[name]
	if needs == "" {
		return "op", "invalid", "must be add, remove, replace, move, copy or test"
	}
	if name != "test" && textOf(op, "path") == "" {
		return "path", "invalid", "must name a field"
	}
	// Without a value a test of the whole customer panics in evanphx/json-patch.
	if _, given := op.Get(needs); !given {
		return needs, "required", "is required"
	}
	return "", "", ""
}

func isReadOnly(path string) bool {
	top, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains(ReadOnly(), top)
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
