// Package id makes the numbers by which everything in Florin is named.
//
// An id is below 2^53, so that a browser's number holds it exactly (RFC 8259 §6),
// and ordered by time, so that new rows land side by side in an index:
//
//	41 bits milliseconds since 2026-01-01 | 4 bits leased node | 8 bits counter
//
// The counter starts at random in each millisecond. Ids are no secret; what a
// caller may see is decided by authorization, never by guessing being hard.
package id
