// Package rate is what currencies were worth, from a source that the operator names
// (--rates-file): a JSON file with one base and the rates of each day, read again when it
// changes.
//
//	{"base":"USD","days":{"2026-11-24":{"EUR":"0.92","GBP":"0.79"}}}
//
// The file that is built in serves test mode alone: totals of real money must not rest on
// invented rates, so live mode without a source takes the base currency only.
package rate
