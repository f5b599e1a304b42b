package api

// Incident is a personal data breach, or what may be one.
type Incident struct {
	ID                int64    `json:"id"`
	Description       string   `json:"description"`
	AwareAt           string   `json:"awareAt" format:"date-time"`
	From              *string  `json:"from" format:"date-time"`
	To                *string  `json:"to" format:"date-time"`
	Credentials       []int64  `json:"credentials"`
	Addresses         []string `json:"addresses"`
	Risk              string   `json:"risk" enum:"unknown,unlikely,likely,high"`
	Consequences      *string  `json:"consequences"`
	Measures          *string  `json:"measures"`
	DueAt             string   `json:"dueAt" format:"date-time" doc:"72 hours after awareAt"`
	HoursLeft         *float64 `json:"hoursLeft" doc:"null once the clock does not run"`
	Late              bool     `json:"late"`
	NotifiedAt        *string  `json:"notifiedAt" format:"date-time"`
	DelayReason       *string  `json:"delayReason"`
	Reference         *string  `json:"reference"`
	PersonsInformedAt *string  `json:"personsInformedAt" format:"date-time"`
	ClosedAt          *string  `json:"closedAt" format:"date-time"`
	UserID            int64    `json:"userId" doc:"The user or key that recorded it"`
	CreateDate        string   `json:"createDate" format:"date-time"`
}

// IncidentInput records an incident, or what changes of one; what is absent stays.
type IncidentInput struct {
	Description       string   `json:"description,omitempty" maxLength:"4000" doc:"Required of a new one" example:"A key of the shop was published in a repository"`
	AwareAt           string   `json:"awareAt,omitempty" format:"date-time" doc:"When you knew; the 72 hours run from here. Now if absent"`
	From              string   `json:"from,omitempty" format:"date-time" doc:"When somebody may have had access; required of a new one"`
	To                string   `json:"to,omitempty" format:"date-time" doc:"Absent: it goes on"`
	Credentials       []int64  `json:"credentials,omitempty" doc:"Ids of keys and users that are suspected"`
	Addresses         []string `json:"addresses,omitempty" doc:"Network addresses that are suspected. Without both, everybody's access in the time counts"`
	Risk              string   `json:"risk,omitempty" enum:"unknown,unlikely,likely,high" doc:"To the persons; unlikely stops the clock (Art. 33(1))"`
	Consequences      string   `json:"consequences,omitempty" maxLength:"4000"`
	Measures          string   `json:"measures,omitempty" maxLength:"4000"`
	NotifiedAt        string   `json:"notifiedAt,omitempty" format:"date-time" doc:"When the authority was notified"`
	DelayReason       string   `json:"delayReason,omitempty" maxLength:"2000" doc:"Required if that took more than 72 hours"`
	Reference         string   `json:"reference,omitempty" maxLength:"200" doc:"The authority's"`
	PersonsInformedAt string   `json:"personsInformedAt,omitempty" format:"date-time"`
	ClosedAt          string   `json:"closedAt,omitempty" format:"date-time"`
}

// IncidentPage is a run of incidents, the newest first.
type IncidentPage struct {
	Data       []Incident `json:"data"`
	NextCursor *string    `json:"nextCursor"`
	HasMore    bool       `json:"hasMore"`
}

// AffectedPage are those whose data an incident showed or changed.
type AffectedPage struct {
	Customers  int64              `json:"customers" doc:"All of them, on all pages"`
	Records    int64              `json:"records" doc:"Records of the trail"`
	Fields     []string           `json:"fields" doc:"Names of fields that records name"`
	Whole      bool               `json:"whole" doc:"Some records name no fields: everything that their action shows"`
	Data       []AffectedCustomer `json:"data"`
	NextCursor *string            `json:"nextCursor"`
	HasMore    bool               `json:"hasMore"`
}

// AffectedCustomer is one of them.
type AffectedCustomer struct {
	CustomerID int64    `json:"customerId"`
	Records    int64    `json:"records"`
	First      string   `json:"first" format:"date-time"`
	Last       string   `json:"last" format:"date-time"`
	Actions    []string `json:"actions"`
	Fields     []string `json:"fields"`
	Whole      bool     `json:"whole"`
}

// IncidentNotice are drafts for people to complete and send.
type IncidentNotice struct {
	Authority string `json:"authority" doc:"GDPR Art. 33(3)"`
	Persons   string `json:"persons" doc:"Art. 34(2)"`
}

