// Package method is saved payment methods: a provider's token and what may be shown of
// the card behind it, sealed under the customer's own key. Never a number.
//
//	Save   in the unit of the payment or call that keeps the method; the same card of the
//	       same customer is found by its keyed fingerprint and renewed, not doubled
//	List, Get, Change, Default, Remove
//	Expire marks cards whose month is over, and tells 30 days before
//
// A customer has at most one default method (a unique index holds it). Removing a method
// at its provider, and charging one, is payment's.
//
// Table: payment_method.
package method
