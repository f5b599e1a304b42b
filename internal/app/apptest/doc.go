// Package apptest runs a whole Florin inside a test, on each engine, with its HTTP
// server on loopback and its first credentials at hand.
package apptest
