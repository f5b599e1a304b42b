package auth

import "sort"

// Permission names one thing that an actor may do, as "resource:action".
type Permission string

// The permissions there are. docs/permissions.md is generated from All.
const (
	CustomersRead      Permission = "customers:read"
	CustomersWrite     Permission = "customers:write"
	CustomersErase     Permission = "customers:erase"
	CustomersExport    Permission = "customers:export"
	CustomersUnmasked  Permission = "customers:unmasked" // personal values as they are
	PrivacyManage      Permission = "privacy:manage"
	ConsentsWrite      Permission = "consents:write"   // what customers agree and object to
	CustomersReveal    Permission = "customers:reveal" // one customer's, for a stated purpose
	VerificationsWrite Permission = "verifications:write"
	ScreeningManage    Permission = "screening:manage" // sanctions lists: matches and decisions
	InteractionsWrite  Permission = "interactions:write"
	PaymentMethodsRead Permission = "payment-methods:read"
	EventsRead         Permission = "events:read"
	AuditRead          Permission = "audit:read"
	APIKeysManage      Permission = "api-keys:manage"
	UsersManage        Permission = "users:manage"
	RolesManage        Permission = "roles:manage"
	SettingsRead       Permission = "settings:read"
	SettingsWrite      Permission = "settings:write"
	MetricsRead        Permission = "metrics:read"
	PaymentsRead       Permission = "payments:read"
	PaymentsWrite      Permission = "payments:write"
	PaymentsRefund     Permission = "payments:refund"
	MethodsWrite       Permission = "payment-methods:write"
	ProvidersManage    Permission = "providers:manage"
	WebhooksManage     Permission = "webhooks:manage"
	OwnersManage       Permission = "owners:manage"
	KeysRotate         Permission = "keys:rotate"
)

// SessionsOwn is the right to see and end one's own sessions. It comes with signing in,
// is in no role and can't be given to a key.
const SessionsOwn Permission = "sessions:own"

// TokensOwn is the right of an API key to get and end access tokens of its own. It comes
// with the key: a token can't make another token.
const TokensOwn Permission = "tokens:own"

// Role is a named set of permissions.
type Role string

// The built-in roles (wire contract, section 2).
const (
	Admin    Role = "Admin"
	Finance  Role = "Finance"
	Support  Role = "Support"
	Privacy  Role = "Privacy"
	ReadOnly Role = "ReadOnly"
	Operator Role = "Operator"
)

// Roles lists the built-in roles, the widest first.
func Roles() []Role { return []Role{Admin, Finance, Support, Privacy, ReadOnly, Operator} }

// Permissions is what a built-in role may do; nil for a name that is none.
// The operator runs the platform and sees nothing of its owners' data.
func (r Role) Permissions() []Permission {
	switch r {
	case Admin:
		return []Permission{CustomersRead, CustomersUnmasked, CustomersReveal, CustomersWrite, CustomersErase, CustomersExport, PrivacyManage, ConsentsWrite, InteractionsWrite, VerificationsWrite, ScreeningManage,
			PaymentMethodsRead, MethodsWrite, PaymentsRead, PaymentsWrite, PaymentsRefund, ProvidersManage, WebhooksManage,
			EventsRead, AuditRead, APIKeysManage, UsersManage, RolesManage, SettingsRead, SettingsWrite, MetricsRead}
	case Finance:
		return []Permission{CustomersRead, CustomersUnmasked, CustomersExport, PaymentMethodsRead, PaymentsRead, PaymentsRefund, EventsRead, SettingsRead}
	case Support:
		return []Permission{CustomersRead, CustomersReveal, ConsentsWrite, InteractionsWrite, VerificationsWrite, PaymentMethodsRead, PaymentsRead}
	case Privacy:
		return []Permission{CustomersRead, CustomersUnmasked, CustomersReveal, CustomersErase, CustomersExport, PrivacyManage, ConsentsWrite, VerificationsWrite, ScreeningManage, PaymentMethodsRead, PaymentsRead, AuditRead, SettingsRead}
	case ReadOnly:
		return []Permission{CustomersRead, PaymentMethodsRead, PaymentsRead, EventsRead, SettingsRead}
	case Operator:
		return []Permission{OwnersManage, KeysRotate, MetricsRead}
	}
	return nil
}

// All lists every permission in order of name.
func All() []Permission {
	seen := map[Permission]bool{}
	var all []Permission
	for _, role := range Roles() {
		for _, p := range role.Permissions() {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all
}

// Known reports whether p is a permission that an owner's own credential may carry.
// Managing owners is the operator's alone and cannot be given away.
func Known(p Permission) bool {
	for _, known := range Admin.Permissions() {
		if p == known {
			return true
		}
	}
	return false
}
