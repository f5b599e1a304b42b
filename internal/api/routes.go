package api

import (
	"net/http"
	"slices"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/rate"
	"github.com/florin-gateway/florin/internal/register"
	"github.com/florin-gateway/florin/internal/retention"
	"github.com/florin-gateway/florin/internal/rights"
	"github.com/florin-gateway/florin/internal/rotation"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/screening"
	"github.com/florin-gateway/florin/internal/vault"
	"github.com/florin-gateway/florin/internal/verification"
	"github.com/florin-gateway/florin/internal/webhook"
)

// Bases are the paths under which every operation is served: the vendor's curl
// example has the one, the page's JavaScript the other. For idempotency both are one.
func Bases() []string { return []string{"/ipg/2.0.0", "/api"} }

// API answers requests by calling the features.
type API struct {
	Customers     *customer.Service
	Owners        *owner.Service
	Access        *access.Service
	Audit         *audit.Log
	Sealer        *audit.Sealer
	Events        *event.Log
	Vault         *vault.Vault
	Rotations     *rotation.Desk
	Payments      *payment.Service
	Consents      *consent.Service
	Routing       *routing.Service
	Fees          *fee.Service
	Rates         *rate.Source
	Webhooks      *webhook.Service
	Privacy       *privacy.Service
	Retention     *retention.Service
	Verifications *verification.Service
	Rights        *rights.Service
	Register      *register.Service
	Screenings    *screening.Service
	Clock         clock.Clock
	Mail          *notification.MailSender // nil: invitations are shown instead
	PublicURL     func() string
	// AcceptCardData lets card numbers in in live mode (--accept-card-data).
	AcceptCardData bool
}

// maxBody is the size of any JSON body.
const maxBody = 256 << 10

// maxClientBody is what a client of OAuth 2 may send: an id, a secret, a grant and a scope
// that may name every permission.
const maxClientBody = 8 << 10

// Routes are all operations.
func (a *API) Routes() []gate.Route {
	return slices.Concat(a.customers(), a.processing(), a.payments(), a.desk(), a.register(), a.settings(), a.staff()).plain()
}

// customers are the operations on customers and their saved methods.
func (a *API) customers() routes {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return routes{
		onCustomers(get, "/customers", "listCustomers", auth.CustomersRead, audit.CustomerList, gate.NoBody, a.listCustomers).query(listParams()...).says(listDoc),
		onCustomers(post, "/customers", "createCustomer", auth.CustomersWrite, audit.CustomerCreate, gate.JSON, a.createCustomer).says(createDoc),
		onCustomers(post, "/customers/search", "searchCustomers", auth.CustomersRead, audit.CustomerSearch, gate.JSON, a.searchCustomers).says(searchDoc),
		onCustomers(get, "/customers/{id}", "getCustomer", auth.CustomersRead, audit.CustomerRead, gate.NoBody, a.getCustomer).query(fieldsParam()).says(getDoc),
		onCustomers(put, "/customers/{id}", "updateCustomer", auth.CustomersWrite, audit.CustomerUpdate, gate.JSON, a.updateCustomer).says(putDoc),
		onCustomers(patch, "/customers/{id}", "patchCustomer", auth.CustomersWrite, audit.CustomerUpdate, gate.Patch, a.updateCustomer).says(patchDoc),
		onCustomers(del, "/customers/{id}", "eraseCustomer", auth.CustomersErase, audit.CustomerErase, gate.NoBody, a.eraseCustomer).query(dryRunParam()).says(eraseDoc),
		onCustomers(post, "/customers/{id}/reveal", "revealCustomer", auth.CustomersReveal, audit.CustomerReveal, gate.JSON, a.revealCustomer).says(revealDoc),
		onCustomers(get, "/customers/{id}/history", "getCustomerHistory", auth.CustomersRead, audit.CustomerHistory, gate.NoBody, a.history).query(pageParams()...).says(historyDoc),
		onCustomers(post, "/customers/{id}/interactions", "createInteraction", auth.InteractionsWrite, "interaction.create", gate.JSON, a.createInteraction).says(interactionDoc),
		onCustomers(get, "/customers/{id}/duplicates", "listDuplicates", auth.CustomersRead, audit.CustomerSearch, gate.NoBody, a.duplicates).says(duplicatesDoc),
		onCustomers(get, "/users/payment-methods/{id}", "listPaymentMethods", auth.PaymentMethodsRead, audit.MethodsRead, gate.NoBody, a.paymentMethods).says(methodsDoc),
		onCustomers(get, "/customers/{id}/payment-methods", "listCustomerPaymentMethods", auth.PaymentMethodsRead, audit.MethodsRead, gate.NoBody, a.paymentMethods).says(methodsDoc),
		onCustomers(post, "/customers/{id}/payment-methods", "savePaymentMethod", auth.MethodsWrite, audit.MethodCreate, gate.JSON, a.saveMethod).cards().says(saveMethodDoc),
		onCustomers(get, "/customers/{id}/payment-methods/{methodId}", "getPaymentMethod", auth.PaymentMethodsRead, audit.MethodsRead, gate.NoBody, a.getMethod).says(getMethodDoc),
		onCustomers(patch, "/customers/{id}/payment-methods/{methodId}", "updatePaymentMethod", auth.MethodsWrite, audit.MethodUpdate, gate.JSON, a.changeMethod).says(changeMethodDoc),
		onCustomers(del, "/customers/{id}/payment-methods/{methodId}", "removePaymentMethod", auth.MethodsWrite, audit.MethodRemove, gate.NoBody, a.removeMethod).says(removeMethodDoc),
		onCustomers(post, "/customers/{id}/payment-methods/{methodId}/default", "makePaymentMethodDefault", auth.MethodsWrite, audit.MethodUpdate, gate.NoBody, a.makeDefault).says(defaultMethodDoc),
	}
}

