package leave

import "strings"

// table is what this package knows of one table.
type table struct {
	name string
	// columns are those that are exported, in order: text by default, or with a mark
	// behind the name for what it is. See kinds.
	columns string
	omitted string // columns that are not exported
	key     string // of the rows of one realm or owner: they are ordered and deleted by it
	owner   bool   // found by owner_id, and not by realm_id
	worker  bool   // the worker's to delete
	keyFrom string // the table whose row names the subject key, by this table's column
	secret  string // members of the opened document that are not exported
	why     string // nothing is exported, because
	kept    bool   // rows stay when the owner goes
}

// kinds of columns.
const (
	number  = '#' // a whole number
	instant = '@' // milliseconds since 1970, 0 for never
	sealed  = '*' // sealed JSON
	words   = '~' // sealed text
	plain   = '$' // text
)

// tables are in the order in which they are destroyed: what is due first, so that nothing
// is begun without keys, and a row that others are found by after them.
func tables() []table {
	return append(due(), rest()...)
}

const transient = "is due, and ends with the owner"

func due() []table {
	return []table{
		{name: "payment_link", key: "request_id", why: "finds a payment page, by a hash"},
		{name: "payment_task", key: "subject_id, id", why: transient},
		{name: "notification", key: "id", why: transient},
		{name: "webhook_delivery", key: "endpoint_id, seq", why: transient},
		{name: "sandbox_callback", key: "id", why: transient},
		{name: "erasure_item", columns: "job_id# customer_id# code$", key: "job_id, customer_id"},
		{name: "erasure_job", columns: "id# user_id# finished_at@", omitted: "owner_id mode", key: "id"},
		{name: "event_pending", key: "id", worker: true, why: "has no number yet; with the owner suspended there are none after a second"},
		{name: "webhook_endpoint", columns: "id# enabled# reason$ payload$ kinds$ position# failures# failing_since@ next_at@ told_at@ doc*", key: "id", secret: "keys"},
	}
}

