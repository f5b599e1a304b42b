package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/provider"
)

// SignatureHeader carries t=unix seconds and v1=HMAC-SHA256 over "t.body" in hex.
const SignatureHeader = "Sandbox-Signature"

// sign makes the header's value. The time is signed too, or an old callback could be sent
// again with a new one.
func sign(a provider.Account, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(a, t, body))
}

func mac(a provider.Account, t string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(a.Secrets[CallbackSecret].Reveal()))
	m.Write([]byte(t + "."))
	m.Write(body)
	return m.Sum(nil)
}

// ParseCallback implements provider.Connector.
func (c *Connector) ParseCallback(a provider.Account, cb provider.Callback) ([]provider.Notice, error) {
	if err := ready(a); err != nil {
		return nil, fmt.Errorf("%w: %w", provider.ErrCallback, err)
	}
	if err := verify(a, cb); err != nil {
		return nil, err
	}
	var doc eventDoc
	if err := json.Unmarshal(cb.Body, &doc); err != nil {
		return nil, fmt.Errorf("sandbox: the body is no event: %w", provider.ErrCallback)
	}
	n, err := doc.notice()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.ErrCallback, err)
	}
	return []provider.Notice{n}, nil
}

// verify checks the signature on the raw bytes, in constant time, then the age.
func verify(a provider.Account, cb provider.Callback) error {
	t, given := parts(cb.Header.Get(SignatureHeader))
	sum, err := hex.DecodeString(given)
	if err != nil || !hmac.Equal(sum, mac(a, t, cb.Body)) {
		return fmt.Errorf("sandbox: wrong signature: %w", provider.ErrCallback)
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || cb.Now.Sub(time.Unix(seconds, 0)).Abs() > provider.CallbackWindow {
		return fmt.Errorf("sandbox: outside the time window: %w", provider.ErrCallback)
	}
	return nil
}

func parts(header string) (t, v1 string) {
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			t = value
		case "v1":
			v1 = value
		}
	}
	return t, v1
}
