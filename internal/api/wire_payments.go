package api

import "github.com/danielgtaylor/huma/v2"

// Number is a JSON number as text: money never goes through a binary fraction.
type Number string

// MarshalJSON writes the digits as they are.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// Schema says that it is a number.
func (Number) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeNumber} }

// Client is a customer as a payment request knows them.
type Client struct {
	ID       *int64  `json:"id"`
	Name     *string `json:"name"`
	Email    *string `json:"email"`
	Address  *string `json:"address"`
	Phone    *string `json:"phone"`
	MemberID *string `json:"memberId"`
}

// LogLine is the last step of a payment request.
type LogLine struct {
	ID                  int64   `json:"id"`
	PaymentRequestID    int64   `json:"paymentRequestId"`
	TransactionID       *string `json:"transactionId"`
	TransactionStatusID int64   `json:"transactionStatusId"`
	Code                string  `json:"code" example:"approved"`
	Message             string  `json:"message"`
	PayerCountry        *string `json:"payerCountry"`
	PaymentProviderID   *int64  `json:"paymentProviderId"`
	CreateDate          string  `json:"createDate" format:"date-time"`
}

// PaymentRequest is a payment request as answers show it; every field is always present.
type PaymentRequest struct {
	ID                     int64    `json:"id"`
	OwnerID                int64    `json:"ownerId"`
	UserID                 int64    `json:"userId"`
	RecipientName          string   `json:"recipientName" doc:"The owner's name"`
	PaymentRequestStatusID int64    `json:"paymentRequestStatusId" doc:"0 waiting, 1 paid, 2 unpaid, 3 cancelled, 4 pending, 5 archived"`
	TransactionID          *int64   `json:"transactionId" doc:"The last attempt"`
	TransactionNumber      *string  `json:"transactionNumber" doc:"The provider's number of it"`
	Amount                 Number   `json:"amount"`
	Unit                   string   `json:"unit" example:"USD"`
	PayerCountry           *string  `json:"payerCountry"`
	ReferenceID            *string  `json:"referenceId"`
	Notes                  *string  `json:"notes"`
	Link                   *string  `json:"link" doc:"The payment page"`
	CreateDate             string   `json:"createDate" format:"date-time"`
	ClientID               *int64   `json:"clientId"`
	ClientName             *string  `json:"clientName"`
	ClientEmail            *string  `json:"clientEmail"`
	ClientAddress          *string  `json:"clientAddress"`
	ClientPhone            *string  `json:"clientPhone"`
	ClientMemberID         *string  `json:"clientMemberId"`
	Client                 *Client  `json:"client"`
	NotifyURL              *string  `json:"notifyUrl"`
	SuccessURL             *string  `json:"successUrl"`
	FailureURL             *string  `json:"failureUrl"`
	TransactionStatusID    int64    `json:"transactionStatusId" doc:"0 waiting, 1 approved, 2 declined, 3 pending"`
	TargetAccountTypeID    *int64   `json:"targetAccountTypeId"`
	OriginDomain           *string  `json:"originDomain"`
	ChargedBack            bool     `json:"chargedBack"`
	FeeAmount              *Number  `json:"feeAmount"`
	GrossAmount            *Number  `json:"grossAmount"`
	NetAmount              *Number  `json:"netAmount"`
	TransactionCurrency    *string  `json:"transactionCurrency"`
	ExchangeRate           *Number  `json:"exchangeRate" doc:"To the owner's base currency"`
	CardBin                *string  `json:"cardBin"`
	Device                 *string  `json:"device"`
	Browser                *string  `json:"browser"`
	OSName                 *string  `json:"osName"`
	CardLastDigits         *string  `json:"cardLastDigits"`
	SumSubApplicantID      *string  `json:"sumSubApplicantId"`
	ThreeDS                *string  `json:"threeDs"`
	LogMessage             *string  `json:"logMessage"`
	LogTransactionID       *string  `json:"logTransactionId"`
	LogTransactionStatusID *int64   `json:"logTransactionStatusId"`
	LogPayerCountry        *string  `json:"logPayerCountry"`
	LogPaymentProviderID   *int64   `json:"logPaymentProviderId"`
	PaymentMethodID        *int64   `json:"paymentMethodId" doc:"The saved method used"`
	PaymentProviderID      *int64   `json:"paymentProviderId"`
	LogCreateDate          *string  `json:"logCreateDate" format:"date-time"`
	LastLog                *LogLine `json:"lastLog"`
	ExpireDate             string   `json:"expireDate" format:"date-time"`
	RefundedAmount         Number   `json:"refundedAmount"`
	PaymentMethod          *string  `json:"paymentMethod" example:"CREDIT_CARD"`
}

