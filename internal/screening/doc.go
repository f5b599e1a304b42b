// Package screening looks customers up in sanctions lists and keeps what somebody decided
// about those it found.
//
//	florin screening load ─ Parse, Install ─→ a file in the data folder ─→ Lists, in memory
//	Screen ─ Engine.Search ─ one unit: matches, the customer's check, event, audit
//	Decide ─ a match is the customer (confirmed) or somebody else (false_positive), and why
//	Run    ─ who is new or changed, and everybody after a new list
//
// Lists are public and the same for all owners: they are files, not rows. What is found is
// a customer's and sealed under their key. A false positive stays quiet until the entry or
// the customer says something else. Whoever is confirmed pays and is paid no more (package payment asks
// Confirmed); they are not told (Directive (EU) 2015/849 Art. 39).
//
// Tables: screening, screening_match, screening_pass.
package screening
