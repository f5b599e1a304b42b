//go:build unix

package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// client speaks to one server.
type client struct {
	base string
	key  string
	http *http.Client
}

const answerTimeout = 10 * time.Second

func newClient(base string) *client {
	// http.Transport repeats a POST with an Idempotency-Key by itself when a reused
	// connection breaks; the journal has to see every attempt.
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	return &client{base: base, http: &http.Client{Transport: transport, Timeout: answerTimeout}}
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request below /ipg/2.0.0. An error means that no whole answer came.
func (c *client) call(method, path, idempotencyKey string, body any) (answer, error) {
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body)
	}
	req, err := http.NewRequest(method, c.base+"/ipg/2.0.0"+path, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	req.GetBody = nil // no silent repetition
	req.Header.Set("X-API-Key", c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, text}, err
}

// must sends a request that has to be answered by the given status.
func (c *client) must(t *testing.T, status int, method, path, idempotencyKey string, body any) answer {
	t.Helper()
	a, err := c.call(method, path, idempotencyKey, body)
	require.NoError(t, err)
	require.Equal(t, status, a.status, "%s %s: %s", method, path, a.body)
	return a
}

// customer is what the campaigns look at in an answer.
type customer struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Address string `json:"address"`
	Version int64  `json:"version"`
}

func (a answer) customer() (customer, error) {
	var c customer
	err := json.Unmarshal(a.body, &c)
	if err == nil && c.ID == 0 {
		err = fmt.Errorf("an answer without an id: %s", a.body)
	}
	return c, err
}

// page is a run of customers or events.
type page struct {
	Data       []json.RawMessage `json:"data"`
	NextCursor string            `json:"nextCursor"`
	HasMore    bool              `json:"hasMore"`
}

// all reads a list to its end.
func (c *client) all(t *testing.T, path string) []json.RawMessage {
	t.Helper()
	var rows []json.RawMessage
	for cursor := ""; ; {
		query := url.Values{"limit": {"200"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var p page
		require.NoError(t, json.Unmarshal(c.must(t, http.StatusOK, http.MethodGet, path+"?"+query.Encode(), "", nil).body, &p))
		rows = append(rows, p.Data...)
		if !p.HasMore {
			return rows
		}
		cursor = p.NextCursor
	}
}

func customerPath(id int64) string { return "/customers/" + strconv.FormatInt(id, 10) }

// allowDuplicates leaves idempotency alone to keep a create from being doubled.
func (c *client) allowDuplicates(t *testing.T) {
	t.Helper()
	c.must(t, http.StatusOK, http.MethodPut, "/settings", "", map[string]string{"duplicatePolicy": "allow"})
}
