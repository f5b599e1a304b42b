package api

// The shapes on the wire, for the API reference and for answers off the hot path. A
// customer is written by customer.AppendJSON; a test holds Customer to it.

// Address is a postal address by its parts.
type Address struct {
	Line1      *string `json:"line1" doc:"Street and number"`
	Line2      *string `json:"line2"`
	City       *string `json:"city"`
	State      *string `json:"state"`
	PostalCode *string `json:"postalCode"`
	Country    *string `json:"country" doc:"ISO 3166-1 alpha-2" example:"ES"`
}

// Preferences are how a customer likes to pay and to be told.
type Preferences struct {
	Currency      *string `json:"currency" doc:"ISO 4217" example:"USD"`
	Notifications any     `json:"notifications" doc:"true, false, or an object of booleans by channel"`
	PaymentMethod *string `json:"paymentMethod" example:"CREDIT_CARD"`
	Language      *string `json:"language" doc:"BCP 47" example:"es"`
}

// Check is what is known of one way of reaching or identifying a customer.
type Check struct {
	Status    string  `json:"status" enum:"unverified,pending,verified,failed,invalid"`
	Time      *string `json:"time" format:"date-time"`
	Provider  *string `json:"provider"`
	Reference *string `json:"reference"`
}

// Screened is what a search of sanctions lists found.
type Screened struct {
	Status    string  `json:"status" enum:"unscreened,clear,review,confirmed"`
	Time      *string `json:"time" format:"date-time"`
	Provider  *string `json:"provider"`
	Reference *string `json:"reference"`
}

// Verification is what is known of the customer's e-mail, phone and identity.
type Verification struct {
	Email     Check    `json:"email"`
	Phone     Check    `json:"phone"`
	Identity  Check    `json:"identity"`
	Screening Screened `json:"screening"`
}

// Customer is a customer as answers show it; every field is always present.
type Customer struct {
	ID                 int64              `json:"id" readOnly:"true" doc:"Made by the server, below 2^53"`
	OwnerID            int64              `json:"ownerId" readOnly:"true" doc:"The merchant"`
	UserID             int64              `json:"userId" readOnly:"true" doc:"The user or key that created it"`
	OwnerName          string             `json:"ownerName" readOnly:"true"`
	Name               string             `json:"name" minLength:"1" maxLength:"200" doc:"Full name" example:"María del Carmen Ruiz"`
	Email              string             `json:"email" format:"email" maxLength:"254" example:"jsmith@example.com"`
	Address            *string            `json:"address" maxLength:"500" doc:"One flat line"`
	Phone              *string            `json:"phone" doc:"Any usual spelling in, E.164 out" example:"+34612345678"`
	MemberID           *string            `json:"memberId" maxLength:"100" doc:"Your own reference" example:"M-1001"`
	HasPaymentRequests bool               `json:"hasPaymentRequests" readOnly:"true"`
	TotalDeposits      float64            `json:"totalDeposits" readOnly:"true" doc:"In the owner's base currency"`
	CreateDate         string             `json:"createDate" format:"date-time" readOnly:"true" example:"2026-11-22T10:30:00.000Z"`
	DateOfBirth        *string            `json:"dateOfBirth" format:"date"`
	BillingAddress     *Address           `json:"billingAddress"`
	ShippingAddress    *Address           `json:"shippingAddress"`
	Preferences        Preferences        `json:"preferences"`
	Metadata           map[string]string  `json:"metadata" doc:"Up to 50 entries; keys up to 40 characters, values up to 500"`
	Status             string             `json:"status" enum:"active,inactive,restricted,erased"`
	Verification       Verification       `json:"verification" readOnly:"true"`
	DepositsByCurrency map[string]float64 `json:"depositsByCurrency" readOnly:"true"`
	UpdateDate         string             `json:"updateDate" format:"date-time" readOnly:"true"`
	Version            int64              `json:"version" readOnly:"true"`
}

