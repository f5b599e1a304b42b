package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
)

// fixture is what one owner has in one mode, for requests that work.
type fixture struct {
	s      *apptest.Server
	admin  string // admin key of this owner and mode
	mode   auth.Mode
	canary string // in every text of this fixture's data
	count  int

	account, person, saved int64                       // its provider, payer and their method
	old                    map[string]map[string]int64 // by route
	code                   string                      // of the verification that was started last
	users                  string                      // the owner's live admin, who alone manages users
}

func newFixture(t *testing.T, s *apptest.Server, admin string) *fixture {
	t.Helper()
	mode := auth.Live
	if strings.HasPrefix(admin, "florin_test_") {
		mode = auth.Test
	}
	return &fixture{s: s, admin: admin, mode: mode, canary: "canaryzz" + strconv.Itoa(len(s.Logs.String())), users: admin, old: map[string]map[string]int64{}}
}

func (f *fixture) email() string {
	f.count++
	return fmt.Sprintf("%s%d@example.com", f.canary, f.count)
}

// customer makes one more.
func (f *fixture) customer(t *testing.T) int64 {
	t.Helper()
	return create(t, f.s, f.admin, m{"name": f.canary + " Person", "email": f.email(), "metadata": m{"c": f.canary}}).ID(t)
}

func (f *fixture) key(t *testing.T) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Key: f.admin, Body: m{"name": f.canary, "mode": f.mode, "permissions": []string{"events:read"}}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.ID(t)
}

// thing makes what a route's {id} names, in the state in which the route works, and the
// rest of its path.
func (f *fixture) thing(t *testing.T, r gate.Route) map[string]int64 {
	t.Helper()
	switch {
	case strings.HasPrefix(r.Path, "/screenings"):
		return map[string]int64{"{id}": f.match(t)}
	case strings.Contains(r.Path, "{verificationId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{verificationId}": f.verification(t, c)}
	case strings.Contains(r.Path, "{holdId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{holdId}": f.made(t, fmt.Sprintf("/customers/%d/holds", c), f.hold())}
	case strings.Contains(r.Path, "{consentId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{consentId}": f.made(t, fmt.Sprintf("/customers/%d/consents", c), f.agreed())}
	case strings.Contains(r.Path, "{objectionId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{objectionId}": f.made(t, fmt.Sprintf("/customers/%d/objections", c), f.objection(t))}
	case strings.Contains(r.Path, "{exportId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{exportId}": f.made(t, fmt.Sprintf("/customers/%d/exports", c), m{})}
	case oneOf(r.ID, "getRestriction", "liftRestriction"):
		c := f.customer(t)
		f.do(t, "PUT", fmt.Sprintf("/customers/%d/restriction", c), m{"reason": "objection_pending"})
		return map[string]int64{"{id}": c}
	case r.ID == "getErasureCertificate":
		c := f.customer(t)
		f.do(t, "DELETE", fmt.Sprintf("/customers/%d", c), nil)
		return map[string]int64{"{id}": c}
	case r.ID == "getRetentionRun":
		return map[string]int64{"{id}": f.made(t, "/privacy/retention-runs", nil)}
	case r.ID == "getErasure":
		return map[string]int64{"{id}": f.made(t, "/erasures", m{"customerIds": []int64{f.customer(t)}})}
	case strings.HasPrefix(r.Path, "/privacy/incidents"):
		return map[string]int64{"{id}": f.made(t, "/privacy/incidents", f.incident())}
	case strings.HasPrefix(r.Path, "/privacy/assessments"):
		return map[string]int64{"{id}": f.made(t, "/privacy/assessments", f.assessment())}
	case strings.HasPrefix(r.Path, "/privacy/processing-records"):
		return map[string]int64{"{id}": f.made(t, "/privacy/processing-records", f.processing())}
	case strings.HasPrefix(r.Path, "/privacy/recipients"):
		return map[string]int64{"{id}": f.made(t, "/privacy/recipients", f.recipient())}
	case strings.HasPrefix(r.Path, "/privacy/recipient-notices"):
		return map[string]int64{"{id}": f.notice(t)}
	case strings.HasPrefix(r.Path, "/privacy/notices"):
		return map[string]int64{"{id}": f.made(t, "/privacy/notices", f.privacyNotice())}
	case strings.HasPrefix(r.Path, "/privacy/requests"):
		return f.privacyRequest(t, r)
	case strings.Contains(r.Path, "{methodId}"):
		c := f.customer(t)
		return map[string]int64{"{id}": c, "{methodId}": f.method(t, c)}
	case r.OnCustomer:
		return map[string]int64{"{id}": f.customer(t)}
	case oneOf(r.ID, "refundPaymentRequest", "refundWholePayment", "archivePaymentRequest"):
		return map[string]int64{"{id}": f.paid(t)}
	case strings.HasPrefix(r.Path, "/payment"):
		return map[string]int64{"{id}": f.paymentRequest(t, f.payer(t))}
	case strings.HasPrefix(r.Path, "/disputes"):
		return map[string]int64{"{id}": f.dispute(t)}
	case strings.HasPrefix(r.Path, "/providers"):
		return map[string]int64{"{id}": f.provider(t)}
	case strings.HasPrefix(r.Path, "/routing-rules"):
		return map[string]int64{"{id}": f.made(t, "/routing-rules", m{"providerId": f.provider(t), "currencies": []string{"CHF"}})}
	case strings.HasPrefix(r.Path, "/fee-tables"):
		return map[string]int64{"{id}": f.made(t, "/fee-tables", m{"unit": "CHF", "percent": 1})}
	case strings.HasPrefix(r.Path, "/identity-providers"):
		got := f.s.Do(t, apptest.Request{Method: "POST", Path: "/identity-providers", Key: f.users, Body: f.identityProvider()})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		return map[string]int64{"{id}": got.ID(t)}
	case strings.HasPrefix(r.Path, "/users/{id}"):
		return map[string]int64{"{id}": f.user(t)}
	case strings.HasPrefix(r.Path, "/roles"):
		return map[string]int64{"{id}": f.role(t)}
	case strings.HasPrefix(r.Path, "/owners"):
		return map[string]int64{"{id}": f.shop(t)}
	case strings.HasPrefix(r.Path, "/webhook-endpoints"):
		return map[string]int64{"{id}": f.made(t, "/webhook-endpoints", f.endpoint())}
	case strings.HasPrefix(r.Path, "/origin-domains"):
		return map[string]int64{"{id}": f.made(t, "/origin-domains", m{"origin": fmt.Sprintf("https://%s%d.example.com", f.canary, f.next())})}
	default:
		return map[string]int64{"{id}": f.key(t)}
	}
}

