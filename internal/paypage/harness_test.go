package paypage_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/payment"
)

type m = map[string]any

// request makes a payment request in test mode and gives its link and id.
func request(t *testing.T, s *apptest.Server, more m) (link string, id int64) {
	t.Helper()
	return requestBy(t, s, s.Test, more)
}

func requestBy(t *testing.T, s *apptest.Server, key string, more m) (link string, id int64) {
	t.Helper()
	body := m{"amount": 49.9, "unit": "EUR", "referenceId": "Order 1042"}
	for name, value := range more {
		body[name] = value
	}
	made := s.Do(t, apptest.Request{Method: "POST", Path: "/payment-requests", Key: key, Body: body})
	require.Equal(t, 200, made.Status, string(made.Body))
	link = made.JSON(t)["link"].(string)
	require.True(t, strings.HasPrefix(link, s.URL+"/pay/"), link)
	return link, made.ID(t)
}

// standing is how a test request stands, and how often it was tried.
func standing(t *testing.T, s *apptest.Server, id int64) (status payment.Status, tries int) {
	t.Helper()
	owners, err := s.App.Owners.List(t.Context())
	require.NoError(t, err)
	g := auth.System(owners[0].ID, owners[0].TestRealm, auth.Test, "test")
	q, err := s.App.Payments.Get(t.Context(), g, id)
	require.NoError(t, err)
	return q.Status, int(q.Attempts)
}

// answer is a page as a browser without scripts sees it, redirects not followed.
type answer struct {
	Status   int
	Header   http.Header
	Location string
	Body     string
}

func send(t *testing.T, method, address string, header http.Header, body io.Reader) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	require.NoError(t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, resp.Header.Get("Location"), string(text)}
}

func get(t *testing.T, address string, header ...string) answer {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return send(t, "GET", address, h, nil)
}

const formType = "application/x-www-form-urlencoded"

func post(t *testing.T, address string, form url.Values, header ...string) answer {
	t.Helper()
	h := http.Header{"Content-Type": {formType}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return send(t, "POST", address, h, strings.NewReader(form.Encode()))
}

// byCard is a filled form.
func byCard(number string, change ...string) url.Values {
	f := url.Values{"method": {"CREDIT_CARD"}, "by": {"card"}, "seen": {"0"}, "name": {"Zoë Łukasz"}, "number": {number}, "expiry": {"09/38"}, "code": {"918"}}
	for i := 0; i < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	return f
}

const (
	approved   = "5555 5555 5555 4444"
	noMoney    = "4000000000009995"
	challenged = "4000000000003220"
	slow       = "4000000000000119"
)
