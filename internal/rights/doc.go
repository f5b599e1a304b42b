// Package rights is the desk for requests of data subjects (GDPR Art. 15 to 22): what they
// ask, by when it is due, what was done.
//
//	Receive → received ─→ identity_check ─→ in_progress ─→ completed
//	              └──────────── extended ───────┘     └──→ refused
//
// A request is due one calendar month after its receipt (days.go). Complete does itself what
// Florin can: the export, the erasure, the restriction. A request's texts are sealed under
// the customer's key; its skeleton (kind, days, steps, digests) names no person and stays
// after an erasure, so that the desk can be held to account (Art. 5(2)).
//
// Besides: who gets customers' data, and what they must be told of it (Art. 19) - a notice and
// an event for each recipient, in the unit of the erasure, the restriction or the completed
// rectification - and the texts by which people are informed (Art. 13, 14).
//
// Tables: privacy_request, privacy_request_step, privacy_request_evidence, recipient,
// disclosure, recipient_notice, privacy_notice. HTTP is unknown here.
package rights
