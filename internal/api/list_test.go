package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/customer"
)

func names(t *testing.T, page m) []string {
	t.Helper()
	found := []string{}
	for _, c := range page["data"].([]any) {
		found = append(found, c.(m)["name"].(string))
	}
	return found
}

func TestListPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		var want []string
		add := func(name string) {
			create(t, s.Server, "", m{"name": name, "email": strings.ReplaceAll(name, " ", "") + "@example.com"})
		}
		for i := range 25 {
			add(fmt.Sprintf("Person N%02d", i))
			want = append([]string{fmt.Sprintf("Person N%02d", i)}, want...)
		}
		first := s.Do(t, apptest.Request{Method: "GET", Path: "/customers?limit=10"})
		require.Regexp(t, `^</ipg/2\.0\.0/customers\?cursor=[A-Za-z0-9_-]+&limit=10>; rel="next"$`, first.Header.Get("Link"))
		add("Late One")
		page, all := first.JSON(t), []string{}
		for {
			all = append(all, names(t, page)...)
			if page["hasMore"] != true {
				break
			}
			add(fmt.Sprint("Later ", len(all)))
			got := s.Do(t, apptest.Request{Method: "GET", Path: "/customers?limit=10&cursor=" + page["nextCursor"].(string)})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			page = got.JSON(t)
		}
		require.Equal(t, want, all, "stable while rows are added")
		require.Nil(t, page["nextCursor"])
		byLink := strings.TrimPrefix(strings.Split(first.Header.Get("Link"), ">")[0], "<")
		followed := s.Do(t, apptest.Request{Method: "GET", Path: "/" + byLink})
		require.Equal(t, want[10:20], names(t, followed.JSON(t)))
		require.Len(t, s.Do(t, apptest.Request{Method: "GET", Path: "/customers"}).JSON(t)["data"], 20, "the default")
		oldest := s.Do(t, apptest.Request{Method: "GET", Path: "/customers?sort=createDate&limit=2"}).JSON(t)
		require.Equal(t, []string{"Person N00", "Person N01"}, names(t, oldest))
		firstID := int64(oldest["data"].([]any)[0].(m)["id"].(float64))
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "PUT", Path: path(firstID), Body: m{"address": "moved"}}).Status)
		require.Equal(t, []string{"Person N00"}, names(t, s.Do(t, apptest.Request{Method: "GET", Path: "/customers?sort=-updateDate&limit=1"}).JSON(t)))
	})
}

func TestCursors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		stranger := otherOwner(t, s.Server, "Other")
		for i := range 3 {
			for _, key := range []string{s.Live, s.Test, stranger} {
				create(t, s.Server, key, m{"name": "Same Name", "email": fmt.Sprintf("c%d@example.com", i)})
			}
		}
		s.newEvents(t)
		list := func(query, key string) apptest.Request {
			return apptest.Request{Method: "GET", Path: "/customers?" + query, Key: key}
		}
		cursor := s.Do(t, list("limit=1&q=same&status=active", "")).JSON(t)["nextCursor"].(string)
		history := s.Do(t, apptest.Request{Method: "GET", Path: "/events?limit=1"}).JSON(t)["nextCursor"].(string)
		rows := map[string]row{
			"alone":            {send: list("cursor="+cursor, ""), status: 200, header: m{"Cache-Control": "no-store"}},
			"with its filters": {send: list("cursor="+cursor+"&q=same&status=active", ""), status: 200},
			"in a body":        {send: apptest.Request{Method: "POST", Path: "/customers/search", Body: m{"cursor": cursor}}, status: 200},
		}
		flip := func(at int) string {
			b := []byte(cursor)
			b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
			return string(b)
		}
		for name, r := range map[string]apptest.Request{"another filter": list("cursor="+cursor+"&q=name", ""), "one filter more": list("cursor="+cursor+"&q=same&status=active&email=c1@example.com", ""),
			"another sort": list("cursor="+cursor+"&sort=createDate", ""), "another owner": list("cursor="+cursor, stranger), "the other mode": list("cursor="+cursor, s.Test), "no cursor": list("cursor=x", ""),
			"cut": list("cursor="+cursor[:len(cursor)-4], ""), "of another list": list("cursor="+history, ""), "first byte": list("cursor="+flip(0), ""), "middle byte": list("cursor="+flip(len(cursor)/2), ""),
			"huge": list("cursor="+strings.Repeat("A", 5000), ""), "events with ours": {Method: "GET", Path: "/events?cursor=" + cursor}, "body": {Method: "POST", Path: "/customers/search", Body: m{"cursor": "zz"}}} {
			rows[name] = row{send: r, status: 400, code: "INVALID_CURSOR"}
		}
		s.run(t, rows)
		require.NotContains(t, cursor, "=")
	})
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		create(t, s.Server, "", m{"name": "A", "email": "a@example.com"})
		s.newEvents(t)
		rows := map[string]row{}
		for query, at := range map[string]string{"limit=0": "limit", "limit=201": "limit", "limit=-1": "limit", "limit=x": "limit", "limit=1.5": "limit", "limit=99999999999999999999": "limit", "sort=name": "sort",
			"sort=--createDate": "sort", "status=gone": "status", "fields=nme": "fields", "createdFrom=yesterday": "createdFrom", "createdTo=2026-13-01": "createdTo"} {
			rows["get "+query] = row{send: apptest.Request{Method: "GET", Path: "/customers?" + query}, status: 400, code: "VALIDATION_ERROR", has: []string{at}}
		}
		for _, body := range []m{{"limit": 0}, {"limit": 201}, {"limit": "5"}, {"limit": 1.5}, {"sort": "x"}, {"status": "x"}, {"fields": []string{"x"}}, {"fields": "name"}, {"createdFrom": "x"}, {"email": 7}, {"nope": 1}} {
			rows[fmt.Sprint("search ", body)] = row{send: apptest.Request{Method: "POST", Path: "/customers/search", Body: body}, status: 400, code: "VALIDATION_ERROR"}
		}
		for _, query := range []string{"limit=1", "limit=200", "sort=-updateDate", "status=inactive", "fields=id,name", "createdFrom=2020-01-01&createdTo=2099-01-01T00:00:00Z", ""} {
			rows["takes "+query] = row{send: apptest.Request{Method: "GET", Path: "/customers?" + query}, status: 200, audit: "customer.list ok"}
		}
		rows["search"] = row{send: apptest.Request{Method: "POST", Path: "/customers/search", Body: m{"limit": 200, "sort": "createDate", "status": "active", "fields": []string{"name"}}}, status: 200,
			has: []string{`{"data":[{"name":"A"}],`}, audit: "customer.search ok", header: m{"Link": ""}}
		s.run(t, rows)
	})
}

