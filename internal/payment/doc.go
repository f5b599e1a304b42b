// Package payment is how customers pay: payment requests, the attempts to pay them,
// refunds and disputes, and what these make of a customer's sums.
//
//	Create ─→ 0 waiting ──Pay──→ 4 pending ─→ 1 paid      (refunds, chargebacks beside it)
//	              │                 │  ↑
//	              │                 ↓  │ another try
//	              │               2 unpaid
//	              └─ release, expiry ─→ 3 cancelled
//
// A payment is two units with a provider's answer between them:
//
//	start   0 or 2 → 4, the attempt, a task "ask about it" due soon      pay.go
//	call    Connector.Authorise, with the attempt's key                  outside any unit
//	settle  4 → 1 or 2, sums, log, event, audit, notification            settle.go
//
// A crash anywhere leaves the task, and the completer (task.go) asks the provider by the
// attempt's key and settles what it says. Nothing is charged twice: the key is the same,
// and the unit that starts an attempt is conditional on the request's version.
//
// settle takes any outcome in any order and any number of times: states only move up, an
// approval that nobody waits for any more is given back. Which moves are legal at all is
// held by the constraint payment_move, below every program.
//
// Tables: payment_request, payment_link, payment_attempt, payment_log, payment_refund,
// payment_dispute, payment_notice, payment_task. Card data pass through in card.Card and
// reach no table.
package payment
