// Package verification finds out whether what a customer told is theirs: an e-mail address
// and a phone number by a code that only its holder can read, an identity by somebody who
// looks at documents.
//
//	Start ─ one unit: row, the customer's check "pending", event, audit
//	      ─ then, outside of it: Sender.Send (a code) or Checker.Start (an applicant)
//	Check ─ a try is counted in the unit that answers it, right or wrong
//	Callback, RunDue ─ what a checker says, in any order and any number of times
//
// A code is six digits, good for ten minutes and five tries, and kept only as a keyed
// fingerprint. Of an identity only the result, its reasons and the applicant's number are
// kept: documents and pictures never come here. What is known then stands in the customer's
// own document (customer.Checks), and a change of the address, number or name takes it back.
//
// Table: verification. HTTP is unknown here, but for calls to the outside by egress.
package verification
