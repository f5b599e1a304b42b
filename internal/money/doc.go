// Package money is amounts in minor units and their way to JSON.
//
// An amount is an int64 of the currency's smallest unit (ISO 4217 exponent), never a
// floating-point number: 0.1 has no exact binary form.
package money