// password is every test user's.
const password = "eleven wombats in a teapot"

// user is an active member of support staff.
func (f *fixture) user(t *testing.T) int64 {
	t.Helper()
	id, _ := newUser(t, f.s, f.users, f.canary+" Staff", f.email(), auth.Support)
	return id
}

// hold is one that works; where the rows want the fixture's text, it is the reason.
func (f *fixture) hold() m { return m{"reason": f.canary, "until": "2030-01-01T00:00:00Z"} }

// match is an entry of a sanctions list that a customer of this fixture may be.
func (f *fixture) match(t *testing.T) int64 {
	t.Helper()
	c := create(t, f.s, f.admin, m{"name": "Qasim Testaniwi", "email": f.email()}).ID(t)
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprintf("/customers/%d/screenings", c), Key: f.admin})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return int64(got.JSON(t)["matches"].([]any)[0].(m)["id"].(float64))
}

// verification is one of the customer's e-mail address, and its code is known.
func (f *fixture) verification(t *testing.T, customer int64) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprintf("/customers/%d/verifications", customer), Key: f.admin, Body: m{"kind": "email"}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	f.code = f.s.Codes.Last().Code
	if f.mode == auth.Test {
		f.code = got.JSON(t)["testCode"].(string)
	}
	return got.ID(t)
}

// agreed is a consent to a purpose that every owner has.
func (f *fixture) agreed() m { return m{"purpose": "save_payment_method", "text": f.canary} }

// objection is to a purpose that one may object to.
func (f *fixture) objection(t *testing.T) m {
	t.Helper()
	f.do(t, "PUT", "/privacy/purposes/statistics", f.interest())
	return m{"purpose": "statistics", "note": f.canary}
}

