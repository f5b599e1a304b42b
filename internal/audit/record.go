package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Actions of this version.
const (
	CustomerCreate = "customer.create"
	CustomerRead   = "customer.read"
	CustomerReveal = "customer.reveal"

	CustomerRestrict = "customer.restrict"
	CustomerLift     = "customer.lift_restriction"
	RestrictionRead  = "customer.restriction_read"
	CertificateRead  = "erasure.certificate_read"
	HoldPlace        = "legal_hold.place"
	HoldRelease      = "legal_hold.release"
	HoldsRead        = "legal_hold.list"
	ExportOffer      = "export_link.create"
	ExportLinks      = "export_link.list"
	ExportWithdraw   = "export_link.withdraw"
	CustomerImport   = "customer.import"
	ErasureStart     = "erasure.start"
	ErasureRead      = "erasure.read"

	PrivacyRequestCreate   = "privacy_request.create"
	PrivacyRequestRead     = "privacy_request.read"
	PrivacyRequestList     = "privacy_request.list"
	PrivacyRequestIdentity = "privacy_request.identity"
	PrivacyRequestExtend   = "privacy_request.extend"
	PrivacyRequestComplete = "privacy_request.complete"
	PrivacyRequestRefuse   = "privacy_request.refuse"
	PrivacyRequestEvidence = "privacy_request.evidence"
	PrivacyEvidenceRead    = "privacy_request.evidence_read"
	PrivacyRequestRemind   = "privacy_request.remind"
	PrivacyReport          = "privacy_request.report"
	RecipientCreate        = "recipient.create"
	RecipientChange        = "recipient.change"
	RecipientsRead         = "recipient.list"
	Disclose               = "recipient.disclose"
	DisclosuresRead        = "recipient.of_customer"
	RecipientNoticesRead   = "recipient.notices_read"
	RecipientTold          = "recipient.told"
	StatementPublish       = "privacy_notice.publish"
	StatementsRead         = "privacy_notice.read"
	IncidentCreate         = "incident.create"
	IncidentChange         = "incident.change"
	IncidentRead           = "incident.read"
	IncidentAffected       = "incident.affected"
	IncidentDraft          = "incident.draft"
	IncidentRemind         = "incident.remind"
	RegisterAdd            = "register.add"
	RegisterChange         = "register.change"
	RegisterRead           = "register.read"

	CustomerUpdate  = "customer.update"
	CustomerErase   = "customer.erase"
	CustomerList    = "customer.list"
	CustomerSearch  = "customer.search"
	CustomerHistory = "customer.history"
	CustomerExport  = "customer.export"
	MethodsRead     = "payment_methods.read"
	EventsRead      = "events.read"
	AuditRead       = "audit.read"
	KeyCreate       = "api_key.create"
	KeyRotate       = "api_key.rotate"
	KeyRevoke       = "api_key.revoke"
	KeysRead        = "api_key.list"
	OwnerCreate     = "owner.create"
	OwnerUpdate     = "owner.update"
	OwnerSuspend    = "owner.suspend"
	OwnerResume     = "owner.resume"
	OwnerExport     = "owner.export"
	OwnerLeave      = "owner.leave"
	OwnerDestroy    = "owner.destroy"
	OwnersRead      = "owner.list"
	SettingsRead    = "settings.read"
	SettingsUpdate  = "settings.update"
	MetricsRead     = "metrics.read"
	KeysRotate      = "keys.rotate"
	RotationRead    = "keys.rotation_read"
	SignInRefused   = "credential.refused"
	ServiceStart    = "service.start"
	BackupRestore   = "backup.restore"

	UsersRead    = "user.list"
	UserInvite   = "user.invite"
	UserAccept   = "user.accept"
	UserUpdate   = "user.update"
	RolesRead    = "role.list"
	RoleCreate   = "role.create"
	RoleChange   = "role.change"
	RoleRemove   = "role.remove"
	TokenGive    = "access_token.give"
	TokenEnd     = "access_token.end"
	TokenInspect = "access_token.inspect"
	UserRemove   = "user.remove"
	UserKey      = "user.api_key"
	UserSignIn   = "user.sign_in"
	UserSignOut  = "user.sign_out"
	SessionsRead = "session.list"
	SessionEnd   = "session.end"

	UserReinvite   = "user.reinvite"
	UserProvision  = "user.provision"
	IdentityRead   = "identity_provider.list"
	IdentityChange = "identity_provider.change"
	IdentityRemove = "identity_provider.remove"
	PasswordChange = "user.password"
	FactorsRead    = "factor.list"
	FactorStart    = "factor.start"
	FactorAdd      = "factor.add"
	FactorChange   = "factor.change"
	FactorRemove   = "factor.remove"
	FactorsReset   = "factor.reset"
	RecoveryRenew  = "factor.recovery_codes"

	RequestCreate  = "payment_request.create"
	RequestRead    = "payment_request.read"
	RequestList    = "payment_request.list"
	RequestRelease = "payment_request.release"
	RequestArchive = "payment_request.archive"
	RequestExpire  = "payment_request.expire"
	PaymentStart   = "payment.start"
	PaymentSettle  = "payment.settle"
	PaymentRefund  = "payment.refund"
	PaymentLate    = "payment.reverse_late"
	PaymentUnequal = "payment.unequal" // a provider told another amount than ours
	CallbackBad    = "callback.refused"
	DisputeList    = "dispute.list"
	DisputeChange  = "dispute.change"
	MethodCreate   = "payment_method.create"
	MethodUpdate   = "payment_method.update"
	MethodRemove   = "payment_method.remove"
	MethodsOffered = "payment_methods.offered"
	ConsentGive    = "consent.give"
	ConsentRead    = "consent.read"
	ConsentConfirm = "consent.confirm"
	ConsentEnd     = "consent.withdraw"
	ObjectionRaise = "objection.raise"
	ObjectionEnd   = "objection.answer"
	ObjectionsRead = "objection.list"
	PurposesRead   = "purpose.list"
	PurposeChange  = "purpose.change"
	PageRead       = "customer_page.read"
	ProfileAsk     = "profile.ask"
	ProfileConfirm = "profile.confirm"
	MinimumRead    = "minimum.read"

	RetentionRead   = "retention.read"
	RetentionChange = "retention.change"
	RetentionRun    = "retention.run"
	RetentionRemove = "retention.remove"

	ProvidersRead  = "provider.list"
	ProviderChange = "provider.change"
	RoutingRead    = "routing.list"
	RoutingChange  = "routing.change"
	FeesRead       = "fee.list"
	FeesChange     = "fee.change"
	OriginsRead    = "origin_domain.list"
	OriginsChange  = "origin_domain.change"
	RatesRead      = "rate.read"
	Reconcile      = "payment.reconcile"

	VerificationStart = "verification.start"
	VerificationCheck = "verification.check"
	VerificationEnd   = "verification.end"
	VerificationRead  = "verification.read"
	ScreeningRun      = "screening.run"
	ScreeningRead     = "screening.read"
	ScreeningDecide   = "screening.decide"
	ScreeningState    = "screening.state"

	EndpointsRead   = "webhook.list"
	EndpointCreate  = "webhook.create"
	EndpointChange  = "webhook.change"
	EndpointRotate  = "webhook.rotate"
	EndpointRemove  = "webhook.remove"
	EndpointOff     = "webhook.switched_off"
	EndpointTest    = "webhook.test"
	EndpointReplay  = "webhook.replay"
	AttemptsRead    = "webhook.attempts"
	DeliveryGivenUp = "webhook.given_up"
)

