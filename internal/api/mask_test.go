package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
)

// personal are the values of one customer that no masked answer holds.
var personal = []string{"Zwetschgenstrasse", "Quintessa", "quintessa", "9876", "1971", "Xanthippe", "Wolfenbuettel", "38300", "MEMB", "metavalue", "secret-subject"} // immutable

// TestMaskedRolesSeeNoPersonalValue through any answer that shows a customer, and see all
// of them by a reveal alone, which the trail holds with its purpose.
// Shows: PCI DSS 7.2.1, 10.2.1; GDPR Art. 5(1)(b), Art. 5(1)(c), Art. 25
func TestMaskedRolesSeeNoPersonalValue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		id := create(t, s.Server, "", m{"name": "Quintessa Xanthippe", "email": "quintessa@xanthippe.example", "phone": "+41446681800", "address": "Zwetschgenstrasse 9876",
			"memberId": "MEMB-1", "dateOfBirth": "1971-02-03", "billingAddress": m{"line1": "Zwetschgenstrasse 1", "city": "Wolfenbuettel", "postalCode": "38300", "country": "DE"},
			"metadata": m{"key": "metavalue"}}).ID(t)
		path := fmt.Sprint("/customers/", id)
		s.Do(t, apptest.Request{Method: "POST", Path: path + "/interactions", Body: m{"channel": "chat", "subject": "secret-subject"}})
		f.provider(t)
		method := f.made(t, path+"/payment-methods", f.card(m{"name": "Quintessa Xanthippe", "consent": m{"text": "I agree"}}))
		request := f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
		reads := []string{path, path + "?fields=name,email", "/customers?limit=5", "/customers?email=quintessa@xanthippe.example", "/customers?q=Quintessa", path + "/history", path + "/duplicates",
			path + "/payment-methods", fmt.Sprint("/users/payment-methods/", id), fmt.Sprint(path, "/payment-methods/", method), fmt.Sprint("/payment-requests/", request),
			fmt.Sprint("/payment-requests/status/", request), "/payment-requests", fmt.Sprint("/payment-methods?customerId=", id), path + "/consents"}
		masked := newKey(t, s.Server, "", auth.Live, "", auth.CustomersRead, auth.PaymentMethodsRead, auth.PaymentsRead)
		clear := newKey(t, s.Server, "", auth.Live, "", auth.CustomersRead, auth.PaymentMethodsRead, auth.PaymentsRead, auth.CustomersUnmasked)
		shown := 0
		for _, read := range reads {
			got := s.Do(t, apptest.Request{Method: "GET", Path: read, Key: masked})
			require.Equal(t, 200, got.Status, "%s %s", read, got.Body)
			for _, value := range personal {
				require.NotContains(t, string(got.Body), value, read)
			}
			twin := s.Do(t, apptest.Request{Method: "GET", Path: read, Key: clear})
			if slices.ContainsFunc(personal, func(value string) bool { return strings.Contains(string(twin.Body), value) }) {
				shown++
			}
		}
		require.Equal(t, len(reads)-2, shown, "all but duplicates and consents show values to those who may see them")

		support := newKey(t, s.Server, "", auth.Live, auth.Support)
		reveal := func(key string, body m) apptest.Request {
			return apptest.Request{Method: "POST", Path: path + "/reveal", Key: key, Body: body}
		}
		s.newEvents(t) // of the things above
		s.run(t, map[string]row{
			"reads masked":     {send: apptest.Request{Method: "GET", Path: path, Key: support}, status: 200, has: []string{`"name":"Q*** X***"`, `"email":"q***@x…"`, `"phone":"***1800"`}},
			"reveals":          {send: reveal(support, m{"purpose": "dispute", "reference": "CASE-7"}), status: 200, has: []string{"Quintessa Xanthippe", "Zwetschgenstrasse"}, audit: "customer.reveal ok"},
			"says no purpose":  {send: reveal(support, m{}), status: 400, code: "VALIDATION_ERROR"},
			"free text":        {send: reveal(support, m{"purpose": "because Quintessa asked"}), status: 400, code: "VALIDATION_ERROR", lacks: []string{"because"}},
			"chatty reference": {send: reveal(support, m{"purpose": "support", "reference": "for Ana"}), status: 400, code: "VALIDATION_ERROR"},
			"a card":           {send: reveal(support, m{"purpose": "support", "reference": "4242424242424242"}), status: 400, code: "VALIDATION_ERROR"},
			"may not":          {send: reveal(masked, m{"purpose": "support"}), status: 403, code: "FORBIDDEN"},
			"nobody":           {send: apptest.Request{Method: "POST", Path: "/customers/123456789/reveal", Key: support, Body: m{"purpose": "support"}}, status: 404, code: "CUSTOMER_NOT_FOUND"},
		})
		var page struct {
			Data []struct{ Action, Purpose, Result string }
		}
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprint("/audit?action=customer.reveal&customerId=", id)}).Body, &page))
		require.True(t, slices.ContainsFunc(page.Data, func(r struct{ Action, Purpose, Result string }) bool {
			return r.Purpose == "dispute CASE-7" && r.Result == "ok"
		}))
	})
}