func (f *fixture) interest() m {
	return m{"lawfulBasis": "legitimate_interests", "description": f.canary}
}

func (f *fixture) recipient() m {
	return m{"kind": "processor", "name": f.canary, "receives": f.canary}
}

// notice is one to a recipient who got the data of a customer that was restricted.
func (f *fixture) notice(t *testing.T) int64 {
	t.Helper()
	at := fmt.Sprintf("/customers/%d", f.customer(t))
	f.do(t, "POST", at+"/recipients", m{"recipientId": f.made(t, "/privacy/recipients", f.recipient())})
	f.do(t, "PUT", at+"/restriction", m{"reason": "objection_pending"})
	got := f.s.Do(t, apptest.Request{Method: "GET", Path: at + "/recipients", Key: f.admin})
	return int64(got.JSON(t)["notices"].([]any)[0].(m)["id"].(float64))
}

// incident is one in which nobody did anything.
func (f *fixture) incident() m {
	return m{"description": f.canary, "from": "2026-11-01T00:00:00Z", "to": "2026-11-01T01:00:00Z", "credentials": []int64{1}}
}

func (f *fixture) assessment() m { return m{"title": f.canary, "description": f.canary} }

func (f *fixture) processing() m {
	return m{"name": f.canary, "controller": f.canary, "purposes": f.canary, "persons": "Customers", "data": "Names"}
}

func (f *fixture) privacyNotice() m {
	return m{"language": "de", "article": "13", "title": f.canary, "text": f.canary, "points": []string{"controller", "purposes", "legal_basis", "retention", "rights", "complaint"},
		"notApplicable": []string{"representative", "data_protection_officer", "legitimate_interests", "recipients", "transfers", "withdrawal_of_consent", "automated_decisions", "obligation_to_provide"}}
}

// privacyRequest is one that whoever works on it may bring to any end, with evidence.
func (f *fixture) privacyRequest(t *testing.T, r gate.Route) map[string]int64 {
	t.Helper()
	id := f.made(t, "/privacy/requests", m{"type": "access", "customerId": f.customer(t), "channel": "letter", "note": f.canary})
	at := fmt.Sprintf("/privacy/requests/%d", id)
	if r.ID == "completePrivacyRequest" {
		f.do(t, "POST", at+"/identity", m{"method": "no_doubt"})
	}
	if !strings.Contains(r.Path, "{evidenceId}") {
		return map[string]int64{"{id}": id}
	}
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: at + "/evidence", Key: f.admin, Body: m{"name": f.canary, "text": f.canary}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return map[string]int64{"{id}": id, "{evidenceId}": int64(got.JSON(t)["evidence"].([]any)[0].(m)["id"].(float64))}
}

// do sends a request of the fixture's admin that must work.
func (f *fixture) do(t *testing.T, method, path string, body any) {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: method, Path: path, Key: f.admin, Body: body})
	require.Less(t, got.Status, 300, "%s", got.Body)
}

// role is one of the owner's own, which a live credential alone makes.
func (f *fixture) role(t *testing.T) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: "/roles", Key: f.users, Body: f.newRole()})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.ID(t)
}

// shop is an owner whom the operator may suspend.
func (f *fixture) shop(t *testing.T) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: "/owners", Key: f.s.Operator, Body: m{"name": fmt.Sprint("Shop ", f.next()), "baseCurrency": "EUR"}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.ID(t)
}

// newRole may do no more than manage roles, so that whoever may do that may make it.
func (f *fixture) newRole() m {
	return m{"name": fmt.Sprint(f.canary, f.next()), "permissions": []string{"roles:manage"}}
}

func oneOf(name string, all ...string) bool { return slices.Contains(all, name) }

func (f *fixture) next() int {
	f.count++
	return f.count
}

// made posts as the fixture's admin and gives the new thing's id.
func (f *fixture) made(t *testing.T, path string, body any) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: path, Key: f.admin, Body: body})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.ID(t)
}

// provider is the fixture's account with the sandbox that passes for a live provider.
func (f *fixture) provider(t *testing.T) int64 {
	t.Helper()
	if f.account == 0 {
		f.account = f.made(t, "/providers", apptest.LiveProvider(f.canary))
	}
	return f.account
}

