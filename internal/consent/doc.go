// Package consent keeps what customers agreed to: purpose, policy version, channel,
// evidence, when it was given and when withdrawn (GDPR Art. 7). A row is never changed
// but for the withdrawal, so the table is the history.
//
// Saving a payment method is the first purpose that needs one. Table: consent, whose
// evidence is sealed under the customer's key.
package consent
