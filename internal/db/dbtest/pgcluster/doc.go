// Package pgcluster starts private PostgreSQL clusters for tests.
//
// It owns a cluster's whole life: a temporary folder, initdb, the server
// process and its end, gentle (Stop) or not (Kill). It owns no schema and no
// connection pool; package dbtest builds on it.
//
//	Find ──> Binaries ──> Start ──> Cluster ──┬─ URL, DataDir, Socket
//	(env, pg_config,      (initdb,            ├─ Stop ─┐
//	 /usr/lib, PATH)       postgres,          ├─ Kill ─┴─> Resume
//	                       wait for SQL)      ├─ Standby (streaming replica)
//	                                          └─ Close (Stop and remove)
//
// fsync is on unless Options.Fast says otherwise, because a crash test on a
// cluster without it proves nothing. The server listens on 127.0.0.1 only,
// with a random password (SCRAM), and runs as an unprivileged user when the
// caller is root, which the server insists on:
// https://www.postgresql.org/docs/current/postgres-user.html
//
// It must not be imported outside tests and tools, and it never touches a
// cluster that it did not make.
package pgcluster
