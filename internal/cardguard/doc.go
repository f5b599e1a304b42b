// Package cardguard keeps card numbers out of what clients send as JSON.
//
// Every string, name and number of a body is looked at before anything else reads it,
// except values that have a type of their own (our ids, dates, amounts, cursors, a
// phone number: its parser has the same guard). A finding names the place and never
// the value. "Never store sensitive payment data" (PCI DSS 3.3, 3.5).
package cardguard
