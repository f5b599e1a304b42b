package webhook

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Payloads: Thin names ids and changed fields, Full adds the customer or request itself.
const (
	Thin = "thin"
	Full = "full"
)

// Why an endpoint is off.
const (
	ByRequest = "by_request"
	Gone      = "gone"    // it answered 410
	Failing   = "failing" // it took nothing for five days
)

// Draft is what an owner says of an endpoint.
type Draft struct {
	URL         string
	Events      []string // kinds, or "*" alone
	Payload     string
	Description string
	Enabled     bool
	Asymmetric  bool // Ed25519 instead of HMAC; for a new endpoint or a new secret
}

// Endpoint is one receiver, without its secrets.
type Endpoint struct {
	ID int64
	Draft
	Reason       string // why it is off
	Behind       int64  // events that are not yet looked at
	Waiting      int64  // events that it refused
	Failures     int64  // since the last success
	FailingSince time.Time
	NextTry      time.Time // zero: at once
	keys         []secret
	position     int64
}

// CreateDate is when it was made.
func (e Endpoint) CreateDate() time.Time { return id.Time(e.ID) }

// Secrets are the texts of the keys in use, the newest first.
func (e Endpoint) Secrets(now time.Time) []string {
	var all []string
	for _, k := range e.keys {
		if k.Until.IsZero() || now.Before(k.Until) {
			all = append(all, k.shown())
		}
	}
	return all
}

// mostEndpoints is what one realm may have: each is a reader of every event.
const mostEndpoints = 200

// stored is what is sealed of an endpoint.
type stored struct {
	URL         string   `json:"url"`
	Description string   `json:"description,omitempty"`
	Keys        []secret `json:"keys"`
}

func notFound() *fault.Error {
	return fault.New(fault.NotFound, fault.EndpointNotFound, "Webhook endpoint not found")
}

// Check finds every fault of a draft and puts its texts into their usual form.
func (s *Service) Check(g auth.Grant, d *Draft) []fault.Field {
	var faults []fault.Field
	bad := func(path, message string) {
		faults = append(faults, fault.Field{Path: path, Code: "invalid", Message: message})
	}
	var err error
	if d.URL, err = contact.WebAddress(d.URL); err != nil {
		bad("/url", err.Error())
	} else if g.Actor().Mode == auth.Live && strings.HasPrefix(d.URL, "http:") && !s.PlainHTTP {
		bad("/url", "must be https in live mode")
	}
	if d.Description != "" {
		if d.Description, err = contact.ParseText(d.Description, 200); err != nil {
			bad("/description", err.Error())
		}
	}
	if d.Payload != Thin && d.Payload != Full {
		bad("/payload", "must be thin or full")
	}
	known := event.Kinds()
	for i, kind := range d.Events {
		if kind != "*" && !slices.Contains(known, kind) {
			bad("/events/"+text(int64(i)), "is not an event; \"*\" is all of them")
		}
	}
	if slices.Contains(d.Events, "*") {
		d.Events = []string{"*"}
	}
	if slices.Sort(d.Events); len(d.Events) == 0 {
		bad("/events", "must name events, or \"*\"")
	}
	d.Events = slices.Compact(d.Events)
	return faults
}

// Create makes an endpoint that hears of what happens from now on. also runs in the unit
// and may show its secret.
func (s *Service) Create(ctx context.Context, g auth.Grant, d Draft, also func(*db.Tx, Endpoint) error) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	e := Endpoint{ID: s.IDs.Next(), Draft: d}
	var count int64
	if err := s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM webhook_endpoint WHERE realm_id = $1`, []any{r.Realm()}, &count); err != nil {
		return err
	}
	if count >= mostEndpoints {
		return fault.OneField("/url", "too_many", "There are 200 endpoints already; remove one first")
	}
	if e.position, err = s.lastEvent(ctx, r); err != nil {
		return err
	}
	key, err := newSecret(d.Asymmetric)
	if err != nil {
		return err
	}
	e.keys = []secret{key}
	sealed, err := e.seal(r)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO webhook_endpoint (realm_id, id, enabled, reason, payload, kinds, position, failures, failing_since, next_at, told_at, doc)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, $8)`,
			r.Realm(), e.ID, db.Flag(d.Enabled), reason(d.Enabled), d.Payload, strings.Join(d.Events, ","), e.position, sealed)
		if err := also(tx, e); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.EndpointCreate, Object: e.ID})
	})
}

