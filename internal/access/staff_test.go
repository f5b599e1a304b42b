package access

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Shows: PCI DSS 8.3.2
func TestPassword(t *testing.T) {
	t.Parallel()
	const password = "correct horse 🐎 battery"
	encoded, err := hashPassword(argonMemory, password)
	require.NoError(t, err)
	require.NoError(t, checkPassword(encoded, password))
	require.True(t, strings.HasPrefix(encoded, "$argon2id$v=19$m=47104,t=1,p=1$"), encoded)
	again, err := hashPassword(argonMemory, password)
	require.NoError(t, err)
	require.NotEqual(t, encoded, again, "each has a salt of its own")
	for _, wrong := range []string{"", password + " ", "Correct horse 🐎 battery"} {
		require.ErrorIs(t, checkPassword(encoded, wrong), errPassword)
	}
	for _, damaged := range []string{"", "x", encoded[:len(encoded)-4], "$argon2id$v=19$m=8,t=1,p=1$$"} {
		require.ErrorIs(t, checkPassword(damaged, password), errPassword)
	}
}

func TestSecretsArePrintedAsNothing(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		s, err := newSecret(apiKey, "live")
		require.NoError(t, err)
		require.Equal(t, apiKey, kindOf(s.Reveal()))
		require.False(t, seen[s.Reveal()])
		seen[s.Reveal()] = true
		require.NotContains(t, s.String()+s.GoString(), s.Reveal()[15:])
	}
}
