// Package idempotency makes a repeated request have one effect and one answer.
//
//	Claim → the handler's unit records (key, fingerprint, answer) with its effect
//	      → a repetition breaks the primary key, undoes itself and finds the answer
//
// The record is written in the unit of the effect, so a crash leaves both or neither,
// and no lookup is paid by the first request. Keys and bodies are kept as keyed
// fingerprints; an answer about a customer is sealed under that customer's own key,
// so that erasing the customer erases the answer (GDPR Art. 17): its replay is 410.
//
// Tables: idempotency, idempotency_answer.
package idempotency
