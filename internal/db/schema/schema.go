package schema

import (
	"embed"
	"io/fs"

	"github.com/florin-gateway/florin/internal/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Main adds the main database's migrations and rights to a configuration. The realm
// role can't change an audit record or an event; the worker sees no customer. What only
// the end of an owner deletes (internal/leave) can be deleted by whoever may see it.
func Main(c db.Config) db.Config {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	c.Migrations = files
	c.AppTables, c.WorkerTables = appTables(), workerTables()
	return c
}

// appTables are the rights of a realm.
func appTables() map[string]string {
	return map[string]string{
		"customer":                 "SELECT, INSERT, UPDATE, DELETE",
		"customer_index":           "SELECT, INSERT, UPDATE, DELETE",
		"customer_erased":          "SELECT, INSERT, UPDATE, DELETE",
		"interaction":              "SELECT, INSERT, UPDATE, DELETE",
		"restriction":              "SELECT, INSERT, DELETE",
		"legal_hold":               "SELECT, INSERT, UPDATE, DELETE",
		"export_link":              "SELECT, INSERT, UPDATE, DELETE",
		"customer_import":          "SELECT, INSERT, DELETE",
		"erasure_job":              "SELECT, INSERT, UPDATE, DELETE",
		"erasure_item":             "SELECT, INSERT, UPDATE, DELETE",
		"privacy_request":          "SELECT, INSERT, UPDATE, DELETE",
		"privacy_request_step":     "SELECT, INSERT, UPDATE, DELETE",
		"privacy_request_evidence": "SELECT, INSERT, UPDATE, DELETE",
		"recipient":                "SELECT, INSERT, UPDATE, DELETE",
		"disclosure":               "SELECT, INSERT, DELETE",
		"recipient_notice":         "SELECT, INSERT, UPDATE, DELETE",
		"privacy_notice":           "SELECT, INSERT, DELETE",
		"incident":                 "SELECT, INSERT, UPDATE, DELETE",
		"register_entry":           "SELECT, INSERT, UPDATE, DELETE",
		"verification":             "SELECT, INSERT, UPDATE, DELETE",
		"screening":                "SELECT, INSERT, UPDATE, DELETE",
		"screening_match":          "SELECT, INSERT, UPDATE, DELETE",
		"screening_pass":           "SELECT, INSERT, UPDATE, DELETE",
		"idempotency":              "SELECT, INSERT",
		"idempotency_answer":       "SELECT, INSERT, UPDATE",
		"audit_pending":            "SELECT, INSERT",
		"audit_segment":            "SELECT",
		"event_pending":            "INSERT",
		"event":                    "SELECT",
		"origin_domain":            "SELECT, INSERT, DELETE",
		"customer_deposit":         "SELECT, INSERT, UPDATE, DELETE",
		"consent":                  "SELECT, INSERT, UPDATE, DELETE",
		"objection":                "SELECT, INSERT, UPDATE, DELETE",
		"purpose":                  "SELECT, INSERT, DELETE",
		"customer_link":            "SELECT, INSERT, DELETE",
		"retention_policy":         "SELECT, INSERT, UPDATE, DELETE",
		"retention_run":            "SELECT, INSERT, DELETE",
		"fee_table":                "SELECT, INSERT, UPDATE, DELETE",
		"provider_account":         "SELECT, INSERT, UPDATE, DELETE",
		"routing_rule":             "SELECT, INSERT, UPDATE, DELETE",
		"payment_method":           "SELECT, INSERT, UPDATE, DELETE",
		"payment_request":          "SELECT, INSERT, UPDATE, DELETE",
		"payment_link":             "SELECT, INSERT, UPDATE, DELETE",
		"payment_attempt":          "SELECT, INSERT, UPDATE, DELETE",
		"payment_log":              "SELECT, INSERT, DELETE",
		"payment_refund":           "SELECT, INSERT, UPDATE, DELETE",
		"payment_dispute":          "SELECT, INSERT, UPDATE, DELETE",
		"payment_notice":           "SELECT, INSERT",
		"payment_task":             "SELECT, INSERT, UPDATE, DELETE",
		"payment_reconciliation":   "SELECT, INSERT, DELETE",
		"payment_difference":       "SELECT, INSERT, DELETE",
		"notification":             "SELECT, INSERT, UPDATE, DELETE",
		"webhook_endpoint":         "SELECT, INSERT, UPDATE, DELETE",
		"webhook_delivery":         "SELECT, INSERT, UPDATE, DELETE",
		"webhook_attempt":          "SELECT, INSERT, UPDATE, DELETE",
		"sandbox_charge":           "SELECT, INSERT, UPDATE, DELETE",
		"sandbox_refund":           "SELECT, INSERT, UPDATE, DELETE",
		"sandbox_token":            "SELECT, INSERT, UPDATE, DELETE",
		"sandbox_callback":         "SELECT, INSERT, UPDATE, DELETE",
		"sandbox_dispute":          "SELECT, INSERT, UPDATE, DELETE",
	}
}

// workerTables are the rights of what works for all realms.
func workerTables() map[string]string {
	return map[string]string{
		"owner":              "SELECT, INSERT, UPDATE",
		"staff_user":         "SELECT, INSERT, UPDATE, DELETE",
		"staff_session":      "SELECT, INSERT, UPDATE, DELETE",
		"staff_role":         "SELECT, INSERT, UPDATE, DELETE",
		"access_token":       "SELECT, INSERT, DELETE",
		"staff_address":      "SELECT, INSERT, UPDATE, DELETE",
		"staff_totp":         "SELECT, INSERT, UPDATE, DELETE",
		"staff_recovery":     "SELECT, INSERT, DELETE",
		"staff_passkey":      "SELECT, INSERT, UPDATE, DELETE",
		"staff_ceremony":     "SELECT, INSERT, DELETE",
		"identity_provider":  "SELECT, INSERT, UPDATE, DELETE",
		"staff_identity":     "SELECT, INSERT, DELETE",
		"sign_in_wait":       "SELECT, INSERT, UPDATE, DELETE",
		"api_key":            "SELECT, INSERT, UPDATE, DELETE",
		"lease":              "SELECT, INSERT, UPDATE, DELETE",
		"rate_use":           "SELECT, INSERT, UPDATE, DELETE",
		"audit_pending":      "SELECT, INSERT, DELETE",
		"audit_segment":      "SELECT, INSERT",
		"audit_checkpoint":   "SELECT, INSERT",
		"audit_restore":      "SELECT, INSERT, UPDATE",
		"event_pending":      "SELECT, DELETE",
		"event":              "SELECT, INSERT, DELETE",
		"idempotency":        "SELECT, INSERT, DELETE",
		"idempotency_answer": "SELECT, INSERT, DELETE",
		"customer_erased":    "SELECT",
		"erasure_job":        "SELECT",
		"verification":       "SELECT",
		"export_link":        "SELECT",
		"payment_link":       "SELECT",
		"customer_link":      "SELECT",
		"payment_task":       "SELECT",
		"payment_notice":     "SELECT, DELETE",
		"notification":       "SELECT",
		"webhook_endpoint":   "SELECT",
		"webhook_delivery":   "SELECT",
		"sandbox_charge":     "SELECT", // a challenge is found by the hash of its token
		"sandbox_callback":   "SELECT, UPDATE, DELETE",
	}
}
