package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

// raw writes bytes on a connection of its own and reads one answer.
func raw(t *testing.T, s *apptest.Server, text string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, _ = conn.Write([]byte(text))
	if !strings.HasSuffix(text, "\r\n\r\n") { // net/http takes the end of a whole request's input for a client that left
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// Shows: PCI DSS 6.2.4
func TestHostileInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		head := "Host: florin.test\r\nX-API-Key: " + s.Live + "\r\n"
		many := &strings.Builder{}
		for i := range 10_000 {
			fmt.Fprintf(many, "X-H-%d: v\r\n", i)
		}
		for name, c := range map[string]struct {
			text   string
			status int
		}{
			"10,000 headers":       {"GET /api/customers HTTP/1.1\r\n" + head + many.String() + "\r\n", 400},
			"a huge header":        {"GET /api/customers HTTP/1.1\r\n" + head + "X-H: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", 400},
			"2 MB of headers":      {"GET /api/customers HTTP/1.1\r\n" + head + "X-H: " + strings.Repeat("a", 2<<20) + "\r\n\r\n", 431},
			"a long address":       {"GET /api/customers?q=" + strings.Repeat("a", 9<<10) + " HTTP/1.1\r\n" + head + "\r\n", 400},
			"a body cut short":     {"POST /api/customers HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"", 400},
			"a chunk cut short":    {"POST /api/customers HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}", 400},
			"two lengths":          {"POST /api/customers HTTP/1.1\r\n" + head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
			"NUL in a header":      {"GET /api/customers HTTP/1.1\r\n" + head + "X-H: a\x00b\r\n\r\n", 400},
			"announced 10 GB":      {"POST /api/customers HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n" + strings.Repeat(" ", 300<<10), 413},
			"no host":              {"GET /api/customers HTTP/1.1\r\n\r\n", 400},
			"not HTTP":             {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
			"what is well is well": {"GET /api/customers HTTP/1.1\r\n" + head + "\r\n", 200},
		} {
			began := time.Now()
			require.Equal(t, c.status, raw(t, s.Server, c.text).StatusCode, name)
			require.Less(t, time.Since(began), 5*time.Second, name)
		}
		for name, body := range map[string]string{
			"NUL": `{"name":"a\u0000b","email":"a@example.com"}`, "raw NUL": "{\"name\":\"a\x00b\"}", "nesting": strings.Repeat(`{"a":`, 50_000), "arrays": strings.Repeat("[", 200_000),
			"huge number": `{"name":` + strings.Repeat("9", 200_000) + `}`, "exponent": `{"id":1e999999999,"name":7}`, "many members": `{` + strings.Repeat(`"":1,`, 40_000) + `"b":1}`,
			"many metadata": `{"name":"A","email":"a@example.com","metadata":{` + strings.Repeat(`"k":"v",`, 5000) + `"z":"v"}}`, "long name": `{"name":"` + strings.Repeat("é", 100_000) + `","email":"a@example.com"}`,
			"digits": `{"name":"` + strings.Repeat("4", 200_000) + `"}`, "percent": `{"name":"` + strings.Repeat("%34", 60_000) + `"}`, "combining": `{"name":"a` + strings.Repeat("\u0301", 100_000) + `"}`,
		} {
			began := time.Now()
			got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: body})
			require.Equal(t, 400, got.Status, "%s: %s", name, got.Body[:min(len(got.Body), 300)])
			require.Less(t, len(got.Body), 64<<10, name)
			require.Less(t, time.Since(began), 5*time.Second, name)
		}
	})
}

// TestSlowClientsHoldNobody: clients that never finish their body keep no other waiting.
func TestSlowClientsHoldNobody(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for range 50 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = fmt.Fprintf(conn, "POST /api/customers HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", s.Live)
		require.NoError(t, err)
	}
	require.Equal(t, 200, create(t, s, "", m{"name": "Quick", "email": "q@example.com"}).Status)
}
