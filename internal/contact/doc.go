// Package contact owns the normal forms of what names and reaches a person: names, one-line texts, e-mail addresses,
// phone numbers, birth dates, and the codes of countries, currencies and languages.
//
//	as typed ──► Parse… ──► as kept ──► Normal, E164, NameWords ──► what is matched and searched
//
// Every parser is idempotent: what it returned it accepts unchanged. Its errors are short English for people and never
// hold the value. It must not know customers, storage or HTTP.
package contact