// processing are the operations on what may be done with customers' data, and what is checked of them.
func (a *API) processing() routes {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return routes{
		onCustomers(get, "/customers/{id}/consents", "listConsents", auth.CustomersRead, audit.ConsentRead, gate.NoBody, a.listConsents).says(consentsDoc),
		onCustomers(post, "/customers/{id}/consents", "giveConsent", auth.ConsentsWrite, audit.ConsentGive, gate.JSON, a.giveConsent).says(giveConsentDoc),
		onCustomers(del, "/customers/{id}/consents/{consentId}", "withdrawConsent", auth.ConsentsWrite, audit.ConsentEnd, gate.NoBody, a.withdrawConsent).says(withdrawDoc),
		onCustomers(get, "/customers/{id}/purposes", "listDecisions", auth.CustomersRead, audit.ConsentRead, gate.NoBody, a.listDecisions).says(decisionsDoc),
		onCustomers(get, "/customers/{id}/objections", "listObjections", auth.ConsentsWrite, audit.ObjectionsRead, gate.NoBody, a.listObjections).says(objectionsDoc),
		onCustomers(post, "/customers/{id}/objections", "raiseObjection", auth.ConsentsWrite, audit.ObjectionRaise, gate.JSON, a.raiseObjection).says(objectDoc),
		onCustomers(patch, "/customers/{id}/objections/{objectionId}", "answerObjection", auth.PrivacyManage, audit.ObjectionEnd, gate.JSON, a.answerObjection).says(answerObjectionDoc),
		admin(get, "/privacy/purposes", "listPurposes", auth.CustomersRead, audit.PurposesRead, gate.NoBody, a.listPurposes).says(purposesDoc),
		admin(get, "/privacy/purposes/{name}", "getPurpose", auth.CustomersRead, audit.PurposesRead, gate.NoBody, a.getPurpose).says(purposeDoc),
		admin(put, "/privacy/purposes/{name}", "putPurpose", auth.PrivacyManage, audit.PurposeChange, gate.JSON, a.putPurpose).says(putPurposeDoc),
		admin(del, "/privacy/purposes/{name}", "removePurpose", auth.PrivacyManage, audit.PurposeChange, gate.NoBody, a.removePurpose).says(removePurposeDoc),
		onCustomers(get, "/customers/{id}/restriction", "getRestriction", auth.PrivacyManage, audit.RestrictionRead, gate.NoBody, a.getRestriction).says(restrictionDoc),
		onCustomers(put, "/customers/{id}/restriction", "restrictCustomer", auth.PrivacyManage, audit.CustomerRestrict, gate.JSON, a.restrict).says(restrictDoc),
		onCustomers(del, "/customers/{id}/restriction", "liftRestriction", auth.PrivacyManage, audit.CustomerLift, gate.NoBody, a.liftRestriction).says(liftDoc),
		onCustomers(get, "/customers/{id}/holds", "listHolds", auth.PrivacyManage, audit.HoldsRead, gate.NoBody, a.listHolds).says(holdsDoc),
		onCustomers(post, "/customers/{id}/holds", "placeHold", auth.PrivacyManage, audit.HoldPlace, gate.JSON, a.placeHold).says(holdDoc),
		onCustomers(del, "/customers/{id}/holds/{holdId}", "releaseHold", auth.PrivacyManage, audit.HoldRelease, gate.NoBody, a.releaseHold).says(releaseHoldDoc),
		onCustomers(get, "/customers/{id}/export", "exportCustomer", auth.PrivacyManage, audit.CustomerExport, gate.NoBody, a.exportCustomer).says(exportDoc),
		onCustomers(get, "/customers/{id}/exports", "listExportLinks", auth.PrivacyManage, audit.ExportLinks, gate.NoBody, a.listExportLinks).says(exportLinksDoc),
		onCustomers(post, "/customers/{id}/exports", "createExportLink", auth.PrivacyManage, audit.ExportOffer, gate.JSON, a.createExportLink).says(exportLinkDoc),
		onCustomers(del, "/customers/{id}/exports/{exportId}", "withdrawExportLink", auth.PrivacyManage, audit.ExportWithdraw, gate.NoBody, a.withdrawExportLink).says(withdrawExportDoc),
		onCustomers(get, "/customers/{id}/erasure-certificate", "getErasureCertificate", auth.PrivacyManage, audit.CertificateRead, gate.NoBody, a.getCertificate).says(certificateDoc),
		onCustomers(get, "/customers/{id}/verifications", "listVerifications", auth.CustomersRead, audit.VerificationRead, gate.NoBody, a.listVerifications).query(pageParams()...).says(verificationsDoc),
		onCustomers(post, "/customers/{id}/verifications", "startVerification", auth.VerificationsWrite, audit.VerificationStart, gate.JSON, a.startVerification).says(startVerificationDoc),
		onCustomers(get, "/customers/{id}/verifications/{verificationId}", "getVerification", auth.CustomersRead, audit.VerificationRead, gate.NoBody, a.getVerification).says(verificationDoc),
		onCustomers(post, "/customers/{id}/verifications/{verificationId}/check", "checkVerification", auth.VerificationsWrite, audit.VerificationCheck, gate.JSON, a.checkVerification).says(checkVerificationDoc),
		admin(get, "/privacy/retention-policies", "listRetentionPolicies", auth.PrivacyManage, audit.RetentionRead, gate.NoBody, a.listPolicies).says(policiesDoc),
		admin(put, "/privacy/retention-policies/{name}", "putRetentionPolicy", auth.CustomersErase, audit.RetentionChange, gate.JSON, a.putPolicy).says(putPolicyDoc),
		admin(del, "/privacy/retention-policies/{name}", "removeRetentionPolicy", auth.CustomersErase, audit.RetentionChange, gate.NoBody, a.removePolicy).says(removePolicyDoc),
		admin(get, "/privacy/retention-runs", "listRetentionRuns", auth.PrivacyManage, audit.RetentionRead, gate.NoBody, a.listRuns).query(pageParams()[0], beforeParam()).says(runsDoc),
		admin(post, "/privacy/retention-runs", "startRetentionRun", auth.CustomersErase, audit.RetentionRun, gate.NoBody, a.startRun).query(dryRunParam()).says(startRunDoc),
		admin(get, "/privacy/retention-runs/{id}", "getRetentionRun", auth.PrivacyManage, audit.RetentionRead, gate.NoBody, a.getRun).says(runDoc),
		admin(get, "/privacy/minimum", "getMinimum", auth.PrivacyManage, audit.MinimumRead, gate.NoBody, a.getMinimum).says(minimumDoc),
		admin(get, "/privacy/stale-profiles", "listStaleProfiles", auth.PrivacyManage, audit.CustomerList, gate.NoBody, a.listStale).query(staleParams()...).says(staleDoc),
		onCustomers(post, "/customers/{id}/profile-prompts", "promptProfile", auth.ConsentsWrite, audit.ProfileAsk, gate.NoBody, a.promptProfile).says(promptDoc),
		onCustomers(post, "/customers/{id}/screenings", "screenCustomer", auth.ScreeningManage, audit.ScreeningRun, gate.NoBody, a.screen).says(screenDoc),
		admin(get, "/screenings", "listScreenings", auth.ScreeningManage, audit.ScreeningRead, gate.NoBody, a.listScreenings).query(screeningParams()...).says(screeningsDoc),
		admin(get, "/screenings/{id}", "getScreening", auth.ScreeningManage, audit.ScreeningRead, gate.NoBody, a.getScreening).says(screeningDoc),
		admin(post, "/screenings/{id}/decision", "decideScreening", auth.ScreeningManage, audit.ScreeningDecide, gate.JSON, a.decideScreening).says(decideDoc),
		admin(get, "/screening-lists", "getScreeningState", auth.ScreeningManage, audit.ScreeningState, gate.NoBody, a.screeningState).says(screeningStateDoc),
		admin(post, "/erasures", "eraseCustomers", auth.CustomersErase, audit.ErasureStart, gate.JSON, a.startErasure).says(erasuresDoc),
		admin(get, "/erasures/{id}", "getErasure", auth.CustomersErase, audit.ErasureRead, gate.NoBody, a.getErasure).says(erasureDoc),
	}
}

