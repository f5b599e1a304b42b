// Package customerpage is the page on which customers say what may be done with their data:
// {public-url}/your-data/{token}.
//
//	GET  /your-data/{token}   what they are asked, or how it stands
//	POST /your-data/{token}   do=confirm | withdraw ─→ 303 back to the page
//
// The token is all that lets anyone in. It comes by mail, and mail travels: the page shows
// the merchant, the purpose and the first letters of a name, and no address, card or payment.
// Nothing is decided by GET, since scanners of mail open every link. The page works without
// scripts, and has none. Nothing is set in the browser: no cookie, no storage.
package customerpage
