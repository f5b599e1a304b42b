package api_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// TestIncidentOverTheAPI: a key that read somebody is found by what it read, and nobody else.
// Shows: GDPR Art. 33, Art. 34
func TestIncidentOverTheAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		clerk := newKey(t, s.Server, "", auth.Live, auth.Privacy)
		made := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "leaked", "mode": "live", "role": "ReadOnly"}}).JSON(t)
		leaked, suspect := made["key"].(string), int64(made["id"].(float64))
		seen, unseen := create(t, s.Server, "", m{"name": "Zoë Seen", "email": "seen@example.com"}).ID(t), create(t, s.Server, "", m{"name": "Unseen", "email": "unseen@example.com"}).ID(t)
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: path(seen) + "?fields=id,email", Key: leaked}))
		require.Equal(t, 403, status(t, s.Server, apptest.Request{Method: "PUT", Path: path(unseen), Key: leaked, Body: m{"name": "X"}}), "a refusal shows nothing")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "GET", Path: path(unseen)}), "another key's")
		from := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
		post := func(body m) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/privacy/incidents", Key: clerk, Body: body}
		}
		bad := row{status: 400, code: "VALIDATION_ERROR"}
		s.newEvents(t)
		for name, body := range map[string]m{
			"nothing":      {},
			"no beginning": {"description": "x"},
			"ahead":        {"description": "x", "from": from, "awareAt": "2999-01-01T00:00:00Z"},
			"ends before":  {"description": "x", "from": from, "to": from},
			"no risk":      {"description": "x", "from": from, "risk": "some"},
			"no address":   {"description": "x", "from": from, "addresses": []string{"nowhere"}},
			"no id":        {"description": "x", "from": from, "credentials": []any{"x"}},
			"a card":       {"description": "it was 4111 1111 1111 1111", "from": from},
			"late, no why": {"description": "x", "from": "2026-01-01T00:00:00Z", "awareAt": "2026-01-02T00:00:00Z", "notifiedAt": "2026-01-09T00:00:00Z"},
		} {
			r := bad
			r.send = post(body)
			t.Run(name, func(t *testing.T) { s.check(t, r) })
		}
		id := s.check(t, row{send: post(m{"description": "A key was published\nin a repository 🔑", "from": from, "credentials": []int64{suspect}}), status: 200, has: []string{`"risk":"unknown"`, `"hoursLeft":7`},
			audit: "incident.create ok", events: []string{"incident.reported"}}).ID(t)
		at := fmt.Sprint("/privacy/incidents/", id)
		get := func(path string) apptest.Request { return apptest.Request{Method: "GET", Path: path, Key: clerk} }
		s.check(t, row{send: get(at + "/affected"), status: 200, has: []string{`"customers":1`, `"records":1`, fmt.Sprintf(`"customerId":%d`, seen), `"fields":["email","id"]`}, lacks: []string{fmt.Sprint(unseen), "Zoë"}, audit: "incident.affected ok"})
		s.check(t, row{send: get(at + "/notice"), status: 200, has: []string{"customers, 1 by the access log", "[measures]", "🔑"}})
		s.check(t, row{send: apptest.Request{Method: "PATCH", Path: at, Key: clerk, Body: m{"risk": "unlikely"}}, status: 200, has: []string{`"hoursLeft":null`, "🔑"}, audit: "incident.change ok"})
		require.Equal(t, 403, status(t, s.Server, apptest.Request{Method: "GET", Path: at, Key: leaked}))
	})
}

// TestRegisterOverTheAPI: the draft is posted as it is, and the file is harmless.
// Shows: GDPR Art. 30
func TestRegisterOverTheAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		get := func(path string) apptest.Response {
			got := s.Do(t, apptest.Request{Method: "GET", Path: path})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			return got
		}
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "GET", Path: "/privacy/dpo"}))
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: "/privacy/dpo", Body: m{"name": "Dr. Aïcha Ndiaye", "email": "no address"}}, status: 400, code: "VALIDATION_ERROR"})
		s.check(t, row{send: apptest.Request{Method: "PUT", Path: "/privacy/dpo", Body: m{}}, status: 400, code: "VALIDATION_ERROR"})
		for _, name := range []string{"Somebody", "Dr. Aïcha Ndiaye"} {
			s.check(t, row{send: apptest.Request{Method: "PUT", Path: "/privacy/dpo", Body: m{"name": name, "email": "dpo@example.com"}}, status: 200})
		}
		require.Contains(t, string(get("/privacy/dpo").Body), "Aïcha")
		s.Do(t, apptest.Request{Method: "POST", Path: "/privacy/recipients", Body: m{"kind": "processor", "name": "Parcel Ltd", "receives": "addresses"}})
		drafts := get("/privacy/processing-records/draft").JSON(t)["data"].([]any)
		require.Greater(t, len(drafts), 9)
		for _, d := range drafts {
			require.Contains(t, d.(m)["officer"], "Aïcha")
			require.Contains(t, d.(m)["recipients"], "Parcel Ltd (processor): addresses")
			got := s.Do(t, apptest.Request{Method: "POST", Path: "/privacy/processing-records", Body: d})
			require.Equal(t, 200, got.Status, "%s", got.Body)
		}
		own := m{"name": "=HYPERLINK(1)", "controller": "Shop", "purposes": "Newsletter\nand offers", "persons": "Readers", "data": "E-mail"}
		id := s.check(t, row{send: apptest.Request{Method: "POST", Path: "/privacy/processing-records", Body: own}, status: 200, audit: "register.add ok"}).ID(t)
		delete(own, "data")
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/privacy/processing-records", Body: own}, status: 400, code: "VALIDATION_ERROR", has: []string{"/data"}})
		file := get("/privacy/processing-records/csv")
		require.Equal(t, "text/csv; charset=utf-8", file.Header.Get("Content-Type"))
		lines, err := csv.NewReader(strings.NewReader(string(file.Body))).ReadAll()
		require.NoError(t, err)
		require.Len(t, lines, len(drafts)+2)
		require.Equal(t, []string{"'=HYPERLINK(1)", "Newsletter\nand offers"}, []string{lines[1][0], lines[1][3]})
		require.Equal(t, 204, status(t, s.Server, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/privacy/processing-records/", id)}))
		require.Equal(t, 404, status(t, s.Server, apptest.Request{Method: "GET", Path: fmt.Sprint("/privacy/processing-records/", id)}))
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/privacy/consultations", Body: m{"date": "2026-02-30", "question": "May we?"}}, status: 400, code: "VALIDATION_ERROR"})
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/privacy/assessments", Body: m{"title": "Scoring", "description": "x", "outcome": "fine"}}, status: 400, code: "VALIDATION_ERROR"})
	})
}
