package api

// PrivacyRequest is what a data subject asked for, as lists show it.
type PrivacyRequest struct {
	ID           int64   `json:"id"`
	Type         string  `json:"type" enum:"access,rectification,erasure,restriction,portability,objection,automated_decision"`
	CustomerID   int64   `json:"customerId"`
	Channel      string  `json:"channel" enum:"email,phone,letter,in_person,chat,form,other"`
	Status       string  `json:"status" enum:"received,identity_check,in_progress,extended,completed,refused"`
	ReceivedDate string  `json:"receivedDate" format:"date"`
	DueDate      string  `json:"dueDate" format:"date" doc:"The last day on which it is answered in time"`
	DaysLeft     int64   `json:"daysLeft" doc:"Until the due date; below zero it is late, or was when it was finished"`
	Late         bool    `json:"late"`
	Extended     bool    `json:"extended"`
	VerifiedAt   *string `json:"verifiedAt" format:"date-time" doc:"When it was made sure who asks"`
	FinishedAt   *string `json:"finishedAt" format:"date-time"`
	UserID       int64   `json:"userId" doc:"The user or key that took it in"`
	CreateDate   string  `json:"createDate" format:"date-time"`
}

// PrivacyRequestWhole is one request with all that was done about it.
type PrivacyRequestWhole struct {
	PrivacyRequest
	Note     *string              `json:"note" doc:"null once the customer was erased"`
	History  []PrivacyRequestStep `json:"history"`
	Evidence []Evidence           `json:"evidence"`
	Notices  []RecipientNotice    `json:"notices" doc:"What recipients must be told because of it (Art. 19)"`
}

// PrivacyRequestStep is one line of a request's history.
type PrivacyRequestStep struct {
	Step      string   `json:"step" enum:"received,identity_asked,identity_verified,extended,evidence,completed,refused,due_soon,overdue"`
	Code      *string  `json:"code" doc:"The channel, the method or the reason"`
	Fields    []string `json:"fields" doc:"Names of fields that were corrected"`
	RecordID  *int64   `json:"recordId" doc:"The audit record of the last correction"`
	Note      *string  `json:"note"`
	Reference *string  `json:"reference"`
	UserID    int64    `json:"userId"`
	Time      string   `json:"time" format:"date-time"`
}

// Evidence shows what was done.
type Evidence struct {
	ID         int64   `json:"id"`
	Kind       string  `json:"kind" enum:"attached,export,certificate"`
	Name       *string `json:"name"`
	SHA256     *string `json:"sha256" doc:"Hex; null for what was attached of a customer who was erased"`
	Size       int64   `json:"size" doc:"Bytes; 0 where it lies elsewhere"`
	UserID     int64   `json:"userId"`
	CreateDate string  `json:"createDate" format:"date-time"`
}

// EvidenceContent is evidence with what it holds.
type EvidenceContent struct {
	Evidence
	Content *string `json:"content" doc:"Base64; null where it lies elsewhere or is not kept any more"`
}

// PrivacyRequestPage is a run of requests, the newest first.
type PrivacyRequestPage struct {
	Data       []PrivacyRequest `json:"data"`
	NextCursor *string          `json:"nextCursor"`
	HasMore    bool             `json:"hasMore"`
}

// PrivacyRequestInput takes a request in.
type PrivacyRequestInput struct {
	Type         string `json:"type" enum:"access,rectification,erasure,restriction,portability,objection,automated_decision"`
	CustomerID   int64  `json:"customerId"`
	Channel      string `json:"channel" enum:"email,phone,letter,in_person,chat,form,other"`
	ReceivedDate string `json:"receivedDate,omitempty" format:"date" doc:"Today if absent; may lie behind, not ahead" example:"2026-11-20"`
	Note         string `json:"note,omitempty" maxLength:"2000" example:"Wants a copy of everything, by mail"`
}

// IdentityInput says how it is known who asks.
type IdentityInput struct {
	Verified  *bool  `json:"verified,omitempty" doc:"true if absent; false: more was asked for (Art. 12(6))"`
	Method    string `json:"method" enum:"no_doubt,signed_in,email_answered,phone_called,known_details,document,in_person,other"`
	Reference string `json:"reference,omitempty" maxLength:"200" doc:"Where the proof lies. Do not copy documents of identity here"`
	Note      string `json:"note,omitempty" maxLength:"2000"`
}

// ExtendInput gives two months more.
type ExtendInput struct {
	Reason string `json:"reason" enum:"complexity,number_of_requests"`
	Note   string `json:"note,omitempty" maxLength:"2000" doc:"What the person was told"`
}

// CompleteInput ends a request that was done.
type CompleteInput struct {
	Reason    string `json:"reason,omitempty" enum:"accuracy_contested,unlawful_processing,needed_for_claims,objection_pending" doc:"Of a restriction, and required there"`
	Purpose   string `json:"purpose,omitempty" doc:"Of an objection: a purpose of /consent-purposes, which stops"`
	Note      string `json:"note,omitempty" maxLength:"2000" doc:"What was done; required for automated decisions, and for objections without a purpose, not taken for erasures"`
	Reference string `json:"reference,omitempty" maxLength:"200"`
}

// RefuseInput ends a request that is not done.
type RefuseInput struct {
	Reason string `json:"reason" enum:"manifestly_unfounded,excessive,not_identified,exempt,no_data"`
	Note   string `json:"note,omitempty" maxLength:"2000" doc:"What the person was told"`
}

// RequestEvidenceInput attaches something: a text, a small file, or the digest of what lies elsewhere.
type RequestEvidenceInput struct {
	Name    string `json:"name" minLength:"1" maxLength:"200" example:"answer.eml"`
	Text    string `json:"text,omitempty"`
	Content string `json:"content,omitempty" doc:"Base64, at most 100 KiB decoded"`
	SHA256  string `json:"sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"Required without text and content; otherwise compared"`
}

// PrivacyReport counts requests by type and status.
type PrivacyReport struct {
	From string          `json:"from" format:"date"`
	To   string          `json:"to" format:"date"`
	Data []PrivacyTotals `json:"data"`
}

// PrivacyTotals is one line of it.
type PrivacyTotals struct {
	Type       string `json:"type"`
	Status     string `json:"status"`
	Requests   int64  `json:"requests"`
	Late       int64  `json:"late" doc:"Answered after the due date, or not by now"`
	ShortDays  *int64 `json:"shortestDays" doc:"From receipt to the answer; null where none is finished"`
	MedianDays *int64 `json:"medianDays"`
	LongDays   *int64 `json:"longestDays"`
}
