// Package audit is the trail: who did or saw what of whom, when, from where, and
// with what result, in a form that shows when somebody has changed it.
//
//	Add(tx, …)  in the unit of a change        ┐
//	Note(…)     durable before a read's answer ├─→ audit_pending
//	            or a refusal's                 ┘
//	sealer, at least each second: pending → audit_segment (sequence, RFC 6962 leaves)
//	                              + audit_checkpoint (signed tree head)
//	            after that commit: the checkpoint → the outside sink
//	Verify      recomputes everything from the records and names the first bad one;
//	            every bit of a sealed row is held: by the leaves, by the hash of the packed
//	            records behind them, by the signed head, by what follows from the records
//
// No chain runs through the write path: it would serialise an owner's writes. Records
// name customers and fields and hold no personal value, so that they stay true and
// say nothing after an erasure. If the sink can't be written for a minute, writes and
// personal reads stop: nothing happens unaudited (PCI DSS 10.7, ASVS 16.5.3).
//
// Tables: audit_pending, audit_segment, audit_checkpoint.
package audit
