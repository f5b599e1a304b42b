package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/vault"
)

// TestMessages: a signature is of one key, one message and one kind; a key that is missing
// or cut verifies nothing.
func TestMessages(t *testing.T) {
	t.Parallel()
	message := []byte("msg_1.1764000000.{}")
	for _, asymmetric := range []bool{false, true} {
		k, err := vault.NewMessageKey(asymmetric)
		require.NoError(t, err)
		other, err := vault.NewMessageKey(asymmetric)
		require.NoError(t, err)
		require.NotEqual(t, k.Key, other.Key)
		signature := k.Sign(message)
		require.True(t, vault.VerifyMessage(k.Shown(), asymmetric, message, signature))
		require.False(t, vault.VerifyMessage(other.Shown(), asymmetric, message, signature))
		require.False(t, vault.VerifyMessage(k.Shown(), asymmetric, append([]byte("x"), message...), signature))
		require.False(t, vault.VerifyMessage(k.Shown(), asymmetric, message, append([]byte{signature[0] ^ 1}, signature[1:]...)))
		require.False(t, vault.VerifyMessage(k.Shown(), asymmetric, message, nil))
		for _, shown := range [][]byte{nil, {}, k.Shown()[:31]} {
			require.False(t, vault.VerifyMessage(shown, asymmetric, message, signature))
		}
	}
	nobodys := vault.MessageKey{}
	require.False(t, vault.VerifyMessage(nil, false, message, nobodys.Sign(message)), "no key is no key that signs")
	require.Equal(t, []byte("secret"), vault.MessageKey{Key: []byte("secret")}.Shown())
}
