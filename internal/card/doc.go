// Package card is a payment card on its way through memory to a provider, and nowhere
// else (PCI DSS 3.2.1, 3.3.1).
//
// A Number, a Code and a Cryptogram have no printable form: fmt, slog and every
// marshaller get "[card data]" or an error. Only Reveal gives the digits, and only connectors below
// internal/provider may call it (a rule of internal/house).
//
// What may be kept is what PCI DSS 3.4.1 lets one show: brand, the first six or eight
// digits, the last four, the expiry.
package card