// payments are the operations on money.
func (a *API) payments() routes {
	const get, post = http.MethodGet, http.MethodPost
	return routes{
		payments(get, "/payment-methods", "offerPaymentMethods", auth.PaymentMethodsRead, audit.MethodsOffered, gate.NoBody, a.offers).query(offerParams()...).says(offersDoc),
		payments(get, "/payment-requests", "listPaymentRequests", auth.PaymentsRead, audit.RequestList, gate.NoBody, a.listRequests).query(requestParams()...).says(requestsDoc),
		payments(post, "/payment-requests", "createPaymentRequest", auth.PaymentsWrite, audit.RequestCreate, gate.JSON, a.createRequest).says(createRequestDoc),
		payments(get, "/payment-requests/{id}", "getPaymentRequest", auth.PaymentsRead, audit.RequestRead, gate.NoBody, a.getRequest).says(getRequestDoc),
		payments(get, "/payment-requests/status/{id}", "getPaymentRequestStatus", auth.PaymentsRead, audit.RequestRead, gate.NoBody, a.requestStatus).says(statusDoc),
		payments(get, "/payment-requests/handle/{id}/{paymentMethod}", "handlePaymentRequestByGet", auth.PaymentsWrite, audit.PaymentStart, gate.NoBody, a.handleRequest).says(handleDoc),
		payments(post, "/payment-requests/handle/{id}/{paymentMethod}", "handlePaymentRequest", auth.PaymentsWrite, audit.PaymentStart, gate.NoBody, a.handleRequest).says(handleDoc),
		payments(get, "/payment-requests/release/{id}", "releasePaymentRequestByGet", auth.PaymentsWrite, audit.RequestRelease, gate.NoBody, a.releaseRequest).says(releaseDoc),
		payments(post, "/payment-requests/release/{id}", "releasePaymentRequest", auth.PaymentsWrite, audit.RequestRelease, gate.NoBody, a.releaseRequest).verb("release").says(releaseDoc),
		payments(post, "/payment-requests/{id}/archive", "archivePaymentRequest", auth.PaymentsWrite, audit.RequestArchive, gate.NoBody, a.archiveRequest).says(archiveDoc),
		payments(post, "/payment-requests/{id}/refunds", "refundPaymentRequest", auth.PaymentsRefund, audit.PaymentRefund, gate.JSON, a.refundRequest).says(refundDoc),
		payments(get, "/payments/h2h/refund/{id}", "refundWholePayment", auth.PaymentsRefund, audit.PaymentRefund, gate.NoBody, a.refundAll).says(refundAllDoc),
		payments(post, "/payments/creditCard/{id}", "payByCard", auth.PaymentsWrite, audit.PaymentStart, gate.JSON, a.payByCard).cards().says(payCardDoc),
		payments(post, "/payments/saved/{id}", "payBySavedMethod", auth.PaymentsWrite, audit.PaymentStart, gate.JSON, a.paySaved).says(paySavedDoc),
		payments(get, "/disputes", "listDisputes", auth.PaymentsRead, audit.DisputeList, gate.NoBody, a.listDisputes).query(disputeParams()...).says(disputesDoc),
		payments(get, "/disputes/{id}", "getDispute", auth.PaymentsRead, audit.DisputeList, gate.NoBody, a.getDispute).says(disputeDoc),
		payments(post, "/disputes/{id}/evidence", "contestDispute", auth.PaymentsRefund, audit.DisputeChange, gate.JSON, a.contestDispute).says(evidenceDoc),
		payments(get, "/reconciliations", "listReconciliations", auth.PaymentsRead, audit.Reconcile, gate.NoBody, a.listReconciliations).query(pageParams()[0]).says(reconciliationsDoc),
		payments(post, "/reconciliations", "reconcile", auth.PaymentsRefund, audit.Reconcile, gate.JSON, a.reconcile).says(reconcileDoc),
		payments(get, "/exchanges/rates", "getRates", auth.PaymentsRead, audit.RatesRead, gate.NoBody, a.rates).query(rateParams()...).says(ratesDoc),
		payments(get, "/exchanges/historical", "getRatesOfDay", auth.PaymentsRead, audit.RatesRead, gate.NoBody, a.ratesOn).query(append(rateParams(), dayParam())...).says(ratesOnDoc),
	}
}

