// Package customer is the people who pay: their profiles, how they are found, and
// how they are forgotten.
//
//	Create(grant, body) ─ profile.go  check every field, all faults at once
//	                    ─ index.go    blind indexes of e-mail, phone, member id, words
//	                    ─ render.go   the answer's JSON, which is also what is sealed
//	                    ─ one unit: caller's record · row · indexes · audit · event
//
// Personal fields exist in clear only in memory. A row's doc is the sealed JSON of
// the profile in the shape of the answer, so a read decrypts and joins and parses
// nothing. Two customers of one realm never share a normal-form e-mail or member id
// unless the owner's policy allows it: slot 0 of the index can be held once.
//
// Every method takes an auth.Grant and touches that grant's realm alone; every
// answer that shows or changes somebody is in the audit trail before it is given.
//
// Tables: customer, customer_index, customer_erased, interaction. HTTP is unknown
// here.
package customer
