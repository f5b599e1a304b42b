package contact

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxAddress = 254 // RFC 3696 erratum 1690: what fits a reverse path
	maxLocal   = 64  // RFC 5321 §4.5.3.1.1
	maxDomain  = 253
	maxLabel   = 63 // RFC 1035 §2.3.4
)

// Email is an address as given and in the form by which two spellings are the same.
type Email struct {
	Given  string
	Normal string
}

// ParseEmail reads a bare addr-spec: no display name, comment, quoted local part or IP literal, a dot in the domain, at
// most 254 bytes. Local parts of other scripts (RFC 6531) and their domains (RFC 5891) are taken. Normal has the local
// part in NFKC and case-folded and the domain as lower-case ASCII.
func ParseEmail(s string) (Email, error) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocal || len(s) > maxAddress || !isDotAtom(s[:at]) {
		return Email{}, errNoEmail()
	}
	local, domain := s[:at], s[at+1:]
	if isASCII(s) && !strings.Contains(domain, "xn--") && isHostname(domain) {
		return Email{Given: s, Normal: strings.ToLower(s)}, nil
	}
	return parseUnicodeEmail(s, local, domain)
}

func parseUnicodeEmail(given, local, domain string) (Email, error) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !isHostname(ascii) || !utf8.ValidString(local) {
		return Email{}, errNoEmail()
	}
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(local)))
	if !isDotAtom(folded) {
		return Email{}, errNoEmail()
	}
	return Email{Given: given, Normal: folded + "@" + strings.ToLower(ascii)}, nil
}

func errNoEmail() error { return errors.New("must be an address like name@example.com") }

// isDotAtom checks RFC 5322 §3.2.3 with RFC 6531 §3.3: beyond ASCII everything but spaces and controls.
func isDotAtom(local string) bool {
	previous := '.'
	for _, r := range local {
		if r == '.' && previous == '.' || r != '.' && !isAtomText(r) {
			return false
		}
		previous = r
	}
	return previous != '.'
}

func isAtomText(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return isAlphanumeric(byte(r)) || r != 0 && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(r)) >= 0
	case r == utf8.RuneError:
		return false
	}
	return !isControl(r) && !isInvisible(r)
}

// isHostname checks RFC 1123 §2.1 with at least two labels, the last not all digits: that would be an IP address.
func isHostname(domain string) bool {
	if len(domain) > maxDomain {
		return false
	}
	label, dots, letters := 0, 0, false
	for i := 0; i < len(domain); i++ {
		b := domain[i]
		switch {
		case b == '.':
			if label == 0 || domain[i-1] == '-' {
				return false
			}
			label, letters = 0, false
			dots++
			continue
		case b == '-' && label == 0, b != '-' && !isAlphanumeric(b):
			return false
		}
		letters = letters || b > '9'
		if label++; label > maxLabel {
			return false
		}
	}
	return dots > 0 && label > 0 && letters && domain[len(domain)-1] != '-'
}

func isAlphanumeric(b byte) bool {
	lower := b | 0x20
	return b-'0' <= 9 || 'a' <= lower && lower <= 'z'
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
