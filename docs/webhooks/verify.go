//go:build ignore

// Verifies Florin's webhooks (Standard Webhooks 1.0) with nothing but Go's own library.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// verify takes the secret whsec_…, the request's headers and exactly the body that came.
func verify(secret string, h http.Header, body []byte) bool {
	sent, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false // an old message that somebody sends again
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	// There are several signatures while secrets overlap: one must fit.
	for _, one := range strings.Split(h.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(want), []byte(one)) {
			return true
		}
	}
	return false
}
