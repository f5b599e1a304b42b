package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
)

func TestACustomerLives(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		created := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: map[string]any{"name": "Zoë Łukasz", "email": "Zoe@Example.com"}})
		require.Equal(t, 200, created.Status, string(created.Body)+s.Logs.String())
		path := created.Header.Get("Location")[len("/ipg/2.0.0"):]
		require.Equal(t, string(created.Body), string(s.Do(t, apptest.Request{Method: "GET", Path: path}).Body))
		found := s.Do(t, apptest.Request{Method: "POST", Path: "/customers/search", Body: map[string]any{"email": "zoe@EXAMPLE.com"}})
		require.Contains(t, string(found.Body), string(created.Body))
		changed := s.Do(t, apptest.Request{Method: "PUT", Path: path, Body: map[string]any{"memberId": "M-7"}})
		require.Equal(t, 200, changed.Status, string(changed.Body)+s.Logs.String())
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: path}).Status, s.Logs.String())
		require.Equal(t, "CUSTOMER_ERASED", s.Do(t, apptest.Request{Method: "GET", Path: path}).Code())
		trail := s.Do(t, apptest.Request{Method: "GET", Path: "/audit"})
		require.Equal(t, 200, trail.Status, string(trail.Body)+s.Logs.String())
	})
}

// TestNoTwoInstallationsShareACredential: there is no default one.
// Shows: PCI DSS 2.2.2
func TestNoTwoInstallationsShareACredential(t *testing.T) {
	t.Parallel()
	one, other := apptest.SQLite(t), apptest.SQLite(t)
	for _, pair := range [][2]string{{one.Live, other.Live}, {one.Test, other.Test}, {one.Operator, other.Operator}, {one.AdminPassword, other.AdminPassword}} {
		require.NotEmpty(t, pair[0])
		require.NotEqual(t, pair[0], pair[1])
	}
	require.Equal(t, 200, one.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: one.Live}).Status)
	require.Equal(t, 401, one.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: other.Live}).Status)
}