// OK is the result of what succeeded; a refusal's result is its error code.
const OK = "ok"

// Entry is what one answer adds to the trail.
type Entry struct {
	Action    string
	Result    string  // empty is OK
	Customers []int64 // everybody whose data the answer showed or changed
	Object    int64   // the payment request, method or other thing it was about; 0 is none
	Fields    []string
	Filters   []string // names of the filters used; searched values are not recorded
	Count     int      // how many refusals one record stands for; 0 is one
	Purpose   string   // what personal values were revealed for
}

// Record is an entry as it stands in the trail.
type Record struct {
	Seq       int64 // position in the tree; -1 while unsealed
	ID        int64
	At        time.Time
	Realm     int64
	ActorKind string
	ActorID   int64
	Role      string
	Action    string
	Result    string
	Customers []int64
	Object    int64
	Fields    []string
	Filters   []string
	Count     int
	Purpose   string
	Address   string
	RequestID string
}

// Sealed reports whether a signed checkpoint covers the record.
func (r Record) Sealed() bool { return r.Seq >= 0 }

// body is the record as it is hashed: one JSON object, written once and never again.
func body(recordID, at int64, g auth.Grant, e Entry) []byte {
	actor, origin := g.Actor(), g.Origin()
	b := make([]byte, 0, 256+8*len(e.Customers))
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, recordID, 10)
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, at, 10)
	b = append(b, `,"realm":`...)
	b = strconv.AppendInt(b, actor.Realm, 10)
	b = append(b, `,"actor":"`...)
	b = append(b, actor.Kind...)
	b = append(b, `","actorId":`...)
	b = strconv.AppendInt(b, actor.ID, 10)
	b = appendText(b, "role", string(actor.Role))
	b = appendText(b, "action", e.Action)
	b = appendText(b, "result", e.Result)
	b = appendDeltas(b, e.Customers)
	if e.Object != 0 {
		b = append(b, `,"object":`...)
		b = strconv.AppendInt(b, e.Object, 10)
	}
	b = appendList(b, "fields", e.Fields)
	b = appendList(b, "filters", e.Filters)
	if e.Count > 1 {
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, int64(e.Count), 10)
	}
	b = appendText(b, "purpose", e.Purpose)
	b = appendText(b, "from", origin.Address)
	b = appendText(b, "request", origin.RequestID)
	return append(b, '}')
}

