package api_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// lists waits until the server sees other lists than before.
func lists(t *testing.T, s *suite, before string) string {
	t.Helper()
	var version string
	require.Eventually(t, func() bool {
		got := s.Do(t, apptest.Request{Method: "GET", Path: "/screening-lists"})
		require.Equal(t, 200, got.Status, "%s", got.Body)
		version = got.JSON(t)["lists"].([]any)[0].(m)["version"].(string)
		return version != before
	}, 20*time.Second, 50*time.Millisecond)
	return version
}

// TestScreening: who is like an entry waits for a decision, and what was decided holds until
// the entry says something else.
func TestScreening(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		f.provider(t)
		version := lists(t, s, "")
		id := create(t, s.Server, "", m{"name": "Qassim TESTANIWI", "email": "q@example.com"}).ID(t)
		innocent := create(t, s.Server, "", m{"name": "Ana Ruiz", "email": "ana@example.com"}).ID(t)
		request := f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		screen := posted(path(id)+"/screenings", nil)
		support := screen
		support.Key = newKey(t, s.Server, "", auth.Live, auth.Support)
		require.Equal(t, "unscreened", checked(t, s, id, "screening"))
		s.newEvents(t)
		s.check(t, row{send: support, status: 403, code: "FORBIDDEN"})
		s.check(t, row{send: posted(path(innocent)+"/screenings", nil), status: 200, has: []string{`"status":"clear"`, `"matches":[]`, `"engine":"lists"`}, audit: "screening.run ok", events: []string{"customer.updated"}})
		require.Equal(t, "clear", checked(t, s, innocent, "screening"))
		got := s.check(t, row{send: screen, status: 200, has: []string{`"status":"review"`, `"reference":"7001"`, "TESTANIWI", `"status":"open"`}, audit: "screening.run ok", events: []string{"screening.matched", "customer.updated"}})
		match := fmt.Sprint("/screenings/", int64(got.JSON(t)["matches"].([]any)[0].(m)["id"].(float64)))
		require.Equal(t, "review", checked(t, s, id, "screening"))
		decide := func(decision, reason any) apptest.Request {
			return posted(match+"/decision", m{"decision": decision, "reason": reason})
		}
		s.run(t, map[string]row{
			"the queue":        {send: apptest.Request{Method: "GET", Path: "/screenings"}, status: 200, has: []string{fmt.Sprint(id), `"status":"open"`, "Касим"}, audit: "screening.read ok"},
			"another status":   {send: apptest.Request{Method: "GET", Path: "/screenings?status=confirmed"}, status: 200, has: []string{`"data":[]`}},
			"no such status":   {send: apptest.Request{Method: "GET", Path: "/screenings?status=x"}, status: 400, code: "VALIDATION_ERROR"},
			"one":              {send: apptest.Request{Method: "GET", Path: match}, status: 200, has: []string{`"births":["1957-04-28"]`, `"programs":["SDGT"]`}},
			"nobody's":         {send: apptest.Request{Method: "GET", Path: "/screenings/123456789"}, status: 404, code: "SCREENING_NOT_FOUND"},
			"without a reason": {send: decide("confirmed", " "), status: 400, code: "VALIDATION_ERROR"},
			"maybe":            {send: decide("maybe", "x"), status: 400, code: "VALIDATION_ERROR"},
			"again":            {send: screen, status: 200, has: []string{`"status":"review"`}},
		})
		s.check(t, row{send: decide("false_positive", "Born in 1991"), status: 200, has: []string{`"reason":"Born in 1991"`}, audit: "screening.decide ok", events: []string{"screening.decided", "customer.updated"}})
		require.Equal(t, "clear", checked(t, s, id, "screening"))
		s.check(t, row{send: screen, status: 200, has: []string{`"status":"clear"`, `"status":"false_positive"`}})

		changed := apptest.Sanctioned()
		changed.Programs = append(changed.Programs, "IRAN")
		apptest.Sanction(t, s.Config, changed)
		version = lists(t, s, version)
		s.check(t, row{send: screen, status: 200, has: []string{`"status":"review"`, `"status":"open"`, "IRAN", `"reason":null`}, events: []string{"screening.matched", "customer.updated"}})
		s.check(t, row{send: decide("confirmed", "Same passport"), status: 200, events: []string{"screening.decided", "customer.updated"}})
		require.Equal(t, "confirmed", checked(t, s, id, "screening"))
		pay := posted(fmt.Sprint("/payments/creditCard/", request), f.card(nil))
		ask := posted("/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		s.check(t, row{send: pay, status: 409, code: "CUSTOMER_SANCTIONED"})
		s.check(t, row{send: ask, status: 409, code: "CUSTOMER_SANCTIONED"})
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: path(id), Body: m{"name": "Somebody Else"}}, status: 200, has: []string{`"screening":{"status":"confirmed"`}, events: []string{"customer.updated"}})
		s.check(t, row{send: decide("false_positive", "Not the same passport"), status: 200, events: []string{"screening.decided", "customer.updated"}})
		require.Equal(t, 200, s.Do(t, pay).Status, "the twin")
		require.NotContains(t, disclosed(t, s, id), "7001")

		apptest.Sanction(t, s.Config, apptest.Sanctioned())
		lists(t, s, version)
		other := create(t, s.Server, "", m{"name": "Qasim Testaniwi", "email": "q2@example.com"}).ID(t)
		got = s.Do(t, posted(path(other)+"/screenings", nil))
		match = fmt.Sprint("/screenings/", int64(got.JSON(t)["matches"].([]any)[0].(m)["id"].(float64)))
		require.Contains(t, disclosed(t, s, other), `"status": "unscreened"`, "nobody is told")
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "PUT", Path: path(other), Body: m{"name": "Ada Lovelace"}}).Status)
		require.Contains(t, string(s.Do(t, posted(path(other)+"/screenings", nil)).Body), `"status":"withdrawn"`)
		require.Equal(t, "SCREENING_WITHDRAWN", s.Do(t, decide("confirmed", "x")).Code())
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path(other)}).Status)
		require.Equal(t, 404, s.Do(t, apptest.Request{Method: "GET", Path: match}).Status)
		var left int64
		require.NoError(t, s.App.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM verification WHERE customer_id = $1`, []any{other}, &left))
		require.Zero(t, left)
	})
}

// disclosed is all that a customer is given of theirs, as one text.
func disclosed(t *testing.T, s *suite, id int64) string {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "GET", Path: path(id) + "/export"})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	file, err := zip.NewReader(bytes.NewReader(got.Body), int64(len(got.Body)))
	require.NoError(t, err)
	all := ""
	for _, entry := range file.File {
		require.NotContains(t, entry.Name, "screening")
		r, err := entry.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		all += string(text)
	}
	return all
}

// TestScreeningByItself: everybody who is there, who is new, who gets another name, and after
// a new list everybody again.
func TestScreeningByItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		version := lists(t, s, "")
		there := create(t, s.Server, "", m{"name": "Qasim Testaniwi", "email": "there@example.com", "dateOfBirth": "1957-04-28"}).ID(t)
		see := func(id int64, status string) {
			t.Helper()
			require.Eventually(t, func() bool { return checked(t, s, id, "screening") == status }, 30*time.Second, 100*time.Millisecond, "%s", status)
		}
		settings(t, s.Server, "", m{"screenCustomers": true})
		see(there, "review")
		fresh := create(t, s.Server, "", m{"name": "Zoë Fresh", "email": "fresh@example.com"}).ID(t)
		see(fresh, "clear")
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "PUT", Path: path(fresh), Body: m{"name": "Касим Тестанивы"}}).Status)
		see(fresh, "review")
		other := apptest.Sanctioned()
		other.Reference, other.Names = "7002", []string{"Somebody Entirely Different"}
		apptest.Sanction(t, s.Config, other)
		lists(t, s, version)
		see(there, "clear")
		see(fresh, "clear")
		require.Eventually(t, func() bool {
			got := s.Do(t, apptest.Request{Method: "GET", Path: "/screening-lists"}).JSON(t)
			return got["automatic"] == true && got["screened"] == got["customers"]
		}, 20*time.Second, 100*time.Millisecond)
	})
}
