package contact

import (
	"errors"
	"net/url"
	"strings"
)

const maxURL = 2048

var errURL = errors.New("must be an absolute web address like https://shop.example.com/paid, at most 2048 characters, without a user or password")

// WebAddress checks an absolute http or https address. Where such an address may lead is
// decided when it is used (internal/egress).
func WebAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return "", errURL
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f {
			return "", errURL
		}
	}
	return text, nil
}
