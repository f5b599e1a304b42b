package fault

import (
	"errors"
	"strconv"
	"time"
)

// Kind says what sort of refusal an error is. The gate holds the one table that
// maps kinds to HTTP statuses.
type Kind uint8

// Internal is the zero kind on purpose: whoever forgets to choose gets the silent 500.
const (
	Internal Kind = iota
	Invalid
	Unauthorized
	Declined
	Forbidden
	NotFound
	MethodNotAllowed
	Conflict
	Gone
	Precondition
	TooLarge
	UnsupportedMedia
	Unprocessable
	RateLimited
	Unavailable
)

// Stable codes of the wire contract, section 2.
const (
	ValidationError       = "VALIDATION_ERROR"
	InvalidFormat         = "INVALID_FORMAT"
	InvalidCursor         = "INVALID_CURSOR"
	UnauthorizedCode      = "UNAUTHORIZED"
	ForbiddenCode         = "FORBIDDEN"
	NotFoundCode          = "NOT_FOUND"
	CustomerNotFound      = "CUSTOMER_NOT_FOUND"
	OwnerNotFound         = "OWNER_NOT_FOUND"
	OwnerSuspended        = "OWNER_SUSPENDED"
	APIKeyNotFound        = "API_KEY_NOT_FOUND"
	UserNotFound          = "USER_NOT_FOUND"
	UserDuplicate         = "USER_DUPLICATE"
	SessionNotFound       = "SESSION_NOT_FOUND"
	RestrictionNotFound   = "RESTRICTION_NOT_FOUND"
	CertificateNotFound   = "ERASURE_CERTIFICATE_NOT_FOUND"
	HoldNotFound          = "LEGAL_HOLD_NOT_FOUND"
	ExportNotFound        = "EXPORT_NOT_FOUND"
	ErasureNotFound       = "ERASURE_NOT_FOUND"
	RoleNotFound          = "ROLE_NOT_FOUND"
	RoleDuplicate         = "ROLE_DUPLICATE"
	RoleInUse             = "ROLE_IN_USE"
	InvalidScope          = "INVALID_SCOPE"
	UnsupportedGrant      = "UNSUPPORTED_GRANT_TYPE"
	UnsupportedToken      = "UNSUPPORTED_TOKEN_TYPE"
	MethodNotAllowedCode  = "METHOD_NOT_ALLOWED"
	PayloadTooLarge       = "PAYLOAD_TOO_LARGE"
	UnsupportedMediaType  = "UNSUPPORTED_MEDIA_TYPE"
	CustomerDuplicate     = "CUSTOMER_DUPLICATE"
	PatchConflict         = "PATCH_CONFLICT"
	IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS"
	IdempotencyKeyReused  = "IDEMPOTENCY_KEY_REUSED"
	CustomerRestricted    = "CUSTOMER_RESTRICTED"
	CustomerOnHold        = "CUSTOMER_ON_HOLD"
	RotationRunning       = "ROTATION_RUNNING"
	CustomerErased        = "CUSTOMER_ERASED"
	PaymentDeclined       = "PAYMENT_DECLINED"
	RequestNotFound       = "PAYMENT_REQUEST_NOT_FOUND"
	MethodNotFound        = "PAYMENT_METHOD_NOT_FOUND"
	ProviderNotFound      = "PROVIDER_NOT_FOUND"
	RuleNotFound          = "ROUTING_RULE_NOT_FOUND"
	FeeNotFound           = "FEE_TABLE_NOT_FOUND"
	OriginNotFound        = "ORIGIN_DOMAIN_NOT_FOUND"
	EndpointNotFound      = "WEBHOOK_ENDPOINT_NOT_FOUND"
	DisputeNotFound       = "DISPUTE_NOT_FOUND"
	AlreadyProcessed      = "ALREADY_PROCESSED"
	RefundExceedsPaid     = "REFUND_EXCEEDS_PAID"
	NoProvider            = "NO_PROVIDER"
	NoRate                = "NO_RATE"
	VerificationNotFound  = "VERIFICATION_NOT_FOUND"
	VerificationOver      = "VERIFICATION_OVER"
	CodeWrong             = "VERIFICATION_CODE_WRONG"
	AlreadyVerified       = "ALREADY_VERIFIED"
	NothingToVerify       = "NOTHING_TO_VERIFY"
	NoVerificationChannel = "NO_VERIFICATION_CHANNEL"
	CustomerSanctioned    = "CUSTOMER_SANCTIONED"
	ScreeningNotFound     = "SCREENING_NOT_FOUND"
	ScreeningWithdrawn    = "SCREENING_WITHDRAWN"
	NoScreeningList       = "NO_SCREENING_LIST"
	PreconditionFailed    = "PRECONDITION_FAILED"
	RateLimitedCode       = "RATE_LIMITED"
	InternalError         = "INTERNAL_ERROR"
	UnavailableCode       = "UNAVAILABLE"

	PurposeNotFound   = "PURPOSE_NOT_FOUND"
	PurposeInactive   = "PURPOSE_INACTIVE"
	ConsentNotFound   = "CONSENT_NOT_FOUND"
	ObjectionNotFound = "OBJECTION_NOT_FOUND"

	RetentionClassNotFound = "RETENTION_CLASS_NOT_FOUND"
	RetentionRunNotFound   = "RETENTION_RUN_NOT_FOUND"

	UserDisabled             = "USER_DISABLED"
	OTPRequired              = "OTP_REQUIRED"
	ProofRequired            = "PROOF_REQUIRED"
	FactorExists             = "FACTOR_EXISTS"
	FactorNotFound           = "FACTOR_NOT_FOUND"
	FactorNeeded             = "FACTOR_NEEDED"
	PasskeyCopied            = "PASSKEY_COPIED"
	PasskeysOff              = "PASSKEYS_OFF"
	IdentityProviderNotFound = "IDENTITY_PROVIDER_NOT_FOUND"

	PrivacyRequestNotFound = "PRIVACY_REQUEST_NOT_FOUND"
	PrivacyRequestClosed   = "PRIVACY_REQUEST_CLOSED"
	PrivacyRequestFixed    = "PRIVACY_REQUEST_FIXED"
	IdentityUnverified     = "IDENTITY_UNVERIFIED"
	EvidenceNotFound       = "EVIDENCE_NOT_FOUND"
	NothingDone            = "NOTHING_DONE"
	RecipientNotFound      = "RECIPIENT_NOT_FOUND"
	NoticeNotFound         = "RECIPIENT_NOTICE_NOT_FOUND"
	StatementNotFound      = "PRIVACY_NOTICE_NOT_FOUND"
	IncidentNotFound       = "INCIDENT_NOT_FOUND"
	RegisterEntryNotFound  = "REGISTER_ENTRY_NOT_FOUND"
)

