package pan

import "unicode/utf8"

const (
	// minToken is the least length of a base64 token that can hold 12 digits.
	minToken = 16

	// base64Low and base64High are the sets of ASCII 0-63 and 64-127 in either alphabet of RFC 4648: digits, letters,
	// '+', '-', '/' and '_'.
	base64Low  uint64 = 0x03FF_A800_0000_0000
	base64High uint64 = 0x07FF_FFFE_87FF_FFFE
)

// findings is what one cheap pass says about a text.
type findings struct {
	maybeDigits int  // an upper bound: ASCII digits and runes that could be digits of another script
	escaped     bool // something that unescape may change
	longToken   bool // something that may be base64
}

// survey decides for nearly all texts, without an allocation, that no closer look is needed.
func survey(s string) findings {
	var f findings
	token := 0
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= utf8.RuneSelf {
			token = 0
			if mayLeadDigit(s, i) {
				f.maybeDigits++
			}
			continue
		}
		if !inBase64(b) {
			token = 0
			f.escaped = f.escaped || (b == '%' || b == '&' || b == '\\') && startsEscape(s[i:])
			continue
		}
		if token++; token == minToken {
			f.longToken = true
		}
		if b-'0' <= 9 {
			f.maybeDigits++
		}
	}
	return f
}

func inBase64(b byte) bool {
	if b < 64 {
		return base64Low>>b&1 == 1
	}
	return b < 128 && base64High>>(b-64)&1 == 1
}

// mayLeadDigit reports whether the byte at i can begin a decimal digit. UTF-8 lead bytes of blocks without digits
// (Latin, Greek, Cyrillic, Hebrew, Han, Kana, Hangul) are ruled out by themselves.
func mayLeadDigit(s string, i int) bool {
	switch b := s[i]; {
	case b < 0xC2:
		return false
	case b == 0xD9 || b == 0xDB: // Arabic: letters and digits share these
		return i+1 < len(s) && isDigitRune(s[i:])
	case b < 0xDF:
		return b == 0xC2
	case 0xE3 <= b && b <= 0xE9 || 0xEB <= b && b <= 0xEE:
		return false
	case b >= 0xE0:
		return isDigitRune(s[i:])
	}
	return true
}

func isDigitRune(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	_, ok := digitValue(r)
	return ok
}

// startsEscape keeps "100 % sure", "Smith & Sons" and a lone backslash on the fast way.
func startsEscape(s string) bool {
	if len(s) < 3 {
		return false
	}
	switch next := s[1]; s[0] {
	case '%':
		return isHex(next) && isHex(s[2])
	case '&':
		return next == '#' || 'a' <= next|0x20 && next|0x20 <= 'z'
	default:
		return next == 'u' || next == 'U' || next == 'x' || next == 'n' || next == 't' || next == 'r' ||
			next == '\\' || '0' <= next && next <= '7'
	}
}
