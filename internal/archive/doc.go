// Package archive knows every table that holds an owner's rows, and reads them opened: for
// an owner who leaves, and for a customer who wants their data (GDPR Art. 15 and 20).
//
//	Tables() ─┬→ Each:   all rows of an owner's realm
//	          └→ EachOf: those about one customer
//
// A test fails when a table or a column of the schema is not in the list, so that nothing
// is forgotten. Secrets that open other systems are left out. It writes nothing.
package archive
