package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
)

// TestRestriction: what is restricted is kept, and neither read nor used, by anybody but
// those who may manage privacy, until it is lifted (GDPR Art. 18).
// Shows: GDPR Art. 12(1), Art. 18
func TestRestriction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		body := m{"name": "Zoë Restricted", "email": "zoe@example.com", "status": "inactive"}
		id := create(t, s.Server, "", body).ID(t)
		f.provider(t)
		path, restriction := fmt.Sprint("/customers/", id), fmt.Sprint("/customers/", id, "/restriction")
		method := f.made(t, path+"/payment-methods", f.card(m{"consent": m{"text": "I agree"}}))
		request := f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		support, privacy := newKey(t, s.Server, "", auth.Live, auth.Support), newKey(t, s.Server, "", auth.Live, auth.Privacy)
		as := func(key, method, path string, body any) apptest.Request {
			return apptest.Request{Method: method, Path: path, Key: key, Body: body}
		}
		restrict := as(privacy, "PUT", restriction, m{"reason": "accuracy_contested", "note": "Says that the name is wrong"})
		s.newEvents(t)
		s.run(t, map[string]row{
			"none yet":        {send: as(privacy, "GET", restriction, nil), status: 404, code: "RESTRICTION_NOT_FOUND"},
			"without a cause": {send: as(privacy, "PUT", restriction, m{"reason": "because"}), status: 400, code: "VALIDATION_ERROR"},
			"by support":      {send: as(support, "PUT", restriction, m{"reason": "accuracy_contested"}), status: 403, code: "FORBIDDEN"},
		})
		s.check(t, row{send: restrict, status: 200, has: []string{"Says that the name is wrong"}, audit: "customer.restrict ok", events: []string{"customer.restricted", "customer.updated"}})
		held := row{status: 409, code: "CUSTOMER_RESTRICTED", lacks: []string{"Zoë", "zoe@"}}
		for name, send := range map[string]apptest.Request{
			"twice":              restrict,
			"read":               as(support, "GET", path, nil),
			"history":            as(support, "GET", path+"/history", nil),
			"revealed":           as(support, "POST", path+"/reveal", m{"purpose": "support"}),
			"saved methods":      as(support, "GET", path+"/payment-methods", nil),
			"interaction":        as(support, "POST", path+"/interactions", m{"channel": "chat", "subject": "x"}),
			"changed by admin":   as("", "PUT", path, m{"address": "elsewhere"}),
			"a method by admin":  as("", "POST", path+"/payment-methods", f.card(m{"consent": m{"text": "I agree"}})),
			"paid with a method": as("", "POST", fmt.Sprint("/payments/saved/", request), m{"paymentMethodId": method}),
			"paid by card":       as("", "POST", fmt.Sprint("/payments/creditCard/", request), f.card(nil)),
			"asked to pay":       as("", "POST", "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id}),
		} {
			r := held
			r.send = send
			t.Run(name, func(t *testing.T) { s.check(t, r) })
		}
		found := func(key string) string {
			return string(s.Do(t, as(key, "POST", "/customers/search", m{"email": "zoe@example.com"})).Body) + string(s.Do(t, as(key, "GET", "/customers", nil)).Body)
		}
		require.NotContains(t, found(support), fmt.Sprint(id))
		require.Contains(t, found(privacy), fmt.Sprint(id))
		s.run(t, map[string]row{
			"read by privacy": {send: as(privacy, "GET", path, nil), status: 200, has: []string{`"status":"restricted"`, "Zoë Restricted"}},
			"why, by privacy": {send: as(privacy, "GET", restriction, nil), status: 200, has: []string{`"reason":"accuracy_contested"`}},
		})
		s.check(t, row{send: as(privacy, "DELETE", restriction, nil), status: 204, audit: "customer.lift_restriction ok", events: []string{"customer.restriction_lifted", "customer.updated"}})
		s.run(t, map[string]row{
			"free again":   {send: as(support, "GET", path, nil), status: 200, has: []string{`"status":"inactive"`}},
			"lifted twice": {send: as(privacy, "DELETE", restriction, nil), status: 404, code: "RESTRICTION_NOT_FOUND"},
		})
	})
}