// desk are the operations of whoever looks after privacy.
func (a *API) desk() routes {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	return routes{
		onCustomers(get, "/customers/{id}/recipients", "listCustomerRecipients", auth.PrivacyManage, audit.DisclosuresRead, gate.NoBody, a.customerRecipients).says(customerRecipientsDoc),
		onCustomers(post, "/customers/{id}/recipients", "discloseCustomer", auth.PrivacyManage, audit.Disclose, gate.JSON, a.disclose).says(discloseDoc),
		ofDesk(get, "/privacy/recipients", "listRecipients", audit.RecipientsRead, gate.NoBody, a.listRecipients).says(recipientsDoc),
		ofDesk(post, "/privacy/recipients", "createRecipient", audit.RecipientCreate, gate.JSON, a.createRecipient).says(createRecipientDoc),
		ofDesk(get, "/privacy/recipients/{id}", "getRecipient", audit.RecipientsRead, gate.NoBody, a.getRecipient).says(recipientDoc),
		ofDesk(put, "/privacy/recipients/{id}", "updateRecipient", audit.RecipientChange, gate.JSON, a.updateRecipient).says(updateRecipientDoc),
		ofDesk(get, "/privacy/recipient-notices", "listRecipientNotices", audit.RecipientNoticesRead, gate.NoBody, a.listRecipientNotices).query(noticeParams()...).says(recipientNoticesDoc),
		ofDesk(get, "/privacy/recipient-notices/{id}", "getRecipientNotice", audit.RecipientNoticesRead, gate.NoBody, a.getRecipientNotice).says(recipientNoticeDoc),
		ofDesk(post, "/privacy/recipient-notices/{id}/done", "tellRecipient", audit.RecipientTold, gate.NoBody, a.tellRecipient).says(tellRecipientDoc),
		ofDesk(get, "/privacy/notices", "listPrivacyNotices", audit.StatementsRead, gate.NoBody, a.listPrivacyNotices).query(statementParams()...).says(privacyNoticesDoc),
		ofDesk(post, "/privacy/notices", "publishPrivacyNotice", audit.StatementPublish, gate.JSON, a.publishNotice).says(publishNoticeDoc),
		admin(get, "/privacy/notices/current", "getCurrentPrivacyNotice", auth.SettingsRead, audit.StatementsRead, gate.NoBody, a.currentPrivacyNotice).query(statementParams()...).says(currentNoticeDoc),
		ofDesk(get, "/privacy/notices/{id}", "getPrivacyNotice", audit.StatementsRead, gate.NoBody, a.getPrivacyNotice).says(privacyNoticeDoc),
		ofDesk(get, "/privacy/requests", "listPrivacyRequests", audit.PrivacyRequestList, gate.NoBody, a.listPrivacyRequests).query(privacyRequestParams()...).says(privacyRequestsDoc),
		ofDesk(post, "/privacy/requests", "createPrivacyRequest", audit.PrivacyRequestCreate, gate.JSON, a.createPrivacyRequest).says(createPrivacyRequestDoc),
		ofDesk(get, "/privacy/requests/report", "reportPrivacyRequests", audit.PrivacyReport, gate.NoBody, a.reportPrivacyRequests).query(reportParams()...).says(privacyReportDoc),
		ofDesk(get, "/privacy/requests/{id}", "getPrivacyRequest", audit.PrivacyRequestRead, gate.NoBody, a.getPrivacyRequest).says(privacyRequestDoc),
		ofDesk(post, "/privacy/requests/{id}/identity", "verifyPrivacyRequest", audit.PrivacyRequestIdentity, gate.JSON, a.verifyPrivacyRequest).says(verifyPrivacyRequestDoc),
		ofDesk(post, "/privacy/requests/{id}/extend", "extendPrivacyRequest", audit.PrivacyRequestExtend, gate.JSON, a.extendPrivacyRequest).says(extendPrivacyRequestDoc),
		ofDesk(post, "/privacy/requests/{id}/complete", "completePrivacyRequest", audit.PrivacyRequestComplete, gate.JSON, a.completePrivacyRequest).says(completePrivacyRequestDoc),
		ofDesk(post, "/privacy/requests/{id}/refuse", "refusePrivacyRequest", audit.PrivacyRequestRefuse, gate.JSON, a.refusePrivacyRequest).says(refusePrivacyRequestDoc),
		ofDesk(post, "/privacy/requests/{id}/evidence", "addEvidence", audit.PrivacyRequestEvidence, gate.JSON, a.addEvidence).says(addEvidenceDoc),
		ofDesk(get, "/privacy/requests/{id}/evidence/{evidenceId}", "getEvidence", audit.PrivacyEvidenceRead, gate.NoBody, a.getEvidence).says(getEvidenceDoc),
	}
}

