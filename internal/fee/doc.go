// Package fee is what an owner's fee tables make of a payment: a percentage and a fixed
// part, with a floor and a ceiling, by way of paying and currency. The most specific
// table wins; without one a payment costs nothing.
//
//	amount (gross) − fee = net
//
// Table: fee_table.
package fee
