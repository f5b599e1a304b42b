// Package fault is what goes wrong, said once.
//
// A feature returns a *fault.Error with a kind (what sort of refusal this is), a
// stable code that clients may branch on, and a message for people. The gate alone
// turns kinds into HTTP statuses; an error that is not a *fault.Error is a defect
// and leaves the process as 500 without its text.
//
//	customer.Service → fault.New(fault.Conflict, fault.CustomerDuplicate, "…")
//	gate             → 409 {"error":{"code":"CUSTOMER_DUPLICATE",…}}
//
// No message, detail or cause may hold a value that a client sent: a name, an
// address or a card number in an error ends in logs and in other people's screens.
package fault
