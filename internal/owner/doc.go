// Package owner is the merchants whose customers Florin keeps.
//
// An owner has two realms, live and test, which share nothing but the owner's keys
// and settings. Settings are read on every request and cached for a second at most.
//
//	Create ─→ vault keys, then the row ─→ access gives its first API key
//
// Table: owner.
package owner
