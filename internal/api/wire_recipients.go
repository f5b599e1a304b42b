package api

// Recipient is somebody to whom customers' data are disclosed.
type Recipient struct {
	ID         int64   `json:"id"`
	Kind       string  `json:"kind" enum:"processor,sub_processor,controller,joint_controller,authority,other"`
	Name       string  `json:"name"`
	Receives   string  `json:"receives"`
	Contact    *string `json:"contact"`
	Country    *string `json:"country"`
	Safeguards *string `json:"safeguards"`
	Everyone   bool    `json:"everyone"`
	ProviderID *int64  `json:"providerId"`
	EndedAt    *string `json:"endedAt" format:"date-time"`
	UserID     int64   `json:"userId"`
	CreateDate string  `json:"createDate" format:"date-time"`
}

// RecipientInput records a recipient, or replaces what is recorded of one.
type RecipientInput struct {
	Kind       string `json:"kind" enum:"processor,sub_processor,controller,joint_controller,authority,other"`
	Name       string `json:"name" minLength:"1" maxLength:"200" example:"Parcel Ltd"`
	Receives   string `json:"receives" minLength:"1" maxLength:"2000" example:"Name and shipping address, to deliver what was bought"`
	Contact    string `json:"contact,omitempty" maxLength:"500" example:"privacy@parcel.example"`
	Country    string `json:"country,omitempty" doc:"ISO 3166-1 alpha-2" example:"DE"`
	Safeguards string `json:"safeguards,omitempty" maxLength:"2000" doc:"Of a transfer to a third country (Art. 46)" example:"Standard contractual clauses of 2021"`
	Everyone   bool   `json:"everyone,omitempty" doc:"Gets the data of every customer"`
	ProviderID int64  `json:"providerId,omitempty" doc:"An account of /providers: gets the data of whoever pays or saves a method by it"`
	EndedAt    string `json:"endedAt,omitempty" format:"date-time" doc:"From when on it gets no more: it is told of customers that there were until then"`
}

// RecipientList are all recipients.
type RecipientList struct {
	Data []Recipient `json:"data"`
}

// DisclosureInput records that a recipient got a customer's data.
type DisclosureInput struct {
	RecipientID int64 `json:"recipientId"`
}

// CustomerRecipients are those who got a customer's data, and what they were told since.
type CustomerRecipients struct {
	Data    []Recipient       `json:"data"`
	Notices []RecipientNotice `json:"notices"`
}

// RecipientNotice is that a recipient must be told (GDPR Art. 19).
type RecipientNotice struct {
	ID          int64    `json:"id"`
	RecipientID int64    `json:"recipientId"`
	CustomerID  int64    `json:"customerId"`
	Cause       string   `json:"cause" enum:"rectification,erasure,restriction"`
	Fields      []string `json:"fields" doc:"Names of what was corrected"`
	CreateDate  string   `json:"createDate" format:"date-time"`
	DoneAt      *string  `json:"doneAt" format:"date-time"`
	UserID      *int64   `json:"userId" doc:"Who said that it was told"`
}

// RecipientNoticePage is a run of notices, the newest first.
type RecipientNoticePage struct {
	Data       []RecipientNotice `json:"data"`
	NextCursor *string           `json:"nextCursor"`
	HasMore    bool              `json:"hasMore"`
}

// PrivacyNotice is one version of what people are told about the use of their data.
type PrivacyNotice struct {
	ID            int64    `json:"id"`
	Language      string   `json:"language"`
	Article       string   `json:"article" enum:"13,14"`
	Title         string   `json:"title"`
	Text          string   `json:"text"`
	Points        []string `json:"points"`
	NotApplicable []string `json:"notApplicable"`
	UserID        int64    `json:"userId"`
	CreateDate    string   `json:"createDate" format:"date-time"`
}

// PrivacyNoticeInput is a new version.
type PrivacyNoticeInput struct {
	Language      string   `json:"language" doc:"BCP 47" example:"de"`
	Article       string   `json:"article" enum:"13,14" doc:"13: data from the person; 14: from elsewhere"`
	Title         string   `json:"title" minLength:"1" maxLength:"200"`
	Text          string   `json:"text" minLength:"1" maxLength:"100000"`
	Points        []string `json:"points" doc:"What the text says: controller, purposes, legal_basis, retention, rights, complaint, representative, data_protection_officer, legitimate_interests, recipients, transfers, withdrawal_of_consent, automated_decisions; obligation_to_provide (13); categories, source (14)"`
	NotApplicable []string `json:"notApplicable,omitempty" doc:"Points, but for the first six, categories and source, that do not apply"`
}

// PrivacyNoticeList are versions, the newest first.
type PrivacyNoticeList struct {
	Data []PrivacyNotice `json:"data"`
}