func reason(enabled bool) string {
	if enabled {
		return ""
	}
	return ByRequest
}

func (s *Service) lastEvent(ctx context.Context, r owner.Room) (seq int64, err error) {
	err = s.Store.One(ctx, r.Scope(), `SELECT coalesce(max(seq), 0) FROM event WHERE realm_id = $1`, []any{r.Realm()}, &seq)
	return seq, err
}

func (e Endpoint) seal(r owner.Room) ([]byte, error) {
	plain, err := json.Marshal(stored{e.URL, e.Description, e.keys})
	if err != nil {
		return nil, err
	}
	return r.Keys.Seal(r.Place("webhook_endpoint", e.ID, "doc"), plain)
}

// List gives a realm's endpoints in order of id.
func (s *Service) List(ctx context.Context, g auth.Grant) ([]Endpoint, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.endpoints(ctx, r, 0)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.EndpointsRead})
}

// Get gives one endpoint.
func (s *Service) Get(ctx context.Context, g auth.Grant, endpointID int64) (Endpoint, error) {
	_, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return Endpoint{}, err
	}
	return e, s.Audit.Note(ctx, g, audit.Entry{Action: audit.EndpointsRead, Object: endpointID})
}

func (s *Service) enter(ctx context.Context, g auth.Grant, endpointID int64) (owner.Room, Endpoint, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return r, Endpoint{}, err
	}
	all, err := s.endpoints(ctx, r, endpointID)
	if err == nil && len(all) == 0 {
		err = notFound()
	}
	if err != nil {
		return r, Endpoint{}, err
	}
	return r, all[0], nil
}

// endpoints reads all of a realm, or one.
func (s *Service) endpoints(ctx context.Context, r owner.Room, only int64) ([]Endpoint, error) {
	var all []Endpoint
	last, err := s.lastEvent(ctx, r)
	if err != nil {
		return nil, err
	}
	err = s.Store.Each(ctx, r.Scope(), `SELECT e.id, e.enabled, e.reason, e.payload, e.kinds, e.position, e.failures, e.failing_since, e.next_at, e.doc,
		(SELECT count(*) FROM webhook_delivery d WHERE d.realm_id = e.realm_id AND d.endpoint_id = e.id)
		FROM webhook_endpoint e WHERE e.realm_id = $1 AND (e.id = $2 OR $2 = 0) ORDER BY e.id`, []any{r.Realm(), only}, func(line db.Row) error {
		e, err := scan(r, line)
		e.Behind = max(last-e.position, 0)
		all = append(all, e)
		return err
	})
	return all, err
}

func scan(r owner.Room, line db.Row) (e Endpoint, err error) {
	var enabled, since, next int64
	var kinds string
	var sealed []byte
	if err := line.Scan(&e.ID, &enabled, &e.Reason, &e.Payload, &kinds, &e.position, &e.Failures, &since, &next, &sealed, &e.Waiting); err != nil {
		return e, err
	}
	e.Enabled, e.Events = enabled != 0, strings.Split(kinds, ",")
	if since != 0 {
		e.FailingSince = time.UnixMilli(since).UTC()
	}
	if next != 0 {
		e.NextTry = time.UnixMilli(next).UTC()
	}
	plain, err := r.Keys.Open(r.Place("webhook_endpoint", e.ID, "doc"), sealed)
	if err != nil {
		return e, err
	}
	var in stored
	err = json.Unmarshal(plain, &in)
	e.URL, e.Description, e.keys = in.URL, in.Description, in.Keys
	return e, err
}

