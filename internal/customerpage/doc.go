// Package customerpage is the pages that customers open from a link in a mail, about
// themselves.
//
//	GET  /your-data/{token}   a consent that they are asked for, or how it stands
//	POST /your-data/{token}   do=confirm | withdraw ─→ 303 back to the page
//	                          or whether their data are still right, masked
//	POST                      do=current | wrong with a note, once
//	GET  /export/{token}      what the link is for
//	POST /export/{token}      the zip of what is kept of them (GDPR Art. 15 and 20)
//
// The token is all that lets anyone in. It comes by mail, and mail travels: a page shows the
// merchant, what is asked and masked values, and no card or payment. Nothing is decided or fetched
// by GET, since scanners of mail open every link. A token that is wrong, over or withdrawn
// answers as one that never was. The pages work without scripts, and have none; nothing is
// set in the browser: no cookie, no storage.
package customerpage
