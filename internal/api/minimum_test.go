package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

// eachClock runs a test on each engine with a clock of its own.
func eachClock(t *testing.T, run func(t *testing.T, s *suite, fake *clock.Fake)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir(), LogLevel: "debug"}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		fake := clock.NewFake(time.Now())
		run(t, &suite{Server: apptest.Start(t, c, app.WithClock(fake.Clock()))}, fake)
	})
}

// TestFieldsThatAreNotCollected are refused by name, left out where reading is lenient, and
// cleared by retention, but for who is held.
func TestFieldsThatAreNotCollected(t *testing.T) {
	t.Parallel()
	eachClock(t, func(t *testing.T, s *suite, fake *clock.Fake) {
		person := func(email string) m {
			return m{"name": "Zoë", "email": email, "phone": "+34612345678", "dateOfBirth": "1990-04-01"}
		}
		free, held := create(t, s.Server, "", person("free@example.com")).ID(t), create(t, s.Server, "", person("held@example.com")).ID(t)
		none := create(t, s.Server, "", m{"name": "Zoë", "email": "none@example.com"}).ID(t)
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "POST", Path: path(held) + "/holds", Body: m{"reason": "claim", "until": fake.Clock().Now().AddDate(1, 0, 0)}}))
		settings(t, s.Server, "", m{"notCollected": []string{"dateOfBirth", "phone"}})
		s.newEvents(t)
		s.run(t, map[string]row{
			"refused":          {send: apptest.Request{Method: "POST", Path: "/customers", Body: person("new@example.com")}, status: 400, code: "VALIDATION_ERROR", has: []string{`"/phone"`, `"/dateOfBirth"`, "not_collected"}, lacks: []string{"612345678"}},
			"changed":          {send: apptest.Request{Method: "PUT", Path: path(free), Body: m{"phone": "+34612345679"}}, status: 400, code: "VALIDATION_ERROR", has: []string{`"/phone"`}},
			"the same":         {send: apptest.Request{Method: "PUT", Path: path(free), Body: m{"phone": "+34612345678"}}, status: 200},
			"another field":    {send: apptest.Request{Method: "PUT", Path: path(none), Body: m{"address": "Calle Mayor 1"}}, status: 200, events: []string{"customer.updated"}},
			"no such field":    {send: apptest.Request{Method: "PUT", Path: "/settings", Body: m{"notCollected": []string{"email"}}}, status: 400, code: "VALIDATION_ERROR", has: []string{"/notCollected"}},
			"left out":         {send: apptest.Request{Method: "PUT", Path: path(none), Body: m{"phone": "+34612345670"}, Header: h("Prefer", "handling=lenient")}, status: 200, has: []string{`"phone":null`}},
			"who may not read": {send: apptest.Request{Method: "GET", Path: "/privacy/minimum", Key: newKey(t, s.Server, "", auth.Live, auth.Support)}, status: 403, code: "FORBIDDEN"},
		})
		kept := func() map[string]int64 {
			var minimum struct {
				Data []struct {
					Field     string
					Customers *int64
				}
			}
			require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/privacy/minimum"}).Body, &minimum))
			all := map[string]int64{}
			for _, f := range minimum.Data {
				if f.Customers != nil {
					all[f.Field] = *f.Customers
				}
			}
			return all
		}
		require.Equal(t, map[string]int64{"dateOfBirth": 2, "phone": 2}, kept())
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PUT", Path: "/privacy/retention-policies/uncollected_fields", Body: m{"days": 2}}))
		run := func(dry bool) string {
			return string(s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprint("/privacy/retention-runs?dryRun=", dry)}).Body)
		}
		require.Contains(t, run(false), `"removed":0`, "not before its time")
		require.Equal(t, map[string]int64{"dateOfBirth": 2, "phone": 2}, kept())
		fake.Advance(49 * time.Hour)
		require.Contains(t, run(true), `"removed":1,"kept":{"legal_hold":1}`)
		require.Equal(t, map[string]int64{"dateOfBirth": 2, "phone": 2}, kept())
		require.Contains(t, run(false), `"removed":1,"kept":{"legal_hold":1}`)
		require.Equal(t, map[string]int64{"dateOfBirth": 1, "phone": 1}, kept())
		require.Contains(t, string(s.Do(t, apptest.Request{Method: "GET", Path: path(free)}).Body), `"phone":null`)
		settings(t, s.Server, "", m{"notCollected": []string{}})
		require.Empty(t, kept())
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PUT", Path: path(none), Body: m{"phone": "+34612345670"}}))
	})
}

