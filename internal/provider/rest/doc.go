// Package rest is a connector for any provider with a simple JSON API, set up by one
// document instead of code.
//
//	Charge → values → templates of path, headers and body → egress → JSON → paths → Outcome
//	callback → HMAC over its bytes → JSON → paths → Notice
//
// The document (config.go, docs/providers.md) says for each call its method, path and body,
// where the answer has what, and what the provider's words mean. Values enter a template by
// json, path or header alone, which escape them: a template that leaves one of them out is
// refused when it is saved. Check tells every fault of a document and what to do.
//
// It keeps nothing and puts nothing of request or answer into an error.
package rest