// unit is the owner's base currency, which needs no exchange rate.
func (f *fixture) unit(t *testing.T) string {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "GET", Path: "/settings", Key: f.admin})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.JSON(t)["baseCurrency"].(string)
}

func (f *fixture) payer(t *testing.T) int64 {
	t.Helper()
	if f.person == 0 {
		f.person = f.customer(t)
		f.saved = f.method(t, f.person)
	}
	return f.person
}

func (f *fixture) method(t *testing.T, customer int64) int64 {
	t.Helper()
	f.provider(t)
	return f.made(t, fmt.Sprintf("/customers/%d/payment-methods", customer), f.card(m{"label": f.canary, "consent": m{"text": "I agree"}}))
}

// endpoint is at an address that egress refuses: nobody is called.
func (f *fixture) endpoint() m {
	return m{"url": "https://10.1.2.3/" + f.canary, "events": []string{"*"}, "description": f.canary}
}

// identityProvider is one that nobody asks.
func (f *fixture) identityProvider() m {
	return m{"name": f.canary, "issuer": "https://10.1.2.3/" + f.canary, "clientId": f.canary, "clientSecret": f.canary}
}

func (f *fixture) card(more m) m {
	body := m{"name": f.canary, "number": "4242424242424242", "expiration": "09/30", "cvv": "123"}
	for name, value := range more {
		body[name] = value
	}
	return body
}

func (f *fixture) paymentRequest(t *testing.T, customer int64) int64 {
	t.Helper()
	f.provider(t)
	return f.made(t, "/payment-requests", m{"amount": 12.5, "unit": f.unit(t), "clientId": customer, "notes": f.canary})
}

func (f *fixture) paid(t *testing.T) int64 {
	t.Helper()
	request := f.paymentRequest(t, f.payer(t))
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprintf("/payments/saved/%d", request), Key: f.admin, Body: m{"paymentMethodId": f.saved}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return request
}

