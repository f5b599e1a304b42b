// Package routing is which provider takes a payment: an owner's accounts with providers,
// whose credentials are written and never read back, and the rules that choose among them.
//
//	Choose(method, amount, country) → accounts in the order in which they are tried
//	  rules by priority, equal ones by weight at random; without rules the oldest first
//
// In test mode an owner without an account has the built-in sandbox; in live mode an owner
// without one can't be paid (422 NO_PROVIDER), and the sandbox is never chosen.
//
// Tables: provider_account (sealed under the owner's key), routing_rule.
package routing