// settings are the operations on how an owner works, and on what happened.
func (a *API) settings() routes {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return routes{
		admin(get, "/providers", "listProviders", auth.ProvidersManage, audit.ProvidersRead, gate.NoBody, a.listProviders).says(providersDoc),
		secret(post, "/providers", "createProvider", auth.ProvidersManage, audit.ProviderChange, gate.JSON, a.createProvider).says(createProviderDoc),
		secret(put, "/providers/{id}", "updateProvider", auth.ProvidersManage, audit.ProviderChange, gate.JSON, a.updateProvider).says(updateProviderDoc),
		admin(get, "/routing-rules", "listRoutingRules", auth.ProvidersManage, audit.RoutingRead, gate.NoBody, a.listRules).says(rulesDoc),
		payments(post, "/routing-rules", "createRoutingRule", auth.ProvidersManage, audit.RoutingChange, gate.JSON, a.createRule).says(createRuleDoc),
		admin(del, "/routing-rules/{id}", "removeRoutingRule", auth.ProvidersManage, audit.RoutingChange, gate.NoBody, a.removeRule).says(removeRuleDoc),
		admin(get, "/fee-tables", "listFeeTables", auth.ProvidersManage, audit.FeesRead, gate.NoBody, a.listFees).says(feesDoc),
		payments(post, "/fee-tables", "putFeeTable", auth.ProvidersManage, audit.FeesChange, gate.JSON, a.createFee).says(createFeeDoc),
		admin(del, "/fee-tables/{id}", "removeFeeTable", auth.ProvidersManage, audit.FeesChange, gate.NoBody, a.removeFee).says(removeFeeDoc),
		admin(get, "/origin-domains", "listOriginDomains", auth.SettingsRead, audit.OriginsRead, gate.NoBody, a.listOrigins).says(originsDoc),
		admin(post, "/origin-domains", "createOriginDomain", auth.SettingsWrite, audit.OriginsChange, gate.JSON, a.createOrigin).says(createOriginDoc),
		admin(del, "/origin-domains/{id}", "removeOriginDomain", auth.SettingsWrite, audit.OriginsChange, gate.NoBody, a.removeOrigin).says(removeOriginDoc),
		admin(get, "/webhook-endpoints", "listWebhookEndpoints", auth.WebhooksManage, audit.EndpointsRead, gate.NoBody, a.listEndpoints).says(endpointsDoc),
		endpoint(post, "/webhook-endpoints", "createWebhookEndpoint", audit.EndpointCreate, gate.JSON, a.createEndpoint).says(createEndpointDoc),
		admin(get, "/webhook-endpoints/{id}", "getWebhookEndpoint", auth.WebhooksManage, audit.EndpointsRead, gate.NoBody, a.getEndpoint).says(endpointDoc),
		endpoint(put, "/webhook-endpoints/{id}", "updateWebhookEndpoint", audit.EndpointChange, gate.JSON, a.updateEndpoint).says(updateEndpointDoc),
		admin(del, "/webhook-endpoints/{id}", "removeWebhookEndpoint", auth.WebhooksManage, audit.EndpointRemove, gate.NoBody, a.removeEndpoint).says(removeEndpointDoc),
		endpoint(post, "/webhook-endpoints/{id}/rotate", "rotateWebhookSecret", audit.EndpointRotate, gate.JSON, a.rotateEndpoint).says(rotateEndpointDoc),
		admin(post, "/webhook-endpoints/{id}/test", "testWebhookEndpoint", auth.WebhooksManage, audit.EndpointTest, gate.NoBody, a.testEndpoint).says(testEndpointDoc),
		endpoint(post, "/webhook-endpoints/{id}/replay", "replayWebhookEvents", audit.EndpointReplay, gate.JSON, a.replayEvents).says(replayDoc),
		admin(get, "/webhook-endpoints/{id}/attempts", "listWebhookAttempts", auth.WebhooksManage, audit.AttemptsRead, gate.NoBody, a.listAttempts).query(attemptParams()...).says(attemptsDoc),
		admin(get, "/events", "listEvents", auth.EventsRead, audit.EventsRead, gate.NoBody, a.events).query(pageParams()...).says(eventsDoc),
		admin(get, "/audit", "listAudit", auth.AuditRead, audit.AuditRead, gate.NoBody, a.audit).query(auditParams()...).says(auditDoc),
		admin(get, "/settings", "getSettings", auth.SettingsRead, audit.SettingsRead, gate.NoBody, a.getSettings).says(settingsDoc),
		admin(put, "/settings", "updateSettings", auth.SettingsWrite, audit.SettingsUpdate, gate.JSON, a.updateSettings).says(updateSettingsDoc),
	}
}

