// Package mailtest is a mail server on loopback that keeps what it is given. Imported by
// tests alone.
package mailtest
