package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

// TestVendorsPage runs the snippets of the page that the API follows, word for word.
func TestVendorsPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		const curl = `{
  "id": 123,
  "ownerId": 123,
  "userId": 123,
  "ownerName": "<string>",
  "name": "<string>",
  "email": "jsmith@example.com",
  "address": "<string>",
  "phone": "<string>",
  "memberId": "<string>",
  "hasPaymentRequests": true,
  "totalDeposits": 123,
  "createDate": "2023-11-07T05:31:56Z"
}`
		media := h("Content-Type", "application/json-patch+json")
		// "<string>" is a placeholder and no phone number: the one fault of the body.
		s.check(t, row{send: apptest.Request{Method: "POST", Path: "/customers", Header: media, Body: curl}, status: 400, code: "VALIDATION_ERROR",
			has: []string{`"fields":[{"path":"/phone","code":"invalid","message":`}, lacks: []string{"/name", "jsmith"}})
		filled := strings.Replace(curl, `"phone": "<string>"`, `"phone": "+1234567890"`, 1)
		c := s.check(t, row{send: apptest.Request{Method: "POST", Path: "/customers", Header: h("Content-Type", "application/json-patch+json"), Body: filled}, status: 200, events: []string{"customer.created"},
			has: []string{`"name":"<string>"`, `"email":"jsmith@example.com"`, `"address":"<string>"`, `"memberId":"<string>"`, `"hasPaymentRequests":false`, `"totalDeposits":0`}})
		bearer := func(method, path, body string) apptest.Request {
			r := apptest.Request{Method: method, Path: path, Key: "-", Header: h("Authorization", "Bearer "+s.Live, "Content-Type", "application/json")}
			if body != "" {
				r.Body = body
			}
			return r
		}
		const change = `{"email":"newemail@example.com","phone":"+1234567890","preferences":{"currency":"USD","notifications":true}}`
		changed := s.check(t, row{send: bearer("PUT", "//api"+path(c.ID(t)), change), status: 200, events: []string{"customer.updated"},
			has: []string{`"email":"newemail@example.com"`, `"phone":"+1234567890"`, `"preferences":{"currency":"USD","notifications":true,"paymentMethod":null,"language":null}`, `"phone":{"status":"invalid"`}})
		require.Equal(t, c.ID(t), changed.ID(t))
		methods := "//api/users/payment-methods" + strings.TrimPrefix(path(c.ID(t)), "/customers")
		list := s.check(t, row{send: bearer("GET", methods, ""), status: 200, audit: "payment_methods.read ok"})
		require.Equal(t, "[]", string(list.Body), "a bare array, as the page logs it")
		for _, r := range []apptest.Request{bearer("GET", "//api/customers/12345", ""), bearer("PUT", "//api/customers/12345", change), bearer("GET", "//api/users/payment-methods/12345", "")} {
			got := s.check(t, row{send: r, status: 404, code: "CUSTOMER_NOT_FOUND"})
			require.Regexp(t, `^\{"error":\{"code":"CUSTOMER_NOT_FOUND","message":"Customer with ID 12345 not found","details":\{"customerId":"12345","timestamp":"[^"]+Z","requestId":"[^"]+"\}\}\}$`, string(got.Body))
		}
	})
}
