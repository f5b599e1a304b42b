package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/webhook"
)

// WebhookBody is what endpoints are posted about an event: what GET /events says of it,
// in the members of Standard Webhooks, and for full payloads the thing itself.
func (a *API) WebhookBody(ctx context.Context, r owner.Room, e event.Event, full bool) ([]byte, error) {
	shown := showEvent(e)
	m := WebhookMessage{Type: e.Kind, Timestamp: shown.Time, Data: WebhookData{ID: shown.ID, EventData: shown.Data}}
	if full {
		object, err := a.object(ctx, r, e)
		if err != nil {
			return nil, err
		}
		m.Data.Object = object
	}
	return json.Marshal(m)
}

// object is the customer or the payment request as its owner would read it now, nil where
// there is none to be shown: personal data of a restricted customer go nowhere
// (GDPR Art. 18(2)).
func (a *API) object(ctx context.Context, r owner.Room, e event.Event) (json.RawMessage, error) {
	if e.CustomerID == 0 && e.ObjectID == 0 {
		return nil, nil
	}
	if e.CustomerID != 0 {
		c, err := a.Customers.Get(ctx, r.Grant, e.CustomerID, nil)
		switch {
		case isGone(err) || err == nil && c.Status == customer.Restricted:
			return nil, nil
		case err != nil:
			return nil, err
		case strings.HasPrefix(e.Kind, "customer."):
			return c.AppendJSON(nil), nil
		}
	}
	if !strings.HasPrefix(e.Kind, "payment_request.") && !strings.HasPrefix(e.Kind, "payment.") {
		return nil, nil
	}
	q, err := a.Payments.Get(ctx, r.Grant, e.ObjectID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a.wholeRequest(q))
}

func isGone(err error) bool {
	return fault.Is(err, fault.CustomerErased) || fault.Is(err, fault.CustomerNotFound)
}

func showEndpoint(e webhook.Endpoint, secret *string) WebhookEndpoint {
	return WebhookEndpoint{ID: e.ID, URL: e.URL, Events: e.Events, Payload: e.Payload, Description: orNull(e.Description), Enabled: e.Enabled, DisabledReason: orNull(e.Reason),
		Secret: secret, Behind: e.Behind, Waiting: e.Waiting, Failures: e.Failures, FailingSince: stampOrNull(e.FailingSince), NextTry: stampOrNull(e.NextTry), CreateDate: stamp(e.CreateDate())}
}

func withoutSecret(e webhook.Endpoint) WebhookEndpoint { return showEndpoint(e, nil) }

func (a *API) listEndpoints(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Webhooks.List(ctx, r.Grant)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, WebhookEndpointList{Data: list(all, withoutSecret)})
}

func (a *API) getEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	e, err := a.Webhooks.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, withoutSecret(e))
}

// readEndpoint reads what is given over what is there.
func (a *API) readEndpoint(r *gate.Request, d webhook.Draft) (webhook.Draft, error) {
	f := &form{request: r}
	if given := f.text("url"); given != "" {
		d.URL = given
	}
	if _, given := r.Body.Get("events"); given {
		d.Events = f.texts("events")
	}
	if given := f.text("payload"); given != "" {
		d.Payload = given
	}
	if _, given := r.Body.Get("description"); given {
		d.Description = f.text("description")
	}
	if _, given := r.Body.Get("enabled"); given {
		d.Enabled = f.flag("enabled")
	}
	d.Asymmetric = f.signature()
	f.ignore("id", "secret", "disabledReason", "behind", "waiting", "failures", "failingSince", "nextTry", "createDate")
	f.faults = append(f.faults, a.Webhooks.Check(r.Grant, &d)...)
	return d, f.end()
}

// signature is v1 (HMAC) if it is absent.
func (f *form) signature() (asymmetric bool) {
	switch f.text("signature") {
	case "", "v1":
	case "v1a":
		return true
	default:
		f.bad("signature", "invalid", "must be v1 (HMAC-SHA-256) or v1a (Ed25519)")
	}
	return false
}

