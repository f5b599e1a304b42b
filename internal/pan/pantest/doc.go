// Package pantest makes card numbers and the disguises people and programs put them in, for tests of everything that
// must refuse them.
//
//	for _, number := range pantest.Numbers(1, 100) {
//		for _, text := range pantest.Disguises(number) { … must be refused … }
//	}
//
// The numbers are drawn from the schemes' ranges with a right check digit; nobody's card is meant. Its table of issuers
// is written apart from package pan's on purpose, so that one can find a mistake in the other. It must be imported by
// tests only.
package pantest
