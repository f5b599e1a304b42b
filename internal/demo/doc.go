// Package demo invents customers: the rows behind `florin demo generate --seed N --count M`, as CSV or NDJSON in the
// shape of the API's create body, so that a new installation, a load run or an import has something like the world in it.
//
//	New(Options) → Generator ── Next ──► Row ──► WriteCSV / WriteNDJSON ──► io.Writer
//	                  │
//	                  └─ countries: names, streets, places, phone spellings (europe.go, asia.go, elsewhere.go)
//
// The same Options give the same bytes on every machine: randomness is a PCG that the Generator owns, and no clock is
// read. E-mail domains are reserved ones (RFC 2606, RFC 6761, IANA's IDN test domains). Phone numbers are valid for their
// country, mostly variations of libphonenumber's examples, so a demo must never dial or text them. No value passes for a
// card number (PCI DSS 6.5.5, 6.5.6).
//
// It must not reach a database, the network or a real person's data, and nothing outside a demo may depend on its tables.
package demo
