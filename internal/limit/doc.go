// Package limit is how much somebody may do in a time, whichever node they come to.
//
// Each node counts in memory and answers from memory. Nodes that share a database tell
// one another, four times a second, what was taken since: one row for each bucket that
// is used much, and nothing at all for the others.
//
//	Take → this node's bucket ⇄ exchange (every 250 ms) ⇄ rate_use ⇄ other nodes' buckets
//
// A row says when the bucket will be full again, for all nodes together; each takes of
// what is left the share that it used lately. So a request never waits for the database,
// and for some milliseconds nodes can give out more than there is: they then owe it, and
// get it back by refusing. Decision 0024 says how much that can be.
//
// Tables: rate_use. It must know no HTTP, no owner and no credential.
package limit
