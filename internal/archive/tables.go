package archive

import "strings"

// Table is what this package knows of one table.
type Table struct {
	Name string
	// columns are those that are exported, in order: text by default, or with a mark
	// behind the name for what it is. See kinds.
	columns string
	omitted string // columns that are not exported
	Key     string // of the rows of one realm or owner: they are ordered and deleted by it
	Owner   bool   // found by owner_id, and not by realm_id
	Worker  bool   // the worker's to delete
	keyFrom string // the table whose row names the subject key, by this table's column
	secret  string // members of the opened document that are not exported
	Why     string // nothing is exported, because
	Kept    bool   // rows stay when the owner goes
}

// kinds of columns.
const (
	number  = '#' // a whole number
	instant = '@' // milliseconds since 1970, 0 for never
	sealed  = '*' // sealed JSON
	words   = '~' // sealed text
	plain   = '$' // text
)

// Tables lists every table that holds rows of an owner, in the order in which they are
// destroyed: what is due first, so that nothing is begun without keys, and a row that others
// are found by after them.
func Tables() []Table {
	return append(Due(), Rest()...)
}

const transient = "is due, and ends with the owner"

// Due are the tables whose rows make somebody act.
func Due() []Table {
	return []Table{
		{Name: "payment_link", Key: "request_id", Why: "finds a payment page, by a hash"},
		{Name: "customer_link", Key: "id", Why: "finds pages of customers, by a hash"},
		{Name: "payment_task", Key: "subject_id, id", Why: transient},
		{Name: "notification", Key: "id", Why: transient},
		{Name: "webhook_delivery", Key: "endpoint_id, seq", Why: transient},
		{Name: "sandbox_callback", Key: "id", Why: transient},
		{Name: "erasure_item", columns: "job_id# customer_id# code$", Key: "job_id, customer_id"},
		{Name: "erasure_job", columns: "id# user_id# finished_at@", omitted: "owner_id mode", Key: "id"},
		{Name: "event_pending", Key: "id", Worker: true, Why: "has no number yet; with the owner suspended there are none after a second"},
		{Name: "webhook_endpoint", columns: "id# enabled# reason$ payload$ kinds$ position# failures# failing_since@ next_at@ told_at@ doc*", Key: "id", secret: "keys"},
	}
}