// TestHolds: a hold keeps a customer until its day or its release, and no longer.
// Shows: GDPR Art. 17(3)
func TestHolds(t *testing.T) {
	t.Parallel()
	eachAt(t, func(t *testing.T, s *suite, fake *clock.Fake) {
		id := create(t, s.Server, "", m{"name": "Zoë", "email": "zoe@example.com"}).ID(t)
		path := fmt.Sprint("/customers/", id)
		place := func(until any) apptest.Request {
			return apptest.Request{Method: "POST", Path: path + "/holds", Body: m{"reason": "Claim 4711", "until": until}}
		}
		s.newEvents(t)
		s.run(t, map[string]row{
			"in the past":    {send: place("2020-01-01T00:00:00Z"), status: 400, code: "VALIDATION_ERROR"},
			"for ever":       {send: place("2300-01-01T00:00:00Z"), status: 400, code: "VALIDATION_ERROR"},
			"without a day":  {send: place(nil), status: 400, code: "VALIDATION_ERROR"},
			"for nobody":     {send: apptest.Request{Method: "POST", Path: "/customers/123456789/holds", Body: m{"reason": "x", "until": "2030-01-01T00:00:00Z"}}, status: 404, code: "CUSTOMER_NOT_FOUND"},
			"no such to end": {send: apptest.Request{Method: "DELETE", Path: path + "/holds/123456789"}, status: 404, code: "LEGAL_HOLD_NOT_FOUND"},
		})
		first := s.check(t, row{send: place(fake.Clock().Now().Add(24 * time.Hour)), status: 200, audit: "legal_hold.place ok"}).ID(t)
		soon := s.check(t, row{send: place(fake.Clock().Now().Add(2 * time.Second)), status: 200}).ID(t)
		erase := apptest.Request{Method: "DELETE", Path: path}
		plan := apptest.Request{Method: "DELETE", Path: path + "?dryRun=true"}
		onHold := row{send: erase, status: 409, code: "CUSTOMER_ON_HOLD", lacks: []string{"Claim"}}
		s.check(t, onHold)
		onHold.send = plan
		s.check(t, onHold)
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: fmt.Sprint(path, "/holds/", first)}, status: 204, audit: "legal_hold.release ok"})
		fake.Advance(2*time.Second - time.Millisecond)
		s.check(t, onHold)
		fake.Advance(time.Millisecond)
		s.check(t, row{send: plan, status: 200}) // the other one ended on its own
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: fmt.Sprint(path, "/holds/", soon)}, status: 404, code: "LEGAL_HOLD_NOT_FOUND"})
		s.check(t, row{send: apptest.Request{Method: "GET", Path: path + "/holds"}, status: 200, has: []string{"Claim 4711", fmt.Sprint(first), fmt.Sprint(soon)}})
		s.check(t, row{send: erase, status: 204, events: []string{"customer.deleted", "customer.erased"}})
	})
}

// TestHoldsAgainstErasures: whichever of the two is answered first holds.
// Shows: GDPR Art. 17(3)
func TestHoldsAgainstErasures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		won := map[string]int{}
		for i := range 30 {
			path := fmt.Sprint("/customers/", create(t, s.Server, "", m{"name": "Zoë", "email": fmt.Sprintf("z%d@example.com", i)}).ID(t))
			var hold, erase int
			var both sync.WaitGroup
			both.Go(func() {
				hold = s.Do(t, apptest.Request{Method: "POST", Path: path + "/holds", Body: m{"reason": "x", "until": "2030-01-01T00:00:00Z"}}).Status
			})
			both.Go(func() { erase = s.Do(t, apptest.Request{Method: "DELETE", Path: path}).Status })
			both.Wait()
			won[fmt.Sprint(hold, " ", erase)]++
			require.True(t, hold == 200 && erase == 409 || hold != 200 && erase == 204, "hold %d, erasure %d", hold, erase)
		}
		t.Logf("hold and erasure: %v", won)
	})
}