// staff are the operations of those who come in: keys, users, sign-in, owners.
func (a *API) staff() routes {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return routes{
		admin(get, "/api-keys", "listApiKeys", auth.APIKeysManage, audit.KeysRead, gate.NoBody, a.listKeys).says(keysDoc),
		admin(post, "/api-keys", "createApiKey", auth.APIKeysManage, audit.KeyCreate, gate.JSON, a.createKey).says(createKeyDoc),
		admin(post, "/api-keys/{id}/rotate", "rotateApiKey", auth.APIKeysManage, audit.KeyRotate, gate.NoBody, a.rotateKey).says(rotateKeyDoc),
		admin(del, "/api-keys/{id}", "revokeApiKey", auth.APIKeysManage, audit.KeyRevoke, gate.NoBody, a.revokeKey).says(revokeKeyDoc),
		admin(get, "/users", "listUsers", auth.UsersManage, audit.UsersRead, gate.NoBody, a.listUsers).says(usersDoc),
		admin(post, "/users", "inviteUser", auth.UsersManage, audit.UserInvite, gate.JSON, a.inviteUser).says(inviteUserDoc),
		admin(patch, "/users/{id}", "updateUser", auth.UsersManage, audit.UserUpdate, gate.JSON, a.updateUser).says(updateUserDoc),
		admin(del, "/users/{id}", "removeUser", auth.UsersManage, audit.UserRemove, gate.NoBody, a.removeUser).says(removeUserDoc),
		admin(del, "/users/{id}/sessions", "endUserSessions", auth.UsersManage, audit.SessionEnd, gate.NoBody, a.endUserSessions).says(endUserSessionsDoc),
		admin(put, "/users/{id}/apikey", "renewUserKey", auth.APIKeysManage, audit.UserKey, gate.NoBody, a.renewUserKey).says(renewUserKeyDoc),
		admin(get, "/roles", "listRoles", auth.RolesManage, audit.RolesRead, gate.NoBody, a.listRoles).says(rolesDoc),
		admin(post, "/roles", "createRole", auth.RolesManage, audit.RoleCreate, gate.JSON, a.createRole).says(createRoleDoc),
		admin(put, "/roles/{id}", "updateRole", auth.RolesManage, audit.RoleChange, gate.JSON, a.updateRole).says(updateRoleDoc),
		admin(del, "/roles/{id}", "removeRole", auth.RolesManage, audit.RoleRemove, gate.NoBody, a.removeRole).says(removeRoleDoc),
		client("/oauth/token", "giveToken", audit.TokenGive, a.giveToken).says(tokenDoc),
		client("/oauth/revoke", "endToken", audit.TokenEnd, a.endToken).says(endTokenDoc),
		client("/oauth/introspect", "inspectToken", audit.TokenInspect, a.inspectToken).says(inspectDoc),
		admin(get, "/users/me/sessions", "listSessions", auth.SessionsOwn, audit.SessionsRead, gate.NoBody, a.listSessions).says(sessionsDoc),
		admin(del, "/users/me/sessions/{id}", "endSession", auth.SessionsOwn, audit.SessionEnd, gate.NoBody, a.endSession).says(endSessionDoc),
		admin(post, "/users/{id}/invitation", "reinviteUser", auth.UsersManage, audit.UserReinvite, gate.NoBody, a.reinviteUser).says(reinviteUserDoc),
		admin(del, "/users/{id}/factors", "resetUserFactors", auth.UsersManage, audit.FactorsReset, gate.NoBody, a.resetFactors).says(resetFactorsDoc),
		own(post, "/users/me/password", "changePassword", audit.PasswordChange, gate.JSON, a.changePassword).says(changePasswordDoc),
		own(get, "/users/me/factors", "listFactors", audit.FactorsRead, gate.NoBody, a.listFactors).says(factorsDoc),
		own(post, "/users/me/totp", "startTotp", audit.FactorStart, gate.JSON, a.startTOTP).says(startTOTPDoc),
		own(post, "/users/me/totp/confirm", "confirmTotp", audit.FactorAdd, gate.JSON, a.confirmTOTP).says(confirmTOTPDoc),
		own(del, "/users/me/totp", "removeTotp", audit.FactorRemove, gate.JSON, a.removeTOTP).says(removeTOTPDoc),
		own(post, "/users/me/recovery-codes", "renewRecoveryCodes", audit.RecoveryRenew, gate.JSON, a.renewRecovery).says(renewRecoveryDoc),
		own(post, "/users/me/passkeys/begin", "beginPasskey", audit.FactorStart, gate.JSON, a.beginPasskey).says(beginPasskeyDoc),
		own(post, "/users/me/passkeys/finish", "finishPasskey", audit.FactorAdd, gate.JSON, a.finishPasskey).opaque().says(finishPasskeyDoc),
		own(patch, "/users/me/passkeys/{id}", "renamePasskey", audit.FactorChange, gate.JSON, a.renamePasskey).says(renamePasskeyDoc),
		own(del, "/users/me/passkeys/{id}", "removePasskey", audit.FactorRemove, gate.JSON, a.removePasskey).says(removePasskeyDoc),
		open("/auth/passkey/begin", "beginPasskeyLogin", audit.UserSignIn, gate.JSON, a.beginPasskeyLogin).says(beginPasskeyLoginDoc),
		open("/auth/passkey/finish", "finishPasskeyLogin", audit.UserSignIn, gate.JSON, a.finishPasskeyLogin).opaque().says(finishPasskeyLoginDoc),
		admin(post, "/auth/logout", "logOut", auth.SessionsOwn, audit.UserSignOut, gate.NoBody, a.logOut).atRoot().says(logOutDoc),
		admin(get, "/identity-providers", "listIdentityProviders", auth.UsersManage, audit.IdentityRead, gate.NoBody, a.listIdentityProviders).says(identityProvidersDoc),
		admin(post, "/identity-providers", "createIdentityProvider", auth.UsersManage, audit.IdentityChange, gate.JSON, a.createIdentityProvider).opaque().says(createIdentityProviderDoc),
		admin(get, "/identity-providers/{id}", "getIdentityProvider", auth.UsersManage, audit.IdentityRead, gate.NoBody, a.getIdentityProvider).says(identityProviderDoc),
		admin(put, "/identity-providers/{id}", "updateIdentityProvider", auth.UsersManage, audit.IdentityChange, gate.JSON, a.updateIdentityProvider).opaque().says(updateIdentityProviderDoc),
		admin(del, "/identity-providers/{id}", "removeIdentityProvider", auth.UsersManage, audit.IdentityRemove, gate.NoBody, a.removeIdentityProvider).says(removeIdentityProviderDoc),
		visit("/auth/oidc/{id}", "departToProvider", a.departToProvider).query(modeParam()).says(departDoc),
		visit("/auth/oidc/callback", "arriveFromProvider", a.arriveFromProvider).query(arrivalParams()...).says(arriveDoc),
		open("/auth/login", "logIn", audit.UserSignIn, gate.JSON, a.logIn).says(logInDoc),
		open("/auth/accept", "acceptInvitation", audit.UserAccept, gate.JSON, a.acceptInvitation).says(acceptDoc),
		admin(get, "/owners", "listOwners", auth.OwnersManage, audit.OwnersRead, gate.NoBody, a.listOwners).says(ownersDoc),
		admin(post, "/owners", "createOwner", auth.OwnersManage, audit.OwnerCreate, gate.JSON, a.createOwner).says(createOwnerDoc),
		admin(patch, "/owners/{id}", "updateOwner", auth.OwnersManage, audit.OwnerUpdate, gate.JSON, a.updateOwner).says(updateOwnerDoc),
		admin(get, "/key-rotations", "getKeyRotation", auth.KeysRotate, audit.RotationRead, gate.NoBody, a.getRotation).says(rotationDoc),
		admin(post, "/key-rotations", "startKeyRotation", auth.KeysRotate, audit.KeysRotate, gate.JSON, a.startRotation).says(startRotationDoc),
	}
}

