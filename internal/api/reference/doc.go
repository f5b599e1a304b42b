// Package reference serves the readable API reference at /docs: Swagger UI, embedded, drawing the server's own OpenAPI
// document in the visitor's browser.
//
//	GET /docs                 → 308 docs/
//	GET /docs/                → page.html, with the address of the OpenAPI document in its one link
//	GET /docs/start.js        → ours: reads that link, starts Swagger UI
//	GET /docs/swagger-ui*     → vendor files (assets/README.md), kept gzipped, sent so to whoever accepts gzip
//
// It owns the page, its assets and their headers. It must not import another Florin package, know a route of the API,
// call out, hold a credential, or carry an inline script: the content security policy forbids all of them to the browser.
package reference
