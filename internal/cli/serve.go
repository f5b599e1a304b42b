package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
)

type serveCommand struct {
	config.Serve
}

// Help is shown by florin serve --help.
func (serveCommand) Help() string {
	return `Examples:
  florin serve
  florin serve --database-url postgres://florin:secret@db.internal:5432/florin
  florin serve --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem`
}

// Timeouts of the server. A slow client holds a connection and nothing else.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 60 * time.Second
	drainTimeout  = 10 * time.Second
)

// gcPercent trades memory for time: the live heap is some 30 MB under load, so the
// collector may wait for 75 (docs/performance.md).
const gcPercent = 150

// Run serves until SIGTERM or SIGINT.
func (s *serveCommand) Run(c *config.Config, out *console) error {
	if err := s.refuseUnsafe(); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return withApp(c, out, func(ctx context.Context, a *app.App) error { return s.serve(ctx, a, out) })
}

// refuseUnsafe keeps customer data off networks in clear (PCI DSS 4.2.1).
func (s *serveCommand) refuseUnsafe() error {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together")
	}
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("--listen must be an address like 127.0.0.1:8080: %w", err)
	}
	if s.TLSCert != "" || s.PlainHTTP || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("refusing plain HTTP on %s, which other machines can reach: give --tls-cert and --tls-key, "+
		"or --allow-plain-http if a proxy in front speaks TLS", s.Listen)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (s *serveCommand) serve(ctx context.Context, a *app.App, out *console) error {
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	public := s.publicURL(listener.Addr())
	var draining atomic.Bool
	handler, err := a.Handler(s.Serve, public, draining.Load)
	if err != nil {
		return err
	}
	first, err := a.FirstRun(ctx)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	server, err := s.server(handler)
	if err != nil {
		return err
	}
	if err := s.serveMetrics(a); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.accept(server, listener) }()
	// The command line finds a running server by this file.
	if err := os.WriteFile(servingFile(&a.Config), []byte(s.localURL(listener.Addr())+"\n"), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(servingFile(&a.Config)) }()
	announce(out, a, public, first)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return drain(server, &draining, out)
	}
}

func (s *serveCommand) server(handler http.Handler) (*http.Server, error) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 1 << 20}
	if s.TLSCert == "" {
		return server, nil
	}
	certificate, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("the TLS certificate can't be used: %w", err)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, CipherSuites: aeadSuites()}
	return server, nil
}

// aeadSuites leaves out TLS 1.2's CBC suites, which Go still offers.
func aeadSuites() []uint16 {
	return []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}
}

func (s *serveCommand) accept(server *http.Server, listener net.Listener) error {
	var err error
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *serveCommand) serveMetrics(a *app.App) error {
	if s.MetricsListen == "" {
		return nil
	}
	listener, err := net.Listen("tcp", s.MetricsListen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.MetricsHandler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	go func() { _ = server.Serve(listener) }()
	return nil
}

// drain stops taking requests and finishes those that were accepted.
func drain(server *http.Server, draining *atomic.Bool, out *console) error {
	draining.Store(true)
	_, _ = fmt.Fprintln(out.err, "Stopping: finishing what was accepted (at most 10 s).")
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	return server.Shutdown(ctx)
}

func (s *serveCommand) publicURL(address net.Addr) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return s.localURL(address)
}

// localURL is how this machine reaches the server.
func (s *serveCommand) localURL(address net.Addr) string {
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(address.String())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// announce tells a newcomer what to do next.
func announce(out *console, a *app.App, public string, first bool) {
	_, _ = fmt.Fprintf(out.err, "Florin %s is ready at %s\n  API reference  %s/docs\n", Version, public, public)
	if _, err := os.Stat(a.Config.FirstRun()); err != nil {
		return
	}
	if first {
		_, _ = fmt.Fprintf(out.err, "  Credentials    %s (made now; keep it safe, then delete it)\n", a.Config.FirstRun())
	} else {
		_, _ = fmt.Fprintf(out.err, "  Credentials    %s\n", a.Config.FirstRun())
	}
	_, _ = fmt.Fprintf(out.err, `Try it:
  . %s && curl -s %s/ipg/2.0.0/customers \
    -H "X-API-Key: $FLORIN_API_KEY" -H 'Content-Type: application/json' \
    -d '{"name":"Jane Smith","email":"jsmith@example.com","phone":"+44 20 7946 0958"}'
`, shellPath(a.Config.FirstRun()), public)
}

// shellPath quotes a path for the shell. A relative one gets ./ before it, because the
// dot command would look for it in PATH.
func shellPath(path string) string {
	if path[0] != '/' && path[0] != '.' {
		path = "./" + path
	}
	if strings.ContainsAny(path, " '\"$`\\*?&;|<>()") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
