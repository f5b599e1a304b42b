package cli_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/config"
)

// TestListen: a developer's desk hears of a customer, and knows a message that is not
// Florin's.
func TestListen(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, config.Config{DataDir: t.TempDir(), EgressAllow: "127.0.0.0/8"})
	for name, c := range map[string]struct {
		secret func(string) string
		code   int
		says   string
	}{
		"its secret":     {func(s string) string { return s }, 0, "verified"},
		"another secret": {func(string) string { return "whsec_" + strings.Repeat("A", 43) + "=" }, 2, "1 of 1 messages did not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			port := free.Addr().(*net.TCPAddr).Port
			made := s.Do(t, apptest.Request{Method: "POST", Path: "/webhook-endpoints", Key: s.Test, Body: map[string]any{"url": fmt.Sprintf("http://127.0.0.1:%d/", port), "events": []string{"customer.created"}}})
			require.Equal(t, 200, made.Status, "%s", made.Body)
			secret := made.JSON(t)["secret"].(string)
			require.NoError(t, free.Close())
			type result struct {
				code           int
				stdout, stderr string
			}
			ended := make(chan result, 1)
			go func() {
				code, stdout, stderr := run(t, "webhooks", "listen", "--port", fmt.Sprint(port), "--secret", c.secret(secret), "--count", "1")
				ended <- result{code, stdout, stderr}
			}()
			customer := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Key: s.Test, Body: map[string]any{"name": "Zoë", "email": fmt.Sprintf("%d@example.com", port)}})
			require.Equal(t, 200, customer.Status, "%s", customer.Body)
			got := <-ended
			require.Equal(t, c.code, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
			if c.code == 0 {
				var m struct{ Data struct{ CustomerID int64 } }
				require.NoError(t, json.Unmarshal([]byte(got.stdout), &m))
				require.Equal(t, customer.ID(t), m.Data.CustomerID)
			}
			require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: fmt.Sprintf("/webhook-endpoints/%d", made.ID(t)), Key: s.Test}).Status)
		})
	}
}

// TestSecretsAreShownOnce: in the answer that makes one, and in no other, not even in a
// repetition of it.
func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	send := apptest.Request{Method: "POST", Path: "/webhook-endpoints", Body: map[string]any{"url": "https://shop.example/hooks", "events": []string{"*"}},
		Header: map[string][]string{"Idempotency-Key": {"once"}}}
	made := s.Do(t, send)
	require.Contains(t, string(made.Body), "whsec_")
	again := s.Do(t, send)
	require.Equal(t, made.ID(t), again.ID(t))
	path := fmt.Sprintf("/webhook-endpoints/%d", made.ID(t))
	for _, r := range []apptest.Response{again, s.Do(t, apptest.Request{Method: "GET", Path: path}), s.Do(t, apptest.Request{Method: "GET", Path: "/webhook-endpoints"}),
		s.Do(t, apptest.Request{Method: "PUT", Path: path, Body: map[string]any{"enabled": false}})} {
		require.Equal(t, 200, r.Status, "%s", r.Body)
		require.NotContains(t, string(r.Body), "whsec_")
	}
	rotated := s.Do(t, apptest.Request{Method: "POST", Path: path + "/rotate", Body: map[string]any{"signature": "v1a"}})
	require.Contains(t, string(rotated.Body), "whpk_")
}
