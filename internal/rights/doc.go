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
// Tables: privacy_request, privacy_request_step, privacy_request_evidence. HTTP is unknown here.
package rights