// Officer is the data protection officer, or whom else to ask.
type Officer struct {
	Name    string `json:"name,omitempty" maxLength:"200" example:"Dr. Aïcha Ndiaye"`
	Email   string `json:"email,omitempty" maxLength:"254" example:"dpo@shop.example"`
	Phone   string `json:"phone,omitempty" maxLength:"50"`
	Address string `json:"address,omitempty" maxLength:"500"`
}

// ConsultationInput is what the officer was asked.
type ConsultationInput struct {
	Date     string `json:"date" format:"date" example:"2026-11-20"`
	Question string `json:"question" minLength:"1" maxLength:"4000"`
	Advice   string `json:"advice,omitempty" maxLength:"4000"`
	Followed string `json:"followed,omitempty" maxLength:"2000" doc:"What was done, and why if the advice was not followed"`
}

// Consultation is one that is recorded.
type Consultation struct {
	Entry
	ConsultationInput
}

// Entry is what each entry of the register has.
type Entry struct {
	ID         int64  `json:"id"`
	UserID     int64  `json:"userId" doc:"Who wrote it last"`
	CreateDate string `json:"createDate" format:"date-time"`
}

// ConsultationPage is a run of them, the newest first.
type ConsultationPage struct {
	Data       []Consultation `json:"data"`
	NextCursor *string        `json:"nextCursor"`
	HasMore    bool           `json:"hasMore"`
}

// AssessmentInput is an assessment of the impact on data protection (GDPR Art. 35).
type AssessmentInput struct {
	Title       string `json:"title" minLength:"1" maxLength:"200"`
	Description string `json:"description" minLength:"1" maxLength:"4000" doc:"Operations and purposes (Art. 35(7)(a))"`
	Necessity   string `json:"necessity,omitempty" maxLength:"4000" doc:"And proportionality (b)"`
	Risks       string `json:"risks,omitempty" maxLength:"4000" doc:"To the persons (c)"`
	Measures    string `json:"measures,omitempty" maxLength:"4000" doc:"That address them (d)"`
	Advice      string `json:"advice,omitempty" maxLength:"4000" doc:"Of the officer (Art. 35(2))"`
	Views       string `json:"views,omitempty" maxLength:"4000" doc:"Of the persons (Art. 35(9))"`
	Outcome     string `json:"outcome,omitempty" enum:"open,accepted,rejected,prior_consultation"`
	ReviewDate  string `json:"reviewDate,omitempty" format:"date"`
}

// Assessment is one that is recorded.
type Assessment struct {
	Entry
	AssessmentInput
}

// AssessmentPage is a run of them, the newest first.
type AssessmentPage struct {
	Data       []Assessment `json:"data"`
	NextCursor *string      `json:"nextCursor"`
	HasMore    bool         `json:"hasMore"`
}

// ProcessingInput is one record of processing (GDPR Art. 30(1)).
type ProcessingInput struct {
	Name       string   `json:"name" minLength:"1" maxLength:"200" example:"Newsletter"`
	Controller string   `json:"controller" minLength:"1" maxLength:"2000" doc:"Name and contact, of joint ones and the representative too (a)"`
	Officer    string   `json:"officer,omitempty" maxLength:"2000" doc:"The data protection officer (a)"`
	Purposes   string   `json:"purposes" minLength:"1" maxLength:"4000" doc:"(b)"`
	Persons    string   `json:"persons" minLength:"1" maxLength:"4000" doc:"Categories of persons (c)"`
	Data       string   `json:"data" minLength:"1" maxLength:"4000" doc:"Categories of data (c)"`
	Recipients string   `json:"recipients,omitempty" maxLength:"4000" doc:"Categories of them (d)"`
	Transfers  string   `json:"transfers,omitempty" maxLength:"4000" doc:"To third countries, with safeguards (e)"`
	Retention  string   `json:"retention,omitempty" maxLength:"4000" doc:"When each category is erased (f)"`
	Security   string   `json:"security,omitempty" maxLength:"4000" doc:"Measures of Art. 32(1) (g)"`
	Basis      string   `json:"basis,omitempty" maxLength:"2000" doc:"Of Art. 6"`
	Tables     []string `json:"tables,omitempty" doc:"Florin's tables that hold the data"`
}

// ProcessingRecord is one that is recorded.
type ProcessingRecord struct {
	Entry
	ProcessingInput
}

// ProcessingPage is a run of them, the newest first.
type ProcessingPage struct {
	Data       []ProcessingRecord `json:"data"`
	NextCursor *string            `json:"nextCursor"`
	HasMore    bool               `json:"hasMore"`
}

// ProcessingDraft are records of what Florin itself does, to be completed and recorded.
type ProcessingDraft struct {
	Data []ProcessingInput `json:"data"`
}
