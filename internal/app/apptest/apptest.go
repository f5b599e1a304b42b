package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

// Server is a running Florin.
type Server struct {
	App      *app.App
	Config   config.Config
	URL      string // without a base path
	Handler  http.Handler
	Live     string // admin's live key
	Test     string // admin's test key
	Operator string
	Secret   string // signing secret
	Logs     *Logs
	Codes    *Codes // what was sent to verify in live mode

	AdminEmail, AdminPassword string
}

// Each runs a test once for each engine.
func Each(t *testing.T, run func(t *testing.T, s *Server), options ...app.Option) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), LogLevel: "debug"}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		run(t, Start(t, c, options...))
	})
}

// SQLite runs a Florin on SQLite alone.
func SQLite(t *testing.T, options ...app.Option) *Server {
	t.Helper()
	return Start(t, config.Config{DataDir: t.TempDir(), LogLevel: "debug"}, options...)
}

// Start opens, starts and serves a Florin until the test ends.
func Start(t *testing.T, c config.Config, options ...app.Option) *Server {
	t.Helper()
	return Serve(t, c, config.Serve{AcceptCardData: true}, options...)
}

// cheap is a password's hash in tests, in KiB: a thousandth of the work. What the real one
// takes is held by package access.
const cheap = 64

// Serve is Start with the settings of a server. The public URL is where it listens, so
// that links lead to it, unless it is given; port 0 in it is the one listened on.
func Serve(t *testing.T, c config.Config, serve config.Serve, options ...app.Option) *Server {
	t.Helper()
	logs := &Logs{}
	if c.RatesFile == "" {
		c.RatesFile = rates(t)
	}
	if c.EgressAllow == "" {
		c.EgressAllow = "127.0.0.0/8"
	}
	Sanction(t, c, Sanctioned())
	codes := &Codes{}
	a, err := app.Open(t.Context(), c, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})), append([]app.Option{app.WithPasswordMemory(cheap), withLive(), codes.option()}, options...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close(t.Context())) })
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(server.Close)
	public := "http://" + server.Listener.Addr().String()
	if serve.PublicURL != "" {
		_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
		public = strings.Replace(serve.PublicURL, ":0", ":"+port, 1)
	}
	server.Config.Handler, err = a.Handler(serve, public, func() bool { return false })
	require.NoError(t, err)
	_, err = a.FirstRun(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Start(t.Context()))
	server.Start()
	s := &Server{App: a, Config: c, URL: server.URL, Handler: server.Config.Handler, Logs: logs, Codes: codes}
	s.readCredentials(t)
	return s
}

// rates is a source of exchange rates, which live mode needs.
func rates(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rates.json")
	text := `{"base":"USD","days":{"2026-01-01":{"EUR":"0.9","GBP":"0.75","JPY":"150","BHD":"0.376","BTC":"0.00001","CHF":"0.88"},"2026-06-01":{"EUR":"0.8","GBP":"0.75","JPY":"150","BHD":"0.376","BTC":"0.00001","CHF":"0.88"}}}`
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func (s *Server) readCredentials(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Config.DataDir, "first-run.env"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "FLORIN_API_KEY":
			s.Live = value
		case "FLORIN_TEST_API_KEY":
			s.Test = value
		case "FLORIN_OPERATOR_KEY":
			s.Operator = value
		case "FLORIN_SIGNING_SECRET":
			s.Secret = value
		case "FLORIN_ADMIN_EMAIL":
			s.AdminEmail = value
		case "FLORIN_ADMIN_PASSWORD":
			s.AdminPassword = value
		}
	}
}

// Request is one call. Body may be a string (sent as it is) or anything that
// encoding/json writes; nil sends none.
type Request struct {
	Method string
	Path   string // below /ipg/2.0.0 unless it begins with //, which is below the root
	Key    string // the live admin's if empty, none if "-"
	Body   any
	Header http.Header
}

// Response is an answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the body into generic values.
func (r Response) JSON(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(r.Body, &v), string(r.Body))
	return v
}

// Code is the error code of the answer, "" if it is none.
func (r Response) Code() string {
	var e struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(r.Body, &e)
	return e.Error.Code
}

// ID is the answer's id.
func (r Response) ID(t *testing.T) int64 {
	t.Helper()
	var v struct {
		ID int64 `json:"id"`
	}
	require.NoError(t, json.Unmarshal(r.Body, &v), string(r.Body))
	require.NotZero(t, v.ID, string(r.Body))
	return v.ID
}

// Do sends a request.
func (s *Server) Do(t *testing.T, r Request) Response {
	t.Helper()
	path := "/ipg/2.0.0" + r.Path
	if rest, ok := strings.CutPrefix(r.Path, "//"); ok {
		path = "/" + rest
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL+path, body(t, r.Body))
	require.NoError(t, err)
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.Body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch r.Key {
	case "":
		req.Header.Set("X-API-Key", s.Live)
	case "-":
	default:
		req.Header.Set("X-API-Key", r.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return Response{resp.StatusCode, resp.Header, text}
}

func body(t *testing.T, v any) io.Reader {
	t.Helper()
	switch b := v.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case []byte:
		return bytes.NewReader(b)
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return bytes.NewReader(text)
}

// Logs collects what the server logged.
type Logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is everything logged so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
