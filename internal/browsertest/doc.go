// Package browsertest lets tests use pages as people do: in Chromium, at a given size, by
// mouse and by keyboard.
//
//	var browser browsertest.Browser
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Run(m, &browser)) }
//
//	b := browser.Open(t, 390, 844, true)
//	b.Visit(address)
//	b.Until("Paid")
//
// Every step ends with an answer or fails the test. Imported by tests alone.
package browsertest
