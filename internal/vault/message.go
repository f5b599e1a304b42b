package vault

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// MessageKey signs messages that others verify: HMAC-SHA-256 with a key that both sides
// know, or Ed25519 of which the other side knows the public half alone.
type MessageKey struct {
	Key        []byte `json:"key"` // the secret, or Ed25519's seed: 32 bytes
	Asymmetric bool   `json:"asymmetric,omitempty"`
}

// NewMessageKey makes a random key.
func NewMessageKey(asymmetric bool) (MessageKey, error) {
	k := MessageKey{Key: make([]byte, 32), Asymmetric: asymmetric}
	_, err := rand.Read(k.Key)
	return k, err
}

// Sign gives the signature of a message.
func (k MessageKey) Sign(message []byte) []byte {
	if k.Asymmetric {
		return ed25519.Sign(ed25519.NewKeyFromSeed(k.Key), message)
	}
	mac := hmac.New(sha256.New, k.Key)
	mac.Write(message)
	return mac.Sum(nil)
}

// Shown is what the other side needs to verify: the secret itself, or the public key.
func (k MessageKey) Shown() []byte {
	if !k.Asymmetric {
		return k.Key
	}
	public, _ := ed25519.NewKeyFromSeed(k.Key).Public().(ed25519.PublicKey)
	return public
}

// VerifyMessage checks a signature with what Shown gave, in constant time.
func VerifyMessage(shown []byte, asymmetric bool, message, signature []byte) bool {
	if asymmetric {
		return len(shown) == ed25519.PublicKeySize && ed25519.Verify(shown, message, signature)
	}
	return len(shown) > 0 && hmac.Equal(MessageKey{Key: shown}.Sign(message), signature)
}
