// Package lease lets one node at a time do a piece of work, and gives each node a
// number of its own.
//
// A lease is a row with a holder and an end. Whoever finds the end passed may take it;
// the holder renews it well before. Rows are used instead of advisory locks because a
// connection pooler moves sessions about (ADR 0003).
//
// Table: lease.
package lease
