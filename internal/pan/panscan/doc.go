// Package panscan looks for card numbers in files of any kind, byte by byte: databases,
// logs, keystores, dumps (PCI DSS 3.2.1, 12.5.2: know where account data is, and that it
// is not where it must not be).
//
//	Reader ─→ windows of 1 MiB that overlap ─┬─ digits, whole or in groups, also UTF-16
//	                                         ├─ runs of hex, both halves    ─→ decoded, digits again
//	                                         ├─ runs of base64, four phases ─→ decoded, digits again
//	                                         └─ percent and \u escapes      ─→ decoded, digits again
//
// A number is a whole run of 12 to 19 digits between bytes that are none, or groups of 3
// to 6 digits with one separator between them, for which package pan says that an issuer
// has this prefix at this length and that its check digit is right. Looser rules, as for
// what people type, would find numbers in any database.
//
// Of random bytes at most one in 10^16 begins such a number: 13 digits in a row come once
// in 256^13/10^13 of them, base64 of 13 digits is rarer still. A sealed database gives no
// alarm by chance. Among numbers that people write, about one in thirty of those with 16
// digits passes for a card.
//
// Digits within words of more than 32 letters and digits are those of digests and tokens
// and count only as hex or base64. What is compressed or encrypted is not looked into, and
// a number that a database splits over two pages is not seen.
//
// It tells where a number is and never the number.
package panscan
