// Package clock is the only place that asks the machine for the time.
//
// Everything else takes a Clock, because a Go program's time can't be moved from
// outside and expiry, retention and retry must be testable over 400 days.
package clock