// TestCertificates: an erasure's certificate says what was done, names nobody, and is
// signed so that no other text passes.
// Shows: GDPR Art. 17(1)
func TestCertificates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		id := create(t, s.Server, "", full("quintessa@example.com")).ID(t)
		path := fmt.Sprint("/customers/", id)
		f.provider(t)
		f.made(t, path+"/payment-methods", f.card(m{"consent": m{"text": "I agree"}}))
		f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		s.Do(t, apptest.Request{Method: "POST", Path: path + "/interactions", Body: m{"channel": "chat", "subject": "secret-subject"}})
		certificate := apptest.Request{Method: "GET", Path: path + "/erasure-certificate"}
		s.newEvents(t)
		s.check(t, row{send: certificate, status: 404, code: "ERASURE_CERTIFICATE_NOT_FOUND"})
		plan := s.Do(t, apptest.Request{Method: "DELETE", Path: path + "?dryRun=true"})
		require.Contains(t, string(plan.Body), "amounts, dates and states of 1 payment requests")
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: path}))
		got := s.Do(t, certificate)
		require.Equal(t, 200, got.Status, "%s", got.Body)
		said, err := customer.CheckCertificate(string(got.Body), s.App.Verifier)
		require.NoError(t, err)
		for _, want := range []string{fmt.Sprintf("customer %d in realm", id), "removed 1 interactions", "profile: name, email", "of 1 payment requests", "1 payers or methods", "destroyed the key ", "open nothing after 20"} {
			require.Contains(t, said, want)
		}
		var c struct{ Report []string }
		require.NoError(t, json.Unmarshal(got.Body, &c))
		require.Contains(t, said, strings.Join(c.Report, "\n"), "the report is what was signed")
		for _, value := range []string{"quintessa", "secret-subject", "canaryzz"} {
			require.NotContains(t, string(got.Body), value)
		}
		note := got.JSON(t)["certificate"].(string)
		checkpoint, err := s.App.Sealer.Sign("florin-audit\n1\nAAAA\n")
		require.NoError(t, err)
		for _, bad := range []string{strings.Replace(note, "removed 1", "removed 2", 1), note[:len(note)-10], strings.Replace(note, fmt.Sprint(id), fmt.Sprint(id+1), 1), checkpoint, ""} {
			_, err := customer.CheckCertificate(bad, s.App.Verifier)
			require.Error(t, err)
		}
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "GET", Path: path + "/erasure-certificate", Key: otherOwner(t, s.Server, "Other")}))
	})
}

// TestErasureOfMany: each is erased or refused as one would be, and the job says so.
func TestErasureOfMany(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		ids := []int64{123456789}
		for i := range 40 {
			ids = append(ids, create(t, s.Server, "", m{"name": "Zoë", "email": fmt.Sprintf("many%d@example.com", i)}).ID(t))
		}
		stranger := otherOwner(t, s.Server, "Other")
		theirs := create(t, s.Server, stranger, m{"name": "Theirs", "email": "theirs@example.com"}).ID(t)
		ids = append(ids, theirs, ids[1])
		held, gone := ids[5], ids[6]
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "POST", Path: fmt.Sprintf("/customers/%d/holds", held), Body: m{"reason": "x", "until": "2030-01-01T00:00:00Z"}}))
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/customers/", gone)}))
		for _, bad := range []any{m{}, m{"customerIds": []int64{}}, m{"customerIds": []any{"1"}}, m{"customerIds": []any{0}}, m{"customerIds": []any{4242424242424242}}, m{"customerIds": make([]int64, 10001)}} {
			got := s.Do(t, apptest.Request{Method: "POST", Path: "/erasures", Body: bad})
			require.Equal(t, 400, got.Status, "%s", got.Body)
		}
		started := s.Do(t, apptest.Request{Method: "POST", Path: "/erasures", Body: m{"customerIds": ids}})
		require.Equal(t, 200, started.Status, "%s", started.Body)
		require.EqualValues(t, 42, started.JSON(t)["total"], "each once")
		var job struct {
			Total, Erased int
			Refused       map[string]int
			FinishedAt    *string
		}
		ask := apptest.Request{Method: "GET", Path: fmt.Sprint("/erasures/", started.ID(t))}
		require.Eventually(t, func() bool {
			require.NoError(t, json.Unmarshal(s.Do(t, ask).Body, &job))
			return job.FinishedAt != nil
		}, 30*time.Second, 10*time.Millisecond)
		require.Equal(t, []any{42, 39, map[string]int{"CUSTOMER_ON_HOLD": 1, "CUSTOMER_NOT_FOUND": 2}}, []any{job.Total, job.Erased, job.Refused})
		require.Equal(t, 410, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprint("/customers/", ids[1])}))
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprint("/customers/", held)}))
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprint("/customers/", theirs), Key: stranger}), "another owner's")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprintf("/customers/%d/erasure-certificate", ids[1])}))
		ask.Key = stranger
		require.Equal(t, 404, status(t, s.Server, ask))
	})
}

