// Package webpagetest holds a page's texts to each other and to its templates, in the tests
// of the packages that have pages. It renders nothing.
package webpagetest
