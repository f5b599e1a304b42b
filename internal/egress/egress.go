package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Config is what an operator may say about calls to the outside. The zero Config is strict.
type Config struct {
	Allow     []netip.Prefix // networks reached although they aren't public, also by plain http
	Ports     []uint16       // of public addresses; 443 and 8443 if there are none
	Connect   time.Duration  // to connect and shake hands; 10 s if 0
	Total     time.Duration  // for everything, the answer's body included; 15 s if 0
	MaxAnswer int64          // bytes of an answer's body; 1 MiB if 0
	RootCAs   *x509.CertPool // the system's if nil
	Resolver  *net.Resolver  // the system's if nil

	// connecting sees every address that passed, before the socket connects (tests).
	connecting func(address string) error
}

// ErrRefused says that the destination may not be called. Nothing was sent.
var ErrRefused = errors.New("egress: the destination is not allowed: it must be https to a public address, or in --egress-allow")

// ErrNotSent says that there was no connection, so that nothing was sent.
var ErrNotSent = errors.New("egress: no connection could be made")

// ErrBroken says that the call failed after a connection was there: the other side may
// have done what it was asked to.
var ErrBroken = errors.New("egress: the call broke off or took too long")

// ErrTooLarge says that an answer is larger than is read.
var ErrTooLarge = errors.New("egress: the answer is too large")

// Client makes calls. It is safe for concurrent use.
type Client struct{ http *http.Client }

// New makes a client.
func New(c Config) *Client {
	c.Connect = orElse(c.Connect, 10*time.Second)
	c.Total = orElse(c.Total, 15*time.Second)
	c.MaxAnswer = orElse(c.MaxAnswer, 1<<20)
	if len(c.Ports) == 0 {
		c.Ports = []uint16{443, 8443}
	}
	guard := newGuard(c)
	return &Client{&http.Client{
		Transport: &transport{secure: c.transport(guard.public), plain: c.transport(guard.allowed), max: c.MaxAnswer, total: c.Total},
		// A redirect leads where nobody agreed to go; the caller sees the 3xx itself.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func orElse[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

// Do makes one call. An error is one of this package's, or the context's, and holds
// nothing of the request.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	answer, err := c.http.Do(r)
	var outer *url.Error // has the URL in its text
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if err != nil && !ours(err) { // net/http's own, before our transport was asked
		return nil, ErrRefused
	}
	return answer, err
}

// HTTP is the same client for libraries that want an *http.Client. Its errors have the URL
// in their text: don't pass them on.
func (c *Client) HTTP() *http.Client { return c.http }

func ours(err error) bool {
	for _, known := range []error{ErrRefused, ErrNotSent, ErrBroken} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// NotSent reports that the call had no effect, because no byte of it left.
func NotSent(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, ErrNotSent) }

func (c Config) transport(check func(netip.AddrPort) error) *http.Transport {
	dialer := &net.Dialer{Timeout: c.Connect, Resolver: c.Resolver, Control: control(check, c.connecting)}
	return &http.Transport{
		Proxy:                  nil, // a proxy would resolve the name itself
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    c.Connect,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // the size on the wire is the size
		MaxIdleConnsPerHost:    16,   // as many posts as are under way to one webhook endpoint
		IdleConnTimeout:        90 * time.Second,
	}
}

// transport checks the URL, sends by the scheme's own guard, and says how far a call came.
type transport struct {
	secure, plain http.RoundTripper
	max           int64
	total         time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := t.secure
	switch {
	case r.URL.User != nil || r.URL.Host == "" || r.URL.Opaque != "" || strings.Contains(r.URL.Host, "%"):
		return nil, refuseRequest(r)
	case r.URL.Scheme == "http":
		inner = t.plain
	case r.URL.Scheme != "https":
		return nil, refuseRequest(r)
	}
	if err := r.Context().Err(); err != nil { // an idle connection would make it look sent
		_ = refuseRequest(r)
		return nil, reason(err, false, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), t.total)
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	answer, err := inner.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		cancel()
		return nil, reason(err, connected.Load(), r.Context().Err())
	}
	answer.Body = &bounded{ReadCloser: answer.Body, left: t.max, cancel: cancel}
	return answer, nil
}

// refuseRequest closes the body, as a RoundTripper must.
func refuseRequest(r *http.Request) error {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return ErrRefused
}

// reason drops the text of what happened, which may quote the answer, and keeps how far
// the call came.
func reason(err error, connected bool, ended error) error {
	kind := ErrNotSent
	switch {
	case errors.Is(err, ErrRefused):
		return ErrRefused
	case connected:
		kind = ErrBroken
	}
	if ended != nil {
		return fmt.Errorf("%w: %w", kind, ended)
	}
	return kind
}

// bounded is a body of which no more than a number of bytes are read.
type bounded struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

// Close implements io.Closer and ends the time that the call was given.
func (b *bounded) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrBroken
	}
	return n, err
}