// dispute plants an open chargeback: a real one takes the sandbox five seconds.
func (f *fixture) dispute(t *testing.T) int64 {
	t.Helper()
	request := f.paid(t)
	realm := f.realm(t, request)
	require.NoError(t, f.s.App.Store.Write(t.Context(), db.Realm(realm), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO payment_dispute (realm_id, id, request_id, customer_id, provider_id, reference, state, amount, currency, base_amount, reason, due_at, evidence)
			VALUES ($1, $2, $2, $3, $4, $5, 'open', 1250, 'USD', 1250, 'fraud', 0, $6)`, realm, request, f.person, f.account, strconv.FormatInt(request, 10), []byte{})
		return nil
	}))
	return request
}

func (f *fixture) realm(t *testing.T, request int64) (realm int64) {
	t.Helper()
	owners, err := f.s.App.Owners.List(t.Context())
	require.NoError(t, err)
	for _, o := range owners {
		var n int64
		require.NoError(t, f.s.App.Store.One(t.Context(), db.Realm(o.Realm(f.mode)), `SELECT count(*) FROM payment_request WHERE realm_id = $1 AND id = $2`, []any{o.Realm(f.mode), request}, &n))
		if n == 1 {
			realm = o.Realm(f.mode)
		}
	}
	require.NotZero(t, realm)
	return realm
}

// session is the caller's own; nobody's for a key.
func (f *fixture) session(t *testing.T, key string) int64 {
	t.Helper()
	var list struct{ Data []struct{ ID int64 } }
	_ = json.Unmarshal(f.s.Do(t, apptest.Request{Method: "GET", Path: "/users/me/sessions", Key: key}).Body, &list)
	if len(list.Data) == 0 {
		return 123456789
	}
	return list.Data[0].ID
}

// body is what an operation takes, so that it works for who may.
func (f *fixture) body(t *testing.T, r gate.Route) any {
	t.Helper()
	switch r.ID {
	case "createCustomer":
		return m{"name": f.canary + " New", "email": f.email()}
	case "updateCustomer", "patchCustomer":
		return m{"address": f.canary + " Street " + f.email()}
	case "restrictCustomer":
		return m{"reason": "accuracy_contested", "note": f.canary}
	case "startVerification":
		return m{"kind": "email"}
	case "decideScreening":
		return m{"decision": "false_positive", "reason": f.canary}
	case "checkVerification":
		return m{"code": f.code}
	case "giveConsent":
		return f.agreed()
	case "raiseObjection":
		return f.objection(t)
	case "answerObjection":
		return m{"answer": "compelling_grounds", "reason": f.canary}
	case "putRetentionPolicy":
		return m{"days": 3000}
	case "putPurpose":
		return f.interest()
	case "placeHold":
		return f.hold()
	case "createIncident":
		return f.incident()
	case "updateIncident":
		return m{"measures": f.canary, "risk": "likely"}
	case "nameOfficer":
		return m{"name": f.canary, "email": "dpo@example.com"}
	case "createConsultation":
		return m{"date": "2026-11-20", "question": f.canary}
	case "createAssessment", "updateAssessment":
		return f.assessment()
	case "createProcessingRecord", "updateProcessingRecord":
		return f.processing()
	case "createRecipient", "updateRecipient":
		return f.recipient()
	case "discloseCustomer":
		return m{"recipientId": f.made(t, "/privacy/recipients", f.recipient())}
	case "publishPrivacyNotice":
		return f.privacyNotice()
	case "createPrivacyRequest":
		return m{"type": "erasure", "customerId": f.customer(t), "channel": "email", "note": f.canary}
	case "verifyPrivacyRequest":
		return m{"method": "in_person", "reference": f.canary}
	case "extendPrivacyRequest":
		return m{"reason": "complexity", "note": f.canary}
	case "completePrivacyRequest":
		return m{"note": f.canary}
	case "refusePrivacyRequest":
		return m{"reason": "excessive", "note": f.canary}
	case "addEvidence":
		return m{"name": f.canary, "text": f.canary + " was told"}
	case "createExportLink":
		return m{}
	case "eraseCustomers":
		return m{"customerIds": []int64{f.customer(t)}}
	case "revealCustomer":
		return m{"purpose": "support"}
	case "createRole":
		return f.newRole()
	case "updateRole":
		return m{"permissions": []string{"roles:manage"}}
	case "createInteraction":
		return m{"channel": "chat", "subject": f.canary}
	case "createApiKey":
		return m{"name": f.canary, "mode": f.mode, "permissions": []string{"customers:read"}}
	case "inviteUser":
		return m{"name": f.canary, "email": f.email(), "role": "Support"}
	case "updateUser":
		return m{"role": "Support", "status": "disabled"}
	case "startKeyRotation":
		return m{"epoch": true}
	case "updateOwner":
		return m{"status": "suspended", "reason": "The contract has ended"}
	case "createOwner":
		return m{"name": "One more", "baseCurrency": "EUR"}
	case "createPaymentRequest":
		return m{"amount": 3, "unit": f.unit(t), "clientName": f.canary, "clientEmail": f.email()}
	case "payByCard":
		return f.card(nil)
	case "savePaymentMethod":
		f.provider(t)
		return f.card(m{"consent": m{"text": "I agree"}})
	case "payBySavedMethod":
		f.payer(t)
		return m{"paymentMethodId": f.saved}
	case "updatePaymentMethod":
		return m{"label": f.canary + " card"}
	case "contestDispute":
		return m{"text": f.canary + " was delivered"}
	case "reconcile":
		return m{"date": "2026-11-20"}
	case "createProvider":
		return apptest.LiveProvider(f.canary)
	case "createRoutingRule":
		return m{"providerId": f.provider(t), "currencies": []string{"CHF"}}
	case "putFeeTable":
		return m{"unit": "CHF", "percent": 1.5}
	case "createWebhookEndpoint":
		return f.endpoint()
	case "updateWebhookEndpoint":
		return m{"description": f.canary}
	case "createIdentityProvider":
		return f.identityProvider()
	case "updateIdentityProvider":
		return m{"name": f.canary, "enabled": false}
	case "replayWebhookEvents":
		return m{"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T01:00:00Z"}
	case "createOriginDomain":
		return m{"origin": fmt.Sprintf("https://%s%d.example.com", f.canary, f.next())}
	}
	return m{}
}

// request makes one request that works on things of this fixture. A caller who is turned
// away leaves them as they were, so those share one thing for each route.
func (f *fixture) request(t *testing.T, r gate.Route, key string, fresh bool) apptest.Request {
	t.Helper()
	path := strings.Replace(r.Path, "{paymentMethod}", "CREDIT_CARD", 1)
	if r.ID == "getOfficer" {
		f.do(t, "PUT", "/privacy/dpo", m{"name": f.canary})
	}
	if r.ID == "getCurrentPrivacyNotice" {
		f.do(t, "POST", "/privacy/notices", f.privacyNotice())
		path += "?language=de"
	}
	if r.ID == "getRatesOfDay" {
		path += "?date=2026-11-20"
	}
	if strings.Contains(path, "/retention-policies/{name}") {
		path = strings.Replace(path, "{name}", "interactions", 1)
	}
	if strings.Contains(path, "{name}") {
		f.do(t, "PUT", "/privacy/purposes/statistics", f.interest())
		path = strings.Replace(path, "{name}", "statistics", 1)
	}
	if strings.Contains(path, "{id}") {
		things := f.old[r.ID]
		if fresh || things == nil {
			things = f.thing(t, r)
			f.old[r.ID] = things
		}
		for name, value := range things {
			path = strings.Replace(path, name, strconv.FormatInt(value, 10), 1)
		}
	}
	if oneOf(r.ID, "offerPaymentMethods") {
		f.provider(t)
	}
	if r.ID == "endSession" {
		path = "/users/me/sessions/" + strconv.FormatInt(f.session(t, key), 10)
	}
	send := apptest.Request{Method: r.Method, Path: path, Key: key}
	if r.Body != gate.NoBody {
		send.Body = f.body(t, r)
	}
	return send
}

// caller is one row of the probe.
type caller struct {
	name        string
	permissions []auth.Permission
	keys        map[auth.Mode]string
}

// callers are keys of the first owner: each role, a custom key for each permission, the
// operator and nobody.
func callers(t *testing.T, s *apptest.Server) []caller {
	t.Helper()
	var all []caller
	both := func(name string, permissions []auth.Permission, role auth.Role) {
		c := caller{name, permissions, map[auth.Mode]string{}}
		for _, mode := range []auth.Mode{auth.Live, auth.Test} {
			c.keys[mode] = newKey(t, s, "", mode, role, permissions...)
		}
		all = append(all, c)
	}
	for _, role := range auth.Roles() {
		if role != auth.Operator {
			both(string(role), role.Permissions(), role)
		}
	}
	for _, p := range auth.Admin.Permissions() {
		both("only "+string(p), []auth.Permission{p}, "")
	}
	all = append(all, caller{"Operator", auth.Operator.Permissions(), map[auth.Mode]string{auth.Live: s.Operator}})
	return append(all, caller{"none", nil, map[auth.Mode]string{auth.Live: "-"}})
}

var varying = regexp.MustCompile(`"(timestamp|requestId|customerId)":"[^"]*"|(Customer|Payment request) with ID \d+|row-\d+`)

// sameButIDs removes what must differ between two answers.
func sameButIDs(body []byte) string { return varying.ReplaceAllString(string(body), "_") }

// TestIsolation probes every route × caller × owner × mode.
// Shows: PCI DSS 7.3.1, 10.3.1, A1.1.1
func TestIsolation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		stranger := otherOwner(t, s.Server, "Stranger")
		strangerTest := newKey(t, s.Server, stranger, auth.Test, auth.Admin)
		own := map[auth.Mode]*fixture{auth.Live: newFixture(t, s.Server, s.Live), auth.Test: newFixture(t, s.Server, s.Test)}
		other := map[auth.Mode]*fixture{auth.Live: newFixture(t, s.Server, stranger), auth.Test: newFixture(t, s.Server, strangerTest)}
		other[auth.Live].canary, other[auth.Test].canary = "foreigncanarylive", "foreigncanarytest"
		own[auth.Live].canary, own[auth.Test].canary = "owncanarylive", "owncanarytest"
		own[auth.Test].users, other[auth.Test].users = s.Live, stranger
		for _, f := range other {
			f.customer(t)
			f.user(t)
		}
		p := &probe{s: s, own: own, other: other}
		doc, everybody := readOpenAPI(t, s.Server), callers(t, s.Server)
		for _, r := range s.App.API().Routes() {
			require.Contains(t, doc.Paths[r.Path], strings.ToLower(r.Method))
			if r.Open || r.Client {
				continue // have tests of their own: nobody is known there, or a key in another way
			}
			for _, c := range everybody {
				for mode, key := range c.keys {
					p.cell(t, r, c, mode, key)
				}
			}
		}
		t.Logf("%d probes in %d cells; empty cells: none but Operator and none in test mode, which have no such key", p.probes, p.cells)
	})
}

