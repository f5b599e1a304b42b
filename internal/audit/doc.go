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
// A store that was restored from a backup has fewer records than outside checkpoints cover.
// A signed record of the restore says so, and every later checkpoint names it: who has the
// database and not the key can cut the trail, and can't call it a restore.
//
// Tables: audit_pending, audit_segment, audit_checkpoint, audit_restore.
package audit
