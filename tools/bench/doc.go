// Command bench measures Florin against floors: what the same machine does at the same
// moment with less. A figure alone says how fast a machine is; a ratio says what Florin
// costs, and holds elsewhere too.
//
//	go run ./tools/testpg -- go run ./tools/bench [flags]      (make bench ARGS="…")
//
//	build ./florin ─→ serve on 127.0.0.1 ─→ first creates give the sizes of real rows
//	     for each row of the table, in short slices by turns:
//	         floor   net/http + encoding/json in a process of its own (floor-http),
//	                 raw SQLite of the same statements, pgbench of the same statements
//	         florin  the same requests over the same client
//	     ratio of each pair of slices ─→ median (least to most) ─→ Markdown, --json
//
// The load generator shares the machine's cores with what it measures and is therefore
// plain: one goroutine a connection, bytes written and read as they are. Before a floor's
// turn Florin may finish what it does after the answer (sealing, numbering events); how
// long that took is reported, so that deferred work cannot hide.
//
// It talks to loopback only, ends what it started by process id, and removes its folder
// and databases. It must not become a test: a timed test fails on a busy machine.
package main
