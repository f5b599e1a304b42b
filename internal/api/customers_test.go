package api_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

func TestCreateReadsEveryField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		body := m{"name": "  María del Carmen  ", "email": "Maria@Exämple.com", "address": "Calle Mayor 1", "phone": "+34 612 345 678", "memberId": "M-1", "dateOfBirth": "1990-04-01",
			"billingAddress": m{"line1": "Calle Mayor 1", "city": "Madrid", "country": "es"}, "preferences": m{"currency": "eur", "notifications": m{"sms": true}, "language": "es-ES", "paymentMethod": "CREDIT_CARD"},
			"metadata": m{"tier": "gold"}, "status": "inactive"}
		got := s.check(t, row{send: apptest.Request{Method: "POST", Path: "/customers", Body: body}, status: 200, audit: "customer.create ok", events: []string{"customer.created"},
			header: m{"ETag": `"1.0"`, "Location": true, "Content-Type": "application/json; charset=utf-8"}})
		v := got.JSON(t)
		want := m{"name": "María del Carmen", "email": "Maria@Exämple.com", "address": "Calle Mayor 1", "phone": "+34612345678", "memberId": "M-1", "dateOfBirth": "1990-04-01", "shippingAddress": nil,
			"billingAddress": m{"line1": "Calle Mayor 1", "line2": nil, "city": "Madrid", "state": nil, "postalCode": nil, "country": "ES"}, "metadata": m{"tier": "gold"}, "status": "inactive",
			"preferences":        m{"currency": "EUR", "notifications": m{"sms": true}, "language": "es-ES", "paymentMethod": "CREDIT_CARD"},
			"hasPaymentRequests": false, "totalDeposits": 0.0, "depositsByCurrency": m{}, "version": 1.0, "ownerName": "My company"}
		for name, value := range want {
			require.Empty(t, gocmp.Diff(value, v[name]), name)
		}
		require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, v["createDate"])
		require.Equal(t, "/ipg/2.0.0"+path(got.ID(t)), got.Header.Get("Location"))
	})
}

func TestPhones(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		n := 0
		send := func(phone any) apptest.Response {
			n++
			return s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "P", "email": fmt.Sprintf("p%d@example.com", n), "phone": phone}})
		}
		status := func(r apptest.Response) any { return r.JSON(t)["verification"].(m)["phone"].(m)["status"] }
		for typed, kept := range map[string]string{"+34 612-345-678": "+34612345678", "tel:+41 44 668 18 00": "+41446681800", "+٣٤٦١٢٣٤٥٦٧٨": "+34612345678", "0041446681800": "+41446681800"} {
			got := send(typed)
			require.Equal(t, 200, got.Status, "%s: %s", typed, got.Body)
			require.Equal(t, kept, got.JSON(t)["phone"])
			require.Equal(t, "unverified", status(got))
		}
		got := send("+1234567890")
		require.Equal(t, "+1234567890", got.JSON(t)["phone"])
		require.Equal(t, "invalid", status(got))
		again := s.Do(t, apptest.Request{Method: "PUT", Path: path(got.ID(t)), Body: m{"phone": "+1234567890", "address": "x"}})
		require.Equal(t, "invalid", status(again))
		cleared := s.Do(t, apptest.Request{Method: "PUT", Path: path(got.ID(t)), Body: m{"phone": nil}})
		require.Nil(t, cleared.JSON(t)["phone"])
		require.Equal(t, "unverified", status(cleared))
		for _, bad := range []any{"612345678", "hello", "+12", "+1234567890123456", "+378282246310005", "+34 612 345 678 ext 5", 34612345678, true} {
			require.Equal(t, 400, send(bad).Status, "%v", bad)
		}
		settings(t, s.Server, "", m{"defaultRegion": "ES"})
		national := send("612 345 678")
		require.Equal(t, "+34612345678", national.JSON(t)["phone"], "%s", national.Body)
		settings(t, s.Server, "", m{"strictPhone": true})
		require.Equal(t, 400, send("+1234567890").Status)
		require.Equal(t, 200, send("+34612345678").Status)
	})
}