// PaymentRequestInput is a new payment request. The customer is clientId, or is matched by
// e-mail or member id, or created.
type PaymentRequestInput struct {
	Amount         Number  `json:"amount" doc:"At most the currency's decimals" example:"49.9"`
	Unit           string  `json:"unit" doc:"ISO 4217, or BTC, ETH, USDT, USDC" example:"USD"`
	PayerCountry   *string `json:"payerCountry,omitempty" example:"ES"`
	ReferenceID    *string `json:"referenceId,omitempty" maxLength:"200" doc:"Your own number" example:"order-1001"`
	Notes          *string `json:"notes,omitempty" maxLength:"1000"`
	ClientID       *int64  `json:"clientId,omitempty" doc:"An existing customer; wins over the other client fields"`
	ClientName     *string `json:"clientName,omitempty" example:"María del Carmen Ruiz"`
	ClientEmail    *string `json:"clientEmail,omitempty" example:"jsmith@example.com"`
	ClientAddress  *string `json:"clientAddress,omitempty"`
	ClientPhone    *string `json:"clientPhone,omitempty"`
	ClientMemberID *string `json:"clientMemberId,omitempty"`
	Client         any     `json:"client,omitempty" doc:"The same as an object: {\"id\": 1}, or name, email, address, phone, memberId"`
	NotifyURL      *string `json:"notifyUrl,omitempty" example:"https://shop.example.com/paid"`
	SuccessURL     *string `json:"successUrl,omitempty"`
	FailureURL     *string `json:"failureUrl,omitempty"`
	OriginDomain   *string `json:"originDomain,omitempty" example:"https://shop.example.com"`
	ExpireDate     *string `json:"expireDate,omitempty" format:"date-time" doc:"Seven days by default"`
}

// PaymentRequestPage is a run of payment requests, newest first.
type PaymentRequestPage struct {
	Data       []PaymentRequest `json:"data"`
	NextCursor *string          `json:"nextCursor"`
	HasMore    bool             `json:"hasMore"`
}

// PaymentStatus is what the vendor's status call answers.
type PaymentStatus struct {
	ID                     int64    `json:"id"`
	RecipientName          string   `json:"recipientName"`
	PaymentRequestStatusID int64    `json:"paymentRequestStatusId"`
	TransactionID          *int64   `json:"transactionId"`
	TransactionNumber      *string  `json:"transactionNumber"`
	TransactionStatusID    int64    `json:"transactionStatusId"`
	Link                   *string  `json:"link"`
	Unit                   string   `json:"unit"`
	Amount                 Number   `json:"amount"`
	ReferenceID            *string  `json:"referenceId"`
	Notes                  *string  `json:"notes"`
	Client                 *Client  `json:"client"`
	NotifyURL              *string  `json:"notifyUrl"`
	SuccessURL             *string  `json:"successUrl"`
	FailureURL             *string  `json:"failureUrl"`
	LastLog                *LogLine `json:"lastLog"`
}

// PaymentAnswer is how a try to pay went; a decline is 402 instead.
type PaymentAnswer struct {
	Status           string  `json:"status" enum:"approved,pending,redirect"`
	PaymentRequestID int64   `json:"paymentRequestId"`
	TransactionID    *int64  `json:"transactionId"`
	RedirectURL      *string `json:"redirectUrl" doc:"Where the customer must go if the status is redirect"`
	MethodID         *int64  `json:"methodId" doc:"The saved method, used or new"`
}

// BrowserInfo is what EMV 3-D Secure asks about the payer's browser. Each name may have
// "browser" before it too.
type BrowserInfo struct {
	AcceptHeader      string `json:"acceptHeader,omitempty"`
	ColorDepth        int    `json:"colorDepth,omitempty"`
	IP                string `json:"ip,omitempty"`
	JavaEnabled       bool   `json:"javaEnabled,omitempty"`
	JavascriptEnabled bool   `json:"javascriptEnabled,omitempty"`
	Language          string `json:"language,omitempty"`
	ScreenHeight      int    `json:"screenHeight,omitempty"`
	ScreenWidth       int    `json:"screenWidth,omitempty"`
	Timezone          int    `json:"timezone,omitempty"`
	UserAgent         string `json:"userAgent,omitempty"`
}

