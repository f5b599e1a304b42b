package api_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

func TestDuplicatePolicies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		post := func(name, email, member string) apptest.Response {
			return s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": name, "email": email, "memberId": member}})
		}
		duplicateOf := func(got apptest.Response, id int64, on ...any) {
			require.Equal(t, 409, got.Status, "%s", got.Body)
			requireError(t, got, "CUSTOMER_DUPLICATE")
			details := got.JSON(t)["error"].(m)["details"].(m)
			require.Equal(t, strconv.FormatInt(id, 10), details["customerId"])
			require.Equal(t, on, details["matchedOn"])
		}
		first := post("A", "Dup@Example.com", "M-1").ID(t)
		duplicateOf(post("B", "dup@EXAMPLE.com", ""), first, "email")
		duplicateOf(post("B", "other@example.com", "M-1"), first, "memberId")
		duplicateOf(post("B", "dup@example.com", "M-1"), first, "email", "memberId")
		other := post("B", "other@example.com", "m-1").ID(t)
		duplicateOf(s.Do(t, apptest.Request{Method: "PUT", Path: path(other), Body: m{"email": "DUP@example.com"}}), first, "email")
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: s.Test, Body: m{"name": "T", "email": "dup@example.com"}}).Status, "the modes are apart")
		s.newEvents(t)

		settings(t, s.Server, "", m{"duplicatePolicy": "return"})
		back := s.check(t, row{send: apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "C", "email": "dup@example.com"}}, status: 200,
			header: m{"Duplicate-Of": strconv.FormatInt(first, 10)}, audit: "customer.read ok"})
		require.Equal(t, first, back.ID(t))
		require.Equal(t, "A", back.JSON(t)["name"])

		settings(t, s.Server, "", m{"duplicatePolicy": "allow"})
		second := post("D", "dup@example.com", "M-1").ID(t)
		require.NotEqual(t, first, second)
		found := s.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: m{"email": "dup@example.com"}}).JSON(t)["data"].([]any)
		require.Len(t, found, 2)

		settings(t, s.Server, "", m{"duplicatePolicy": "reject"})
		duplicateOf(post("E", "dup@example.com", ""), first, "email")
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path(first)}).Status)
		duplicateOf(post("E", "dup@example.com", ""), second, "email")
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path(second)}).Status)
		require.Equal(t, 200, post("E", "dup@example.com", "").Status, "nobody has it any more")
	})
}

// TestHundredEqualCreates: 1 customer and 99 × 409 that name it.
func TestHundredEqualCreates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		answers := together(t, 100, func(i int) apptest.Response {
			return s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": fmt.Sprintf("Racer %d", i), "email": "race@example.com", "memberId": "R"}})
		})
		var made int64
		for _, a := range answers {
			if a.Status == 200 {
				require.Zero(t, made, "a second customer")
				made = a.ID(t)
			}
		}
		require.NotZero(t, made)
		for _, a := range answers {
			if a.Status != 200 {
				requireError(t, a, "CUSTOMER_DUPLICATE")
				require.Equal(t, strconv.FormatInt(made, 10), a.JSON(t)["error"].(m)["details"].(m)["customerId"])
			}
		}
		require.Equal(t, []string{"customer.created"}, s.newEvents(t))
	})
}

func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "A", "email": "a@example.com"})
		s.newEvents(t)
		answers := together(t, 20, func(i int) apptest.Response {
			return s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Header: h("If-Match", `"1.0"`), Body: m{"address": fmt.Sprint("No ", i)}})
		})
		statuses := map[int]int{}
		for _, a := range answers {
			statuses[a.Status]++
		}
		require.Equal(t, map[int]int{200: 1, 412: 19}, statuses)
		require.Equal(t, []string{"customer.updated"}, s.newEvents(t))
		merged := together(t, 4, func(i int) apptest.Response {
			return s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Body: m{"metadata": m{fmt.Sprint("k", i): "v"}}})
		})
		for _, a := range merged {
			require.Equal(t, 200, a.Status, "%s", a.Body)
		}
		require.Len(t, s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t))}).JSON(t)["metadata"], 4, "no update is lost")
	})
}

func TestLikelyDuplicates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "José García López", "email": "a@example.com", "phone": "+34612345678"})
		namesake := create(t, s.Server, "", m{"name": "Garcia Lopez, JOSE", "email": "b@example.com", "phone": "+34 612345678"})
		create(t, s.Server, "", m{"name": "José Pérez", "email": "c@example.com"})
		got := s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t)) + "/duplicates"})
		require.Equal(t, 200, got.Status)
		require.JSONEq(t, fmt.Sprintf(`{"data":[{"customerId":%d,"score":0.8,"reasons":["phone","name"]}]}`, namesake.ID(t)), string(got.Body))
		require.Equal(t, 404, s.Do(t, apptest.Request{Method: "GET", Path: "/customers/77/duplicates"}).Status)
	})
}