func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strictjson.AppendString(b, value)
}

func appendList(b []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":[`...)
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = strictjson.AppendString(b, v)
	}
	return append(b, ']')
}

// appendDeltas writes the customers in order, each as its distance from the one
// before: a page of 25 neighbours costs a few bytes each.
func appendDeltas(b []byte, customers []int64) []byte {
	if len(customers) == 0 {
		return b
	}
	sorted := slices.Sorted(slices.Values(customers))
	b = append(b, `,"customers":[`...)
	last := int64(0)
	for i, c := range sorted {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, c-last, 10)
		last = c
	}
	return append(b, ']')
}

// numbersOf reads a record's time and its customers. The rest need not be understood for
// that: a quotation mark within a text is escaped, so that the two marks stand in one
// place only. encoding/json took a hundredth of a create.
func numbersOf(text []byte, customers []int64) (at int64, _ []int64, err error) {
	_, rest, _ := bytes.Cut(text, []byte(`,"at":`))
	at, _, ok := number(rest)
	_, list, _ := bytes.Cut(rest, []byte(`,"customers":[`))
	for last := int64(0); ok && len(list) > 0 && list[0] != ']'; {
		var delta int64
		delta, list, ok = number(bytes.TrimPrefix(list, []byte(",")))
		last += delta
		customers = append(customers, last)
	}
	if !ok {
		return 0, nil, errors.New("audit: a record is damaged")
	}
	return at, customers, nil
}

// number takes the digits that a text begins with.
func number(text []byte) (n int64, rest []byte, ok bool) {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		n = 10*n + int64(text[end]-'0')
		end++
	}
	return n, text[end:], end > 0
}

// wireRecord is how body's JSON is read back.
type wireRecord struct {
	ID        int64    `json:"id"`
	At        int64    `json:"at"`
	Realm     int64    `json:"realm"`
	Actor     string   `json:"actor"`
	ActorID   int64    `json:"actorId"`
	Role      string   `json:"role"`
	Action    string   `json:"action"`
	Result    string   `json:"result"`
	Customers []int64  `json:"customers"`
	Object    int64    `json:"object"`
	Fields    []string `json:"fields"`
	Filters   []string `json:"filters"`
	Count     int      `json:"count"`
	Purpose   string   `json:"purpose"`
	From      string   `json:"from"`
	Request   string   `json:"request"`
}

func parse(text []byte, seq int64) (Record, error) {
	var w wireRecord
	if err := json.Unmarshal(text, &w); err != nil {
		return Record{}, err
	}
	for i := 1; i < len(w.Customers); i++ {
		w.Customers[i] += w.Customers[i-1]
	}
	return Record{Seq: seq, ID: w.ID, At: time.UnixMilli(w.At).UTC(), Realm: w.Realm, ActorKind: w.Actor, ActorID: w.ActorID,
		Role: w.Role, Action: w.Action, Result: w.Result, Customers: w.Customers, Object: w.Object, Fields: w.Fields, Filters: w.Filters,
		Count: max(1, w.Count), Purpose: w.Purpose, Address: w.From, RequestID: w.Request}, nil
}
