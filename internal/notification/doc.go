// Package notification tells a merchant's system how a payment request ended: a form post
// to its notifyUrl, signed, at least once, through restarts (wire contract, section 6).
//
//	Add(tx, …)  in the unit of the payment: address and body, sealed   → table notification
//	DeliverDue  claims what is due, posts it, and deletes it or waits longer
//
// A row is claimed by moving its due time on a condition, so several nodes share the work
// and a crash only means that it is sent again. After three days it is given up, and the
// trail says so. Where an address may lead is egress's to decide, at the moment of the
// connection.
//
// Mails to customers go the same way, by channel.
package notification
