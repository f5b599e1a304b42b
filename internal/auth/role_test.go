package auth_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
)

func TestNamesOfRoles(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "Night desk", "Day-shift", "till_7", "Ночная смена 夜", "7", strings.Repeat("é", 40)} {
		require.Empty(t, auth.CheckRoleName(good), good)
	}
	for wrong, want := range map[string]string{"": "must have", " a": "must have", "a ": "must have", strings.Repeat("é", 41): "must have",
		"a/b": "must be of", "<b>": "must be of", "a\x00": "must be of", "a.b": "must be of", "a,b": "must be of",
		"Admin": "is the name", "admin": "is the name", "OPERATOR": "is the name", "readonly": "is the name"} {
		require.Contains(t, auth.CheckRoleName(wrong), want, wrong)
	}
}

func TestPermissionsOfRoles(t *testing.T) {
	t.Parallel()
	given := []auth.Permission{auth.EventsRead}
	require.Equal(t, given, auth.PermissionsOf("Night desk", given))
	require.Empty(t, auth.PermissionsOf("Night desk", nil))
	require.Equal(t, auth.Support.Permissions(), auth.PermissionsOf(auth.Support, given), "what somebody says of a built-in role counts for nothing")
	some, others := []auth.Permission{auth.EventsRead, auth.CustomersRead, auth.AuditRead}, []auth.Permission{auth.AuditRead, auth.EventsRead}
	require.Equal(t, []auth.Permission{auth.EventsRead, auth.AuditRead}, auth.Within(some, others))
	require.Empty(t, auth.Within(some, nil))
	require.Equal(t, auth.CustomersRead, some[1], "the list itself stays")
}

// Shows: GDPR Art. 25
func TestWhoSeesValues(t *testing.T) {
	t.Parallel()
	for _, p := range auth.All() {
		want := p == auth.CustomersUnmasked || p == auth.CustomersWrite || p == auth.CustomersExport
		require.Equal(t, want, auth.Actor{Permissions: []auth.Permission{p}}.Unmasked(), p)
	}
	require.False(t, auth.Actor{}.Unmasked())
}
