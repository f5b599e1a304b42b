package contact

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxName = 200

// ParseName returns s trimmed and in NFC: 1 to 200 characters (runes), none of them a control character.
func ParseName(s string) (string, error) { return ParseText(s, maxName) }

// Clip is the first characters (runes) of a text, at most limit of them.
func Clip(s string, limit int) string {
	runes := []rune(s)
	return string(runes[:min(limit, len(runes))])
}

// ParseText returns the one-line text s trimmed and in NFC: 1 to limit characters (runes), none of them a control
// character.
func ParseText(s string, limit int) (string, error) { return parseText(s, limit, "") }

// ParseProse is ParseText for a text of several lines: line breaks and tabs may stand in it.
func ParseProse(s string, limit int) (string, error) { return parseText(s, limit, "\n\r\t") }

func parseText(s string, limit int, allowed string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("must be valid UTF-8")
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if s == "" {
		return "", errors.New("must not be empty")
	}
	for _, r := range s {
		if isControl(r) && !strings.ContainsRune(allowed, r) {
			return "", errors.New("must not contain control characters")
		}
	}
	if utf8.RuneCountInString(s) > limit {
		return "", fmt.Errorf("must have at most %d characters", limit)
	}
	return s, nil
}

// isControl takes line separators and bidirectional overrides for controls too: they make a name display as another
// (UTR #36, Trojan Source). The joiners U+200C and U+200D stay allowed: Persian and emoji are written with them.
func isControl(r rune) bool {
	switch {
	case r < 0x20, 0x7F <= r && r <= 0x9F:
		return true
	case r == '\u2028', r == '\u2029', '\u202A' <= r && r <= '\u202E', '\u2066' <= r && r <= '\u2069':
		return true
	}
	return r > unicode.MaxRune
}
