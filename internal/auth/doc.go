// Package auth is who acts, what they may do, and the proof that they may.
//
// An Actor comes out of a credential. Allow turns an Actor and a Permission into a
// Grant, and is the only thing that can: a Grant has no exported fields and no other
// constructor but System, for the program's own work. Features take a Grant where
// they reach the store, so neither the permission nor the realm can be forgotten.
//
//	gate: key → Actor → Allow(actor, CustomersRead) → Grant → customer.Service.Get
//
// Plain values only: no storage, no HTTP, no clock.
package auth
