// Package gate is what every request passes, in one order and in one place:
//
//	request id → limits → credential → rate → permission → card guard → body
//	→ idempotency key → the route's handler → answer
//
// A handler therefore gets a Grant, a parsed body and nothing else to worry about,
// and returns bytes or an error. One table turns kinds of errors into statuses; what
// is not a *fault.Error is 500 and silent. Every refusal of a known caller is in the
// audit trail before it is answered; strangers are counted.
//
// A route without permission, audit action, body limit and rate class does not start
// the server. The gate knows no customer and no SQL.
package gate
