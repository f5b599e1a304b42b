package gate

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/pan"
)

type requestIDKey struct{}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// requestID takes the caller's if it is sane, and makes one if not.
func (g *Gate) requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if sane(id) && !pan.Find(id) {
		return id
	}
	return strconv.FormatUint(g.random(), 36) + strconv.FormatUint(g.random(), 36)
}

func sane(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// prefersLenient reads RFC 7240's handling preference.
func prefersLenient(h http.Header) bool {
	return listHas(h.Values("Prefer"), func(p string) bool {
		name, value, _ := strings.Cut(p, "=")
		return strings.EqualFold(strings.TrimSpace(name), "handling") && strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "lenient")
	})
}

// idempotencyKey reads the key, bare or as a quoted string (the same key): 1 to 255
// visible ASCII characters.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	ok := len(values) == 1 && len(key) >= 1 && len(key) <= 255
	for _, c := range []byte(key) {
		ok = ok && c > ' ' && c < 0x7f
	}
	if !ok {
		return "", fault.OneField("header/Idempotency-Key", "invalid", "must be 1 to 255 visible ASCII characters, given once")
	}
	return key, nil
}

// Proxies are the networks whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ParseProxies reads a comma-separated list of networks.
func ParseProxies(text string) (Proxies, error) {
	var p Proxies
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		network, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, err
		}
		p = append(p, network)
	}
	return p, nil
}

func (p Proxies) trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Client is the address a request came from: the connection's, or behind trusted
// proxies the last one in X-Forwarded-For that is not a trusted proxy itself. What
// stands before that was written by the client and proves nothing.
func (p Proxies) Client(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := remote.Addr().Unmap()
	if !p.trusts(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return client
		}
		client = hop.Unmap()
		if !p.trusts(client) {
			return client
		}
	}
	return client
}
