package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

func customerAt(email string) string { return `{"name":"Ada Lovelace","email":"` + email + `"}` }

func nested(depth int) string {
	return `{"name":"A","email":"deep@example.com","metadata":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
}

func TestBodies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		post := func(email, media string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/customers", Body: customerAt(email), Header: h("Content-Type", media)}
		}
		text := func(body string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/customers", Body: body}
		}
		ok := row{status: 200, events: []string{"customer.created"}, audit: "customer.create ok"}
		rows := map[string]row{}
		for i, media := range []string{"application/json", "application/json-patch+json", "text/json", "application/merge-patch+json", "application/vnd.shop.v1+json",
			"application/json; charset=utf-8", `text/json;charset="UTF-8"`, "Application/JSON", "application/json-patch+json; charset=utf-8"} {
			r := ok
			r.send = post("m"+string(rune('a'+i))+"@example.com", media)
			rows["takes "+media] = r
		}
		for _, media := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin1",
			"application/json; charset=utf-16", "application/json; version=1", "application/jsonx", "image/svg+json", ";", "application/json;;charset", "*/*"} {
			rows["refuses "+media] = row{send: post("no@example.com", media), status: 415, code: "UNSUPPORTED_MEDIA_TYPE", audit: "customer.create UNSUPPORTED_MEDIA_TYPE"}
		}
		for name, body := range map[string]string{
			"not UTF-8": "{\"name\":\"A\xff\",\"email\":\"a@example.com\"}", "lone surrogate": `{"name":"\ud800","email":"a@example.com"}`,
			"overlong": "{\"name\":\"\xc0\x80\",\"email\":\"a@example.com\"}", "trailing value": customerAt("a@example.com") + `{}`, "trailing comma": `{"name":"A",}`,
			"trailing text": customerAt("a@example.com") + "x", "duplicate key": `{"name":"A","name":"B","email":"a@example.com"}`,
			"duplicate after escape": `{"name":"A","n\u0061me":"B","email":"a@example.com"}`, "duplicate deep": `{"name":"A","email":"a@example.com","metadata":{"a":"1","a":"2"}}`,
			"depth 33": nested(33), "depth 100000": nested(100_000), "empty": "", "spaces": "  ", "cut": `{"name":"A"`, "comment": `{/**/}`, "BOM": "\ufeff" + customerAt("a@example.com"),
			"NaN": `{"name":NaN}`, "single quotes": `{'name':'A'}`, "array": `[]`, "string": `"x"`, "null": `null`, "number": `7`, "patch array on POST": `[{"op":"add","path":"/name","value":"A"}]`,
		} {
			rows["refuses "+name] = row{send: text(body), status: 400, code: "VALIDATION_ERROR", lacks: []string{"Lovelace"}, audit: "customer.create VALIDATION_ERROR"}
		}
		good := ok
		good.send = text(" \n\t" + customerAt("space@example.com") + " \r\n")
		rows["takes white space round the value"] = good
		deep := row{send: text(nested(31)), status: 400, code: "VALIDATION_ERROR", has: []string{"/metadata", "type"}}
		rows["reads depth 32 and finds a fault of type, not of depth"] = deep
		s.run(t, rows)
	})
}

func TestNoContentType(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for media, status := range map[string]int{" ": 415, "application/json": 200} {
		got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: customerAt("a@example.com"), Header: h("Content-Type", media)})
		require.Equal(t, status, got.Status, media)
	}
}

func TestReadOnlyAndUnknownFields(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		const created = "customer.created"
		all := m{"name": "Bob", "email": "ro@example.com", "id": 123, "ownerId": 123, "userId": 123, "ownerName": "Mallory", "hasPaymentRequests": true, "totalDeposits": 99.5,
			"createDate": "1999-01-01T00:00:00Z", "verification": m{"email": m{"status": "verified"}}, "depositsByCurrency": m{"USD": 5}, "updateDate": "1999-01-01T00:00:00Z", "version": 77}
		ignored := []string{"Mallory", "1999-01-01", `"verified"`, "99.5"}
		typo := func(email string) m {
			return m{"name": "Bob", "email": email, "emial": "x", "preferences": m{"curency": "USD"}}
		}
		send := func(body any, prefer string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/customers", Body: body, Header: h("Prefer", prefer)}
		}
		s.run(t, map[string]row{
			"read-only fields are ignored": {send: send(all, "return=representation"), status: 200, has: []string{`"totalDeposits":0`, `"version":1`, `"hasPaymentRequests":false`},
				lacks: ignored, events: []string{created}, header: m{"Preference-Applied": ""}},
			"unknown fields are named": {send: send(typo("u1@example.com"), "respond-async"), status: 400, code: "VALIDATION_ERROR",
				has: []string{`"path":"/emial"`, `"path":"/preferences/curency"`}, header: m{"Preference-Applied": ""}},
			"unknown fields pass leniently": {send: send(typo("u2@example.com"), "handling=lenient"), status: 200, lacks: []string{"emial", "curency"},
				events: []string{created}, header: m{"Preference-Applied": "handling=lenient"}},
			"lenient among others": {send: send(typo("u3@example.com"), `respond-async, Handling="LENIENT"`), status: 200, events: []string{created}, header: m{"Preference-Applied": "handling=lenient"}},
			"strict on demand":     {send: send(typo("u4@example.com"), "handling=strict"), status: 400, code: "VALIDATION_ERROR"},
			"lenient is not blind": {send: send(m{"name": "", "email": "no", "x": 1}, "handling=lenient"), status: 400, code: "VALIDATION_ERROR", has: []string{`"/name"`, `"/email"`}, lacks: []string{`"/x"`}},
			"unknown query": {send: apptest.Request{Method: "GET", Path: "/customers?limt=5"}, status: 400, code: "VALIDATION_ERROR",
				has: []string{"query/limt"}},
			"unknown query leniently": {send: apptest.Request{Method: "GET", Path: "/customers?limt=5", Header: h("Prefer", "handling=lenient")}, status: 200},
			"query twice":             {send: apptest.Request{Method: "GET", Path: "/customers?limit=5&limit=6"}, status: 400, code: "VALIDATION_ERROR", has: []string{"query/limit"}},
			"query not well formed":   {send: apptest.Request{Method: "GET", Path: "/customers?q=%zz"}, status: 400, code: "INVALID_FORMAT"},
		})
		c := create(t, s.Server, "", m{"name": "I", "email": "i@example.com"})
		s.newEvents(t)
		interaction := m{"channel": "chat", "subject": "Hello", "subjct": "x"}
		s.run(t, map[string]row{
			"interaction strictly":  {send: apptest.Request{Method: "POST", Path: path(c.ID(t)) + "/interactions", Body: interaction}, status: 400, code: "VALIDATION_ERROR", has: []string{"/subjct"}},
			"interaction leniently": {send: apptest.Request{Method: "POST", Path: path(c.ID(t)) + "/interactions", Body: interaction, Header: h("Prefer", "handling=lenient")}, status: 200},
		})
	})
}

func TestPathIDs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		rows := map[string]row{
			"a missing id": {send: apptest.Request{Method: "GET", Path: "/customers/12345"}, status: 404, code: "CUSTOMER_NOT_FOUND",
				has: []string{`"message":"Customer with ID 12345 not found"`, `"customerId":"12345"`}, audit: "customer.read CUSTOMER_NOT_FOUND"},
			"the largest int64": {send: apptest.Request{Method: "GET", Path: "/customers/9223372036854775807"}, status: 404, code: "CUSTOMER_NOT_FOUND"},
		}
		for _, bad := range []string{"0", "-1", "+7", "1.0", "1e3", "abc", "9223372036854775808", "%31%20", "0x10", "١٢", "12345%00", "a%2Fb", "4242424242424242", "null", "1;2", "😀"} {
			rows["refuses "+bad] = row{send: apptest.Request{Method: "GET", Path: "/customers/" + bad}, status: 400, code: "INVALID_FORMAT", lacks: []string{"4242424242424242"}}
		}
		s.run(t, rows)
		c := create(t, s.Server, "", m{"name": "I", "email": "i@example.com"})
		require.Less(t, c.ID(t), int64(1)<<53)
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "GET", Path: path(c.ID(t))}).Status)
		for _, base := range []string{"//ipg/2.0.0", "//api"} {
			require.Equal(t, string(c.Body), string(s.Do(t, apptest.Request{Method: "GET", Path: base + path(c.ID(t))}).Body))
		}
	})
}
