package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/owner"
)

// encode is for answers off the hot path.
func encode(status int, value any) (*gate.Answer, error) {
	body, err := json.Marshal(value)
	return &gate.Answer{Status: status, Body: body}, err
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func stampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := stamp(t)
	return &text
}

func (a *API) events(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	after, err := a.position(ctx, r, "events")
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	events, err := a.Events.After(ctx, r.Grant, after, limit+1)
	if err != nil {
		return nil, err
	}
	page := EventPage{Data: []Event{}, HasMore: len(events) > limit}
	for _, e := range events[:min(limit, len(events))] {
		page.Data = append(page.Data, showEvent(e))
		after = e.Seq
	}
	// A reader at the end keeps its place: the cursor is given even if there is no more.
	if page.NextCursor, err = a.cursor(ctx, r, "events", after); err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.EventsRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

func (a *API) audit(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := audit.Filter{CustomerID: r.Int("customerId", 1, 1<<53-1, 0), Action: r.Text("action"), From: r.Time("from"), To: r.Time("to"),
		Limit: int(r.Int("limit", 1, maxLimit, defaultLimit))}
	var err error
	if f.Before, err = a.position(ctx, r, "audit"); err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	if f.Before == 0 {
		if _, err := a.Sealer.Seal(ctx); err != nil {
			return nil, err
		}
	}
	found, err := a.Audit.Find(ctx, r.Grant, f)
	if err != nil {
		return nil, err
	}
	page := AuditPage{Data: make([]AuditRecord, len(found.Records)), HasMore: found.Next != 0}
	for i, record := range found.Records {
		page.Data[i] = showRecord(record)
	}
	if page.NextCursor, err = a.cursor(ctx, r, "audit", found.Next); err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, auditEntry(r, f)); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}

// auditEntry records that the trail itself was read (PCI DSS 10.2.1.3).
func auditEntry(r *gate.Request, f audit.Filter) audit.Entry {
	e := audit.Entry{Action: audit.AuditRead}
	for _, name := range []string{"customerId", "action", "from", "to"} {
		if r.Text(name) != "" {
			e.Filters = append(e.Filters, name)
		}
	}
	if f.CustomerID != 0 {
		e.Customers = []int64{f.CustomerID}
	}
	return e
}

func (a *API) getSettings(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	o, err := a.Owners.Get(ctx, r.Grant.Owner())
	if err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.SettingsRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showSettings(o))
}

func (a *API) updateSettings(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	o, err := a.Owners.Get(ctx, r.Grant.Owner())
	if err != nil {
		return nil, err
	}
	settings, err := a.readSettings(r, o.Settings)
	if err != nil {
		return nil, err
	}
	err = a.Owners.Update(ctx, o.ID, settings, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.SettingsUpdate})
	})
	if err != nil {
		return nil, err
	}
	o, err = a.Owners.Get(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showSettings(o))
}

func (a *API) listKeys(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	keys, err := a.keysInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	list := KeyList{Data: make([]Key, len(keys))}
	for i, k := range keys {
		list.Data[i] = showKey(k, nil)
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.KeysRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, list)
}

// keepKey answers with a new key, whose secret is shown now and never again: what is
// kept for a repetition has null in its place.
func (a *API) keepKey(tx *db.Tx, r *gate.Request, action string, k access.Key, secret access.Secret) (*gate.Answer, error) {
	kept, err := encode(http.StatusOK, showKey(k, nil))
	if err != nil {
		return nil, err
	}
	if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
		return nil, err
	}
	if err := a.Audit.Add(tx, r.Grant, audit.Entry{Action: action}); err != nil {
		return nil, err
	}
	text := secret.Reveal()
	return encode(http.StatusOK, showKey(k, &text))
}

// keysInReach are the keys that the caller may know of: a test key sees nothing of
// live mode, or it could rotate itself a live key.
func (a *API) keysInReach(ctx context.Context, r *gate.Request) ([]access.Key, error) {
	keys, err := a.Access.List(ctx, r.Grant)
	return slices.DeleteFunc(keys, func(k access.Key) bool { return !reaches(r, k.Mode) }), err
}

func reaches(r *gate.Request, mode auth.Mode) bool {
	own := r.Grant.Actor().Mode
	return own == auth.Live || own == mode
}

func (a *API) keyInReach(ctx context.Context, r *gate.Request) (access.Key, error) {
	keys, err := a.keysInReach(ctx, r)
	if err != nil {
		return access.Key{}, err
	}
	at := slices.IndexFunc(keys, func(k access.Key) bool { return k.ID == r.ID })
	if at < 0 {
		return access.Key{}, fault.New(fault.NotFound, fault.APIKeyNotFound, "API key not found")
	}
	return keys[at], nil
}

// mayHold refuses to hand out rights that the caller does not have (OWASP API5:2023).
func mayHold(r *gate.Request, mode auth.Mode, permissions []auth.Permission) error {
	if !reaches(r, mode) || slices.ContainsFunc(permissions, func(p auth.Permission) bool { return !r.Grant.Actor().May(p) }) {
		return fault.New(fault.Forbidden, fault.ForbiddenCode, "A key can't be given rights that this credential does not have")
	}
	return nil
}

func (a *API) createKey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	n, err := a.readNewKey(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := mayHold(r, n.Mode, n.Permissions); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Access.Create(ctx, r.Grant, n, func(tx *db.Tx, k access.Key, s access.Secret) (err error) {
		answer, err = a.keepKey(tx, r, audit.KeyCreate, k, s)
		return err
	})
	return answer, err
}

func (a *API) rotateKey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	k, err := a.keyInReach(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := mayHold(r, k.Mode, k.Permissions); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Access.Rotate(ctx, r.Grant, r.ID, func(tx *db.Tx, k access.Key, s access.Secret) (err error) {
		answer, err = a.keepKey(tx, r, audit.KeyRotate, k, s)
		return err
	})
	return answer, err
}

func (a *API) revokeKey(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	if _, err := a.keyInReach(ctx, r); err != nil {
		return nil, err
	}
	err := a.Access.Revoke(ctx, r.Grant, r.ID, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.KeyRevoke})
	})
	return &gate.Answer{Status: http.StatusNoContent}, err
}

func (a *API) listOwners(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	owners, err := a.Owners.List(ctx)
	if err != nil {
		return nil, err
	}
	list := OwnerList{Data: make([]Owner, len(owners))}
	for i, o := range owners {
		list.Data[i] = showOwner(o)
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.OwnersRead}); err != nil {
		return nil, err
	}
	return encode(http.StatusOK, list)
}

// createOwner is the operator's. What is kept for a repetition has null for the key.
func (a *API) createOwner(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	settings, err := a.readSettings(r, owner.Settings{BaseCurrency: "USD", DuplicatePolicy: owner.Reject})
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Owners.Create(ctx, settings, func(tx *db.Tx, o owner.Owner) error {
		k, secret, err := a.Access.Add(tx, o.ID, access.NewKey{Name: "first admin", Mode: auth.Live, Role: auth.Admin})
		if err != nil {
			return err
		}
		kept, err := encode(http.StatusOK, NewOwner{Owner: showOwner(o), AdminKey: AdminKey{ID: k.ID}})
		if err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
			return err
		}
		text := secret.Reveal()
		if answer, err = encode(http.StatusOK, NewOwner{Owner: showOwner(o), AdminKey: AdminKey{ID: k.ID, Key: &text}}); err != nil {
			return err
		}
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.OwnerCreate})
	})
	return answer, err
}