func TestNamesOfTheWorld(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		for i, name := range []string{"José", "Łukasz Żółć", "Владимир Ильич", "محمد بن سلمان", "שרה כהן", "王小明", "山田 太郎", "김철수", "นายสมชาย", "ශ්‍රී", "می‌خواهم", "👩‍👩‍👧 Family", "O'Brien-Smith, Jr.",
			strings.Repeat("é", 200), "X", `<script>alert(1)</script>`, `"; DROP TABLE customer; --`, "ＷＩＤＥ", "Ⅷ", "\\u0000", "𝒜𝓁𝒾𝒸𝑒"} {
			got := create(t, s.Server, "", m{"name": name, "email": fmt.Sprintf("w%d@example.com", i)})
			require.Equal(t, name, got.JSON(t)["name"])
			require.Equal(t, name, s.Do(t, apptest.Request{Method: "GET", Path: path(got.ID(t))}).JSON(t)["name"])
		}
		nfd := create(t, s.Server, "", m{"name": "Jose\u0301", "email": "nfd@example.com"})
		require.Equal(t, "Jos\u00e9", nfd.JSON(t)["name"])
		for _, bad := range []string{"", "   ", "\u00a0", strings.Repeat("é", 201), "a\x00b", "a\nb", "a\u202eb", "a\u2028b", "\x7f", "a\u009bb"} {
			got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": bad, "email": "bad@example.com"}})
			require.Equal(t, 400, got.Status, "%q %s", bad, got.Body)
			require.Contains(t, string(got.Body), "/name")
		}
	})
}

func TestEmails(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	long := strings.Repeat("a", 59) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example.com"
	for _, good := range []string{"a@b.co", "Jo.Smith+tag@example.com", "josé@exämple.de", "user@sub.example.co.uk", "x@пример.рф", long} {
		got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "E", "email": good}})
		require.Equal(t, 200, got.Status, "%s %s", good, got.Body)
		require.Equal(t, good, got.JSON(t)["email"])
	}
	for _, bad := range []any{"", "a", "@b.co", "a@", "a b@c.co", "a@b c.co", "a@@b.co", "<a@b.co>", "A <a@b.co>", "a@b.co, c@d.co", "a\n@b.co", 7, nil, strings.Repeat("a", 250) + "@b.co"} {
		got := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "E", "email": bad}})
		require.Equal(t, 400, got.Status, "%v %s", bad, got.Body)
	}
}

// full is a customer with every optional field set.
func full(email string) m {
	return m{"name": "Full Name", "email": email, "address": "Street 1", "phone": "+34612345678", "memberId": "M-" + email, "dateOfBirth": "1990-04-01",
		"billingAddress": m{"line1": "L1", "line2": "L2", "city": "C", "state": "S", "postalCode": "28013", "country": "ES"},
		"preferences":    m{"currency": "EUR", "notifications": m{"sms": true, "email": false}, "paymentMethod": "UPI", "language": "es"}, "metadata": m{"a": "1", "b": "2"}}
}

