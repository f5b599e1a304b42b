package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/privacy"
)

// desk is a data protection officer at work for one person.
type desk struct {
	*suite
	key string
	id  int64
}

// call does one step, which must work.
func (d *desk) call(t *testing.T, method, path string, body any) apptest.Response {
	t.Helper()
	got := d.Do(t, apptest.Request{Method: method, Path: path, Key: d.key, Body: body})
	require.Less(t, got.Status, 300, "%s %s: %s", method, path, got.Body)
	return got
}

// refused is a step that must not work.
func (d *desk) refused(t *testing.T, method, path string, body any, code string) {
	t.Helper()
	got := d.Do(t, apptest.Request{Method: method, Path: path, Key: d.key, Body: body})
	require.Equal(t, code, got.Code(), "%s %s: %s", method, path, got.Body)
}

// asks takes a request of the person (Art. 12) and records how it is known who asks.
func (d *desk) asks(t *testing.T, kind string) string {
	t.Helper()
	taken := d.call(t, "POST", "/privacy/requests", m{"type": kind, "customerId": d.id, "channel": "letter", "note": "Dear Sir or Madam, 请 …"})
	at := fmt.Sprint("/privacy/requests/", taken.ID(t))
	d.refused(t, "POST", at+"/complete", m{}, "IDENTITY_UNVERIFIED")
	d.call(t, "POST", at+"/identity", m{"method": "email_answered", "reference": "ticket 4711"})
	return at
}

// answered is what stands at a request in the end.
func (d *desk) answered(t *testing.T, at string) string {
	t.Helper()
	got := string(d.call(t, "GET", at, nil).Body)
	require.Contains(t, got, `"status":"completed"`)
	return got
}

// TestRightsOfAPerson goes through the rights of GDPR Art. 7 and 12 to 22 as the law has
// them, for one person, with what the officer can show afterwards (Art. 5(2)).
func TestRightsOfAPerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		d := &desk{suite: s, key: newKey(t, s.Server, "", auth.Live, auth.Privacy)}
		s.Do(t, apptest.Request{Method: "PUT", Path: "/privacy/purposes/newsletter", Body: m{"lawfulBasis": "consent", "marketing": true, "doubleOptIn": true, "description": "News"}})
		s.Do(t, apptest.Request{Method: "PUT", Path: "/privacy/purposes/statistics", Body: f.interest()})
		d.id = create(t, s.Server, "", m{"name": "Zoë Ångström 王", "email": "zoe@example.com", "address": "Wrong Street 1"}).ID(t)
		d.call(t, "POST", "/privacy/recipients", m{"kind": "processor", "name": "Parcel Ltd", "receives": "Name and address", "everyone": true})

		for _, step := range []struct {
			law string
			do  func(*testing.T, *desk)
		}{
			{"Art. 13: they are told at the start", informed},
			{"Art. 7: what they agreed to counts once confirmed, and ends when they say", consenting},
			{"Art. 15: they get a copy of everything", accessing},
			{"Art. 16 and 19: what is wrong is put right, and recipients are told", rectifying},
			{"Art. 20: they take their data elsewhere", porting},
			{"Art. 21: they object, to advertising for good", objecting},
			{"Art. 22: a decision is looked at by a person", deciding},
			{"Art. 12(3) and (5): it may take longer, and what is excessive may be refused, with a reason", delaying},
			{"Art. 18: their data are kept and not used", restricting},
			{"Art. 17 and 19: they are forgotten, unless a claim needs them", erasing},
			{"Art. 5(2): all of it can be shown", accounting},
		} {
			t.Run(step.law, func(t *testing.T) { step.do(t, d) })
		}
	})
}

func informed(t *testing.T, d *desk) {
	f := &fixture{canary: "Who we are and what we do with your data"}
	d.call(t, "POST", "/privacy/notices", f.privacyNotice())
	require.Contains(t, string(d.call(t, "GET", "/privacy/notices/current?language=de", nil).Body), f.canary)
}

