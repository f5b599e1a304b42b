package api_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
)

// TestRetention over the wire: bounds, rights, a dry run, a run and its report.
func TestRetention(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		put := func(class string, body any, key string) apptest.Request {
			return apptest.Request{Method: "PUT", Path: "/privacy/retention-policies/" + class, Body: body, Key: key}
		}
		privacy, reader := newKey(t, s.Server, "", auth.Live, auth.Privacy), newKey(t, s.Server, "", auth.Live, "", auth.PrivacyManage)
		s.newEvents(t)
		s.run(t, map[string]row{
			"a policy":         {send: put("interactions", m{"days": 30}, privacy), status: 200, has: []string{`"days":30`, `"version":1`}, audit: "retention.change ok"},
			"audit":            {send: put("audit", m{"days": 30}, ""), status: 400, code: "VALIDATION_ERROR", has: []string{"/days", "never shortened"}},
			"too short":        {send: put("ended_consents", m{"days": 30}, ""), status: 400, code: "VALIDATION_ERROR", has: []string{"365"}},
			"no days":          {send: put("customers", m{}, ""), status: 400, code: "VALIDATION_ERROR"},
			"no such class":    {send: put("moods", m{"days": 30}, ""), status: 404, code: "RETENTION_CLASS_NOT_FOUND"},
			"who can't erase":  {send: put("customers", m{"days": 30}, reader), status: 403, code: "FORBIDDEN"},
			"lists":            {send: apptest.Request{Method: "GET", Path: "/privacy/retention-policies", Key: reader}, status: 200, has: []string{`"minimumDays":365`, `"name":"audit"`}},
			"no such run":      {send: apptest.Request{Method: "GET", Path: "/privacy/retention-runs/123456789"}, status: 404, code: "RETENTION_RUN_NOT_FOUND"},
			"a dry run":        {send: apptest.Request{Method: "POST", Path: "/privacy/retention-runs?dryRun=true"}, status: 200, has: []string{`"dryRun":true`, `"certificate":null`}, audit: "retention.run ok"},
			"a dry run, unfit": {send: apptest.Request{Method: "POST", Path: "/privacy/retention-runs?dryRun=maybe"}, status: 400, code: "VALIDATION_ERROR"},
		})
		made := s.check(t, row{send: apptest.Request{Method: "POST", Path: "/privacy/retention-runs", Header: h("Idempotency-Key", "a-run")}, status: 200, has: []string{`"class":"interactions"`}, audit: "retention.run ok"})
		again := s.Do(t, apptest.Request{Method: "POST", Path: "/privacy/retention-runs", Header: h("Idempotency-Key", "a-run")})
		require.Equal(t, string(made.Body), string(again.Body))
		found := s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprint("/privacy/retention-runs/", made.ID(t))})
		require.Equal(t, 200, found.Status)
		said, err := customer.CheckCertificate(string(found.Body), s.App.Verifier)
		require.NoError(t, err)
		require.Contains(t, said, "class interactions, policy 1 of 30 days")
		var runs struct{ Data []struct{ ID int64 } }
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/privacy/retention-runs?limit=1"}).Body, &runs))
		require.Len(t, runs.Data, 1, "a dry run is not recorded")
		require.Equal(t, made.ID(t), runs.Data[0].ID)
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: "/privacy/retention-policies/interactions"}, status: 204, audit: "retention.change ok"})
		require.Empty(t, s.Do(t, apptest.Request{Method: "POST", Path: "/privacy/retention-runs"}).JSON(t)["classes"])
	})
}