// Rest are all others.
func Rest() []Table {
	return []Table{
		{Name: "webhook_attempt", columns: "endpoint_id# id# event_id# kind$ customer_id# status# took# problem$ answered# answer~", Key: "endpoint_id, id"},
		{Name: "export_link", columns: "customer_id# id# user_id# expires_at@ withdrawn_at@ fetched# fetched_at@", omitted: "hash", Key: "customer_id, id"},
		{Name: "customer_import", columns: "customer_id# id# user_id# doc*", Key: "customer_id, id", keyFrom: "customer"},
		{Name: "restriction", columns: "customer_id# id# user_id# reason$ was# doc*", Key: "customer_id", keyFrom: "customer"},
		{Name: "legal_hold", columns: "customer_id# id# user_id# until_at@ released_at@ doc*", Key: "customer_id, id", keyFrom: "customer"},
		{Name: "verification", columns: "customer_id# id# user_id# kind$ status$ provider$ tries# expires_at@ end_id# told_at@ reached# doc*", omitted: "due_at", Key: "customer_id, id", keyFrom: "customer", secret: "hash"},
		{Name: "disclosure", columns: "customer_id# recipient_id# id# user_id#", Key: "customer_id, recipient_id"},
		{Name: "recipient_notice", columns: "id# customer_id# recipient_id# cause$ fields$ done_at@ user_id#", Key: "id"},
		{Name: "recipient", columns: "id# user_id# kind$ everyone# provider_id# ended_at@ doc*", Key: "id"},
		{Name: "incident", columns: "id# user_id# version# aware_at@ from_at@ to_at@ risk$ notified_at@ informed_at@ closed_at@ told# mailed# doc*", Key: "id"},
		{Name: "register_entry", columns: "kind$ id# user_id# doc*", Key: "kind, id"},
		{Name: "privacy_notice", columns: "id# user_id# language$ article$ points$ absent$ doc*", Key: "id"},
		{Name: "privacy_request_evidence", columns: "request_id# id# customer_id# user_id# kind$ sha256$ size# doc*", Key: "request_id, id", keyFrom: "customer"},
		{Name: "privacy_request_step", columns: "request_id# id# customer_id# user_id# step$ code$ fields$ object_id# doc*", Key: "request_id, id", keyFrom: "customer"},
		{Name: "privacy_request", columns: "id# customer_id# user_id# kind$ channel$ state$ version# received$ due$ extended# verified_at@ finished_at@ told# mailed# doc*", Key: "id", keyFrom: "customer"},
		{Name: "screening", columns: "customer_id# stamp$ at@", Key: "customer_id"},
		{Name: "screening_match", columns: "id# customer_id# status$ user_id# decided_at@ doc*", omitted: "mark", Key: "id", keyFrom: "customer"},
		{Name: "screening_pass", Key: "realm_id", Why: "how far screening is"},
		{Name: "interaction", columns: "customer_id# id# user_id# status# closed_at@ doc*", Key: "customer_id, id", keyFrom: "customer"},
		{Name: "consent", columns: "customer_id# id# user_id# purpose$ channel$ pending_until@ confirmed_at@ withdrawn_at@ doc* confirmation* withdrawal*", Key: "customer_id, id", keyFrom: "customer"},
		{Name: "objection", columns: "customer_id# id# user_id# purpose$ channel$ answer$ answered_at@ answered_by# doc* reason*", Key: "customer_id, id", keyFrom: "customer"},
		{Name: "payment_method", columns: "id# customer_id# key_id# provider_id# kind$ status# is_default# expires# told# consent_id# used_at@ doc*", omitted: "fingerprint", Key: "id"},
		{Name: "payment_attempt", columns: "id# request_id# customer_id# provider_id# kind$ state# amount# capture_at@ method_id# reference$ code$ doc*", Key: "id", keyFrom: "payment_request"},
		{Name: "payment_log", columns: "request_id# id# customer_id# attempt_id# provider_id# transaction_status# code$ amount# currency$", Key: "request_id, id"},
		{Name: "payment_refund", columns: "request_id# id# user_id# state# amount# base_amount# reference$", Key: "request_id, id"},
		{Name: "payment_dispute", columns: "id# request_id# customer_id# provider_id# reference$ state$ amount# currency$ base_amount# reason$ due_at@ evidence~", Key: "id"},
		{Name: "payment_notice", Key: "provider_id, hash", Worker: true, Why: "recognises providers' messages, by a hash"},
		{Name: "payment_difference", columns: "reconciliation_id# number# kind$ request_id# attempt_id# reference$ ours# theirs# currency$", Key: "reconciliation_id, number"},
		{Name: "payment_reconciliation", columns: "provider_id# day$ id# entries#", Key: "provider_id, day"},
		{Name: "payment_request", columns: `id# customer_id# key_id# user_id# version# was# status# archived# transaction_status# amount# currency$ base_currency$ rate$ base_amount#
			fee# refunded# base_refunded# refunding# charged_back# base_charged_back# attempts# attempt_id# provider_id# method_id# kind$ reference$ log_id# log_code$ expires_at@ paid_at@ doc*`,
			Key: "id", secret: "token"},
		{Name: "customer_deposit", columns: "customer_id# currency$ amount#", Key: "customer_id, currency"},
		{Name: "customer_index", Key: "kind, hash, slot", Why: "finds customers, by keyed fingerprints"},
		{Name: "customer", columns: "id# key_id# user_id# version# facts# status# has_payment_requests# total_deposits# updated_at@ confirmed_at@ active_at@ doc*", Key: "id"},
		{Name: "customer_erased", columns: "id# erased_at@ report$ certificate$", omitted: "key_id", Key: "id"},
		{Name: "purpose", columns: "id# name$ basis$ double_opt_in# marketing# active# user_id# doc*", Key: "id"},
		{Name: "retention_policy", columns: "class$ version# days# user_id# changed_at@", Key: "class"},
		{Name: "retention_run", columns: "id# user_id# removed# report$ certificate$", Key: "id"},
		{Name: "fee_table", columns: "id# method$ currency$ percent# fixed# minimum# maximum#", Key: "id"},
		{Name: "routing_rule", columns: "id# provider_id# priority# weight# methods$ currencies$ countries$ amount_from# amount_to#", Key: "id"},
		{Name: "provider_account", columns: "id# kind$ name$ enabled#", omitted: "doc", Key: "id"},
		{Name: "origin_domain", columns: "id# origin$", Key: "id"},
		{Name: "sandbox_charge", Key: "account_id, charge_key", Why: sandboxed},
		{Name: "sandbox_refund", Key: "account_id, refund_key", Why: sandboxed},
		{Name: "sandbox_token", Key: "account_id, hash", Why: sandboxed},
		{Name: "sandbox_dispute", Key: "account_id, id", Why: sandboxed},
		{Name: "event", columns: "seq# id# kind$ customer_id# object_id# fields$", Key: "seq", Worker: true},
		{Name: "idempotency", Key: "hash", Worker: true, Why: "recognises repeated requests of a day, by a hash"},
		{Name: "idempotency_answer", Key: "id", Worker: true, Why: "answers of a day to requests that may be repeated"},
		{Name: "api_key", columns: "id# mode$ name$ role$ permissions$ cidrs$ expires_at@ last_used_at@ created_at@ user_id#", omitted: "hash", Key: "id", Owner: true},
		{Name: "access_token", Key: "id", Owner: true, Why: "tokens of an hour"},
		{Name: "staff_role", columns: "id# name$ permissions$ changed_at@", Key: "id", Owner: true},
		{Name: "staff_totp", Key: "user_id", Owner: true, Why: factor},
		{Name: "staff_passkey", Key: "id", Owner: true, Why: factor},
		{Name: "staff_identity", Key: "hash", Owner: true, Why: "recognises people of identity providers, by a hash"},
		{Name: "identity_provider", columns: "id# enabled# role$ doc*", Key: "id", Owner: true, secret: "clientSecret"},
		{Name: "staff_session", Key: "id", Owner: true, Why: "sign-ins that are open"},
		{Name: "staff_user", columns: "id# profile* role$ created_at@ status$ invite_expires_at@", omitted: "password_hash email_index invite_hash password_short", Key: "id", Owner: true},
		{Name: "audit_pending", Kept: true, Why: "as audit.ndjson"},
		{Name: "audit_segment", Kept: true, Why: "as audit.ndjson"},
	}
}

const factor = "is a person's own way in here"

const sandboxed = "the built-in provider's own books of test mode"

// column is one of a table's.
type column struct {
	name string
	kind rune
}

func (t Table) exported() []column {
	var all []column
	for _, word := range strings.Fields(t.columns) {
		last := len(word) - 1
		all = append(all, column{word[:last], rune(word[last])})
	}
	return all
}

// By is the column whose value is the realm's or the owner's.
func (t Table) By() string {
	if t.Owner {
		return "owner_id"
	}
	return "realm_id"
}

// Exported reports whether anything of the table can be taken along; else Why says why not.
func (t Table) Exported() bool { return t.columns != "" }

// Columns are all that the list knows of: exported, left out, and the one it is found by.
func (t Table) Columns() []string {
	all := append(strings.Fields(t.omitted), t.By())
	for _, c := range t.exported() {
		all = append(all, c.name)
	}
	return all
}