func consenting(t *testing.T, d *desk) {
	given := d.Do(t, apptest.Request{Method: "POST", Path: path(d.id) + "/consents", Body: m{"purpose": "newsletter", "text": "Yes, send me news"}})
	require.Equal(t, 200, given.Status, "%s", given.Body)
	require.Equal(t, "false no_consent", allowed(t, d.Server, "", d.id)["newsletter"])
	link := given.JSON(t)["link"].(string)
	_, _ = openPage(t, "POST", link, "confirm")
	require.Equal(t, "true consent_given", allowed(t, d.Server, "", d.id)["newsletter"])
	_, _ = openPage(t, "POST", link, "withdraw")
	require.Equal(t, "false no_consent", allowed(t, d.Server, "", d.id)["newsletter"])
	require.Contains(t, string(d.call(t, "GET", path(d.id)+"/consents", nil).Body), `"state":"withdrawn"`)
}

func accessing(t *testing.T, d *desk) {
	at := d.asks(t, "access")
	d.call(t, "POST", at+"/complete", m{"note": "Sent by registered letter"})
	var request struct {
		Evidence []struct {
			ID           int64
			Kind, SHA256 string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(d.answered(t, at)), &request))
	require.NotEmpty(t, request.Evidence)
	require.Contains(t, exported(t, d.Server, d.id)["customer.json"], "Ångström 王")
}

func rectifying(t *testing.T, d *desk) {
	at := d.asks(t, "rectification")
	d.refused(t, "POST", at+"/complete", m{}, "NOTHING_DONE")
	got := d.Do(t, apptest.Request{Method: "PUT", Path: path(d.id), Body: m{"address": "Right Street 2"}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	d.call(t, "POST", at+"/complete", m{})
	require.Contains(t, d.answered(t, at), "address")
	require.Contains(t, string(d.call(t, "GET", "/privacy/recipient-notices?status=open", nil).Body), `"cause":"rectification"`)
}

func porting(t *testing.T, d *desk) {
	at := d.asks(t, "portability")
	url := d.call(t, "POST", path(d.id)+"/exports", m{}).JSON(t)["url"].(string)
	file, status := fetch(t, "POST", url)
	require.Equal(t, 200, status)
	there := apptest.SQLite(t)
	in, err := privacy.ReadExport(bytes.NewReader([]byte(file)), int64(len(file)))
	require.NoError(t, err)
	id, err := there.App.Privacy.Receive(t.Context(), system(t, there), in)
	require.NoError(t, err)
	require.Equal(t, customersOwn(t, unpack(t, []byte(file))["customer.json"]), customersOwn(t, exported(t, there, id)["customer.json"]))
	d.call(t, "POST", at+"/complete", m{})
	d.answered(t, at)
}

func objecting(t *testing.T, d *desk) {
	at := d.asks(t, "objection")
	require.Equal(t, "true basis", allowed(t, d.Server, "", d.id)["statistics"])
	d.call(t, "POST", at+"/complete", m{"purpose": "statistics"})
	require.Equal(t, "false objected", allowed(t, d.Server, "", d.id)["statistics"], "at once")
	raised := d.Do(t, apptest.Request{Method: "POST", Path: path(d.id) + "/objections", Body: m{"purpose": "newsletter"}})
	require.Equal(t, 200, raised.Status, "%s", raised.Body)
	d.refused(t, "PATCH", fmt.Sprint(path(d.id), "/objections/", raised.ID(t)), m{"answer": "compelling_grounds", "reason": "We would like to"}, "VALIDATION_ERROR")
}

func deciding(t *testing.T, d *desk) {
	at := d.asks(t, "automated_decision")
	d.call(t, "POST", at+"/complete", m{"note": "Declined by the bank; a clerk looked at it again"})
	d.answered(t, at)
}

func delaying(t *testing.T, d *desk) {
	at := d.asks(t, "access")
	before := d.call(t, "GET", at, nil).JSON(t)["dueDate"].(string)
	after := d.call(t, "POST", at+"/extend", m{"reason": "complexity", "note": "Ten years of letters"}).JSON(t)["dueDate"].(string)
	require.Greater(t, after, before)
	d.refused(t, "POST", at+"/extend", m{"reason": "complexity"}, "PRIVACY_REQUEST_FIXED")
	refused := d.call(t, "POST", at+"/refuse", m{"reason": "excessive", "note": "The third this week"})
	require.Contains(t, string(refused.Body), `"status":"refused"`)
	d.refused(t, "POST", at+"/complete", m{}, "PRIVACY_REQUEST_CLOSED")
}

func restricting(t *testing.T, d *desk) {
	at := d.asks(t, "restriction")
	d.call(t, "POST", at+"/complete", m{"reason": "accuracy_contested"})
	support := newKey(t, d.Server, "", auth.Live, auth.Support)
	require.Equal(t, "CUSTOMER_RESTRICTED", d.Do(t, apptest.Request{Method: "GET", Path: path(d.id), Key: support}).Code())
	require.Equal(t, "CUSTOMER_RESTRICTED", d.Do(t, apptest.Request{Method: "PUT", Path: path(d.id), Body: m{"address": "Elsewhere"}}).Code())
	require.Equal(t, "false restricted", allowed(t, d.Server, d.key, d.id)["payment_messages"])
	d.call(t, "DELETE", path(d.id)+"/restriction", nil)
	require.Equal(t, 200, d.Do(t, apptest.Request{Method: "GET", Path: path(d.id), Key: support}).Status)
}

func erasing(t *testing.T, d *desk) {
	hold := d.call(t, "POST", path(d.id)+"/holds", m{"reason": "Claim 4711", "until": "2030-01-01T00:00:00Z"}).ID(t)
	at := d.asks(t, "erasure")
	d.refused(t, "POST", at+"/complete", m{}, "CUSTOMER_ON_HOLD")
	d.call(t, "DELETE", fmt.Sprint(path(d.id), "/holds/", hold), nil)
	d.call(t, "POST", at+"/complete", m{})
	require.Equal(t, 410, d.Do(t, apptest.Request{Method: "GET", Path: path(d.id), Key: d.key}).Status)
	found := d.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: m{"email": "zoe@example.com"}})
	require.Contains(t, string(found.Body), `"data":[]`)
	certificate := string(d.call(t, "GET", path(d.id)+"/erasure-certificate", nil).Body)
	said, err := customer.CheckCertificate(certificate, d.App.Verifier)
	require.NoError(t, err)
	require.Contains(t, said, "open nothing after 20")
	require.Contains(t, string(d.call(t, "GET", "/privacy/recipient-notices?status=open", nil).Body), `"cause":"erasure"`)
}

