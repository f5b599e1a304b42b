// Package webhook tells merchants' systems what happened: events of their choice, posted
// to their endpoints, signed, at least once, in order for each customer.
//
//	event (seq 1, 2, 3 …) ─→ Dispatcher ─→ a line for each endpoint that is behind
//	                                        window: up to 16 posts under way, one a customer
//	                                        ├ 2xx: position moves on
//	                                        ├ refused while others are taken: webhook_delivery
//	                                        └ nobody answers: the breaker opens, all waits
//
// Nothing is written down for an event before it is delivered: an endpoint is a place in
// the log, so that one which is down for three days costs a row, and a crash only means
// that the posts under way are made again, with the same webhook-id. An event is given a
// row of its own when its endpoint takes others and not this one; those of the same
// customer wait behind it.
//
// Signatures and headers are Standard Webhooks 1.0 (github.com/standard-webhooks): v1 is
// HMAC-SHA-256, v1a is Ed25519. Bodies name ids and changed fields; what they say beyond
// that, for endpoints that asked for it, is api's to make. Where an address may lead is
// egress's to decide, at the moment of the connection.
//
// Tables: webhook_endpoint, webhook_delivery, webhook_attempt. ADR 0017.
package webhook
