// Package egress is the one HTTP client with which Florin calls out: to providers, to
// merchants' webhooks, to sources of rates.
//
//	client := egress.New(egress.Config{Allow: …})
//	client.Do(request) ─ https? no user? ─→ resolve ─→ each address checked on its socket ─→ connect
//
// An address is judged when the socket is about to connect, after all resolving, so that a
// name which points elsewhere at the second look gains nothing (DNS rebinding). What is not
// public is refused: loopback, private, link-local, shared, metadata, multicast, reserved,
// documentation and every way to write an IPv4 address inside an IPv6 one (OWASP SSRF
// Prevention; RFC 6890 registries). The operator, and nobody else, may allow networks.
//
// It follows no redirect, uses no proxy of the environment, bounds time and size, and puts
// nothing of request or answer into an error. It must not know what it carries.
package egress