type probe struct {
	s             *suite
	own, other    map[auth.Mode]*fixture
	probes, cells int
}

func opposite(mode auth.Mode) auth.Mode {
	return map[auth.Mode]auth.Mode{auth.Live: auth.Test, auth.Test: auth.Live}[mode]
}

func (p *probe) do(t *testing.T, r apptest.Request, foreign ...string) apptest.Response {
	t.Helper()
	p.probes++
	got := p.s.Do(t, r)
	for _, canary := range foreign {
		require.NotContains(t, strings.ToLower(string(got.Body)), canary, "%s %s", r.Method, r.Path)
	}
	return got
}

func (p *probe) cell(t *testing.T, r gate.Route, c caller, mode auth.Mode, key string) {
	t.Helper()
	what := fmt.Sprintf("%s %s as %s in %s", r.Method, r.Path, c.name, mode)
	foreign := []string{"foreigncanary", p.own[opposite(mode)].canary}
	if oneOf(r.ID, "listApiKeys", "listOwners", "listUsers", "listRoles", "listIdentityProviders") { // a live admin sees the owner's keys of both modes
		foreign = foreign[:1]
	}
	p.cells++
	want := expected(r, c, mode)
	fresh := want == 200 || slices.Contains(c.permissions, r.Permission) // its thing is looked at, and must be there
	got := p.do(t, p.own[mode].request(t, r, key, fresh), foreign...)
	if want == 200 {
		require.Less(t, got.Status, 300, "%s: %s", what, got.Body)
	} else {
		require.Equal(t, want, got.Status, "%s: %s", what, got.Body)
	}
	// A key of one permission that is refused here is refused before any id is looked at: the
	// roles show that below.
	if !strings.Contains(r.Path, "{id}") || want != 200 && strings.HasPrefix(c.name, "only ") {
		return
	}
	nowhere := strings.NewReplacer("{id}", "123456789", "{methodId}", "123456780", "{holdId}", "123456780", "{verificationId}", "123456780", "{consentId}", "123456780", "{objectionId}", "123456780", "{evidenceId}", "123456780", "{exportId}", "123456780", "{paymentMethod}", "CREDIT_CARD").Replace(r.Path)
	if c.name == "Operator" && want == 200 {
		return // reaches every owner
	}
	missing := p.do(t, apptest.Request{Method: r.Method, Path: nowhere, Key: key, Body: bodyOf(t, r, p.own[mode])}, foreign...)
	foreigners := []*fixture{p.other[mode]}
	if !strings.HasPrefix(r.Path, "/users/{id}") && !strings.HasPrefix(r.Path, "/roles") && !strings.HasPrefix(r.Path, "/identity-providers") && (!strings.HasPrefix(r.Path, "/api-keys") || mode == auth.Test) { // users and roles are of both modes, live admins reach test keys of their own owner
		foreigners = append(foreigners, p.own[opposite(mode)])
	}
	for _, f := range foreigners {
		p.cells++
		theirs := f.request(t, r, key, want == 200)
		theirs.Body = bodyOf(t, r, p.own[mode])
		got := p.do(t, theirs, foreign...)
		require.Equal(t, missing.Status, got.Status, "%s on another's: %s", what, got.Body)
		require.Equal(t, sameButIDs(missing.Body), sameButIDs(got.Body), what)
		if want == 200 {
			require.Equal(t, 404, got.Status, what)
			rightful := theirs
			rightful.Key, rightful.Body = f.admin, bodyOf(t, r, f)
			require.Less(t, p.do(t, rightful).Status, 300, "the twin of %s", what)
		}
	}
}

