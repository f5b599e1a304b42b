// Package consent knows what an owner may process a customer's data for: purposes with the
// ground of GDPR Art. 6(1) that each rests on, what customers agreed to, and what they
// object to.
//
//	purpose (basis) ─┐
//	consent ─────────┼─→ Allowed(customer, purpose): the one question that processing asks
//	objection ───────┤
//	restriction ─────┘
//
//	Ask ─ double opt-in ─→ pending ─ Confirm, within seven days ─→ given ─→ withdrawn
//
// Nothing is cached: a withdrawal stops the next question. A consent is never changed: when
// it was confirmed and when withdrawn is written beside it, once, so the table is the
// history. Two purposes exist without set-up: save_payment_method, which needs consent, and
// payment_messages, which rests on the contract.
//
// Tables: purpose, consent, objection, customer_link. Evidence and reasons are sealed under
// the customer's key, what owners say of purposes under their own.
package consent