// keepSecret answers with an endpoint whose newest secret is shown now and never again.
func (a *API) keepSecret(r *gate.Request, answer **gate.Answer) func(*db.Tx, webhook.Endpoint) error {
	return func(tx *db.Tx, e webhook.Endpoint) error {
		kept, err := encode(http.StatusOK, withoutSecret(e))
		if err != nil {
			return err
		}
		if err := r.Record(tx, idempotency.Subject{}, kept); err != nil {
			return err
		}
		*answer, err = encode(http.StatusOK, showEndpoint(e, &e.Secrets(a.Clock.Now())[0]))
		return err
	}
}

func (a *API) createEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	d, err := a.readEndpoint(r, webhook.Draft{Payload: webhook.Thin, Enabled: true})
	if err != nil {
		return nil, err
	}
	if err := mayHear(r, d); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Webhooks.Create(ctx, r.Grant, d, a.keepSecret(r, &answer))
	return answer, err
}

// mayHear refuses to let full payloads out to who may not read what they hold.
func mayHear(r *gate.Request, d webhook.Draft) error {
	actor := r.Grant.Actor()
	if d.Payload == webhook.Full && !(actor.May(auth.CustomersRead) && actor.May(auth.PaymentsRead)) {
		return fault.New(fault.Forbidden, fault.ForbiddenCode, "Full payloads need the right to read customers and payments")
	}
	return nil
}

func (a *API) updateEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	now, err := a.Webhooks.Get(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	d, err := a.readEndpoint(r, now.Draft)
	if err != nil {
		return nil, err
	}
	if err := mayHear(r, d); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Webhooks.Update(ctx, r.Grant, r.ID, d, keepOwn(r, &answer, withoutSecret))
	return answer, err
}

func (a *API) removeEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return &gate.Answer{Status: http.StatusNoContent}, a.Webhooks.Remove(ctx, r.Grant, r.ID)
}

// mostOverlap is how many hours an old secret may go on signing.
const mostOverlap = 7 * 24

func (a *API) rotateEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	overlap := time.Duration(f.whole("overlapHours", 0, mostOverlap, 24)) * time.Hour
	asymmetric := f.signature()
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err := a.Webhooks.Rotate(ctx, r.Grant, r.ID, overlap, asymmetric, a.keepSecret(r, &answer))
	return answer, err
}

func (a *API) testEndpoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	tried, err := a.Webhooks.Test(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showAttempt(tried))
}

func (a *API) replayEvents(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	gap := event.Range{From: f.time("from"), To: f.time("to")}
	one, err := strconv.ParseInt("0"+f.text("eventId"), 10, 64)
	if gap.ID = one; err != nil || gap.ID != 0 && (!gap.From.IsZero() || !gap.To.IsZero()) {
		f.bad("eventId", "invalid", "must be the id of an event, without from and to")
	}
	if gap.ID == 0 && (gap.From.IsZero() || !gap.To.After(gap.From)) {
		f.bad("from", "required", "and to must be a time, or eventId an event")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Webhooks.Replay(ctx, r.Grant, r.ID, gap, func(tx *db.Tx, count int) (err error) {
		if answer, err = encode(http.StatusOK, ReplayAnswer{Events: int64(count)}); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func showAttempt(t webhook.Attempt) WebhookAttempt {
	shown := WebhookAttempt{ID: t.ID, EventID: strconv.FormatInt(t.EventID, 10), Type: t.Kind, CustomerID: idOrNull(t.CustomerID), Time: stamp(t.Time()),
		Milliseconds: t.Took.Milliseconds(), Problem: orNull(t.Problem), Answer: orNull(t.Answer)}
	if t.Status != 0 {
		shown.Status = &t.Status
	}
	return shown
}

func (a *API) listAttempts(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	eventID := r.Int("eventId", 1, 1<<53-1, 0)
	name := "attempts-" + strconv.FormatInt(r.ID, 10)
	before, err := a.position(ctx, r, name)
	if err = first(r.Faults(), err); err != nil {
		return nil, err
	}
	found, err := a.Webhooks.Attempts(ctx, r.Grant, r.ID, eventID, before, limit+1)
	if err != nil {
		return nil, err
	}
	page := WebhookAttemptPage{Data: list(found[:min(limit, len(found))], showAttempt), HasMore: len(found) > limit}
	if page.HasMore {
		page.NextCursor, err = a.cursor(ctx, r, name, found[limit-1].ID)
	}
	return answerOr(page, err)
}

func answerOr(page any, err error) (*gate.Answer, error) {
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, page)
}