// Ignored are fields that requests may send, as the vendor's own example does, and
// that change nothing.
type Ignored struct {
	ID                 *int64   `json:"id,omitempty" readOnly:"true" doc:"Ignored in requests"`
	OwnerID            *int64   `json:"ownerId,omitempty" readOnly:"true"`
	UserID             *int64   `json:"userId,omitempty" readOnly:"true"`
	OwnerName          *string  `json:"ownerName,omitempty" readOnly:"true"`
	HasPaymentRequests *bool    `json:"hasPaymentRequests,omitempty" readOnly:"true"`
	TotalDeposits      *float64 `json:"totalDeposits,omitempty" readOnly:"true"`
	CreateDate         *string  `json:"createDate,omitempty" format:"date-time" readOnly:"true"`
	Verification       any      `json:"verification,omitempty" readOnly:"true"`
	DepositsByCurrency any      `json:"depositsByCurrency,omitempty" readOnly:"true"`
	UpdateDate         *string  `json:"updateDate,omitempty" format:"date-time" readOnly:"true"`
	Version            *int64   `json:"version,omitempty" readOnly:"true"`
}

// CustomerInput is a customer as requests give it. Read-only fields may be sent too
// and are ignored.
type CustomerInput struct {
	Ignored
	Name            string             `json:"name" minLength:"1" maxLength:"200" example:"María del Carmen Ruiz"`
	Email           string             `json:"email" format:"email" maxLength:"254" example:"jsmith@example.com"`
	Address         *string            `json:"address,omitempty" maxLength:"500" example:"Calle Mayor 1, Madrid"`
	Phone           *string            `json:"phone,omitempty" example:"+34 612 345 678"`
	MemberID        *string            `json:"memberId,omitempty" maxLength:"100" example:"M-1001"`
	DateOfBirth     *string            `json:"dateOfBirth,omitempty" format:"date" example:"1990-04-01"`
	BillingAddress  *AddressInput      `json:"billingAddress,omitempty"`
	ShippingAddress *AddressInput      `json:"shippingAddress,omitempty"`
	Preferences     *PreferencesInput  `json:"preferences,omitempty"`
	Metadata        *map[string]string `json:"metadata,omitempty"`
	Status          *string            `json:"status,omitempty" enum:"active,inactive"`
}

