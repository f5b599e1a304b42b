package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
)

// fuzzed is a server in this process and one customer on it.
type fuzzed struct {
	handler http.Handler
	key     string
	path    string // of the customer

	firstRun string // the file of its credentials
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	c := config.Config{DataDir: f.TempDir()}
	a, err := app.Open(f.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, a.Close(f.Context())) })
	_, err = a.FirstRun(f.Context())
	require.NoError(f, err)
	text, err := os.ReadFile(c.FirstRun())
	require.NoError(f, err)
	s := &fuzzed{handler: newHandler(f, a, 0), firstRun: c.FirstRun()}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "FLORIN_API_KEY="); ok {
			s.key = value
		}
	}
	w := s.send(f, "POST", "/api/customers", []byte(`{"name":"Fuzz","email":"fuzz@example.com","metadata":{"a":"1"}}`))
	require.Equal(f, 200, w.Code, w.Body.String())
	s.path = w.Header().Get("Location")
	return s
}

// send answers anything but a panic, a 5xx or more than a second of work.
func (s *fuzzed) send(t testing.TB, method, target string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return httptest.NewRecorder() // no HTTP client or server lets it through
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(string(body)))
	r.URL, r.RequestURI = u, target
	r.Header.Set("X-API-Key", s.key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	began := time.Now()
	s.handler.ServeHTTP(w, r)
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	if w.Code >= 500 {
		t.Errorf("%s %q answers %d: %s", method, target, w.Code, w.Body)
	}
	return w
}

func FuzzCreateBody(f *testing.F) {
	s := newFuzzed(f)
	for _, body := range []string{`{"name":"A","email":"a@example.com"}`, `{"name":"王","email":"x@пример.рф","phone":"+34612345678","preferences":{"notifications":{"sms":true}}}`, `{`, `[]`, "\xff", `{"metadata":{"a":null}}`,
		`{"name":"a\u0000","email":"A@B.co","dateOfBirth":"1990-02-30","billingAddress":{"country":"es"}}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := s.send(t, "POST", "/api/customers", body)
		if w.Code == 200 {
			again := s.send(t, "GET", w.Header().Get("Location"), nil)
			require.Equal(t, w.Body.String(), again.Body.String())
			require.Equal(t, 204, s.send(t, "DELETE", w.Header().Get("Location"), nil).Code)
		}
	})
}

func FuzzPatch(f *testing.F) {
	s := newFuzzed(f)
	for _, body := range []string{`{"address":"x"}`, `{"metadata":{"a":null,"b":"2"}}`, `[{"op":"add","path":"/metadata/b","value":"2"}]`, `[{"op":"test","path":"","value":null}]`, `[{"op":"move","from":"/metadata","path":"/metadata/a"}]`,
		`[{"op":"copy","from":"","path":"/address"}]`, `[{"op":"remove","path":"/metadata/-"}]`, `[{"op":"add","path":"address"}]`, `[{"op":"replace","path":7,"value":{}}]`, `[null]`, `[{"op":"test","path":"/metadata/a"}]`, `[{"op":"test","path":""}]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := s.send(t, "PATCH", s.path, body)
		if w.Code == 200 {
			require.Equal(t, w.Body.String(), s.send(t, "GET", s.path, nil).Body.String())
		}
	})
}

func FuzzCursor(f *testing.F) {
	s := newFuzzed(f)
	for _, text := range []string{"", "A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "____", "=", strings.Repeat("Q", 4097)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, list := range []string{"/api/customers", "/api/events", "/api/audit", s.path + "/history"} {
			w := s.send(t, "GET", list+"?cursor="+url.QueryEscape(cursor), nil)
			require.Equal(t, cursor == "", w.Code == 200, "%q at %s: %s", cursor, list, w.Body)
		}
	})
}

func FuzzQuery(f *testing.F) {
	s := newFuzzed(f)
	for _, text := range []string{"", "limit=1&sort=-updateDate", "q=%E7%8E%8B&status=active", "createdFrom=2026-01-01&createdTo=0000-01-01", "email=a@b.co;q=x", "%zz", "q=%00", "fields=id,,name", "createdTo=9999-12-31T23:59:59Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s.send(t, "GET", "/api/customers?"+query, nil)
		s.send(t, "GET", "/api/audit?"+query, nil)
	})
}

func FuzzPath(f *testing.F) {
	s := newFuzzed(f)
	for _, text := range []string{"customers", "customers/1", "customers/%00", "customers//1", "../api/customers", "customers/1/history", "customers/%2e%2e", "users/payment-methods/9", "customers/9223372036854775808"} {
		f.Add("GET", text)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		for _, c := range method {
			if c < 'A' || c > 'Z' {
				return // net/http refuses it
			}
		}
		w := s.send(t, method, fmt.Sprint("/api/", path), nil)
		if w.Code >= 400 && method != http.MethodHead {
			require.Contains(t, w.Body.String(), `{"error":{"code":`)
		}
	})
}