func bodyOf(t *testing.T, r gate.Route, f *fixture) any {
	t.Helper()
	if r.Body == gate.NoBody {
		return nil
	}
	return f.body(t, r)
}

func expected(r gate.Route, c caller, mode auth.Mode) int {
	switch {
	case c.name == "none":
		return 401
	case !slices.Contains(c.permissions, r.Permission):
		return 403
	case r.ID == "createApiKey" && !slices.Contains(c.permissions, auth.CustomersRead), r.ID == "rotateApiKey" && !slices.Contains(c.permissions, auth.EventsRead):
		return 403 // nobody gives rights that they do not have
	case r.Permission == auth.UsersManage && mode == auth.Test, r.Permission == auth.RolesManage && r.Method != "GET" && mode == auth.Test:
		return 403 // a test key must not make people who may sign in to live mode, nor their roles
	case oneOf(r.ID, "inviteUser", "updateUser", "removeUser", "endUserSessions", "renewUserKey", "reinviteUser", "resetUserFactors", "createIdentityProvider", "updateIdentityProvider", "removeIdentityProvider") && c.name != "Admin":
		return 403 // the users of these rows are Support, which is more than one permission
	}
	return 200
}

// TestKeysDoNotEscalate: a test key can't get at live data by making or rotating keys.
// Shows: PCI DSS 6.5.5, 7.2.1, 7.2.5
func TestKeysDoNotEscalate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		keys := newKey(t, s.Server, "", auth.Live, "", auth.APIKeysManage)
		support := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "S", "mode": "live", "role": "Support"}}).ID(t)
		rotate := fmt.Sprintf("/api-keys/%d/rotate", support)
		s.run(t, map[string]row{
			"test key makes a live key":      {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: s.Test, Body: m{"name": "x", "mode": "live", "role": "ReadOnly"}}, status: 403, code: "FORBIDDEN"},
			"test key makes a test key":      {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: s.Test, Body: m{"name": "x", "mode": "test", "role": "ReadOnly"}}, status: 200},
			"test key rotates a live key":    {send: apptest.Request{Method: "POST", Path: rotate, Key: s.Test}, status: 404, code: "API_KEY_NOT_FOUND"},
			"test key revokes a live key":    {send: apptest.Request{Method: "DELETE", Path: rotate[:len(rotate)-7], Key: s.Test}, status: 404, code: "API_KEY_NOT_FOUND"},
			"key manager makes an admin":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: keys, Body: m{"name": "x", "mode": "live", "role": "Admin"}}, status: 403, code: "FORBIDDEN"},
			"key manager rotates a wider":    {send: apptest.Request{Method: "POST", Path: rotate, Key: keys}, status: 403, code: "FORBIDDEN"},
			"key manager makes its like":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: keys, Body: m{"name": "x", "mode": "live", "permissions": []string{"api-keys:manage"}}}, status: 200},
			"nobody gives owners:manage":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "permissions": []string{"owners:manage"}}}, status: 400, code: "VALIDATION_ERROR"},
			"nobody makes an operator":       {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "role": "Operator"}}, status: 400, code: "VALIDATION_ERROR"},
			"admin rotates":                  {send: apptest.Request{Method: "POST", Path: rotate}, status: 200, has: []string{`"key":"florin_live_sk_`}},
			"role and permissions are a 400": {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "role": "Support", "permissions": []string{"events:read"}}}, status: 400, code: "VALIDATION_ERROR"},
		})
		var list struct{ Data []struct{ Mode string } }
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys", Key: s.Test}).Body, &list))
		require.NotEmpty(t, list.Data)
		for _, k := range list.Data {
			require.Equal(t, "test", k.Mode)
		}
		revoked := newKey(t, s.Server, "", auth.Live, auth.ReadOnly)
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: revoked}).Status)
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys"}).Body, &list))
		var ids struct{ Data []struct{ ID int64 } }
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys"}).Body, &ids))
		last := ids.Data[len(ids.Data)-1].ID
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/api-keys/", last)}).Status)
		require.Equal(t, 401, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: revoked}).Status)
	})
}
