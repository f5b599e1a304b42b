package api

// Purpose is what an owner processes data for, and the ground that it rests on.
type Purpose struct {
	Name          string  `json:"name" example:"newsletter"`
	LawfulBasis   string  `json:"lawfulBasis" enum:"consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests"`
	Article       string  `json:"article" example:"6(1)(a)" doc:"Of the GDPR"`
	Description   *string `json:"description"`
	PolicyVersion *string `json:"policyVersion"`
	DoubleOptIn   bool    `json:"doubleOptIn"`
	Marketing     bool    `json:"marketing"`
	Active        bool    `json:"active"`
	BuiltIn       bool    `json:"builtIn" doc:"Exists without set-up"`
	UserID        *int64  `json:"userId" doc:"The user or key that set it up"`
	UpdateDate    *string `json:"updateDate" format:"date-time"`
}

// PurposeList are an owner's purposes in one mode, in order of name.
type PurposeList struct {
	Data []Purpose `json:"data"`
}

// PurposeInput sets up a purpose, whole.
type PurposeInput struct {
	LawfulBasis   string `json:"lawfulBasis" enum:"consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests"`
	Description   string `json:"description,omitempty" maxLength:"500" example:"Our newsletter, once a month" doc:"What customers read on their page"`
	PolicyVersion string `json:"policyVersion,omitempty" maxLength:"50" example:"2026-11"`
	DoubleOptIn   bool   `json:"doubleOptIn,omitempty" doc:"A consent counts once the customer has confirmed it by mail"`
	Marketing     bool   `json:"marketing,omitempty" doc:"An objection always ends it (Art. 21(3))"`
	Active        bool   `json:"active,omitempty" default:"true"`
}

// Consent is what a customer agreed to.
type Consent struct {
	ID            int64   `json:"id"`
	Purpose       string  `json:"purpose" example:"save_payment_method"`
	LawfulBasis   string  `json:"lawfulBasis" enum:"consent"`
	State         string  `json:"state" enum:"pending,expired,given,withdrawn"`
	Channel       string  `json:"channel"`
	GivenAt       string  `json:"givenAt" format:"date-time" doc:"With a double opt-in: when it was asked for"`
	PendingUntil  *string `json:"pendingUntil" format:"date-time"`
	ConfirmedAt   *string `json:"confirmedAt" format:"date-time"`
	ConfirmedFrom *string `json:"confirmedFrom" doc:"The IP address; null for those who see masked values"`
	WithdrawnAt   *string `json:"withdrawnAt" format:"date-time"`
	WithdrawnBy   *string `json:"withdrawnBy" doc:"The channel"`
	WithdrawnFrom *string `json:"withdrawnFrom" doc:"The IP address; null for those who see masked values"`
	Text          *string `json:"text"`
	PolicyVersion *string `json:"policyVersion"`
	Language      *string `json:"language"`
	Reference     *string `json:"reference"`
	Address       *string `json:"address" doc:"The IP address it came from; null for those who see masked values"`
	UserID        *int64  `json:"userId" doc:"The user or key that recorded it"`
}

// ConsentList are a customer's consents, newest first.
type ConsentList struct {
	Data []Consent `json:"data"`
}

// GivenConsent is a new consent with the page on which the customer confirms and withdraws.
type GivenConsent struct {
	Consent
	Mailed bool    `json:"mailed" doc:"The customer has the link by mail"`
	Link   *string `json:"link" format:"uri" doc:"Shown once, and only if it was not mailed"`
}

// ConsentInput records what a customer agreed to.
type ConsentInput struct {
	Purpose       string `json:"purpose" example:"newsletter"`
	Channel       string `json:"channel,omitempty" enum:"api,payment_page,web,app,email,phone,paper,in_person,chat,other" default:"api"`
	Text          string `json:"text,omitempty" maxLength:"250" doc:"The words that were agreed to"`
	PolicyVersion string `json:"policyVersion,omitempty" maxLength:"50" doc:"The purpose's own if it is not given"`
	Language      string `json:"language,omitempty" example:"es"`
	Reference     string `json:"reference,omitempty" maxLength:"50" doc:"Where the evidence lies"`
	Address       string `json:"address,omitempty" doc:"The customer's IP address" example:"203.0.113.7"`
}