// Update changes an endpoint. Switched on, it starts where it was left: what it missed in
// between is sent.
func (s *Service) Update(ctx context.Context, g auth.Grant, endpointID int64, d Draft, also func(*db.Tx, Endpoint) error) error {
	r, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return err
	}
	d.Asymmetric = e.Asymmetric
	if e.Draft = d; d.Enabled {
		e.Reason, e.Failures, e.FailingSince, e.NextTry = "", 0, time.Time{}, time.Time{}
	} else if e.Reason == "" {
		e.Reason = ByRequest
	}
	return s.put(ctx, r, e, audit.EndpointChange, also)
}

// Rotate gives an endpoint a new secret; the ones before sign beside it for overlap.
func (s *Service) Rotate(ctx context.Context, g auth.Grant, endpointID int64, overlap time.Duration, asymmetric bool, also func(*db.Tx, Endpoint) error) error {
	r, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return err
	}
	key, err := newSecret(asymmetric)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	kept := []secret{key}
	for _, k := range e.keys {
		if end := now.Add(overlap); k.Until.IsZero() || k.Until.After(end) {
			k.Until = end
		}
		if now.Before(k.Until) && len(kept) < 5 {
			kept = append(kept, k)
		}
	}
	e.keys = kept
	return s.put(ctx, r, e, audit.EndpointRotate, also)
}

func (s *Service) put(ctx context.Context, r owner.Room, e Endpoint, action string, also func(*db.Tx, Endpoint) error) error {
	sealed, err := e.seal(r)
	if err != nil {
		return err
	}
	since, next := int64(0), int64(0)
	if !e.FailingSince.IsZero() {
		since, next = e.FailingSince.UnixMilli(), e.NextTry.UnixMilli()
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(notFound(), `UPDATE webhook_endpoint SET enabled = $3, reason = $4, payload = $5, kinds = $6, failures = $7, failing_since = $8, next_at = $9, doc = $10
			WHERE realm_id = $1 AND id = $2`,
			r.Realm(), e.ID, db.Flag(e.Enabled), e.Reason, e.Payload, strings.Join(e.Events, ","), e.Failures, since, next, sealed)
		if err := also(tx, e); err != nil {
			return err
		}
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: action, Object: e.ID})
	})
	s.changed(e.ID)
	return err
}

// Remove deletes an endpoint with what waits for it and its tries.
func (s *Service) Remove(ctx context.Context, g auth.Grant, endpointID int64) error {
	r, e, err := s.enter(ctx, g, endpointID)
	if err != nil {
		return err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(notFound(), `DELETE FROM webhook_endpoint WHERE realm_id = $1 AND id = $2`, r.Realm(), e.ID)
		tx.Exec(`DELETE FROM webhook_delivery WHERE realm_id = $1 AND endpoint_id = $2`, r.Realm(), e.ID)
		tx.Exec(`DELETE FROM webhook_attempt WHERE realm_id = $1 AND endpoint_id = $2`, r.Realm(), e.ID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.EndpointRemove, Object: e.ID})
	})
	s.changed(e.ID)
	return err
}

// History implements customer.Other: what receivers were told is no part of it.
func (s *Service) History(context.Context, auth.Grant, int64, int64, int) ([]customer.HistoryItem, error) {
	return nil, nil
}

// Forget implements customer.Other: what receivers answered to events of the customer goes,
// because an answer may repeat what it was sent. Events that wait name ids alone, and are
// still told.
func (s *Service) Forget(_ context.Context, g auth.Grant, customerID int64, _ vault.Subject) (customer.Forgetting, error) {
	return customer.Forgetting{Report: []string{"removed what receivers of webhooks answered"}, Do: func(tx *db.Tx) { s.ForgetAgain(tx, g.Realm(), customerID) }}, nil
}

// ForgetAgain does the same in older data (customer.Other).
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	tx.Exec(`UPDATE webhook_attempt SET answered = 0, answer = $3 WHERE customer_id = $2 AND realm_id = $1 AND answered = 1`, realm, customerID, []byte{})
}

func noEvent() *fault.Error {
	return fault.OneField("/eventId", "invalid", "is no event that this endpoint wants")
}

func tooMany() *fault.Error {
	return fault.OneField("/from", "too_many", "The time holds more than 10,000 events: choose a shorter one")
}
