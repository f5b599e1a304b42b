// Package dbtest gives tests real databases: an SQLite file of their own, and a
// database of their own on the PostgreSQL server that `make test` starts.
package dbtest
