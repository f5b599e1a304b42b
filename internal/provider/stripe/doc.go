// Package stripe is the connector for Stripe, on Stripe's own Go library.
//
//	card or token ─→ create PaymentIntent (unconfirmed) ─→ confirm ─→ Outcome
//	page          ─→ Checkout Session ─→ the payer pays at Stripe ─→ event ─→ Notice
//
// A PaymentIntent is created first and confirmed second, each under an idempotency key made
// of ours. What creates it is the key and the amount alone, so that whoever knows these two
// can send the same create again and gets the same intent (resolve.go). An intent that was
// never confirmed has moved nothing, and once it is cancelled it never will: that is how
// Fetch can promise Absent.
//
// Calls go through package egress, with no retries and no telemetry of the library's own.
// Stripe's texts never go into an error; its codes do.
package stripe
