package api

import "encoding/json"

// WebhookEndpoint is where events are posted.
type WebhookEndpoint struct {
	ID             int64    `json:"id" readOnly:"true"`
	URL            string   `json:"url" format:"uri" example:"https://shop.example/hooks/florin"`
	Events         []string `json:"events" example:"[\"customer.created\",\"payment_request.paid\"]"`
	Payload        string   `json:"payload" enum:"thin,full" doc:"thin: ids and names of changed fields; full: the customer or payment request too"`
	Description    *string  `json:"description"`
	Enabled        bool     `json:"enabled"`
	DisabledReason *string  `json:"disabledReason" readOnly:"true" doc:"by_request, gone (it answered 410) or failing (it took nothing for five days)"`
	Secret         *string  `json:"secret" readOnly:"true" doc:"whsec_… to check signatures with, or the public key whpk_… of v1a; shown once"`
	Behind         int64    `json:"behind" readOnly:"true" doc:"Events that were not looked at yet"`
	Waiting        int64    `json:"waiting" readOnly:"true" doc:"Events that it refused while it took others"`
	Failures       int64    `json:"failures" readOnly:"true" doc:"In a row"`
	FailingSince   *string  `json:"failingSince" format:"date-time" readOnly:"true"`
	NextTry        *string  `json:"nextTry" format:"date-time" readOnly:"true"`
	CreateDate     string   `json:"createDate" format:"date-time" readOnly:"true"`
}

// WebhookEndpointInput is a new endpoint, or what changes of one.
type WebhookEndpointInput struct {
	URL         string   `json:"url" required:"true" format:"uri" example:"https://shop.example/hooks/florin"`
	Events      []string `json:"events" required:"true" example:"[\"*\"]" doc:"Kinds of events, or \"*\" for all"`
	Payload     string   `json:"payload,omitempty" enum:"thin,full" doc:"thin if absent"`
	Description string   `json:"description,omitempty" maxLength:"200"`
	Enabled     bool     `json:"enabled,omitempty" doc:"true if absent"`
	Signature   string   `json:"signature,omitempty" enum:"v1,v1a" doc:"v1 (HMAC-SHA-256) if absent, or v1a (Ed25519)"`
}

// WebhookEndpointChange is what changes of an endpoint; what is absent stays.
type WebhookEndpointChange struct {
	URL         string   `json:"url,omitempty" format:"uri"`
	Events      []string `json:"events,omitempty"`
	Payload     string   `json:"payload,omitempty" enum:"thin,full"`
	Description string   `json:"description,omitempty" maxLength:"200"`
	Enabled     bool     `json:"enabled,omitempty" doc:"Switched on, it is sent what it missed"`
}

// WebhookEndpointList is all endpoints of the mode.
type WebhookEndpointList struct {
	Data []WebhookEndpoint `json:"data"`
}

// WebhookRotation asks for a new secret.
type WebhookRotation struct {
	OverlapHours int64  `json:"overlapHours,omitempty" minimum:"0" maximum:"168" doc:"How long the old secrets sign beside it; 24 if absent"`
	Signature    string `json:"signature,omitempty" enum:"v1,v1a"`
}

// WebhookReplay says what to send again: one event, or those of a time.
type WebhookReplay struct {
	EventID string `json:"eventId,omitempty"`
	From    string `json:"from,omitempty" format:"date-time" doc:"At or after"`
	To      string `json:"to,omitempty" format:"date-time" doc:"Before"`
}

// ReplayAnswer says how many events are sent again.
type ReplayAnswer struct {
	Events int64 `json:"events"`
}

// WebhookAttempt is one try to deliver an event.
type WebhookAttempt struct {
	ID           int64   `json:"id"`
	EventID      string  `json:"eventId" doc:"The header webhook-id"`
	Type         string  `json:"type" example:"customer.created"`
	CustomerID   *int64  `json:"customerId"`
	Time         string  `json:"time" format:"date-time"`
	Status       *int64  `json:"status" doc:"null without an answer"`
	Milliseconds int64   `json:"milliseconds"`
	Problem      *string `json:"problem" doc:"refused_address, no_connection, no_answer or not_made"`
	Answer       *string `json:"answer" doc:"Its first 4 KiB"`
}

// WebhookAttemptPage is a run of tries, the newest first.
type WebhookAttemptPage struct {
	Data       []WebhookAttempt `json:"data"`
	NextCursor *string          `json:"nextCursor"`
	HasMore    bool             `json:"hasMore"`
}

// WebhookMessage is the body of a post to an endpoint.
type WebhookMessage struct {
	Type      string      `json:"type"`
	Timestamp string      `json:"timestamp"`
	Data      WebhookData `json:"data"`
}

// WebhookData is the event, and for full payloads what it is about, as it is now.
type WebhookData struct {
	ID string `json:"id"`
	EventData
	Object json.RawMessage `json:"object,omitempty"`
}