// Shows: GDPR Art. 5(1)(d)
func TestUpdates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		ops := func(o ...m) []m { return o }
		op := func(kind, path string, value any) m { return m{"op": kind, "path": path, "value": value} }
		n := 0
		for name, c := range map[string]struct {
			method string
			body   any
			status int
			code   string
			want   m // members of the answer
		}{
			"put one field":             {"PUT", m{"address": "New 2"}, 200, "", m{"address": "New 2", "memberId": "kept"}},
			"put nothing":               {"PUT", m{}, 200, "", m{"version": 1.0}},
			"put null clears":           {"PUT", m{"address": nil, "phone": nil, "dateOfBirth": nil, "billingAddress": nil, "memberId": nil}, 200, "", m{"address": nil, "phone": nil, "dateOfBirth": nil, "billingAddress": nil, "memberId": nil}},
			"put empty clears":          {"PUT", m{"address": "  ", "phone": "", "dateOfBirth": "", "memberId": " "}, 200, "", m{"address": nil, "phone": nil, "dateOfBirth": nil, "memberId": nil}},
			"put null name":             {"PUT", m{"name": nil}, 400, "VALIDATION_ERROR", nil},
			"put empty name":            {"PUT", m{"name": ""}, 400, "VALIDATION_ERROR", nil},
			"put null email":            {"PUT", m{"email": nil}, 400, "VALIDATION_ERROR", nil},
			"put empty email":           {"PUT", m{"email": " "}, 400, "VALIDATION_ERROR", nil},
			"objects merge":             {"PUT", m{"billingAddress": m{"city": "Vigo", "line2": nil}}, 200, "", m{"billingAddress": m{"line1": "L1", "line2": nil, "city": "Vigo", "state": "S", "postalCode": "28013", "country": "ES"}}},
			"objects merge deeply":      {"PUT", m{"preferences": m{"notifications": m{"push": true, "sms": nil, "fax": nil}}}, 200, "", m{"preferences": m{"currency": "EUR", "notifications": m{"email": false, "push": true}, "paymentMethod": "UPI", "language": "es"}}},
			"object to bool":            {"PUT", m{"preferences": m{"notifications": true}}, 200, "", m{"preferences": m{"currency": "EUR", "notifications": true, "paymentMethod": "UPI", "language": "es"}}},
			"metadata merges":           {"PUT", m{"metadata": m{"a": nil, "c": "3", "zz": nil}}, 200, "", m{"metadata": m{"b": "2", "c": "3"}}},
			"metadata cleared":          {"PUT", m{"metadata": nil}, 200, "", m{"metadata": m{}}},
			"preferences cleared":       {"PUT", m{"preferences": nil}, 200, "", m{"preferences": m{"currency": nil, "notifications": nil, "paymentMethod": nil, "language": nil}}},
			"read-only ignored":         {"PUT", m{"id": 5, "version": 9, "totalDeposits": 7, "ownerName": nil, "address": "N"}, 200, "", m{"version": 2.0, "totalDeposits": 0.0, "ownerName": "My company"}},
			"unknown":                   {"PUT", m{"adress": "x"}, 400, "VALIDATION_ERROR", nil},
			"unknown null":              {"PUT", m{"adress": nil}, 400, "VALIDATION_ERROR", nil},
			"array on PUT":              {"PUT", ops(op("replace", "/address", "x")), 400, "VALIDATION_ERROR", nil},
			"restricted is not set so":  {"PUT", m{"status": "restricted"}, 400, "VALIDATION_ERROR", nil},
			"inactive":                  {"PUT", m{"status": "inactive"}, 200, "", m{"status": "inactive", "version": 2.0}},
			"merge patch":               {"PATCH", m{"address": nil, "metadata": m{"a": nil}}, 200, "", m{"address": nil, "metadata": m{"b": "2"}}},
			"json patch":                {"PATCH", ops(op("replace", "/address", "P 1"), op("add", "/metadata/x", "9"), m{"op": "remove", "path": "/phone"}), 200, "", m{"address": "P 1", "phone": nil, "metadata": m{"a": "1", "b": "2", "x": "9"}}},
			"json patch copies":         {"PATCH", ops(m{"op": "copy", "from": "/name", "path": "/address"}, m{"op": "move", "from": "/metadata/a", "path": "/metadata/z"}), 200, "", m{"address": "Full Name", "metadata": m{"b": "2", "z": "1"}}},
			"test holds":                {"PATCH", ops(op("test", "/version", 1), op("test", "/hasPaymentRequests", false), op("test", "/verification/email/status", "unverified"), op("replace", "/address", "T")), 200, "", m{"address": "T"}},
			"test fails":                {"PATCH", ops(op("test", "/version", 2), op("replace", "/address", "T")), 409, "PATCH_CONFLICT", nil},
			"read-only op ignored":      {"PATCH", ops(op("replace", "/version", 99), op("replace", "/id", 1), m{"op": "remove", "path": "/createDate"}, op("replace", "/address", "R")), 200, "", m{"address": "R", "version": 2.0}},
			"missing path":              {"PATCH", ops(m{"op": "remove", "path": "/metadata/none"}), 400, "VALIDATION_ERROR", nil},
			"missing from":              {"PATCH", ops(m{"op": "copy", "from": "/none", "path": "/address"}), 400, "VALIDATION_ERROR", nil},
			"unknown op":                {"PATCH", ops(op("inc", "/version", 1)), 400, "VALIDATION_ERROR", nil},
			"remove name":               {"PATCH", ops(m{"op": "remove", "path": "/name"}), 400, "VALIDATION_ERROR", nil},
			"unknown member":            {"PATCH", ops(op("add", "/nope", 1)), 400, "VALIDATION_ERROR", nil},
			"the whole document":        {"PATCH", ops(op("replace", "", m{})), 400, "VALIDATION_ERROR", nil},
			"too many":                  {"PATCH", make([]m, 101), 400, "VALIDATION_ERROR", nil},
			"no operation":              {"PATCH", []m{}, 200, "", m{"version": 1.0}},
			"all or nothing":            {"PATCH", ops(op("replace", "/address", "half"), op("replace", "/email", "no")), 400, "VALIDATION_ERROR", nil},
			"pointers escape":           {"PATCH", ops(op("add", "/metadata/a~1b~0c", "v")), 200, "", m{"metadata": m{"a": "1", "b": "2", "a/b~c": "v"}}},
			"no negative index":         {"PATCH", ops(op("add", "/metadata/-1", "v")), 200, "", m{"metadata": m{"a": "1", "b": "2", "-1": "v"}}},
			"value of the wrong type":   {"PATCH", ops(op("replace", "/metadata", []int{1})), 400, "VALIDATION_ERROR", nil},
			"add without value":         {"PATCH", ops(m{"op": "add", "path": "/address"}), 400, "VALIDATION_ERROR", nil},
			"test without value":        {"PATCH", ops(m{"op": "test", "path": "/address"}), 400, "VALIDATION_ERROR", nil},
			"test of all without value": {"PATCH", ops(m{"op": "test", "path": ""}), 400, "VALIDATION_ERROR", nil},
			"test of all fails":         {"PATCH", ops(op("test", "", m{"name": "A"})), 409, "PATCH_CONFLICT", nil},
			"move without from":         {"PATCH", ops(m{"op": "move", "path": "/address"}), 400, "VALIDATION_ERROR", nil},
			"an operation is an object": {"PATCH", []any{7}, 400, "VALIDATION_ERROR", nil},
		} {
			n++
			t.Run(name, func(t *testing.T) {
				before := create(t, s.Server, "", full(fmt.Sprintf("u%d@example.com", n)))
				s.newEvents(t)
				r := row{send: apptest.Request{Method: c.method, Path: path(before.ID(t)), Body: c.body}, status: c.status, code: c.code, audit: "customer.update " + cmp.Or(c.code, "ok")}
				if c.status == 200 && c.want["version"] != 1.0 {
					r.events = []string{"customer.updated"}
				}
				got := s.check(t, r)
				now := s.Do(t, apptest.Request{Method: "GET", Path: path(before.ID(t))})
				if c.status != 200 {
					require.Equal(t, string(before.Body), string(now.Body), "a refused change changes nothing")
					return
				}
				require.Equal(t, string(got.Body), string(now.Body))
				old, v := before.JSON(t), got.JSON(t)
				for name, value := range c.want {
					if value == "kept" {
						value = old[name]
					}
					require.Empty(t, gocmp.Diff(value, v[name]), name)
				}
			})
		}
	})
}