// Shows: GDPR Art. 12(1), Art. 17(1)
func TestErasure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", full("erase@example.com"))
		at := path(c.ID(t))
		note := s.Do(t, apptest.Request{Method: "POST", Path: at + "/interactions", Body: m{"channel": "chat", "subject": "Bye"}})
		require.Equal(t, 200, note.Status)
		s.newEvents(t)
		plan := s.check(t, row{send: apptest.Request{Method: "DELETE", Path: at + "?dryRun=true"}, status: 200, has: []string{`"dryRun":true`, `"interactions":1`, `"name"`, `"metadata"`}})
		require.NotContains(t, string(plan.Body), "erase@example.com")
		require.Equal(t, string(c.Body), string(s.Do(t, apptest.Request{Method: "GET", Path: at}).Body), "a dry run changes nothing")
		s.check(t, row{send: apptest.Request{Method: "DELETE", Path: at + "?dryRun=yes"}, status: 400, code: "VALIDATION_ERROR"})
		gone := s.check(t, row{send: apptest.Request{Method: "DELETE", Path: at}, status: 204, audit: "customer.erase ok", events: []string{"customer.deleted", "customer.erased"}})
		require.Empty(t, gone.Body)
		for _, r := range []apptest.Request{{Method: "GET", Path: at}, {Method: "GET", Path: at + "/history"}, {Method: "GET", Path: at + "/duplicates"}, {Method: "DELETE", Path: at}, {Method: "DELETE", Path: at + "?dryRun=true"},
			{Method: "PUT", Path: at, Body: m{"address": "x"}}, {Method: "PATCH", Path: at, Body: m{"address": "x"}}, {Method: "GET", Path: "/users/payment-methods/" + at[len("/customers/"):]},
			{Method: "POST", Path: at + "/interactions", Body: m{"channel": "chat", "subject": "x"}}} {
			s.check(t, row{send: r, status: 410, code: "CUSTOMER_ERASED"})
		}
		for _, filter := range []m{{"email": "erase@example.com"}, {"q": "Full Name"}, {"phone": "+34612345678"}, {"memberId": "M-erase@example.com"}, {}, {"status": "erased"}} {
			found := s.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: filter})
			require.JSONEq(t, `{"data":[],"nextCursor":null,"hasMore":false}`, string(found.Body))
		}
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		c := create(t, s.Server, "", m{"name": "A", "email": "a@example.com"})
		at := path(c.ID(t))
		var want []string
		for i, body := range []m{{"channel": "email", "subject": "First"}, {"channel": "phone", "subject": "Second", "status": "closed", "satisfaction": 5}, {"channel": "in_person", "subject": "شكرا"}} {
			got := s.check(t, row{send: apptest.Request{Method: "POST", Path: at + "/interactions", Body: body}, status: 200, audit: "interaction.create ok", events: [][]string{{"customer.created"}, nil, nil}[i]})
			want = append([]string{got.JSON(t)["subject"].(string)}, want...)
			require.Equal(t, body["status"] == "closed", got.JSON(t)["closed"] != nil)
		}
		for _, bad := range []m{{}, {"channel": "fax", "subject": "x"}, {"channel": "chat", "subject": ""}, {"channel": "chat", "subject": "x", "satisfaction": 6}, {"channel": "chat", "subject": "x", "satisfaction": "5"},
			{"channel": "chat", "subject": "x", "status": "done"}} {
			require.Equal(t, 400, s.Do(t, apptest.Request{Method: "POST", Path: at + "/interactions", Body: bad}).Status)
		}
		for limit := 1; limit <= 5; limit++ {
			var seen []string
			for next := fmt.Sprintf("%s/history?limit=%d", at, limit); next != ""; {
				page := s.Do(t, apptest.Request{Method: "GET", Path: next}).JSON(t)
				items := page["data"].([]any)
				require.LessOrEqual(t, len(items), limit)
				for _, item := range items {
					if i, ok := item.(m)["interaction"].(m); ok {
						seen = append(seen, i["subject"].(string))
					} else {
						seen = append(seen, item.(m)["type"].(string))
					}
				}
				next = ""
				if page["hasMore"] == true {
					next = fmt.Sprintf("%s/history?limit=%d&cursor=%s", at, limit, page["nextCursor"])
				}
			}
			require.Equal(t, append(append([]string{}, want...), "customer.created"), seen, "limit %d", limit)
		}
		require.Equal(t, 404, s.Do(t, apptest.Request{Method: "GET", Path: "/customers/77/history"}).Status)
	})
}
