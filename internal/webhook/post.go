package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/owner"
)

// keptAnswer is how much of an answer can be read later.
const keptAnswer = 4 << 10

// Problems: why there is no answer.
const (
	noAddress = "refused_address" // not a public address, and not allowed by the operator
	noConnect = "no_connection"
	broken    = "no_answer" // it broke off or took longer than 15 s
	noBody    = "not_made"  // the event could not be put into a body
)

// try is one post and how it ended.
type try struct {
	id      int64
	event   event.Event
	status  int64 // 0: no answer
	took    time.Duration
	problem string
	answer  []byte
	after   time.Duration // Retry-After
	stopped bool          // we went away
}

func (t try) ok() bool { return t.status/100 == 2 }

// busy reports that the endpoint, not the event, is why: it is not there, or said that it
// has no time.
func (t try) busy() bool {
	switch t.status {
	case 0:
		return t.problem != noBody
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// post makes one post. Standard Webhooks: the id stays the same at each try, the time does
// not.
func (s *Service) post(ctx context.Context, r owner.Room, e *Endpoint, ev event.Event) try {
	t := try{id: s.IDs.Next(), event: ev}
	body, err := s.Body(ctx, r, ev, e.Payload == Full)
	if err != nil {
		t.problem, t.stopped = noBody, ctx.Err() != nil
		return t
	}
	began := s.Clock.Now()
	s.send(ctx, e, &t, body)
	t.took = s.Clock.Now().Sub(began)
	return t
}

func (s *Service) send(ctx context.Context, e *Endpoint, t *try, body []byte) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		t.problem = noAddress
		return
	}
	now := s.Clock.Now()
	id, timestamp := text(t.event.ID), text(now.Unix())
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Florin")
	h["webhook-id"] = []string{id} // as the standard spells them; HTTP does not mind
	h["webhook-timestamp"] = []string{timestamp}
	h["webhook-signature"] = []string{signatures(e.keys, now, id, timestamp, body)}
	answer, err := s.Client.Do(req)
	if err != nil {
		t.problem, t.stopped = problemOf(err), ctx.Err() != nil
		return
	}
	defer func() { _ = answer.Body.Close() }()
	t.status, t.after = int64(answer.StatusCode), retryAfter(answer.Header, now)
	t.answer, err = io.ReadAll(io.LimitReader(answer.Body, keptAnswer))
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	}
	if err != nil && t.ok() {
		t.status, t.problem = 0, broken // who says 2xx and hangs has not taken it
	}
}

func problemOf(err error) string {
	switch {
	case errors.Is(err, egress.ErrRefused):
		return noAddress
	case errors.Is(err, egress.ErrNotSent):
		return noConnect
	default:
		return broken
	}
}

// retryAfter reads the header (RFC 9110 §10.2.3): seconds, or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
