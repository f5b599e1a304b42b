// Package pan recognises payment card numbers (primary account numbers, ISO/IEC 7812-1) in text that people and
// programs send, so that they can be refused before anything is written (PCI DSS v4.0.1, requirement 3: account data
// that is not stored needs no protection).
//
//	free text ──► survey ──► digit groups ──► Luhn ──► issuer prefix and length ──► true
//	                 │
//	                 └─► percent, entity, escape, base64 ──► the decoded text, the same way again (three levels)
//
// It owns the issuer ranges and the reading of disguised digits. It keeps nothing, logs nothing and returns no part of
// what it read. It must not decide what is free text and what is a typed value: its callers know that.
package pan
