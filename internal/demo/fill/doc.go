// Package fill has a running server's test mode filled over its API with customers and
// payments that look like a shop's: approved, declined, refunded, charged back, waiting.
//
//	New(Options) ─→ stories, one a customer, all from the seed
//	Run ─→ workers ── customer ─ interactions ─ payments ──→ the server's HTTP API
//
// Every call has an Idempotency-Key made of the seed and its place in the story, and every
// payment request a referenceId: a second run finds what the first one made and goes on
// behind it, also when the keys are forgotten (24 hours).
//
// Ids, and with them dates, are made by the server of its clock, so that all of it happens
// today. Moving the clock of an installation instead would give its audit trail and its key
// epochs a past that never was; that is why this package does not.
//
// It must not accept a live key: payments say isSandbox, too, which live mode refuses.
package fill
