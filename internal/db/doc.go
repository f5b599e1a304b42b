// Package db is the two databases behind one set of methods: SQLite in a file of its
// own, or PostgreSQL.
//
// A write is a unit: the statements of one function, all or none. Exec only queues;
// a unit that never asks a question is *blind* and is committed together with the
// others that wait, by one fsync for all of them (group commit), which is where
// throughput comes from. A unit that asks (Tx.One, Tx.Each) has the writer, or a
// transaction of its own, from its first question on.
//
//	Write(ctx, scope, fn) ─ fn queues only ─→ committer: many units, one commit
//	                      └ fn asks ───────→ its own turn, then the same commit
//	WriteEarly ─ durable no later than any unit written after it
//	One / Each(ctx, scope, sql, …) ────────→ a reader, one round trip
//
// Every call carries a Scope: one realm, or the worker for work that has no realm
// (finding a credential, sealing, numbering events). On PostgreSQL the scope becomes
// a role and a setting that forced row-level security reads; on SQLite the WHERE of
// each statement is all there is, so each statement names its realm.
//
// One SQL text serves both engines: $1 placeholders in order, ON CONFLICT,
// RETURNING, row values; no JSON functions, arrays, now(), triggers. Times are
// BIGINT milliseconds since 1970. Engine-specific text lives in this package alone.
//
// This package must not know a table's meaning: SQL belongs to the features.
package db
