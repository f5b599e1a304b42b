package fill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	base     = "/ipg/2.0.0"
	maxReply = 1 << 20
	tries    = 6
)

// client speaks to the server.
type client struct {
	http *http.Client
	url  string
	key  string
}

func newClient(o Options) *client {
	return &client{url: strings.TrimSuffix(o.URL, "/"), key: o.Key, http: &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: o.Workers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the sandbox's page sends payers to a shop
	}}
}

// answer is what the server said.
type answer struct {
	status   int
	replayed bool
	body     []byte
}

func (a answer) into(v any) error { return json.Unmarshal(a.body, v) }

// refusal is an answer that is no success, with the server's words.
type refusal struct {
	answer
	code, message string
	customer      int64 // of a duplicate
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the server answered %d %s: %s", r.status, r.code, r.message)
}

func refused(a answer) *refusal {
	var e struct {
		Error struct {
			Code, Message string
			Details       struct {
				CustomerID string `json:"customerId"`
			}
		}
	}
	_ = a.into(&e)
	id, _ := strconv.ParseInt(e.Error.Details.CustomerID, 10, 64)
	return &refusal{a, e.Error.Code, e.Error.Message, id}
}

// call sends one request until the server takes it: it may be busy, or limit our rate. The
// Idempotency-Key is what makes sending it again harmless.
func (c *client) call(ctx context.Context, method, path, key string, body any) (a answer, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return a, err
	}
	for try := range tries {
		var after time.Duration
		a, after, err = c.once(ctx, method, c.url+base+path, key, text)
		if err == nil && a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
			break
		}
		if stop := wait(ctx, max(after, time.Duration(1+try)*100*time.Millisecond)); stop != nil {
			return a, stop
		}
	}
	if err == nil && a.status >= 300 {
		return a, refused(a)
	}
	return a, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (c *client) once(ctx context.Context, method, address, key string, body []byte) (a answer, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return a, 0, err
	}
	r.Header.Set("X-API-Key", c.key)
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
	}
	return c.do(r)
}

func (c *client) do(r *http.Request) (a answer, after time.Duration, err error) {
	response, err := c.http.Do(r)
	if err != nil {
		return a, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	a.status, a.replayed = response.StatusCode, response.Header.Get("Idempotent-Replayed") != ""
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxReply))
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return a, time.Duration(seconds) * time.Second, err
}

// decide answers the sandbox's page as a payer would.
func (c *client) decide(ctx context.Context, page, decision string) error {
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	form := strings.NewReader(url.Values{"decision": {decision}}.Encode())
	// The page's host is the server's public name, which need not be known here.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+u.Path, form)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, _, err := c.do(r)
	if err == nil && a.status >= 400 {
		err = fmt.Errorf("the sandbox's page answered %d", a.status)
	}
	return err
}

// isRefusal gives the server's refusal with this status.
func isRefusal(err error, status int) (*refusal, bool) {
	var r *refusal
	ok := errors.As(err, &r) && r.status == status
	return r, ok
}