// unpack gives the files of a zip.
func unpack(t *testing.T, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	all := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		all[f.Name] = string(text)
	}
	return all
}

// TestExportOfACustomer: all that is kept of one person, nothing of another, no secret, and
// a page that hostile values don't break.
// Shows: GDPR Art. 12(1), Art. 15
func TestExportOfACustomer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		other := f.paid(t) // of the fixture's own payer
		person := full("export@example.com")
		person["name"], person["address"] = "Zoë <script>alert(1)</script> 王", "=HYPERLINK(1)"
		id := create(t, s.Server, "", person).ID(t)
		path := fmt.Sprint("/customers/", id)
		f.do(t, "POST", path+"/interactions", m{"channel": "chat", "subject": "=1+1 about <b>an invoice</b>"})
		method := f.made(t, path+"/payment-methods", f.card(m{"name": "Holder of the card", "label": "=my card", "consent": m{"text": "I agree to it"}}))
		request := f.made(t, "/payment-requests", m{"amount": 12.5, "unit": f.unit(t), "clientId": id, "notes": "notes of the request"})
		f.do(t, "POST", fmt.Sprint("/payments/saved/", request), m{"paymentMethodId": method})
		f.do(t, "POST", fmt.Sprint("/payment-requests/", request, "/refunds"), m{"amount": 2})
		f.do(t, "PUT", path+"/restriction", m{"reason": "objection_pending", "note": "note of the restriction"})
		f.do(t, "POST", path+"/holds", m{"reason": "secret of the hold", "until": "2030-01-01T00:00:00Z"})
		got := s.Do(t, apptest.Request{Method: "GET", Path: path + "/export", Key: newKey(t, s.Server, "", auth.Live, "", auth.PrivacyManage)})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		require.Equal(t, []string{"application/zip", "no-store", fmt.Sprintf(`attachment; filename="customer-%d.zip"`, id)},
			[]string{got.Header.Get("Content-Type"), got.Header.Get("Cache-Control"), got.Header.Get("Content-Disposition")})
		files := unpack(t, got.Body)
		for file, has := range map[string]string{"customer.json": "export@example.com", "interaction.json": "about <b>an invoice", "payment_method.json": "Holder of the card", "consent.json": "I agree to it",
			"payment_request.json": "notes of the request", "payment_attempt.json": fmt.Sprint(request), "payment_log.json": "approved", "payment_refund.json": fmt.Sprint(request),
			"customer_deposit.json": f.unit(t), "restriction.json": "note of the restriction", "payment_request.csv": "notes of the request", "interaction.csv": "'=1+1", "payment_method.csv": "'=my card",
			"index.html": "&lt;script&gt;alert(1)"} {
			require.Contains(t, files[file], has, file)
		}
		require.Contains(t, files["index.html"], fmt.Sprint("<bdi>", id, "</bdi>"))
		whole := fmt.Sprint(files)
		require.NotContains(t, files["index.html"], "<script>alert(1)")
		for _, no := range []string{"secret of the hold", fmt.Sprint(other), fmt.Sprint(f.person), "Person", "4242424242424242", `"token"`} {
			require.NotContains(t, whole, no)
		}
		require.Contains(t, trailOf(t, s, "customer.export"), "ok")
		for key, want := range map[string]int{otherOwner(t, s.Server, "Other"): 404, newKey(t, s.Server, "", auth.Live, auth.Finance): 403} {
			require.Equal(t, want, status(t, s.Server, apptest.Request{Method: "GET", Path: path + "/export", Key: key}))
		}
	})
}