// WalletInput is a device wallet's proof.
type WalletInput struct {
	WalletType          string `json:"walletType" enum:"APPLE_PAY,GOOGLE_PAY"`
	AuthenticationValue string `json:"authenticationValue"`
	XID                 string `json:"xid,omitempty"`
	ECI                 string `json:"eci,omitempty"`
}

// CardPayment pays with a card. The number passes through memory to the provider and is
// kept nowhere.
type CardPayment struct {
	Name              string           `json:"name" example:"Jane Smith"`
	Number            string           `json:"number" doc:"12 to 19 digits" example:"4242 4242 4242 4242"`
	Expiration        string           `json:"expiration" example:"09/30"`
	CVV               string           `json:"cvv" example:"123"`
	Email             string           `json:"email,omitempty"`
	PhoneNumber       string           `json:"phoneNumber,omitempty"`
	Address           string           `json:"address,omitempty"`
	City              string           `json:"city,omitempty"`
	State             string           `json:"state,omitempty"`
	PostalCode        string           `json:"postalCode,omitempty"`
	Country           string           `json:"country,omitempty" example:"ES"`
	CaptureDelayHours int              `json:"captureDelayHours,omitempty" minimum:"0" maximum:"7"`
	BrowserInfo       *BrowserInfo     `json:"browserInfo,omitempty"`
	Wallet            *WalletInput     `json:"wallet,omitempty"`
	Is3DS             bool             `json:"is3ds,omitempty"`
	IsSandbox         bool             `json:"isSandbox,omitempty" doc:"Must agree with the key's mode"`
	IPAddress         string           `json:"ipAddress,omitempty" doc:"The payer's"`
	SavePaymentMethod bool             `json:"savePaymentMethod,omitempty"`
	Consent           *ConsentEvidence `json:"consent,omitempty" doc:"Required with savePaymentMethod in live mode"`
	Amount            any              `json:"amount,omitempty" doc:"Ignored: the request has it"`
	Unit              any              `json:"unit,omitempty" doc:"Ignored"`
	OriginDomain      any              `json:"originDomain,omitempty" doc:"Ignored"`
}

// ConsentEvidence shows that the customer agreed to something.
type ConsentEvidence struct {
	Text          string `json:"text,omitempty" maxLength:"1000" doc:"The words that were agreed to"`
	PolicyVersion string `json:"policyVersion,omitempty" maxLength:"200"`
	Language      string `json:"language,omitempty" example:"es"`
	Reference     string `json:"reference,omitempty" maxLength:"200" doc:"Where your own record of it is"`
}

// SavedPayment pays with a saved method.
type SavedPayment struct {
	PaymentMethodID int64 `json:"paymentMethodId"`
}

// ReleaseAnswer says that a payment request can't be paid any more.
type ReleaseAnswer struct {
	Status           string `json:"status" enum:"released"`
	PaymentRequestID int64  `json:"paymentRequestId"`
	ReleasedAt       string `json:"releasedAt" format:"date-time"`
}

// RefundInput gives money back; all that is left without an amount.
type RefundInput struct {
	Amount Number `json:"amount,omitempty" example:"10"`
}

// RefundAnswer is how a refund stands.
type RefundAnswer struct {
	ID               int64  `json:"id"`
	PaymentRequestID int64  `json:"paymentRequestId"`
	Amount           Number `json:"amount"`
	RefundedAmount   Number `json:"refundedAmount" doc:"Of the request in all"`
	Status           string `json:"status" enum:"refunded,pending,failed"`
}

// PaymentMethod is a saved payment method: a provider's token and what may be shown.
type PaymentMethod struct {
	ID           int64   `json:"id"`
	CustomerID   int64   `json:"customerId"`
	Type         string  `json:"type" enum:"card,wallet,bank_account,upi,crypto"`
	Provider     string  `json:"provider" example:"sandbox"`
	Brand        *string `json:"brand" example:"visa"`
	BIN          *string `json:"bin"`
	Last4        *string `json:"last4" example:"4242"`
	ExpMonth     *int    `json:"expMonth"`
	ExpYear      *int    `json:"expYear"`
	HolderName   *string `json:"holderName"`
	Country      *string `json:"country"`
	Fingerprint  string  `json:"fingerprint" doc:"The same for the same card of this owner; says nothing of the number"`
	Label        *string `json:"label"`
	IsDefault    bool    `json:"isDefault"`
	Status       string  `json:"status" enum:"active,expired,removed"`
	ConsentID    *int64  `json:"consentId"`
	CreateDate   string  `json:"createDate" format:"date-time"`
	LastUsedDate *string `json:"lastUsedDate" format:"date-time"`
}