func accounting(t *testing.T, d *desk) {
	var kept struct {
		Data []struct {
			ID           int64
			Type, Status string
		}
	}
	list := d.call(t, "GET", "/privacy/requests?limit=50", nil)
	require.NoError(t, json.Unmarshal(list.Body, &kept))
	require.Len(t, kept.Data, 8, "requests outlive the person")
	for _, personal := range []string{"Zoë", "zoe@", "Street", "ticket 4711", "Sir or Madam", "registered letter"} {
		require.NotContains(t, string(list.Body), personal)
	}
	for _, one := range kept.Data {
		whole := string(d.call(t, "GET", fmt.Sprint("/privacy/requests/", one.ID), nil).Body)
		for _, personal := range []string{"Zoë", "zoe@", "Street", "ticket 4711", "Sir or Madam", "registered letter"} {
			require.NotContains(t, whole, personal)
		}
	}
	require.Contains(t, string(d.call(t, "GET", "/privacy/requests/report?from=2020-01-01&to=2099-01-01", nil).Body), `"late":0`)
	trail := string(d.call(t, "GET", fmt.Sprint("/audit?limit=200&customerId=", d.id), nil).Body)
	for _, action := range []string{"customer.create", "customer.update", "customer.export", "customer.restrict", "customer.erase", "consent.give", "consent.withdraw", "legal_hold.place"} {
		require.Contains(t, trail, action)
	}
	_, err := d.App.Sealer.Seal(t.Context())
	require.NoError(t, err)
	report, err := audit.Verify(t.Context(), d.App.Store, d.App.Verifier, nil, func(int64) {})
	require.NoError(t, err)
	require.Empty(t, report.Problem)
}
