package api

import "github.com/florin-gateway/florin/internal/gate"

// The texts of the desk for requests of data subjects. immutable: read by OpenAPI alone.
var (
	privacyRequestsDoc      = operation{tag: "Privacy", summary: "List requests of data subjects", answer: of[PrivacyRequestPage](), description: "The newest first, without their texts."}
	createPrivacyRequestDoc = operation{tag: "Privacy", summary: "Take in a request of a data subject", body: of[PrivacyRequestInput](), answer: of[PrivacyRequestWhole](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "GDPR Art. 15 to 22. Due one calendar month after its receipt (Art. 12(3)): the same date of the next month, that month's last day if there is none, the Monday after if it is on a weekend. Public holidays are not counted."}
	privacyReportDoc        = operation{tag: "Privacy", summary: "Report on requests of data subjects", answer: of[PrivacyReport](), description: "Those received from one day until before another; this year if absent."}
	privacyRequestDoc       = operation{tag: "Privacy", summary: "Get a request of a data subject", answer: of[PrivacyRequestWhole](), errors: []int{404}}
	verifyPrivacyRequestDoc = operation{tag: "Privacy", summary: "Record how it is known who asks", body: of[IdentityInput](), answer: of[PrivacyRequestWhole](), errors: changing(),
		description: "Nothing is completed before. More may be asked for only where there is reasonable doubt (Art. 12(6)): `verified` false says that it was."}
	extendPrivacyRequestDoc = operation{tag: "Privacy", summary: "Extend a request by two months", body: of[ExtendInput](), answer: of[PrivacyRequestWhole](), errors: changing(),
		description: "Once, while the first month lasts, and the person must be told within it (Art. 12(3)). Otherwise 409 `PRIVACY_REQUEST_FIXED`."}
	completePrivacyRequestDoc = operation{tag: "Privacy", summary: "Do what was asked, and say so", body: of[CompleteInput](), answer: of[PrivacyRequestWhole](), errors: changing(),
		description: "`access`, `portability`: makes the export and keeps it as evidence for 90 days. `erasure`: erases the customer, with the certificate as evidence; needs `customers:erase` too. `restriction`: restricts the customer. " +
			"`rectification`: names the fields that were changed since, 409 `NOTHING_DONE` if none was. `objection`: stops the purpose. Others: the note says what was done. 409 `IDENTITY_UNVERIFIED` before the identity is recorded."}
	refusePrivacyRequestDoc = operation{tag: "Privacy", summary: "Refuse a request", body: of[RefuseInput](), answer: of[PrivacyRequestWhole](), errors: changing(),
		description: "The person must be told why within the month, and that they may complain to a supervisory authority or go to court (Art. 12(4))."}
	addEvidenceDoc = operation{tag: "Privacy", summary: "Attach evidence to a request", body: of[RequestEvidenceInput](), answer: of[PrivacyRequestWhole](), errors: changing(), headers: []string{"Idempotent-Replayed"}}
	getEvidenceDoc = operation{tag: "Privacy", summary: "Get evidence with its content", answer: of[EvidenceContent](), errors: []int{404}}
)

// changing are the refusals of a change of something that exists.
func changing() []int { return []int{404, 409, 413, 415, 422} }

func privacyRequestParams() []gate.Param {
	return append(pageParams(),
		gate.Param{Name: "status", Type: "string", Doc: "received, identity_check, in_progress, extended, completed or refused", Typed: true},
		gate.Param{Name: "due", Type: "string", Doc: "Open ones that are due on this day or before", Typed: true, Example: "2026-12-24"})
}

func reportParams() []gate.Param {
	return []gate.Param{{Name: "from", Type: "string", Doc: "Received on this day or after", Typed: true, Example: "2026-01-01"},
		{Name: "to", Type: "string", Doc: "Received before this day", Typed: true, Example: "2027-01-01"}}
}
