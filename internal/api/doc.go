// Package api is the HTTP API: the routes on one screen, a file for each resource.
//
//	routes.go     every operation: method, path, permission, audit action, limits
//	customers.go  decode → one call of customer.Service → encode
//	admin.go      owners, settings, API keys, audit, events
//	openapi.go    the document at /openapi.json, made from the routes themselves
//
// Handlers know HTTP and JSON and decide nothing: rules live in the features, and what
// every request passes lives in the gate.
package api

//go:generate go test -count=1 -run ^TestGeneratedDocuments$ . -update
