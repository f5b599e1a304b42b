package api_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPayments sends bodies to the doors of payments: no panic, no 5xx, nothing over a
// second, and no request that does not read back as it was answered.
func FuzzPayments(f *testing.F) {
	s := newFuzzed(f)
	s.key = testKey(f, s)
	w := s.send(f, "POST", "/api/payment-requests", []byte(`{"amount":10,"unit":"USD"}`))
	require.Equal(f, 200, w.Code, w.Body.String())
	path := w.Header().Get("Location")
	id := path[strings.LastIndexByte(path, '/')+1:]
	doors := []string{"/api/payment-requests", "/api/payments/creditCard/" + id, "/api/payments/saved/" + id, "/api/payment-requests/" + id + "/refunds", "/api/fee-tables", "/api/routing-rules",
		"/api/providers", "/api/origin-domains", "/ipg/2.0.0/callbacks/sandbox-1-1"}
	for _, body := range []string{`{"amount":49.9,"unit":"EUR","clientName":"A","clientEmail":"a@example.com"}`, `{"amount":1e400,"unit":"JPY"}`, `{"amount":-0,"unit":"BTC"}`, `{"amount":0.1e1,"unit":"usd","client":{"id":1}}`,
		`{"name":"A","number":"4242424242424242","expiration":"09/30","cvv":"123","browserInfo":{"timezone":-60}}`, `{"number":"４２","expiration":"99/99","wallet":{"walletType":"APPLE_PAY"}}`,
		`{"paymentMethodId":1}`, `{"percent":2.9,"unit":"USD","fixed":0.3}`, `{"kind":"rest","name":"x","credentials":{"configuration":"{","api_key":"k"}}`, `{"origin":"https://[::1]:443"}`, `{`, "\xff"} {
		for door := range doors {
			f.Add(uint8(door), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, door uint8, body []byte) {
		at := doors[int(door)%len(doors)]
		w := s.send(t, "POST", at, body)
		if w.Code == 200 && at == doors[0] {
			again := s.send(t, "GET", w.Header().Get("Location"), nil)
			require.Equal(t, w.Body.String(), again.Body.String())
		}
	})
}

// testKey is the admin's key of test mode: its payments reach the sandbox.
func testKey(f *testing.F, s *fuzzed) string {
	f.Helper()
	text, err := os.ReadFile(s.firstRun)
	require.NoError(f, err)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "FLORIN_TEST_API_KEY="); ok {
			return value
		}
	}
	f.Fatal(fmt.Sprint("no test key in ", s.firstRun))
	return ""
}