// PaymentMethodInput saves a card, or a token of the provider's own form.
type PaymentMethodInput struct {
	Token      string           `json:"token,omitempty" doc:"From the provider's own form; instead of the card"`
	Number     string           `json:"number,omitempty" doc:"In test mode, or where the server accepts card data"`
	Expiration string           `json:"expiration,omitempty" example:"09/30"`
	CVV        string           `json:"cvv,omitempty"`
	Name       string           `json:"name,omitempty" doc:"The card's holder"`
	Label      string           `json:"label,omitempty" maxLength:"100"`
	IsDefault  bool             `json:"isDefault,omitempty"`
	Consent    *ConsentEvidence `json:"consent,omitempty" doc:"Required in live mode"`
}

// PaymentMethodChange renames a method or makes it the default.
type PaymentMethodChange struct {
	Label     *string `json:"label,omitempty" maxLength:"100"`
	IsDefault bool    `json:"isDefault,omitempty"`
}

// Offer is a way of paying.
type Offer struct {
	PaymentMethod string          `json:"paymentMethod" example:"CREDIT_CARD"`
	Preferred     bool            `json:"preferred" doc:"By the customer's preferences"`
	Saved         []PaymentMethod `json:"saved" doc:"The customer's saved methods of this kind, the default first"`
}

// OfferList is what can be paid with, the likeliest first.
type OfferList struct {
	Data []Offer `json:"data"`
}

// Dispute is a chargeback.
type Dispute struct {
	ID               int64   `json:"id"`
	PaymentRequestID int64   `json:"paymentRequestId"`
	CustomerID       *int64  `json:"customerId"`
	ProviderID       int64   `json:"paymentProviderId"`
	Reference        string  `json:"reference" doc:"The provider's"`
	Status           string  `json:"status" enum:"open,won,lost"`
	Amount           Number  `json:"amount"`
	Unit             string  `json:"unit"`
	Reason           string  `json:"reason"`
	DueDate          *string `json:"dueDate" format:"date-time"`
	HasEvidence      bool    `json:"hasEvidence"`
	CreateDate       string  `json:"createDate" format:"date-time"`
}

// DisputePage is a run of disputes, newest first.
type DisputePage struct {
	Data       []Dispute `json:"data"`
	NextCursor *string   `json:"nextCursor"`
	HasMore    bool      `json:"hasMore"`
}

// EvidenceInput is what speaks for the merchant in a dispute.
type EvidenceInput struct {
	Text string `json:"text" minLength:"1" maxLength:"20000"`
}

// Provider is an owner's account with a payment provider. Credentials that are secret can
// be written and not read.
type Provider struct {
	ID          int64             `json:"id"`
	Kind        string            `json:"kind" example:"stripe"`
	Name        string            `json:"name"`
	Enabled     bool              `json:"enabled"`
	Settings    map[string]string `json:"settings"`
	Secrets     []string          `json:"secrets" doc:"Names of those that are set"`
	CallbackURL string            `json:"callbackUrl" doc:"Give it to the provider"`
}

// ProviderInput is a new account with a provider.
type ProviderInput struct {
	Kind        string            `json:"kind" example:"stripe"`
	Name        string            `json:"name" maxLength:"200"`
	Enabled     *bool             `json:"enabled,omitempty"`
	Credentials map[string]string `json:"credentials" doc:"By name, as docs/providers.md lists them"`
}

// ProviderChange changes an account; absent credentials stay.
type ProviderChange struct {
	Name        *string            `json:"name,omitempty"`
	Enabled     *bool              `json:"enabled,omitempty"`
	Credentials *map[string]string `json:"credentials,omitempty"`
}

// ProviderList are an owner's accounts.
type ProviderList struct {
	Data []Provider `json:"data"`
}