// Field is one fault of one member of a request, named by its JSON pointer
// (RFC 6901) in a body, or by "query/limit", "header/Prefer" elsewhere.
type Field struct {
	Path    string
	Code    string
	Message string
}

// Detail is one more fact of an error: a name and a value that is ours to tell,
// such as the id of the customer that already exists.
type Detail struct {
	Name  string
	Value any // string or []string
}

// Error is a refusal with a kind. Its text never holds a client's value.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Fields     []Field
	Details    []Detail
	RetryAfter time.Duration // 0: no Retry-After
	Limit      Limit         // which limit a RateLimited error is of
	Cause      error         // for the log only; free of personal values like all errors
}

// Limit names a limit for the RateLimit fields, with its quota in a window of seconds where
// it has one: waits that grow have none.
type Limit struct {
	Name          string
	Quota, Window int
}

// New makes an error of one kind, code and message.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Error is the text for a log line.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Message + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// With adds one detail and returns the same error.
func (e *Error) With(name string, value any) *Error {
	e.Details = append(e.Details, Detail{name, value})
	return e
}

// Because sets the cause that the log shows and returns the same error.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// Fields reports every fault of a request at once.
func Fields(fields []Field) *Error {
	return &Error{Kind: Invalid, Code: ValidationError, Message: "The request has invalid fields", Fields: fields}
}

// OneField reports a single fault of a request.
func OneField(path, code, message string) *Error {
	return Fields([]Field{{path, code, message}})
}

// NoCustomer is the answer for an id that does not exist for this caller, whether
// or not another owner has it.
func NoCustomer(id int64) *Error {
	text := strconv.FormatInt(id, 10)
	return New(NotFound, CustomerNotFound, "Customer with ID "+text+" not found").With("customerId", text)
}

// Erased is the answer for a customer whose data were erased (GDPR Art. 17).
func Erased(id int64) *Error {
	text := strconv.FormatInt(id, 10)
	return New(Gone, CustomerErased, "Customer with ID "+text+" was erased").With("customerId", text)
}

// Away says that storage or keys can't be reached for now and nothing was half done.
func Away(cause error) *Error {
	return &Error{Kind: Unavailable, Code: UnavailableCode, RetryAfter: time.Second,
		Message: "The service cannot reach its storage or keys; try again with the same Idempotency-Key", Cause: cause}
}

// From finds the *Error in err's chain; anything else is an internal error.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: InternalError, Message: "An internal error occurred", Cause: err}
}

// Is reports whether err carries the given code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
