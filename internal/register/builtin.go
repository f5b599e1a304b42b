package register

import (
	"context"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
)

// activities are what Florin itself does with personal data, each with the tables that hold
// them. TestEveryTableHasAnActivity holds them to the schema: a register that misses a table
// is incomplete (Art. 30(1)).
func activities() []Processing {
	const law = "Years that tax and commercial law prescribe: [add yours]"
	return []Processing{
		{Name: "Customer accounts", Purposes: "To know, find and serve customers; to prevent duplicate accounts", Persons: "Customers",
			Data:      "Names, e-mail and postal addresses, phone numbers, dates of birth, references, preferences, notes and contacts with support; keyed fingerprints of them to search by",
			Retention: "Until the customer is erased; then a tombstone with number, time and certificate", Tables: []string{"customer", "customer_index", "customer_erased", "interaction", "customer_import"}},
		{Name: "Payments", Purposes: "To take, give back and account for payments; to answer disputes", Persons: "Customers; payers named in payment requests",
			Data:      "Names, addresses, e-mail, phone, amounts, dates, states, references of providers, answers of issuers; no card numbers",
			Retention: law + "; texts that name the person go when they are erased, amounts and dates stay",
			Tables: []string{"payment_request", "payment_link", "payment_attempt", "payment_log", "payment_refund", "payment_dispute", "payment_difference", "payment_notice", "payment_task", "customer_deposit",
				"sandbox_charge", "sandbox_refund", "sandbox_token", "sandbox_callback", "sandbox_dispute"}},
		{Name: "Saved payment methods", Purposes: "To let customers pay again without entering a card", Persons: "Customers", Data: "Provider's tokens, brand, last four digits, end date, name of the holder, label",
			Retention: "Until removed, expired or erased", Tables: []string{"payment_method"}},
		{Name: "Consents and objections", Purposes: "To show what customers agreed and objected to, and to keep to it", Persons: "Customers", Data: "Purpose, text and version, channel, address, times, the customer's words",
			Retention: "Until the customer is erased; links for days", Tables: []string{"consent", "objection", "customer_link"}},
		{Name: "Verification", Purposes: "To make sure that addresses, numbers and identities are the customer's", Persons: "Customers", Data: "What was verified, how, with which result and by whom; keyed fingerprints of codes",
			Retention: "Until the customer is erased", Tables: []string{"verification"}},
		{Name: "Screening", Purposes: "To find customers who stand in sanctions lists, and to keep a person's decision about each match", Persons: "Customers", Data: "Result, matches and the decision about each, with its reason",
			Retention: "Until the customer is erased", Tables: []string{"screening", "screening_match", "screening_pass"}},
		{Name: "Messages to customers", Purposes: "To send receipts and notices that customers want, and to notify the merchant's own systems", Persons: "Customers", Data: "E-mail address, text of the message, payment it is about",
			Retention: "Until sent, three days at most", Tables: []string{"notification"}},
		{Name: "Events to the merchant's systems", Purposes: "To tell connected systems what happened", Persons: "Customers", Data: "Numbers of customers, names of changed fields, answers of the receiving systems",
			Retention: "Events without an end; attempts for thirty days", Tables: []string{"event", "event_pending", "webhook_endpoint", "webhook_delivery", "webhook_attempt"}},
		{Name: "Rights of data subjects", Purposes: "To answer requests, to keep holds and restrictions, to inform recipients, to show that it was done", Persons: "Customers", Data: "What was asked, how identity was checked, evidence, exports, days",
			Retention: "The skeleton without an end; texts until erasure; exports for 90 days",
			Tables:    []string{"privacy_request", "privacy_request_step", "privacy_request_evidence", "restriction", "legal_hold", "erasure_job", "erasure_item", "disclosure", "recipient_notice", "export_link"}},
		{Name: "Data protection register", Purposes: "To keep the records that the GDPR asks of controllers", Persons: "Contacts of recipients, officers, staff", Data: "Names and contacts, texts",
			Retention: "[add yours]", Tables: []string{"recipient", "privacy_notice", "incident", "register_entry"}},
		{Name: "Access of staff and systems", Purposes: "To let in who may, and nobody else", Persons: "Staff",
			Data:      "Names, e-mail addresses, roles, password hashes, second factors, sessions with address and browser, API keys",
			Retention: "While somebody works here; sessions until they end", Tables: []string{"staff_user", "staff_address", "staff_role", "staff_session", "staff_totp", "staff_recovery", "staff_passkey", "staff_ceremony", "staff_identity",
				"identity_provider", "sign_in_wait", "api_key", "access_token", "rate_use"}},
		{Name: "Audit trail", Purposes: "To find misuse, to prove who saw or changed what (Art. 5(2), 32; PCI DSS 10)", Persons: "Staff, customers", Data: "Numbers of staff and customers, names of fields, network addresses, times; no values",
			Retention: "Without an end: records can't be taken out of the signed tree", Tables: []string{"audit_pending", "audit_segment"}},
		{Name: "Safe repetition of requests", Purposes: "To do what is asked twice only once", Persons: "Customers", Data: "Sealed answers to requests", Retention: "One day", Tables: []string{"idempotency", "idempotency_answer"}},
	}
}

// impersonal are tables that hold nothing of any person, with what they hold instead.
func impersonal() map[string]string {
	return map[string]string{
		"owner": "a merchant's settings", "purpose": "purposes and their grounds", "retention_policy": "how long classes of data are kept", "retention_run": "counts of what was removed", "origin_domain": "web addresses", "fee_table": "prices", "routing_rule": "rules", "provider_account": "credentials of accounts with providers",
		"payment_reconciliation": "days and counts", "lease": "names of nodes", "audit_checkpoint": "signed hashes", "audit_restore": "signed notes of backups that were put back",
	}
}

// security is what Florin does to protect data (Art. 32(1)), for Art. 30(1)(g).
const security = "Profiles sealed under a key for each customer, keys apart from data and renewed weekly; roles, second factors, masked values; each read and change in a signed audit trail; row-level security between owners; backups encrypted"

// DraftProcessing gives records of processing: what Florin does, with what the owner has recorded filled in,
// and what it can't know in brackets.
func (s *Service) DraftProcessing(ctx context.Context, g auth.Grant) ([]Processing, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	officer, _, err := s.officer(ctx, r)
	if err != nil {
		return nil, err
	}
	recipients, err := s.Recipients(ctx, r)
	if err != nil {
		return nil, err
	}
	all := activities()
	for i := range all {
		all[i].Controller = r.Owner.Name + ", [address and contact; joint controllers; representative]"
		all[i].Officer = contactOf(officer)
		all[i].Recipients = or(strings.Join(recipients, "; "), "none recorded: POST /privacy/recipients")
		all[i].Transfers = "[to third countries, with their safeguards, or none]"
		all[i].Security = security
		all[i].Basis = "[of Art. 6]"
		slices.Sort(all[i].Tables)
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RegisterRead})
}
