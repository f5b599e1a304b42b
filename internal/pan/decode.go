package pan

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how many codings inside one another are taken off.
const maxDepth = 3

// unescape takes one layer of percent-encoding (RFC 3986 §2.1), JSON and Go escapes and HTML character references off s.
// It is lenient where url.PathUnescape and strconv.Unquote refuse: what is no escape stays as it is.
func unescape(s string) string {
	s = replaceEscapes(s, '%', percentByte)
	s = replaceEscapes(s, '\\', backslash)
	return html.UnescapeString(s)
}

// replaceEscapes replaces what decode understands at every mark. decode gets the text from the mark on and answers how
// many bytes it used, none if it is no escape.
func replaceEscapes(s string, mark byte, decode func(dst []byte, s string) ([]byte, int)) string {
	at := strings.IndexByte(s, mark)
	if at < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for at >= 0 {
		out = append(out, s[:at]...)
		s = s[at:]
		var used int
		if out, used = decode(out, s); used == 0 {
			out = append(out, mark)
			used = 1
		}
		s = s[used:]
		at = strings.IndexByte(s, mark)
	}
	return string(append(out, s...))
}

func percentByte(dst []byte, s string) ([]byte, int) {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return dst, 0
	}
	return append(dst, hexValue(s[1])<<4|hexValue(s[2])), 3
}

// backslash reads the escapes of JSON (RFC 8259 §7), Go and ECMAScript.
func backslash(dst []byte, s string) ([]byte, int) {
	if len(s) < 2 {
		return dst, 0
	}
	switch s[1] {
	case 'n', 't', 'r':
		return append(dst, ' '), 2
	case '\\':
		return append(dst, '\\'), 2
	case 'x':
		return codePoint(dst, s, 2, 2, 16)
	case 'U':
		return codePoint(dst, s, 2, 8, 16)
	case 'u':
		if len(s) > 2 && s[2] == '{' {
			return bracedCodePoint(dst, s)
		}
		return codePoint(dst, s, 2, 4, 16)
	}
	return codePoint(dst, s, 1, 3, 8)
}

// codePoint reads size digits of s from the given place on.
func codePoint(dst []byte, s string, from, size, base int) ([]byte, int) {
	if len(s) < from+size {
		return dst, 0
	}
	v, err := strconv.ParseUint(s[from:from+size], base, 31)
	if err != nil {
		return dst, 0
	}
	return utf8.AppendRune(dst, rune(v)), from + size
}

// bracedCodePoint reads \u{34}, one to six digits.
func bracedCodePoint(dst []byte, s string) ([]byte, int) {
	end := strings.IndexByte(s[:min(len(s), len(`\u{10FFFF}`))], '}')
	if end < 0 {
		return dst, 0
	}
	dst, used := codePoint(dst, s, 3, end-3, 16)
	if used == 0 {
		return dst, 0
	}
	return dst, end + 1
}

// findInTokens decodes every run of base64 characters. In the text itself all four alignments are tried, since a word
// or a path may stand right before the token; deeper down a token begins where its run begins, which bounds the work.
func findInTokens(s string, depth int) bool {
	alignments := 4
	if depth > 0 {
		alignments = 1
	}
	var small [192]byte
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && inBase64(s[i]) {
			i++
		}
		if i-start < minToken {
			continue
		}
		for skip := range alignments {
			decoded := appendBase64(small[:0], s[start+skip:i])
			if worthReading(decoded) && find(string(decoded), depth+1) {
				return true
			}
		}
	}
	return false
}

// appendBase64 decodes both alphabets of RFC 4648 mixed and drops an incomplete last group's spare bits, which
// encoding/base64 rightly refuses to do.
func appendBase64(dst []byte, s string) []byte {
	if need := len(s)*3/4 + 1; need > cap(dst) {
		dst = make([]byte, 0, need)
	}
	var bits uint32
	n := 0
	for i := 0; i < len(s); i++ {
		bits = bits<<6 | sextet(s[i])
		if n += 6; n >= 8 {
			n -= 8
			dst = append(dst, byte(bits>>n))
		}
	}
	return dst
}

func sextet(b byte) uint32 {
	switch {
	case b >= 'a':
		return uint32(b-'a') + 26
	case b == '_':
		return 63
	case b >= 'A':
		return uint32(b - 'A')
	case b >= '0':
		return uint32(b-'0') + 52
	case b == '/':
		return 63
	}
	return 62
}

// worthReading spares the copy for what cannot hold twelve digits or another coding: words, UUIDs and hashes decode to
// noise.
func worthReading(decoded []byte) bool {
	digits, token := 0, 0
	for _, b := range decoded {
		switch {
		case b-'0' <= 9 || b >= 0xC2:
			digits++
		case b == '%' || b == '&' || b == '\\':
			return true
		}
		if !inBase64(b) {
			token = 0
		} else if token++; token == minToken {
			return true
		}
		if digits == shortest {
			return true
		}
	}
	return false
}

func isHex(b byte) bool {
	lower := b | 0x20
	return b-'0' <= 9 || 'a' <= lower && lower <= 'f'
}

func hexValue(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return (b | 0x20) - 'a' + 10
}