// PurposeDecision says whether a customer's data may be processed for a purpose now.
type PurposeDecision struct {
	Purpose     string `json:"purpose"`
	LawfulBasis string `json:"lawfulBasis" enum:"consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests"`
	Article     string `json:"article" example:"6(1)(a)"`
	Marketing   bool   `json:"marketing"`
	Allowed     bool   `json:"allowed"`
	Reason      string `json:"reason" enum:"consent_given,basis,no_consent,objected,restricted,inactive,no_customer"`
	ConsentID   *int64 `json:"consentId"`
}

// DecisionList says it of each purpose.
type DecisionList struct {
	Data []PurposeDecision `json:"data"`
}

// Objection is a customer's no to a purpose (GDPR Art. 21).
type Objection struct {
	ID         int64   `json:"id"`
	Purpose    string  `json:"purpose"`
	Channel    string  `json:"channel"`
	Note       *string `json:"note" doc:"The customer's words"`
	Blocks     bool    `json:"blocks" doc:"Nothing is processed for the purpose because of it"`
	Answer     *string `json:"answer" enum:"upheld,compelling_grounds,withdrawn"`
	Reason     *string `json:"reason" doc:"The owner's, of the answer"`
	UserID     *int64  `json:"userId" doc:"The user or key that recorded it"`
	CreateDate string  `json:"createDate" format:"date-time"`
	AnsweredBy *int64  `json:"answeredBy"`
	AnsweredAt *string `json:"answeredAt" format:"date-time"`
}

// ObjectionList are a customer's objections, newest first.
type ObjectionList struct {
	Data []Objection `json:"data"`
}

// ObjectionInput records an objection.
type ObjectionInput struct {
	Purpose string `json:"purpose" example:"newsletter"`
	Channel string `json:"channel,omitempty" enum:"api,payment_page,web,app,email,phone,paper,in_person,chat,other" default:"api"`
	Note    string `json:"note,omitempty" maxLength:"500"`
}

// ObjectionAnswer says what became of an objection.
type ObjectionAnswer struct {
	Answer string `json:"answer" enum:"upheld,compelling_grounds,withdrawn"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Required with compelling_grounds"`
}

// The texts of consents. immutable: read by OpenAPI alone.
var (
	purposesDoc   = operation{tag: "Privacy", summary: "List the purposes of processing", answer: of[PurposeList]()}
	purposeDoc    = operation{tag: "Privacy", summary: "Get a purpose of processing", answer: of[Purpose](), errors: []int{404}}
	putPurposeDoc = operation{tag: "Privacy", summary: "Set up or change a purpose of processing", body: of[PurposeInput](), answer: of[Purpose](), errors: []int{413, 415},
		description: "What is processed, and on which ground of GDPR Art. 6(1). `save_payment_method` and `payment_messages` exist without set-up."}
	removePurposeDoc = operation{tag: "Privacy", summary: "End a purpose of processing", errors: []int{404}, description: "Nothing is processed for it any more. A built-in one is as it was before it was set up."}
	consentsDoc      = operation{tag: "Privacy", summary: "List what a customer agreed to", answer: of[ConsentList](), errors: []int{404, 410}, description: "The whole history: consents that were withdrawn, or never confirmed, too."}
	giveConsentDoc   = operation{tag: "Privacy", summary: "Record a consent", body: of[ConsentInput](), answer: of[GivenConsent](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Where the purpose wants a double opt-in, it is `pending` until the customer confirms it on the page at the link, within seven days."}
	withdrawDoc = operation{tag: "Privacy", summary: "Withdraw a consent", errors: []int{404, 409, 410},
		description: "At once (GDPR Art. 7(3)). Every consent for the same purpose ends, but for `save_payment_method`, where each stands for one method, which is removed with it."}
	decisionsDoc  = operation{tag: "Privacy", summary: "Tell what a customer's data may be processed for", answer: of[DecisionList](), errors: []int{404, 410}}
	objectionsDoc = operation{tag: "Privacy", summary: "List a customer's objections", answer: of[ObjectionList](), errors: []int{404, 410}}
	objectDoc     = operation{tag: "Privacy", summary: "Record an objection", body: of[ObjectionInput](), answer: of[Objection](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "GDPR Art. 21: to a purpose that rests on legitimate interests or a public task, or to marketing. It blocks at once, and consents for the purpose end."}
	answerObjectionDoc = operation{tag: "Privacy", summary: "Answer an objection", body: of[ObjectionAnswer](), answer: of[Objection](), errors: []int{404, 410, 413, 415},
		description: "`compelling_grounds` lets processing go on, with a reason and never for marketing; `withdrawn` is for a customer who took it back."}
)
