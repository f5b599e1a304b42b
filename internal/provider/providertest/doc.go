// Package providertest is the suite that every connector passes: what package provider
// promises, asked of a connector and of the books of the provider behind it.
//
//	providertest.Run(t, providertest.Harness{Connector: …, Charge: …, Book: …})
//
// The harness knows how to make its provider approve, decline, challenge or be late; the
// suite knows nothing of any provider. Each refusal has a twin that succeeds. Every error
// of the run is searched for card digits, codes, secrets and what the payer told.
//
// Only tests import it.
package providertest
