// Package backup makes, checks and restores backups of the two databases, each by itself:
// data may be kept for years, a keystore for days.
//
//	Maker.Create    snapshot beside the server ─→ age ─→ file ─→ signed manifest ─→ final name
//	Reader.Verify   signature, files, digests, decryption to the end, integrity, rows
//	Target.Restore  into an empty place: keystore, then data with a signed record of it
//	Replay.Run      before a port opens: what was erased since the backup, erased again
//
// A backup is a folder of two files: the manifest, a note signed by the key of the audit
// trail, and the database, encrypted. Epoch keys are in no backup (package vault), so that
// no old copy of both databases opens what was erased since.
//
// Nothing here reads a personal value. It owns no table.
package backup
