package webhook

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/vault"
)

// Prefixes of secrets, by Standard Webhooks 1.0.
const (
	symmetricPrefix = "whsec_"
	publicPrefix    = "whpk_"
)

// secret is one key of an endpoint.
type secret struct {
	vault.MessageKey
	Until time.Time `json:"until,omitzero"` // the zero time: no end
}

func newSecret(asymmetric bool) (secret, error) {
	key, err := vault.NewMessageKey(asymmetric)
	return secret{MessageKey: key}, err
}

// shown is the text that the receiver needs: the secret itself, or the public key alone.
func (s secret) shown() string {
	prefix := symmetricPrefix
	if s.Asymmetric {
		prefix = publicPrefix
	}
	return prefix + base64.StdEncoding.EncodeToString(s.Shown())
}

// sign gives one signature over id.timestamp.body.
func (s secret) sign(content []byte) string {
	version := "v1,"
	if s.Asymmetric {
		version = "v1a,"
	}
	return version + base64.StdEncoding.EncodeToString(s.Sign(content))
}

// signatures is the webhook-signature header: one for each key that is in use, so that a
// receiver may change over when it likes.
func signatures(keys []secret, now time.Time, id, timestamp string, body []byte) string {
	content := make([]byte, 0, len(id)+len(timestamp)+len(body)+2)
	content = append(append(append(append(append(content, id...), '.'), timestamp...), '.'), body...)
	var all []string
	for _, k := range keys {
		if k.Until.IsZero() || now.Before(k.Until) {
			all = append(all, k.sign(content))
		}
	}
	return strings.Join(all, " ")
}

// tolerance is how old a message may be, and how far ahead a clock.
const tolerance = 5 * time.Minute

// ErrSignature says that a message is not from who knows the secret, or not from now.
var ErrSignature = errors.New("webhook: the signature does not fit")

// Verify checks a message as its receiver would: secret is whsec_… or whpk_….
func Verify(secret string, now time.Time, id, timestamp, signature string, body []byte) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return ErrSignature
	}
	text, symmetric := strings.CutPrefix(secret, symmetricPrefix)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, publicPrefix))
	if err != nil || !symmetric && !strings.HasPrefix(secret, publicPrefix) {
		return ErrSignature
	}
	content := []byte(id + "." + timestamp + "." + string(body))
	for one := range strings.FieldsSeq(signature) {
		version, text, _ := strings.Cut(one, ",")
		given, err := base64.StdEncoding.DecodeString(text)
		if err == nil && (version == "v1") == symmetric && (version == "v1" || version == "v1a") && vault.VerifyMessage(key, !symmetric, content, given) {
			return nil
		}
	}
	return ErrSignature
}