// register are the operations on an owner's own records of data protection.
func (a *API) register() routes {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return routes{
		ofDesk(get, "/privacy/incidents", "listIncidents", audit.IncidentRead, gate.NoBody, a.listIncidents).query(pageParams()...).says(incidentsDoc),
		ofDesk(post, "/privacy/incidents", "createIncident", audit.IncidentCreate, gate.JSON, a.createIncident).says(createIncidentDoc),
		ofDesk(get, "/privacy/incidents/{id}", "getIncident", audit.IncidentRead, gate.NoBody, a.getIncident).says(incidentDoc),
		ofDesk(patch, "/privacy/incidents/{id}", "updateIncident", audit.IncidentChange, gate.JSON, a.updateIncident).says(updateIncidentDoc),
		ofDesk(get, "/privacy/incidents/{id}/affected", "listAffected", audit.IncidentAffected, gate.NoBody, a.affected).query(pageParams()...).says(affectedDoc),
		ofDesk(get, "/privacy/incidents/{id}/notice", "draftIncidentNotice", audit.IncidentDraft, gate.NoBody, a.incidentNotice).says(incidentNoticeDoc),
		ofDesk(get, "/privacy/dpo", "getOfficer", audit.RegisterRead, gate.NoBody, a.getOfficer).says(officerDoc),
		ofDesk(put, "/privacy/dpo", "nameOfficer", audit.RegisterChange, gate.JSON, a.appoint).says(appointDoc),
		ofDesk(get, "/privacy/consultations", "listConsultations", audit.RegisterRead, gate.NoBody, a.listConsultations).query(pageParams()...).says(consultationsDoc),
		ofDesk(post, "/privacy/consultations", "createConsultation", audit.RegisterAdd, gate.JSON, a.consult).says(consultDoc),
		ofDesk(get, "/privacy/assessments", "listAssessments", audit.RegisterRead, gate.NoBody, a.listAssessments).query(pageParams()...).says(assessmentsDoc),
		ofDesk(post, "/privacy/assessments", "createAssessment", audit.RegisterAdd, gate.JSON, a.assess).says(assessDoc),
		ofDesk(get, "/privacy/assessments/{id}", "getAssessment", audit.RegisterRead, gate.NoBody, a.getAssessment).says(assessmentDoc),
		ofDesk(put, "/privacy/assessments/{id}", "updateAssessment", audit.RegisterChange, gate.JSON, a.reassess).says(reassessDoc),
		ofDesk(get, "/privacy/processing-records", "listProcessingRecords", audit.RegisterRead, gate.NoBody, a.listProcessings).query(pageParams()...).says(processingsDoc),
		ofDesk(post, "/privacy/processing-records", "createProcessingRecord", audit.RegisterAdd, gate.JSON, a.addProcessing).says(addProcessingDoc),
		ofDesk(get, "/privacy/processing-records/draft", "draftProcessingRecords", audit.RegisterRead, gate.NoBody, a.draftProcessing).says(draftProcessingDoc),
		ofDesk(get, "/privacy/processing-records/csv", "exportProcessingRecords", audit.RegisterRead, gate.NoBody, a.exportProcessing).says(exportProcessingDoc),
		ofDesk(get, "/privacy/processing-records/{id}", "getProcessingRecord", audit.RegisterRead, gate.NoBody, a.getProcessing).says(processingDoc),
		ofDesk(put, "/privacy/processing-records/{id}", "updateProcessingRecord", audit.RegisterChange, gate.JSON, a.changeProcessing).says(changeProcessingDoc),
		ofDesk(del, "/privacy/processing-records/{id}", "removeProcessingRecord", audit.RegisterChange, gate.NoBody, a.removeProcessing).says(removeProcessingDoc),
	}
}
