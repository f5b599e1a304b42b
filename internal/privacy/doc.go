// Package privacy is what a data protection officer does besides reading: legal holds and
// erasures of many.
//
//	hold ──→ Forget refuses (CUSTOMER_ON_HOLD) until its day or its release
//	erasure of many: rows of erasure_item ──→ customer.Erase, a few at a time ──→ code
//
//	link ──→ Find ──→ Export: a customer fetches their own data; Receive takes such a file in
//
// A restriction of processing and the certificate of an erasure are the customer's own
// (package customer), since every read and the erasure itself ask for them. Tables:
// legal_hold, erasure_job, erasure_item, export_link,
// customer_import.
package privacy
