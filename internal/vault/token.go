package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
)

// Digest is how a random token of at least 128 bits is found without being kept. It has
// no key, so it hides nothing that could be guessed: never use it for a value of a person.
func Digest(token string) Sum {
	full := sha256.Sum256([]byte("florin/1|token|" + token))
	return Sum(full[:16])
}

// TokenLength is how many characters a token has.
const TokenLength = 22

// NewToken makes a token of 128 random bits, for the address of a page.
func NewToken(random func() uint64) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], random())
	binary.BigEndian.PutUint64(b[8:], random())
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Sign is HMAC-SHA-512 over a message, for signatures that others verify with a secret
// of theirs and ours (RFC 2104).
func Sign(secret string, message []byte) []byte {
	h := hmac.New(sha512.New, []byte(secret))
	h.Write(message)
	return h.Sum(nil)
}
