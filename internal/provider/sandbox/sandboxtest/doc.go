// Package sandboxtest puts a sandbox on a test's own database, with a clock that the test
// moves and the callbacks in its hands.
//
//	desk := sandboxtest.New(t, store)
//	desk.Connector.Authorise(ctx, desk.Account, desk.Charge(sandboxtest.Card(t, number)))
//	desk.Advance(sandbox.Delay); desk.Callbacks(t)
//
// Only tests import it.
package sandboxtest
