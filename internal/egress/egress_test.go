package egress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/egress"
)

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// server is a TLS server, and a client that may reach it.
func server(t *testing.T, handler http.HandlerFunc, change func(*egress.Config)) (*httptest.Server, *egress.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := egress.Config{Allow: loopback(), RootCAs: roots}
	if change != nil {
		change(&c)
	}
	client := egress.New(c)
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return s, client
}

func get(t *testing.T, c *egress.Client, address string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = answer.Body.Close() })
	}
	return answer, err
}

func TestCallsGoThrough(t *testing.T) {
	t.Parallel()
	s, c := server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }, nil)
	answer, err := get(t, c, s.URL)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", string(text))

	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	t.Cleanup(plain.Close)
	answer, err = get(t, c, plain.URL)
	require.NoError(t, err, "plain http is allowed where the operator says so")
	text, _ = io.ReadAll(answer.Body)
	require.Equal(t, "HTTP/1.1", string(text))
	_, err = get(t, egress.New(egress.Config{}), plain.URL)
	require.ErrorIs(t, err, egress.ErrRefused)
}

func TestNoRedirects(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s, c := server(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}, nil)
	answer, err := get(t, c, s.URL)
	require.NoError(t, err)
	require.Equal(t, http.StatusTemporaryRedirect, answer.StatusCode)
	require.Equal(t, int64(1), asked.Load())
}

// TestNoProxy can't run beside others: it sets the environment.
func TestNoProxy(t *testing.T) {
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	s, c := server(t, func(http.ResponseWriter, *http.Request) {}, nil)
	_, err := get(t, c, s.URL)
	require.NoError(t, err)
	require.Zero(t, proxied.Load())
}

func TestBounds(t *testing.T) {
	t.Parallel()
	const canary = "canary-5d41"
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/small":
			_, _ = w.Write(make([]byte, 1000))
		case "/large":
			_, _ = w.Write(make([]byte, 1001))
		case "/header":
			w.Header().Set("X-Large", strings.Repeat("a", 1<<20))
		case "/cut":
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(canary))
		case "/slow", "/slowly":
			if r.URL.Path == "/slowly" {
				_, _ = w.Write([]byte("a"))
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
	}
	for path, want := range map[string]error{
		"/small": nil, "/large": egress.ErrTooLarge, "/header": egress.ErrBroken, "/cut": egress.ErrBroken,
		"/slow": egress.ErrBroken, "/slowly": egress.ErrBroken,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel() // with a connection of its own, which a header that is too large ends
			s, c := server(t, handler, func(c *egress.Config) {
				if c.MaxAnswer = 1000; strings.HasPrefix(path, "/slow") {
					c.Total = 300 * time.Millisecond
				}
			})
			answer, err := get(t, c, s.URL+path+"?q="+canary)
			if err == nil {
				_, err = io.ReadAll(answer.Body)
			}
			require.ErrorIs(t, err, want)
			if err != nil {
				require.NotContains(t, err.Error(), canary)
				require.False(t, egress.NotSent(err), "the call may have had its effect")
			}
		})
	}
}

// TestHowFarItCame is what decides whether another provider may be asked.
func TestHowFarItCame(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	s, c := server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil)
	_, err = get(t, c, "https://"+closed.Addr().String())
	require.ErrorIs(t, err, egress.ErrNotSent)
	require.True(t, egress.NotSent(err))
	_, err = get(t, c, s.URL)
	require.ErrorIs(t, err, egress.ErrBroken)
	require.False(t, egress.NotSent(err))
	_, err = get(t, egress.New(egress.Config{Allow: loopback()}), s.URL) // another authority
	require.True(t, egress.NotSent(err), "the certificate is not trusted")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ended, http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	_, err = c.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, egress.NotSent(err))
}

// Shows: PCI DSS 4.2.1
func TestTLSVersions(t *testing.T) {
	t.Parallel()
	for version, works := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		_, err := get(t, egress.New(egress.Config{Allow: loopback(), RootCAs: roots}), s.URL)
		require.Equal(t, works, err == nil, version)
	}
}

func TestErrorsHoldNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://canary.invalid/canary?canary", "https://10.11.12.13/canary", "canary://x", "https://u:canary@example.com"} {
		_, err := get(t, egress.New(egress.Config{Resolver: dns(t)}), address)
		require.Error(t, err)
		var outer *url.Error
		require.False(t, errors.As(err, &outer))
		require.NotContains(t, err.Error(), "canary")
		require.NotContains(t, err.Error(), "10.11")
	}
}

func TestParseAllow(t *testing.T) {
	t.Parallel()
	got, err := egress.ParseAllow(" 127.0.0.0/8, 10.1.2.3 ,fd00:1::5/64,::1")
	require.NoError(t, err)
	var texts []string
	for _, p := range got {
		texts = append(texts, p.String())
	}
	require.Equal(t, []string{"127.0.0.0/8", "10.1.2.3/32", "fd00:1::/64", "::1/128"}, texts)
	got, err = egress.ParseAllow("")
	require.NoError(t, err)
	require.Empty(t, got)
	for _, bad := range []string{"localhost", "10.0.0.0/33", "10.0.0.0/8/8", "*", "::ffff:10.0.0.0/104", "fe80::1%eth0", "0x7f.1/8"} {
		_, err := egress.ParseAllow(bad)
		require.Error(t, err, bad)
	}
}
