// Package paypage is the page that people pay on: {public-url}/pay/{token}.
//
//	GET  /pay/{token}            what is to be paid and how, or how it went
//	POST /pay/{token} ─ approved ─→ 303 /return
//	                  ├ challenge ─→ 303 /continue ─→ bank, wallet or provider ─→ /return
//	                  ├ declined ──→ 402, the form again with the reason
//	                  └ form faults → 422, the form again with each fault beside its field
//	GET  /pay/{token}/return     asks the provider how it stands; on to the shop, or the state
//	POST /pay/{token}/again      ends the try under way for another one
//
// The token is all that lets anyone in, and whoever holds the link may pay. A link travels:
// by mail, by chat, through forwarding. So the page never shows a saved card, not its last
// four digits either, nor the customer's name or address, and never charges a saved one.
// Why a card was declined is told to the one who typed it and to nobody who opens the link
// later.
//
// The page works without scripts. It has one, of two lines, that wipes the form when the
// page is left; the policy names it by its hash, and it is the whole list for PCI DSS 6.4.3
// and 11.6.1. Form targets are 'self' only (CSP form-action). Browsers apply
// that to the redirect after a POST too, so a POST never redirects away from us: /continue
// and /return are pages that lead on (WCAG technique H76), and any bank or shop can be
// reached though none is known beforehand.
//
// A card passes through as card.Card and is never written into the page again. Nothing is
// set in the browser: no cookie, no storage.
package paypage