func TestSearch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		for i, name := range []string{"José Ángel Núñez", "Jose Maria Nunes", "王小明", "王大明", "Straße Müller", "Владимир Путников", "山田 太郎", "O'Neill Sean"} {
			create(t, s.Server, "", m{"name": name, "email": fmt.Sprintf("Q%d@Example.com", i), "memberId": fmt.Sprintf("MB-%d", i), "phone": fmt.Sprintf("+3461234567%d", i)})
		}
		find := func(filter m) []string {
			got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: filter})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			return names(t, got.JSON(t))
		}
		for q, want := range map[string][]string{"jose": {"Jose Maria Nunes", "José Ángel Núñez"}, "JOSÉ ángel": {"José Ángel Núñez"}, "angel nunez": {"José Ángel Núñez"}, "jose wrong": {}, "jos": {}, "王小明": {"王小明"}, "小明": {"王小明"},
			"muller": {"Straße Müller"}, "владимир": {"Владимир Путников"}, "山田": {"山田 太郎"}, "q1@example.com": {"Jose Maria Nunes"}, "MB-2": {"王小明"}, "+34 612 345 673": {"王大明"}, "neill": {"O'Neill Sean"},
			"！！": {}, "nobody@example.com": {}} {
			require.Equal(t, want, find(m{"q": q}), "q=%s", q)
			got := s.Do(t, apptest.Request{Method: "GET", Path: "/customers?q=" + url.QueryEscape(q)})
			require.Equal(t, want, names(t, got.JSON(t)), "GET q=%s", q)
		}
		require.Equal(t, []string{"王小明"}, find(m{"email": "q2@example.com"}))
		require.Equal(t, []string{"王小明"}, find(m{"email": "q2@example.com", "memberId": "MB-2", "phone": "+34612345672", "status": "active", "q": "王小明"}))
		require.Empty(t, find(m{"email": "q2@example.com", "memberId": "MB-3"}))
		require.Empty(t, find(m{"memberId": "mb-2"}), "exact")
		require.Empty(t, find(m{"email": "not an address"}))
		require.Empty(t, find(m{"createdTo": "2020-01-01T00:00:00Z"}))
		require.Len(t, find(m{"createdFrom": "2020-01-01T00:00:00Z"}), 8)
	})
}

// Shows: GDPR Art. 5(1)(c)
func TestFields(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := create(t, s, "", full("fields@example.com"))
	for _, name := range customer.FieldNames() {
		got := s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t)) + "?fields=" + name})
		require.Len(t, got.JSON(t), 1)
		require.Equal(t, c.JSON(t)[name], got.JSON(t)[name])
	}
	got := s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t)) + "?fields=email,id,name"})
	require.Equal(t, fmt.Sprintf(`{"id":%d,"name":"Full Name","email":"fields@example.com"}`, c.ID(t)), string(got.Body))
	require.Equal(t, 400, s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t)) + "?fields=name,nope"}).Status)
}