// RoutingRule sends payments that fit to an account.
type RoutingRule struct {
	ID         int64    `json:"id" readOnly:"true"`
	ProviderID int64    `json:"providerId"`
	Priority   int64    `json:"priority" doc:"The smallest is asked first"`
	Weight     int64    `json:"weight" minimum:"1" maximum:"1000" doc:"Share among rules of one priority"`
	Methods    []string `json:"methods" doc:"Any if empty"`
	Currencies []string `json:"currencies" doc:"Any if empty"`
	Countries  []string `json:"countries" doc:"Any if empty"`
	AmountFrom *Number  `json:"amountFrom"`
	AmountTo   *Number  `json:"amountTo" doc:"Below"`
}

// RoutingRuleInput is a new rule.
type RoutingRuleInput struct {
	ProviderID int64    `json:"providerId"`
	Priority   int64    `json:"priority,omitempty"`
	Weight     int64    `json:"weight,omitempty" minimum:"1" maximum:"1000"`
	Methods    []string `json:"methods,omitempty"`
	Currencies []string `json:"currencies,omitempty"`
	Countries  []string `json:"countries,omitempty"`
	AmountFrom Number   `json:"amountFrom,omitempty"`
	AmountTo   Number   `json:"amountTo,omitempty"`
}

// RoutingRuleList are an owner's rules, in the order in which they are asked.
type RoutingRuleList struct {
	Data []RoutingRule `json:"data"`
}

// FeeTable is what a payment costs; the most specific one counts.
type FeeTable struct {
	ID            int64   `json:"id"`
	PaymentMethod *string `json:"paymentMethod"`
	Unit          *string `json:"unit"`
	Percent       Number  `json:"percent"`
	Fixed         Number  `json:"fixed"`
	Minimum       Number  `json:"minimum"`
	Maximum       *Number `json:"maximum"`
}

// FeeTableInput is a fee table, in the place of one for the same method and currency.
type FeeTableInput struct {
	PaymentMethod string `json:"paymentMethod,omitempty" example:"CREDIT_CARD"`
	Unit          string `json:"unit,omitempty" example:"USD"`
	Percent       Number `json:"percent,omitempty" doc:"Up to four decimals" example:"2.9"`
	Fixed         Number `json:"fixed,omitempty" example:"0.3"`
	Minimum       Number `json:"minimum,omitempty"`
	Maximum       Number `json:"maximum,omitempty"`
}

// FeeTableList are an owner's fee tables.
type FeeTableList struct {
	Data []FeeTable `json:"data"`
}

// OriginDomain is a page that payment requests may come from.
type OriginDomain struct {
	ID     int64  `json:"id" readOnly:"true"`
	Origin string `json:"origin" example:"https://shop.example.com"`
}

// OriginInput is a new origin.
type OriginInput struct {
	Origin string `json:"origin" example:"https://shop.example.com"`
}

// OriginList are an owner's origins; while there is none, any may be named.
type OriginList struct {
	Data []OriginDomain `json:"data"`
}

// Rates are what one unit of the base buys.
type Rates struct {
	Base  string            `json:"base" example:"USD"`
	Date  string            `json:"date" format:"date"`
	Rates map[string]Number `json:"rates"`
}

// Difference is something on which a provider's report and our books do not agree.
type Difference struct {
	Kind             string  `json:"kind" enum:"unknown_here,missing_there,unequal"`
	PaymentRequestID *int64  `json:"paymentRequestId"`
	TransactionID    *int64  `json:"transactionId"`
	Reference        *string `json:"reference" doc:"The provider's number"`
	Ours             Number  `json:"ours" doc:"Held after refunds, by our books"`
	Theirs           Number  `json:"theirs" doc:"The same by the provider's"`
	Unit             string  `json:"unit"`
}

// Reconciliation is one day's comparison with one provider.
type Reconciliation struct {
	ID                int64        `json:"id"`
	PaymentProviderID int64        `json:"paymentProviderId"`
	Date              string       `json:"date" format:"date"`
	Entries           int64        `json:"entries" doc:"Lines of the provider's report"`
	Differences       []Difference `json:"differences"`
}

// ReconciliationList are comparisons, the newest day first.
type ReconciliationList struct {
	Data []Reconciliation `json:"data"`
}

// ReconciliationInput says which day to compare now.
type ReconciliationInput struct {
	Date string `json:"date" format:"date" example:"2026-11-22" doc:"A day in UTC"`
}
