// Package leave is an owner's end (GDPR Art. 28(3)(g)): everything of theirs in one file
// that can be read without Florin, and then nothing of theirs any more.
//
//	Export:  archive.Tables() → rows of both modes, opened → NDJSON in a zip, with a manifest
//	Destroy: leaving → what is due → keys → rows, in batches → a tombstone
//
// It is the one package besides a table's own that deletes rows, by the list of package
// archive. Keys go before rows, so that whatever stops it in between, nothing can be
// read again; run again, it goes on.
//
// It writes the status of owner, and otherwise only deletes.
package leave
