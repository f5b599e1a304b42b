// Package event is the outbox: what happened, recorded in the unit that made it so.
//
//	Record(tx, …) ─→ event_pending ─ sequencer, after commit ─→ event (seq 1, 2, 3 …)
//
// An id is taken before its commit, so an event with a smaller id can appear after a
// larger one was read; a reader that goes by ids would miss it for ever. Numbers are
// therefore given by the sequencer to rows that are already committed, one realm at
// a time and without a gap, and readers go by numbers.
//
// Events name customers and changed fields and carry no personal value.
//
// Find looks into the log by time or id.
//
// Tables: event_pending, event.
package event
