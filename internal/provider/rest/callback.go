package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/provider"
)

func unbelieved(why string) error { return fmt.Errorf("rest: %s: %w", why, provider.ErrCallback) }

// ParseCallback implements provider.Connector. Types that the document does not translate
// are verified and told nothing of.
func (c *Connector) ParseCallback(a provider.Account, cb provider.Callback) ([]provider.Notice, error) {
	cfg, err := load(a.Settings[Setting])
	if err != nil || cfg.Callback == nil {
		return nil, unbelieved("the document has no callback")
	}
	secret := a.Secrets[CallbackSecret].Reveal()
	if secret == "" {
		return nil, unbelieved("the account has no secret for callbacks")
	}
	if err := cfg.Callback.verify(secret, cb); err != nil {
		return nil, err
	}
	doc, err := decode(cb.Body)
	if err != nil {
		return nil, unbelieved("the body is no JSON document")
	}
	return cfg.notices(doc)
}

// verify checks the signature over the raw bytes, in constant time, and the age.
func (c *callbackConfig) verify(secret string, cb provider.Callback) error {
	given, stamp := cb.Header.Get(c.Header), cb.Header.Get(c.Timestamp)
	if c.Signature != "" {
		parts := pairs(given)
		if given = parts[c.Signature]; parts[c.Timestamp] != "" {
			stamp = parts[c.Timestamp]
		}
	}
	given, hasPrefix := strings.CutPrefix(given, c.Prefix)
	sum, err := c.decode(given)
	if err != nil || !hasPrefix || !hmac.Equal(sum, c.mac(secret, stamp, cb.Body)) {
		return unbelieved("wrong signature")
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	sent := time.Unix(at, 0)
	if c.Unit == "ms" {
		sent = time.UnixMilli(at)
	}
	if err != nil || cb.Now.Sub(sent).Abs() > provider.CallbackWindow {
		return unbelieved("outside the time window")
	}
	return nil
}

func pairs(header string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(header, ",") {
		if name, value, found := strings.Cut(strings.TrimSpace(part), "="); found {
			all[name] = value
		}
	}
	return all
}

func (c *callbackConfig) decode(text string) ([]byte, error) {
	if c.Encoding == "base64" {
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	return hex.DecodeString(text)
}

// mac signs what the document says is signed. The body goes in as it came, once.
func (c *callbackConfig) mac(secret, stamp string, body []byte) []byte {
	digest := map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New}[c.Algorithm]
	m := hmac.New(digest, []byte(secret))
	before, after, _ := strings.Cut(c.Signed, "{body}")
	m.Write([]byte(strings.ReplaceAll(before, "{timestamp}", stamp)))
	m.Write(body)
	m.Write([]byte(strings.ReplaceAll(after, "{timestamp}", stamp)))
	return m.Sum(nil)
}

func (c *config) notices(doc any) ([]provider.Notice, error) {
	kind := c.Callback.Types[text(doc, c.Callback.Type)]
	if kind == "" {
		return nil, nil
	}
	of := within(doc, c.Callback.Charge)
	charge, err := c.outcome(of)
	n := provider.Notice{ID: text(doc, c.Callback.Event), Ref: provider.Ref{Key: text(of, c.Charge.Key), Reference: charge.Reference, Amount: charge.Amount}}
	if err != nil || n.ID == "" || n.Ref.Key == "" {
		return nil, unbelieved("the event lacks its id, its charge's key or an amount that can be read")
	}
	if kind == "charge" {
		n.Charge = &charge
		return []provider.Notice{n}, nil
	}
	of = within(doc, c.Callback.Refund)
	refund, err := c.refundOutcome(of)
	if err != nil {
		return nil, unbelieved("the refund's amount can't be read")
	}
	n.Refund = &provider.RefundNotice{Key: text(of, c.Refund.Key), RefundOutcome: refund}
	return []provider.Notice{n}, nil
}

// within is the part of a document at a path, all of it for "".
func within(doc any, path string) any {
	if path == "" {
		return doc
	}
	return follow(doc, path)
}
