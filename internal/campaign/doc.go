// Package campaign holds the safety campaigns: tests that treat the real program as a
// process and take away its power, its database, its keys or its time.
//
//	go build ──> florin ──┬─ serve under load ──> kill, cut, stop ──> serve again ──> compare with the journal
//	                      └─ import, export, keys rotate, audit verify ──> exit codes and files
//
// The journal is what clients were told. It is kept outside the program and decides:
// what was acknowledged must be there, once, with that content or newer.
//
// Defaults are small enough for every run of the tests; flags behind -args make them
// long: -cycles (kills and cuts), -rows (import), -persons (erasures), -seed. The Makefile has a target for
// each.
//
// The package owns no production code and must not reach into the program: only its
// command line, its HTTP interface and the files it leaves. The one exception is the
// audit trail's tamper test, which edits tables as somebody with the disk would.
package campaign
