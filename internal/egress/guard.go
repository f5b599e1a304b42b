package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// guard judges addresses.
type guard struct {
	allow    []netip.Prefix
	ports    []uint16
	guardian *ssrf.Guardian
}

func newGuard(c Config) *guard {
	// 168.63.129.16 is Azure's metadata and DNS on every virtual machine, a public address
	// in no registry (learn.microsoft.com, "What is IP address 168.63.129.16").
	azure := netip.MustParsePrefix("168.63.129.16/32")
	return &guard{c.Allow, c.Ports, ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azure))}
}

// allowed wants the operator's word: plain http goes nowhere else.
func (g *guard) allowed(to netip.AddrPort) error {
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(to.Addr()) }) {
		return nil
	}
	return ErrRefused
}

// public wants a public address and a port that webhooks use, or the operator's word.
func (g *guard) public(to netip.AddrPort) error {
	if g.allowed(to) == nil {
		return nil
	}
	if !slices.Contains(g.ports, to.Port()) || isatap(to.Addr()) || g.guardian.SafeAddr(to.Addr()) != nil {
		return ErrRefused
	}
	return nil
}

// isatap is an interface identifier that carries an IPv4 address (RFC 5214 §6.1), under
// whatever prefix.
func isatap(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// control is called for each address, with the socket made and not yet connected.
func control(check func(netip.AddrPort) error, connecting func(string) error) func(string, string, syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return ErrRefused
		}
		if err := check(netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port())); err != nil {
			return err
		}
		if connecting != nil {
			return connecting(address)
		}
		return nil
	}
}

// ParseAllow reads --egress-allow: networks like 10.1.2.0/24, and single addresses, with
// commas between them.
func ParseAllow(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if address, single := netip.ParseAddr(part); single == nil && address.Zone() == "" {
			prefix, err = address.Prefix(address.BitLen())
		}
		if err != nil || prefix.Addr().Is4In6() || prefix.Addr().Zone() != "" {
			return nil, fmt.Errorf("%q is no network: write it like 10.1.2.0/24 or fd00:1::/64", part)
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}
