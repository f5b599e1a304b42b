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
	media       string       // of the answer; JSON if empty
	fails       reflect.Type // the shape of errors; nil: Error
	errors      []int        // besides 400, 401, 403, 429, 500 and 503
	headers     []string     // of the answer
	notModified bool
	redirects   bool // sends a browser elsewhere
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
	revealDoc = operation{tag: "Customers", summary: "See a customer's personal values for a purpose", body: of[Reveal](), answer: of[Customer](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"ETag"},
		description: "For those who see masked values otherwise. The purpose stands in the audit trail beside who asked."}
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
	updateOwnerDoc    = operation{tag: "Operator", summary: "Suspend an owner or let it act again", body: of[OwnerInput](), answer: of[Owner](), errors: []int{404, 413, 415},
		description: "Within a second, on every node, each credential of a suspended owner is answered 403 `OWNER_SUSPENDED`, its payment pages say that the shop is unavailable, and webhooks, notifications and mails wait. Callbacks of providers are taken. What waited goes on once the owner is active again."}
	createOwnerDoc = operation{tag: "Operator", summary: "Create an owner", body: of[SettingsInput](), answer: of[NewOwner](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
)

// The texts of payments. immutable: read by OpenAPI alone.
var (
	saveMethodDoc = operation{tag: "Payment methods", summary: "Save a payment method", body: of[PaymentMethodInput](), answer: of[PaymentMethod](), errors: []int{402, 404, 409, 410, 413, 415, 422},
		headers: []string{"Idempotent-Replayed"}, description: "The provider keeps the card and gives a token; the number is kept nowhere. The same card of the same customer is renewed, not doubled."}
	getMethodDoc     = operation{tag: "Payment methods", summary: "Get a saved payment method", answer: of[PaymentMethod](), errors: []int{404, 410}}
	changeMethodDoc  = operation{tag: "Payment methods", summary: "Rename a saved payment method or make it the default", body: of[PaymentMethodChange](), answer: of[PaymentMethod](), errors: []int{404, 409, 410, 413, 415}}
	removeMethodDoc  = operation{tag: "Payment methods", summary: "Remove a saved payment method", errors: []int{404, 410}, description: "Here at once, and at its provider soon after."}
	defaultMethodDoc = operation{tag: "Payment methods", summary: "Make a saved payment method the default", answer: of[PaymentMethod](), errors: []int{404, 409, 410, 422}, headers: []string{"Idempotent-Replayed"}}
	offersDoc        = operation{tag: "Payment methods", summary: "List what can be paid with", answer: of[OfferList](), errors: []int{404, 410, 422},
		description: "What this owner's providers take for a country, currency and amount. With customerId the customer's preferred way comes first, then the ways they have paid with, and their saved methods are shown."}
	requestsDoc = operation{tag: "Payment requests", summary: "List payment requests", answer: of[PaymentRequestPage](), description: "Newest first; archived ones only with status=5."}

	createRequestDoc = operation{tag: "Payment requests", summary: "Create a payment request", body: of[PaymentRequestInput](), answer: of[PaymentRequest](), errors: []int{404, 409, 410, 413, 415, 422},
		headers: []string{"Location", "Idempotent-Replayed"}, description: "Send the customer to link, or pay by a call. The customer is clientId, or is matched by e-mail or member id, or created."}
	getRequestDoc = operation{tag: "Payment requests", summary: "Get a payment request", answer: of[PaymentRequest](), errors: []int{404}}
	statusDoc     = operation{tag: "Payment requests", summary: "Get a payment request's status", answer: of[PaymentStatus](), errors: []int{404}}
	handleDoc     = operation{tag: "Payment requests", summary: "Start a payment in one way of paying", answer: of[PaymentAnswer](), errors: []int{402, 404, 409, 410, 422},
		description: "CREDIT_CARD leads to the payment page; the other ways to the provider's own page. GET is the vendor's form of it and has the same effect."}
	releaseDoc = operation{tag: "Payment requests", summary: "Cancel a payment request that is not paid", answer: of[ReleaseAnswer](), errors: []int{404, 409, 422},
		description: "While a payment is under way the provider is asked to end it first; until it has, the answer is 409."}
	archiveDoc   = operation{tag: "Payment requests", summary: "Archive a payment request that has ended", answer: of[PaymentRequest](), errors: []int{404, 409, 422}}
	refundDoc    = operation{tag: "Payments", summary: "Refund a payment, whole or in part", body: of[RefundInput](), answer: of[RefundAnswer](), errors: []int{404, 409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	refundAllDoc = operation{tag: "Payments", summary: "Refund all that is left of a payment", answer: of[RefundAnswer](), errors: []int{404, 409}}
	payCardDoc   = operation{tag: "Payments", summary: "Pay a payment request with a card", body: of[CardPayment](), answer: of[PaymentAnswer](), errors: []int{402, 404, 409, 410, 413, 415, 422},
		headers: []string{"Idempotent-Replayed"}, description: "The number passes through memory to the provider and is kept nowhere. In live mode only where the operator said --accept-card-data. A decline is 402 and the request stays payable."}
	paySavedDoc        = operation{tag: "Payments", summary: "Pay a payment request with a saved method", body: of[SavedPayment](), answer: of[PaymentAnswer](), errors: []int{402, 404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	disputesDoc        = operation{tag: "Payments", summary: "List disputes", answer: of[DisputePage]()}
	disputeDoc         = operation{tag: "Payments", summary: "Get a dispute", answer: of[Dispute](), errors: []int{404}}
	evidenceDoc        = operation{tag: "Payments", summary: "Hand in evidence in a dispute", body: of[EvidenceInput](), answer: of[Dispute](), errors: []int{404, 409, 413, 415, 422}}
	reconciliationsDoc = operation{tag: "Payments", summary: "List comparisons with the providers' own reports", answer: of[ReconciliationList](), description: "Each day is compared once by itself, an hour after it ends."}
	reconcileDoc       = operation{tag: "Payments", summary: "Compare a day with the providers' own reports now", body: of[ReconciliationInput](), answer: of[ReconciliationList](), errors: []int{409, 413, 415, 422}}
	ratesDoc           = operation{tag: "Payments", summary: "Get exchange rates", answer: of[Rates](), errors: []int{422}}
	ratesOnDoc         = operation{tag: "Payments", summary: "Get the exchange rates of a day", answer: of[Rates](), errors: []int{422}}

	providersDoc      = operation{tag: "Administration", summary: "List accounts with providers", answer: of[ProviderList]()}
	createProviderDoc = operation{tag: "Administration", summary: "Add an account with a provider", body: of[ProviderInput](), answer: of[Provider](), errors: []int{409, 413, 415, 422}}
	updateProviderDoc = operation{tag: "Administration", summary: "Change an account with a provider", body: of[ProviderChange](), answer: of[Provider](), errors: []int{404, 413, 415}}
	rulesDoc          = operation{tag: "Administration", summary: "List routing rules", answer: of[RoutingRuleList]()}
	createRuleDoc     = operation{tag: "Administration", summary: "Add a routing rule", body: of[RoutingRuleInput](), answer: of[RoutingRule](), errors: []int{409, 413, 415, 422}}
	removeRuleDoc     = operation{tag: "Administration", summary: "Remove a routing rule", errors: []int{404}}
	feesDoc           = operation{tag: "Administration", summary: "List fee tables", answer: of[FeeTableList]()}
	createFeeDoc      = operation{tag: "Administration", summary: "Set a fee table", body: of[FeeTableInput](), answer: of[FeeTable](), errors: []int{409, 413, 415, 422}}
	removeFeeDoc      = operation{tag: "Administration", summary: "Remove a fee table", errors: []int{404}}
	originsDoc        = operation{tag: "Administration", summary: "List origin domains", answer: of[OriginList]()}
	createOriginDoc   = operation{tag: "Administration", summary: "Add an origin domain", body: of[OriginInput](), answer: of[OriginDomain](), errors: []int{409, 413, 415, 422}}
	removeOriginDoc   = operation{tag: "Administration", summary: "Remove an origin domain", errors: []int{404}}

	endpointsDoc      = operation{tag: "Webhooks", summary: "List webhook endpoints", answer: of[WebhookEndpointList]()}
	createEndpointDoc = operation{tag: "Webhooks", summary: "Add a webhook endpoint", body: of[WebhookEndpointInput](), answer: of[WebhookEndpoint](), errors: []int{409, 413, 415, 422},
		description: "It hears of what happens from now on, signed by Standard Webhooks. The secret is in this answer and in no other."}
	endpointDoc       = operation{tag: "Webhooks", summary: "Get a webhook endpoint", answer: of[WebhookEndpoint](), errors: []int{404}}
	updateEndpointDoc = operation{tag: "Webhooks", summary: "Change a webhook endpoint, or switch it on or off", body: of[WebhookEndpointChange](), answer: of[WebhookEndpoint](), errors: []int{404, 413, 415}}
	removeEndpointDoc = operation{tag: "Webhooks", summary: "Remove a webhook endpoint", errors: []int{404}}
	rotateEndpointDoc = operation{tag: "Webhooks", summary: "Give a webhook endpoint a new secret", body: of[WebhookRotation](), answer: of[WebhookEndpoint](), errors: []int{404, 409, 413, 415, 422},
		description: "Until the overlap ends each post has a signature of each secret."}
	testEndpointDoc = operation{tag: "Webhooks", summary: "Post a test event now", answer: of[WebhookAttempt](), errors: []int{404, 409, 422}, description: "An event webhook.test, signed like any other. The answer says how it went."}
	replayDoc       = operation{tag: "Webhooks", summary: "Send events again", body: of[WebhookReplay](), answer: of[ReplayAnswer](), errors: []int{404, 409, 413, 415, 422},
		description: "One event, or up to 10,000 of a time, with the same webhook-id as before."}
	attemptsDoc = operation{tag: "Webhooks", summary: "List deliveries that were tried", answer: of[WebhookAttemptPage](), errors: []int{404}, description: "Of the last thirty days, the newest first."}
)

func requestParams() []gate.Param {
	return append(pageParams(),
		gate.Param{Name: "status", Type: "integer", Doc: "paymentRequestStatusId, 0 to 5", Typed: true},
		gate.Param{Name: "customerId", Type: "integer", Doc: "Of this customer", Typed: true},
		gate.Param{Name: "createdFrom", Type: "date-time", Doc: "At or after", Typed: true},
		gate.Param{Name: "createdTo", Type: "date-time", Doc: "Before", Typed: true})
}

func offerParams() []gate.Param {
	return []gate.Param{
		{Name: "country", Type: "string", Doc: "ISO 3166-1 alpha-2", Typed: true, Example: "ES"},
		{Name: "currency", Type: "string", Doc: "ISO 4217", Typed: true, Example: "EUR"},
		{Name: "amount", Type: "string", Doc: "In that currency", Typed: true, Example: "49.90"},
		{Name: "customerId", Type: "integer", Doc: "Ordered for this customer", Typed: true},
	}
}

func disputeParams() []gate.Param {
	return append(pageParams(), gate.Param{Name: "status", Type: "string", Doc: "open, won or lost", Typed: true})
}

func attemptParams() []gate.Param {
	return append(pageParams(), gate.Param{Name: "eventId", Type: "integer", Doc: "Of this event", Typed: true})
}

func rateParams() []gate.Param {
	return []gate.Param{{Name: "base", Type: "string", Doc: "ISO 4217; the source's own if absent", Typed: true, Example: "EUR"}}
}

func dayParam() gate.Param {
	return gate.Param{Name: "date", Type: "date-time", Doc: "The last rates not after this day", Typed: true, Example: "2026-11-22"}
}

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
