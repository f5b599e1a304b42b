package api_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/rights"
)

// TestRequestsDesk goes through the desk as its clerk does.
func TestRequestsDesk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		clerk, narrow := newKey(t, s.Server, "", auth.Live, auth.Privacy), newKey(t, s.Server, "", auth.Live, "", auth.PrivacyManage)
		id := create(t, s.Server, "", m{"name": "Zoë Desk", "email": "desk@example.com"}).ID(t)
		post := func(key, path string, body any) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/privacy/requests" + path, Key: key, Body: body}
		}
		s.newEvents(t)
		taken := s.check(t, row{send: post(clerk, "", m{"type": "erasure", "customerId": id, "channel": "letter", "receivedDate": "2026-11-02", "note": "Wishes to be forgotten, ASAP 🙏"}), status: 200,
			has: []string{`"dueDate":"2026-12-02"`, `"status":"received"`, "🙏"}, audit: "privacy_request.create ok", events: []string{"privacy_request.received"}})
		at := fmt.Sprint("/", taken.ID(t))
		file := m{"name": "answer.eml", "content": base64.StdEncoding.EncodeToString([]byte("Dear Zoë\x00"))}
		bad := row{status: 400, code: "VALIDATION_ERROR", lacks: []string{"Zoë", "4111111111111111"}}
		for name, send := range map[string]apptest.Request{
			"unknown type":         post(clerk, "", m{"type": "everything", "customerId": id, "channel": "letter"}),
			"no channel":           post(clerk, "", m{"type": "access", "customerId": id}),
			"no day":               post(clerk, "", m{"type": "access", "customerId": id, "channel": "letter", "receivedDate": "2026-02-30"}),
			"ahead":                post(clerk, "", m{"type": "access", "customerId": id, "channel": "letter", "receivedDate": "2999-01-01"}),
			"unknown method":       post(clerk, at+"/identity", m{"method": "a hunch"}),
			"no reason":            post(clerk, at+"/extend", m{}),
			"unknown reason":       post(clerk, at+"/refuse", m{"reason": "busy"}),
			"evidence of nothing":  post(clerk, at+"/evidence", m{"name": "x"}),
			"evidence, other hash": post(clerk, at+"/evidence", m{"name": "x", "text": "y", "sha256": strings.Repeat("0", 64)}),
			"evidence, no hash":    post(clerk, at+"/evidence", m{"name": "x", "sha256": "xyz"}),
			"evidence, large":      post(clerk, at+"/evidence", m{"name": "x", "text": strings.Repeat("y", rights.MostEvidence+1)}),
			"evidence with a card": post(clerk, at+"/evidence", m{"name": "x", "content": base64.StdEncoding.EncodeToString([]byte("it is 4111 1111 1111 1111"))}),
			"by whose day":         {Method: "GET", Path: "/privacy/requests?due=soon", Key: clerk},
		} {
			r := bad
			r.send = send
			t.Run(name, func(t *testing.T) { s.check(t, r) })
		}
		s.check(t, row{send: post(clerk, at+"/evidence", file), status: 200, has: []string{`"name":"answer.eml"`, rights.Digest([]byte("Dear Zoë\x00"))}})
		s.check(t, row{send: post(clerk, at+"/evidence", m{"name": "scan, in the safe", "sha256": strings.Repeat("1234567890abcdef", 4)}), status: 200})
		s.check(t, row{send: post(clerk, at+"/complete", m{}), status: 409, code: "IDENTITY_UNVERIFIED"})
		s.check(t, row{send: post(clerk, at+"/identity", m{"method": "document", "reference": "seen on 2 November"}), status: 200, has: []string{`"status":"in_progress"`}})
		s.check(t, row{send: post(narrow, at+"/complete", m{}), status: 403, code: "FORBIDDEN"})
		again := post(clerk, at+"/complete", m{})
		again.Header = h("Idempotency-Key", "complete-once")
		s.check(t, row{send: again, status: 200, has: []string{`"status":"completed"`, `"kind":"certificate"`, `"note":null`}, lacks: []string{"🙏"},
			events: []string{"customer.deleted", "customer.erased", "privacy_request.completed"}, audit: "privacy_request.complete ok"})
		s.check(t, row{send: again, status: 200, has: []string{`"status":"completed"`}, header: m{"Idempotent-Replayed": true}})
		s.check(t, row{send: apptest.Request{Method: "GET", Path: "/privacy/requests" + at, Key: clerk}, status: 200, lacks: []string{"🙏", "answer.eml", "seen on"}, has: []string{`"type":"erasure"`}})
		require.Equal(t, 410, status(t, s.Server, apptest.Request{Method: "GET", Path: path(id)}))
		year := s.check(t, row{send: apptest.Request{Method: "GET", Path: "/privacy/requests/report?from=2026-11-01&to=2026-11-03", Key: clerk}, status: 200})
		require.Len(t, year.JSON(t)["data"], 1)
		s.check(t, row{send: apptest.Request{Method: "GET", Path: "/privacy/requests?status=completed&limit=1", Key: clerk}, status: 200, has: []string{at[1:]}, lacks: []string{"🙏"}})
	})
}