// CustomerChange is the same with nothing required.
type CustomerChange struct {
	Ignored
	Name            *string            `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Email           *string            `json:"email,omitempty" format:"email" maxLength:"254" example:"newemail@example.com"`
	Address         *string            `json:"address,omitempty" maxLength:"500"`
	Phone           *string            `json:"phone,omitempty" example:"+1234567890"`
	MemberID        *string            `json:"memberId,omitempty" maxLength:"100"`
	DateOfBirth     *string            `json:"dateOfBirth,omitempty" format:"date"`
	BillingAddress  *AddressInput      `json:"billingAddress,omitempty"`
	ShippingAddress *AddressInput      `json:"shippingAddress,omitempty"`
	Preferences     *PreferencesInput  `json:"preferences,omitempty"`
	Metadata        *map[string]string `json:"metadata,omitempty"`
	Status          *string            `json:"status,omitempty" enum:"active,inactive"`
}

// AddressInput is an address in a request; what is absent stays as it is.
type AddressInput struct {
	Line1      *string `json:"line1,omitempty"`
	Line2      *string `json:"line2,omitempty"`
	City       *string `json:"city,omitempty"`
	State      *string `json:"state,omitempty"`
	PostalCode *string `json:"postalCode,omitempty"`
	Country    *string `json:"country,omitempty" example:"ES"`
}

// PreferencesInput are preferences in a request.
type PreferencesInput struct {
	Currency      *string `json:"currency,omitempty" example:"USD"`
	Notifications any     `json:"notifications,omitempty" doc:"true, false, or an object of booleans by channel"`
	PaymentMethod *string `json:"paymentMethod,omitempty"`
	Language      *string `json:"language,omitempty"`
}

// PatchOperation is one operation of RFC 6902.
type PatchOperation struct {
	Op    string `json:"op" enum:"add,remove,replace,move,copy,test"`
	Path  string `json:"path" example:"/phone"`
	From  string `json:"from,omitempty"`
	Value any    `json:"value,omitempty"`
}

// CustomerPage is a run of customers.
type CustomerPage struct {
	Data       []Customer `json:"data"`
	NextCursor *string    `json:"nextCursor"`
	HasMore    bool       `json:"hasMore"`
}

// Search is the list's filters in a body, where no log keeps them.
type Search struct {
	Email       string   `json:"email,omitempty" example:"jsmith@example.com"`
	Phone       string   `json:"phone,omitempty"`
	MemberID    string   `json:"memberId,omitempty"`
	Status      string   `json:"status,omitempty" enum:"active,inactive,restricted,erased"`
	Q           string   `json:"q,omitempty" doc:"Whole words of the name, or an e-mail, phone or member id"`
	CreatedFrom string   `json:"createdFrom,omitempty" format:"date-time"`
	CreatedTo   string   `json:"createdTo,omitempty" format:"date-time"`
	Sort        string   `json:"sort,omitempty" enum:"createDate,-createDate,updateDate,-updateDate"`
	Limit       int      `json:"limit,omitempty" minimum:"1" maximum:"200"`
	Cursor      string   `json:"cursor,omitempty"`
	Fields      []string `json:"fields,omitempty"`
}

// Reveal says what somebody's personal values are needed for.
type Reveal struct {
	Purpose   string `json:"purpose" enum:"support,payment,dispute,fraud,data_subject_request,legal"`
	Reference string `json:"reference,omitempty" maxLength:"64" example:"TICKET-4711" doc:"The case that it is for: letters, digits and . _ - / #"`
}

// ErasurePlan is what an erasure would remove.
type ErasurePlan struct {
	CustomerID   int64    `json:"customerId"`
	DryRun       bool     `json:"dryRun"`
	Fields       []string `json:"fields"`
	IndexRows    int      `json:"indexRows"`
	Interactions int64    `json:"interactions"`
	Others       []string `json:"others" doc:"What else is removed, kept and told"`
}

// Interaction is one contact between a customer and the merchant's service.
type Interaction struct {
	ID           int64   `json:"id"`
	UserID       int64   `json:"userId"`
	Channel      string  `json:"channel" enum:"email,phone,chat,in_person,other"`
	Subject      string  `json:"subject"`
	Status       string  `json:"status" enum:"open,closed"`
	Satisfaction *int    `json:"satisfaction" minimum:"1" maximum:"5"`
	Opened       string  `json:"opened" format:"date-time"`
	Closed       *string `json:"closed" format:"date-time"`
}

// InteractionInput is a new interaction.
type InteractionInput struct {
	Channel      string `json:"channel" enum:"email,phone,chat,in_person,other" example:"phone"`
	Subject      string `json:"subject" maxLength:"200" example:"Asked about an invoice"`
	Status       string `json:"status,omitempty" enum:"open,closed"`
	Satisfaction int    `json:"satisfaction,omitempty" minimum:"1" maximum:"5"`
}

// HistoryItem is one line of a customer's history.
type HistoryItem struct {
	Type             string       `json:"type" example:"payment.approved" doc:"customer.created, interaction, or the name of the event"`
	ID               int64        `json:"id"`
	Time             string       `json:"time" format:"date-time"`
	Interaction      *Interaction `json:"interaction"`
	PaymentRequestID *int64       `json:"paymentRequestId"`
	PaymentMethodID  *int64       `json:"paymentMethodId"`
	Amount           *Number      `json:"amount"`
	Unit             *string      `json:"unit" example:"USD"`
	Code             *string      `json:"code" example:"insufficient_funds"`
}

// HistoryPage is a run of a history, newest first.
type HistoryPage struct {
	Data       []HistoryItem `json:"data"`
	NextCursor *string       `json:"nextCursor"`
	HasMore    bool          `json:"hasMore"`
}

// Duplicate is a customer who may be the same person.
type Duplicate struct {
	CustomerID int64    `json:"customerId"`
	Score      float64  `json:"score" minimum:"0" maximum:"1"`
	Reasons    []string `json:"reasons"`
}

// DuplicateList are likely duplicates, the likeliest first.
type DuplicateList struct {
	Data []Duplicate `json:"data"`
}

// Event is something that happened.
type Event struct {
	ID   string    `json:"id"`
	Type string    `json:"type" example:"customer.created"`
	Time string    `json:"time" format:"date-time"`
	Data EventData `json:"data"`
}

// EventData names the customer, the thing and what changed, without values.
type EventData struct {
	CustomerID       *int64   `json:"customerId"`
	PaymentRequestID *int64   `json:"paymentRequestId"`
	PaymentMethodID  *int64   `json:"paymentMethodId"`
	EndpointID       *int64   `json:"webhookEndpointId,omitempty"`
	PrivacyRequestID *int64   `json:"privacyRequestId,omitempty"`
	NoticeID         *int64   `json:"recipientNoticeId,omitempty"`
	IncidentID       *int64   `json:"incidentId,omitempty"`
	Fields           []string `json:"fields"`
}

// EventPage is a run of events in the order in which they were committed.
type EventPage struct {
	Data       []Event `json:"data"`
	NextCursor *string `json:"nextCursor" doc:"Where to go on; given at the end too"`
	HasMore    bool    `json:"hasMore"`
}

// AuditActor is who acted.
type AuditActor struct {
	Kind string  `json:"kind" enum:"api_key,user,system,payer,provider,anonymous"`
	ID   int64   `json:"id"`
	Role *string `json:"role"`
}

// AuditRecord is one entry of the trail.
type AuditRecord struct {
	Seq       *int64     `json:"seq" doc:"Position in the sealed log; null while unsealed"`
	Sealed    bool       `json:"sealed"`
	ID        int64      `json:"id"`
	Time      string     `json:"time" format:"date-time"`
	Actor     AuditActor `json:"actor"`
	Action    string     `json:"action" example:"customer.read"`
	Result    string     `json:"result" doc:"ok, or the error code of a refusal"`
	Customers []int64    `json:"customers"`
	Object    *int64     `json:"object" doc:"The payment request, method or other thing that it was about"`
	Fields    []string   `json:"fields"`
	Filters   []string   `json:"filters"`
	Count     int        `json:"count"`
	Purpose   *string    `json:"purpose" doc:"What personal values were revealed for"`
	Address   string     `json:"address"`
	RequestID string     `json:"requestId"`
}

// AuditPage is a run of the trail, newest first.
type AuditPage struct {
	Data       []AuditRecord `json:"data"`
	NextCursor *string       `json:"nextCursor"`
	HasMore    bool          `json:"hasMore"`
}

// Settings are what an owner may choose.
type Settings struct {
	Name            string   `json:"name" minLength:"1" maxLength:"200"`
	BaseCurrency    string   `json:"baseCurrency" doc:"ISO 4217" example:"USD"`
	DefaultRegion   *string  `json:"defaultRegion" doc:"ISO 3166-1, for phone numbers without a country code"`
	DuplicatePolicy string   `json:"duplicatePolicy" enum:"reject,return,allow"`
	StrictPhone     bool     `json:"strictPhone" doc:"Refuse phone numbers that are not in use"`
	NotifyURL       *string  `json:"notifyUrl" doc:"For payment requests without a notifyUrl of their own"`
	BrandColor      *string  `json:"brandColor" doc:"What the payment page is painted in" example:"#1f4fd8"`
	Limits          Limits   `json:"limits" doc:"Set by the operator; ignored on input"`
	SecondFactor    bool     `json:"requireSecondFactor" doc:"Users without a second factor can do nothing but add one"`
	Screen          bool     `json:"screenCustomers" doc:"Everybody who is new or changed is looked up in sanctions lists, and all after a new list"`
	NotCollected    []string `json:"notCollected" doc:"Optional fields of customers that are refused"`
}

// SettingsInput changes settings; what is absent stays.
type SettingsInput struct {
	Name            string   `json:"name,omitempty" maxLength:"200"`
	BaseCurrency    string   `json:"baseCurrency,omitempty" example:"EUR"`
	DefaultRegion   *string  `json:"defaultRegion,omitempty"`
	DuplicatePolicy string   `json:"duplicatePolicy,omitempty" enum:"reject,return,allow"`
	StrictPhone     bool     `json:"strictPhone,omitempty"`
	NotifyURL       *string  `json:"notifyUrl,omitempty"`
	BrandColor      *string  `json:"brandColor,omitempty" example:"#1f4fd8"`
	SecondFactor    bool     `json:"requireSecondFactor,omitempty"`
	Screen          bool     `json:"screenCustomers,omitempty"`
	NotCollected    []string `json:"notCollected,omitempty" doc:"Of address, phone, memberId, dateOfBirth, billingAddress, shippingAddress, preferences, metadata"`
}

// Key is an API key.
type Key struct {
	ID          int64    `json:"id"`
	Key         *string  `json:"key" doc:"Shown once, when it is made"`
	Name        string   `json:"name"`
	Mode        string   `json:"mode" enum:"live,test"`
	Role        *string  `json:"role"`
	Permissions []string `json:"permissions"`
	CIDRs       []string `json:"cidrs"`
	ExpiresAt   *string  `json:"expiresAt" format:"date-time"`
	LastUsedAt  *string  `json:"lastUsedAt" format:"date-time"`
	CreateDate  string   `json:"createDate" format:"date-time"`
}

// KeyInput is a new key: a role, or permissions one by one.
type KeyInput struct {
	Name        string   `json:"name" minLength:"1" maxLength:"200" example:"shop back end"`
	Mode        string   `json:"mode" enum:"live,test"`
	Role        string   `json:"role,omitempty" example:"Finance" doc:"A built-in role or one of your own"`
	Permissions []string `json:"permissions,omitempty"`
	ExpiresAt   string   `json:"expiresAt,omitempty" format:"date-time"`
	CIDRs       []string `json:"cidrs,omitempty" example:"203.0.113.0/24"`
}

// KeyList are an owner's keys.
type KeyList struct {
	Data []Key `json:"data"`
}

// Owner is a merchant.
type Owner struct {
	ID         int64   `json:"id"`
	CreateDate string  `json:"createDate" format:"date-time"`
	Status     string  `json:"status" enum:"active,suspended,leaving"`
	Reason     *string `json:"reason" doc:"Why the operator gave the status"`
	StatusDate *string `json:"statusDate" format:"date-time"`
	Settings
}

// OwnerInput changes how an owner stands.
type OwnerInput struct {
	Status string       `json:"status,omitempty" enum:"active,suspended"`
	Reason string       `json:"reason,omitempty" maxLength:"500" doc:"Required to suspend; only operators see it"`
	Limits *LimitsInput `json:"limits,omitempty"`
}

// LimitsInput changes an owner's limits.
type LimitsInput struct {
	RequestsPerSecond *int `json:"requestsPerSecond" minimum:"1" maximum:"1000000" doc:"Of all its credentials together, with bursts of twice that; null is no limit"`
}

// Limits are set by the operator.
type Limits struct {
	RequestsPerSecond *int `json:"requestsPerSecond" doc:"Of all credentials together; null is no limit"`
}

// AdminKey is a new owner's first key.
type AdminKey struct {
	ID  int64   `json:"id"`
	Key *string `json:"key" doc:"Shown once"`
}

// NewOwner is a merchant with its first key.
type NewOwner struct {
	Owner
	AdminKey AdminKey `json:"adminKey"`
}

// OwnerList are all merchants.
type OwnerList struct {
	Data []Owner `json:"data"`
}

// RotationInput says what to rotate.
type RotationInput struct {
	Root     bool  `json:"root,omitempty"`
	Epoch    bool  `json:"epoch,omitempty"`
	OwnerKey bool  `json:"ownerKey,omitempty"`
	Index    bool  `json:"index,omitempty" doc:"Blind indexes"`
	OwnerID  int64 `json:"ownerId,omitempty" doc:"For ownerKey and index; every owner if absent"`
}

// Rotation is how far the last key rotation is.
type Rotation struct {
	Running  bool     `json:"running"`
	Step     *string  `json:"step"`
	Done     int64    `json:"done"`
	Finished []string `json:"finished"`
	Failed   *string  `json:"failed" doc:"The step that failed; it can be run again"`
}

// ErrorField is one fault of one field.
type ErrorField struct {
	Path    string `json:"path" example:"/email"`
	Code    string `json:"code" example:"invalid"`
	Message string `json:"message"`
}

// ErrorDetails are more facts of an error.
type ErrorDetails struct {
	CustomerID       string       `json:"customerId,omitempty" example:"12345"`
	MatchedOn        []string     `json:"matchedOn,omitempty"`
	PaymentRequestID string       `json:"paymentRequestId,omitempty"`
	DeclineReason    string       `json:"declineReason,omitempty" example:"insufficient_funds" doc:"docs/test-cards.md lists them"`
	IssuerResponse   string       `json:"issuerResponse,omitempty" doc:"The issuer's own code"`
	TriesLeft        string       `json:"triesLeft,omitempty" doc:"How many wrong codes a verification still takes"`
	Fields           []ErrorField `json:"fields,omitempty"`
	Timestamp        string       `json:"timestamp" format:"date-time"`
	RequestID        string       `json:"requestId"`
}

// ErrorBody is an error's code, text and details.
type ErrorBody struct {
	Code    string       `json:"code" example:"CUSTOMER_NOT_FOUND"`
	Message string       `json:"message"`
	Details ErrorDetails `json:"details"`
}

// Error is the one shape of every error.
type Error struct {
	Error ErrorBody `json:"error"`
}