// TestStaleProfiles: a profile is stale until its customer says on their page that it is
// right, or what is wrong; each link is answered once.
func TestStaleProfiles(t *testing.T) {
	t.Parallel()
	eachClock(t, func(t *testing.T, s *suite, fake *clock.Fake) {
		var ids []int64
		for i := range 3 {
			ids = append(ids, create(t, s.Server, "", m{"name": "Quintessa Łukasz", "email": fmt.Sprintf("q%d@example.com", i), "phone": "+34612345678"}).ID(t))
		}
		stale := func(query string) []int64 {
			var list struct{ Data []struct{ CustomerID int64 } }
			got := s.Do(t, apptest.Request{Method: "GET", Path: "/privacy/stale-profiles" + query})
			require.NoError(t, json.Unmarshal(got.Body, &list), "%s", got.Body)
			all := []int64{}
			for _, one := range list.Data {
				all = append(all, one.CustomerID)
			}
			return all
		}
		require.Empty(t, stale("?olderThan=30"))
		fake.Advance(31 * 24 * time.Hour)
		require.Equal(t, ids, stale("?olderThan=30"))
		require.Equal(t, ids[1:2], stale(fmt.Sprint("?olderThan=30&limit=1&after=", ids[0])))
		prompt := func(id int64) string {
			got := s.Do(t, apptest.Request{Method: "POST", Path: path(id) + "/profile-prompts"})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			return got.JSON(t)["link"].(string)
		}
		say := func(link, do, note string) int {
			req, err := http.NewRequestWithContext(t.Context(), "POST", link, strings.NewReader(url.Values{"do": {do}, "note": {note}}.Encode()))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp.StatusCode
		}
		s.newEvents(t)
		first, second := prompt(ids[0]), prompt(ids[1])
		code, body := openPage(t, "GET", first, "")
		require.Equal(t, 200, code)
		require.Contains(t, body, "Q*** Ł***")
		require.NotContains(t, body, "Quintessa")
		require.Equal(t, ids, stale("?olderThan=30"), "opening the page says nothing")
		code = say(first, "current", "")
		require.Equal(t, 200, code)
		require.Equal(t, ids[1:], stale("?olderThan=30"))
		code = say(first, "current", "")
		require.Equal(t, 404, code, "once")
		for _, bad := range []string{"", "my card is 4242 4242 4242 4242", strings.Repeat("a", 300)} {
			code = say(second, "wrong", bad)
			require.Equal(t, 422, code, bad)
		}
		code = say(second, "wrong", "My street is\nRue de la Paix 7")
		require.Equal(t, 200, code)
		require.Equal(t, []string{"profile.confirmed", "profile.correction_requested"}, s.newEvents(t))
		require.Contains(t, string(s.Do(t, apptest.Request{Method: "GET", Path: path(ids[1]) + "/history"}).Body), "My street is Rue de la Paix 7")
		old := prompt(ids[2])
		fake.Advance(31 * 24 * time.Hour)
		code, _ = openPage(t, "GET", old, "")
		require.Equal(t, 404, code, "over after thirty days")
		require.Equal(t, 200, status(t, s.Server, apptest.Request{Method: "PUT", Path: path(ids[2]) + "/restriction", Body: m{"reason": "accuracy_contested"}}))
		require.Equal(t, 409, status(t, s.Server, apptest.Request{Method: "POST", Path: path(ids[2]) + "/profile-prompts"}))
	})
}
