// Package leave is an owner's end (GDPR Art. 28(3)(g)): everything of theirs in one file
// that can be read without Florin, and then nothing of theirs any more.
//
//	Export:  tables() → rows of both modes, opened → NDJSON in a zip, with a manifest
//	Destroy: leaving → what is due → keys → rows, in batches → a tombstone
//
// It knows every table that holds an owner's rows, and is the one package besides a
// table's own that reads and deletes them: a test fails when a table or a column is not
// in the list. Keys go before rows, so that whatever stops it in between, nothing can be
// read again; run again, it goes on.
//
// It writes the status of owner, and otherwise only deletes.
package leave
