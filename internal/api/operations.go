package api

import (
	"reflect"

	"github.com/florin-gateway/florin/internal/gate"
)

// operation is what the API reference says of a route besides what the route itself
// declares.
type operation struct {
	tag         string
	summary     string
	description string
	body        reflect.Type // nil: none
	answer      reflect.Type // nil: no content
	errors      []int        // besides 400, 401, 403, 429, 500 and 503
	headers     []string     // of the answer
	notModified bool
}

func of[T any]() reflect.Type { return reflect.TypeFor[T]() }

// The operations' texts. immutable: read by OpenAPI alone.
var (
	createDoc = operation{tag: "Customers", summary: "Create a customer", body: of[CustomerInput](), answer: of[Customer](), errors: []int{409, 410, 413, 415, 422},
		headers:     []string{"ETag", "Location", "Idempotent-Replayed", "Duplicate-Of"},
		description: "Stores a profile and answers it. A second customer with the same e-mail or memberId is a duplicate: by the owner's policy it is refused with 409, answered with the existing customer and Duplicate-Of, or allowed."}
	listDoc = operation{tag: "Customers", summary: "List customers", answer: of[CustomerPage](), headers: []string{"Link"},
		description: "Pages by an opaque cursor that holds the filters, sealed. Personal values in a URL end in logs; POST /customers/search takes the same filters in a body."}
	searchDoc = operation{tag: "Customers", summary: "Search customers", body: of[Search](), answer: of[CustomerPage](), errors: []int{409, 413, 415, 422}}
	getDoc    = operation{tag: "Customers", summary: "Get a customer", answer: of[Customer](), errors: []int{404, 410}, headers: []string{"ETag"}, notModified: true}
	putDoc    = operation{tag: "Customers", summary: "Update a customer in part", body: of[CustomerChange](), answer: of[Customer](), errors: []int{404, 409, 410, 412, 413, 415}, headers: []string{"ETag"},
		description: "Absent fields stay, null clears, objects merge (RFC 7396 in effect). If-Match makes the change conditional on the version."}
	patchDoc = operation{tag: "Customers", summary: "Patch a customer", body: of[CustomerChange](), answer: of[Customer](), errors: []int{404, 409, 410, 412, 413, 415}, headers: []string{"ETag"},
		description: "A body that is an object is a merge patch (RFC 7396), an array is a JSON Patch (RFC 6902)."}
	eraseDoc = operation{tag: "Customers", summary: "Erase a customer", errors: []int{404, 409, 410, 412},
		description: "Destroys the customer's key; from then on every read answers 410. With dryRun=true it lists what would go and changes nothing."}
	historyDoc        = operation{tag: "Customers", summary: "Get a customer's history", answer: of[HistoryPage](), errors: []int{404, 410}}
	interactionDoc    = operation{tag: "Customers", summary: "Record an interaction", body: of[InteractionInput](), answer: of[Interaction](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	duplicatesDoc     = operation{tag: "Customers", summary: "List likely duplicates of a customer", answer: of[DuplicateList](), errors: []int{404, 410}}
	methodsDoc        = operation{tag: "Payment methods", summary: "List a customer's saved payment methods", answer: of[[]PaymentMethod](), errors: []int{404, 410}}
	eventsDoc         = operation{tag: "Events", summary: "Read events in order", answer: of[EventPage](), description: "In the order in which they were committed, without a gap. The last cursor is given even when there is no more: poll with it."}
	auditDoc          = operation{tag: "Audit", summary: "Read the audit trail", answer: of[AuditPage]()}
	settingsDoc       = operation{tag: "Administration", summary: "Get the owner's settings", answer: of[Settings]()}
	updateSettingsDoc = operation{tag: "Administration", summary: "Change the owner's settings", body: of[SettingsInput](), answer: of[Settings](), errors: []int{413, 415}}
	keysDoc           = operation{tag: "Administration", summary: "List API keys", answer: of[KeyList]()}
	createKeyDoc      = operation{tag: "Administration", summary: "Create an API key", body: of[KeyInput](), answer: of[Key](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	rotateKeyDoc      = operation{tag: "Administration", summary: "Rotate an API key", answer: of[Key](), errors: []int{404, 409, 422}, description: "Makes a successor; the old key goes on for a day."}
	revokeKeyDoc      = operation{tag: "Administration", summary: "Revoke an API key", errors: []int{404}, description: "Takes effect within a second on every node."}
	rotationDoc       = operation{tag: "Operator", summary: "Tell how far a key rotation is", answer: of[Rotation]()}
	startRotationDoc  = operation{tag: "Operator", summary: "Rotate keys", body: of[RotationInput](), answer: of[Rotation](), errors: []int{404, 409, 413, 415, 422}, description: "Runs in the background while the server goes on serving; one at a time."}
	ownersDoc         = operation{tag: "Operator", summary: "List owners", answer: of[OwnerList]()}
	createOwnerDoc    = operation{tag: "Operator", summary: "Create an owner", body: of[SettingsInput](), answer: of[NewOwner](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
)

func pageParams() []gate.Param {
	return []gate.Param{
		{Name: "limit", Type: "integer", Doc: "1 to 200, 20 by default", Typed: true, Example: 20},
		{Name: "cursor", Type: "string", Doc: "nextCursor of the page before", Typed: true},
	}
}

func fieldsParam() gate.Param {
	return gate.Param{Name: "fields", Type: "string", Doc: "Only these fields, separated by commas", Typed: true, Example: "id,name,email"}
}

func dryRunParam() gate.Param {
	return gate.Param{Name: "dryRun", Type: "boolean", Doc: "List what would go and change nothing", Typed: true}
}

func listParams() []gate.Param {
	return append(pageParams(), fieldsParam(),
		gate.Param{Name: "sort", Type: "string", Doc: "createDate or updateDate, with - before it for the newest first; -createDate by default", Typed: true, Example: "-createDate"},
		gate.Param{Name: "email", Type: "string", Doc: "Exact, in any spelling of case"},
		gate.Param{Name: "phone", Type: "string", Doc: "Exact, in any usual spelling", Typed: true},
		gate.Param{Name: "memberId", Type: "string", Doc: "Exact"},
		gate.Param{Name: "status", Type: "string", Doc: "active, inactive, restricted or erased", Typed: true},
		gate.Param{Name: "q", Type: "string", Doc: "Whole words of the name, all of which must match; or an e-mail, phone or member id"},
		gate.Param{Name: "createdFrom", Type: "date-time", Doc: "At or after", Typed: true},
		gate.Param{Name: "createdTo", Type: "date-time", Doc: "Before", Typed: true})
}

func auditParams() []gate.Param {
	return append(pageParams(),
		gate.Param{Name: "customerId", Type: "integer", Doc: "Records that name this customer", Typed: true},
		gate.Param{Name: "action", Type: "string", Doc: "Exact", Example: "customer.read"},
		gate.Param{Name: "from", Type: "date-time", Doc: "At or after", Typed: true},
		gate.Param{Name: "to", Type: "date-time", Doc: "Before", Typed: true})
}