func rest() []table {
	return []table{
		{name: "webhook_attempt", columns: "endpoint_id# id# event_id# kind$ customer_id# status# took# problem$ answered# answer~", key: "endpoint_id, id"},
		{name: "restriction", columns: "customer_id# id# user_id# reason$ was# doc*", key: "customer_id", keyFrom: "customer"},
		{name: "legal_hold", columns: "customer_id# id# user_id# until_at@ released_at@ doc*", key: "customer_id, id", keyFrom: "customer"},
		{name: "interaction", columns: "customer_id# id# user_id# status# closed_at@ doc*", key: "customer_id, id", keyFrom: "customer"},
		{name: "consent", columns: "customer_id# id# user_id# purpose$ channel$ withdrawn_at@ doc*", key: "customer_id, id", keyFrom: "customer"},
		{name: "payment_method", columns: "id# customer_id# key_id# provider_id# kind$ status# is_default# expires# told# consent_id# used_at@ doc*", omitted: "fingerprint", key: "id"},
		{name: "payment_attempt", columns: "id# request_id# customer_id# provider_id# kind$ state# amount# capture_at@ method_id# reference$ code$ doc*", key: "id", keyFrom: "payment_request"},
		{name: "payment_log", columns: "request_id# id# customer_id# attempt_id# provider_id# transaction_status# code$ amount# currency$", key: "request_id, id"},
		{name: "payment_refund", columns: "request_id# id# user_id# state# amount# base_amount# reference$", key: "request_id, id"},
		{name: "payment_dispute", columns: "id# request_id# customer_id# provider_id# reference$ state$ amount# currency$ base_amount# reason$ due_at@ evidence~", key: "id"},
		{name: "payment_notice", key: "provider_id, hash", worker: true, why: "recognises providers' messages, by a hash"},
		{name: "payment_difference", columns: "reconciliation_id# number# kind$ request_id# attempt_id# reference$ ours# theirs# currency$", key: "reconciliation_id, number"},
		{name: "payment_reconciliation", columns: "provider_id# day$ id# entries#", key: "provider_id, day"},
		{name: "payment_request", columns: `id# customer_id# key_id# user_id# version# was# status# archived# transaction_status# amount# currency$ base_currency$ rate$ base_amount#
			fee# refunded# base_refunded# refunding# charged_back# base_charged_back# attempts# attempt_id# provider_id# method_id# kind$ reference$ log_id# log_code$ expires_at@ paid_at@ doc*`,
			key: "id", secret: "token"},
		{name: "customer_deposit", columns: "customer_id# currency$ amount#", key: "customer_id, currency"},
		{name: "customer_index", key: "kind, hash, slot", why: "finds customers, by keyed fingerprints"},
		{name: "customer", columns: "id# key_id# user_id# version# facts# status# has_payment_requests# total_deposits# updated_at@ doc*", key: "id"},
		{name: "customer_erased", columns: "id# erased_at@ report$ certificate$", omitted: "key_id", key: "id"},
		{name: "fee_table", columns: "id# method$ currency$ percent# fixed# minimum# maximum#", key: "id"},
		{name: "routing_rule", columns: "id# provider_id# priority# weight# methods$ currencies$ countries$ amount_from# amount_to#", key: "id"},
		{name: "provider_account", columns: "id# kind$ name$ enabled#", omitted: "doc", key: "id"},
		{name: "origin_domain", columns: "id# origin$", key: "id"},
		{name: "sandbox_charge", key: "account_id, charge_key", why: sandboxed},
		{name: "sandbox_refund", key: "account_id, refund_key", why: sandboxed},
		{name: "sandbox_token", key: "account_id, hash", why: sandboxed},
		{name: "sandbox_dispute", key: "account_id, id", why: sandboxed},
		{name: "event", columns: "seq# id# kind$ customer_id# object_id# fields$", key: "seq", worker: true},
		{name: "idempotency", key: "hash", worker: true, why: "recognises repeated requests of a day, by a hash"},
		{name: "idempotency_answer", key: "id", worker: true, why: "answers of a day to requests that may be repeated"},
		{name: "api_key", columns: "id# mode$ name$ role$ permissions$ cidrs$ expires_at@ last_used_at@ created_at@ user_id#", omitted: "hash", key: "id", owner: true},
		{name: "access_token", key: "id", owner: true, why: "tokens of an hour"},
		{name: "staff_role", columns: "id# name$ permissions$ changed_at@", key: "id", owner: true},
		{name: "staff_totp", key: "user_id", owner: true, why: factor},
		{name: "staff_passkey", key: "id", owner: true, why: factor},
		{name: "staff_identity", key: "hash", owner: true, why: "recognises people of identity providers, by a hash"},
		{name: "identity_provider", columns: "id# enabled# role$ doc*", key: "id", owner: true, secret: "clientSecret"},
		{name: "staff_session", key: "id", owner: true, why: "sign-ins that are open"},
		{name: "staff_user", columns: "id# profile* role$ created_at@ status$ invite_expires_at@", omitted: "password_hash email_index invite_hash password_short", key: "id", owner: true},
		{name: "audit_pending", kept: true, why: "as audit.ndjson"},
		{name: "audit_segment", kept: true, why: "as audit.ndjson"},
	}
}

const factor = "is a person's own way in here"

const sandboxed = "the built-in provider's own books of test mode"

// column is one of a table's.
type column struct {
	name string
	kind rune
}

func (t table) exported() []column {
	var all []column
	for _, word := range strings.Fields(t.columns) {
		last := len(word) - 1
		all = append(all, column{word[:last], rune(word[last])})
	}
	return all
}

// by is the column whose value is the realm's or the owner's.
func (t table) by() string {
	if t.owner {
		return "owner_id"
	}
	return "realm_id"
}
