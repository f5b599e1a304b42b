// Package provider is what a payment service provider can do, said once: the small
// interface that every connector stands behind, and the values that cross it.
//
//	payment ─ Charge ─→ Connector.Authorise ─→ Outcome
//	        ←─ Notice ─ Connector.ParseCallback ←─ the provider's callback
//	        ─ Ref ────→ Connector.Fetch ─→ Outcome     (after a crash, a timeout, a doubt)
//
// Below it: sandbox (built in, test mode only), stripe, rest (any simple JSON API, by
// configuration), and providertest, the suite that each of them passes.
//
// Every call that moves money carries a Key of ours that stays the same when the call is
// made again: a provider does nothing twice for one key. A call ends in one of three ways:
// an Outcome; an error that wraps ErrUnavailable, which promises that nothing happened, so
// that another provider may be tried; any other error, after which nobody knows and the
// provider must be asked (Fetch), never charged again blind.
//
// Connectors keep no state of ours and know no customer: names and addresses pass through
// to those providers that want them.
package provider
