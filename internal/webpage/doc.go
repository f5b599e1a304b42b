// Package webpage is what the pages for people outside have in common: their languages, the
// look in an owner's colour, the head and foot of a page, the headers that let it talk to
// nobody else, and the check that a form came from the page itself.
//
//	texts/xx.json of a page ──→ Speech.Choose ──→ Tongue ──→ View.Say in its templates
//
// What a page shows and does is its own package's: paypage, customerpage, console.
package webpage
