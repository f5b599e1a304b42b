// Package sandbox is the built-in provider of test mode: it behaves as a payment service
// provider does, moves no money and reaches nobody.
//
//	payment ── Authorise, Capture, Refund, … ──→ Connector ──→ sandbox_charge, sandbox_refund, …
//	payer ──── GET, POST /sandbox/challenge/{token} ──→ Handler ──→ decides a challenge once
//	worker ─── DeliverDue ──→ signed callbacks that are due ──→ Deliver
//
// It owns the sandbox_ tables, which are its ledger and independent of ours, so that a
// reconciliation compares two books. What happens is decided by the number of a test card
// or, where there is none, by the amount (scenario.go, docs/test-cards.md).
//
// It must not keep a number or a code, serve a live account, or know a customer.
package sandbox
