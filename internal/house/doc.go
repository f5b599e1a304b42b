// Package house holds the tests that keep the whole repository in shape. It
// has no code of its own.
//
//	all .go files ──> parse once ──┬─ ladder    who may import whom (ladder_test.go)
//	git ls-files ──> read once     ├─ clock     nobody reads the time but internal/clock
//	                               ├─ state     no init, no changing package variables
//	                               ├─ imports   ciphers in vault, drivers in db
//	                               ├─ names     no util, no manager; a doc.go everywhere
//	                               └─ strings   nothing of the machine it was written on
//
// A rule is a function from a parsed tree to faults, so each is tested against
// a small tree that breaks it and one that does not, then run on ours. A rule
// must name the place and the reason, because whoever breaks it reads only
// that.
package house
