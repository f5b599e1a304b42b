package panscan

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
)

const (
	leastHex    = 2 * shortest
	leastBase64 = shortest / 3 * 4
)

func isHex(b byte) bool { return isDigit(b) || (b|0x20)-'a' < 6 }

func isBase64(b byte) bool {
	return isDigit(b) || isLetter(b) || b == '+' || b == '/' || b == '-' || b == '_'
}

// hex decodes long runs of hex digits, from their first and from their second on.
func (v view) hex(tell func(int, Form)) {
	for i := 0; i < len(v.text); {
		end := v.run(i, isHex)
		for phase := 0; phase < 2 && end-i-phase >= leastHex; phase++ {
			from := i + phase
			plain := make([]byte, (end-from)/2)
			_, _ = hex.Decode(plain, v.text[from:from+2*len(plain)]) // all of them are hex digits
			decoded(plain, Hex, func(at int) int { return from + 2*at }, tell)
		}
		i = end + 1
	}
}

// base64 decodes long runs of either alphabet, from each of their first four characters on:
// where the encoding began need not be where the window does.
func (v view) base64(tell func(int, Form)) {
	for i := 0; i < len(v.text); {
		end := v.run(i, isBase64)
		if end-i >= leastBase64 {
			v.token(i, end, tell)
		}
		i = end + 1
	}
}

func (v view) token(start, end int, tell func(int, Form)) {
	plain := make([]byte, (end-start)/4*3+3)
	standard := make([]byte, end-start)
	for i, b := range v.text[start:end] {
		switch b {
		case '-':
			b = '+'
		case '_':
			b = '/'
		}
		standard[i] = b
	}
	for phase := range 4 {
		from := standard[min(phase, len(standard)):]
		if len(from)%4 == 1 {
			from = from[:len(from)-1] // a character alone holds no byte
		}
		n, _ := base64.RawStdEncoding.Decode(plain, from) // bits left over are a neighbour's
		decoded(plain[:n], Base64, func(at int) int { return start + phase + at/3*4 }, tell)
	}
}

// escapes decodes regions of digits, separators and percent, \u or \x escapes.
func (v view) escapes(tell func(int, Form)) {
	for i := 0; i < len(v.text); {
		plain, at, end := v.region(i)
		if len(plain) >= shortest && !bytes.Equal(plain, v.text[i:end]) {
			decoded(plain, Escaped, func(n int) int { return at[n] }, tell)
		}
		i = max(end, i+1)
	}
}

// region reads what may be part of a number in escapes, and where each byte stood.
func (v view) region(i int) (plain []byte, at []int, end int) {
	for i < len(v.text) {
		b, size := v.unescape(i)
		if size == 0 || !isDigit(b) && !isSeparator(b) {
			break
		}
		plain, at = append(plain, b), append(at, i)
		i += size
	}
	return plain, at, i
}

// unescape is the byte at i and how many bytes it takes, 0 if it is no part of a number.
func (v view) unescape(i int) (byte, int) {
	switch b := v.text[i]; {
	case isDigit(b), isSeparator(b):
		return b, 1
	case b == '+':
		return ' ', 1
	case b == '%':
		return v.hexAt(i+1, 1)
	case b == '\\' && i+1 < len(v.text) && v.text[i+1] == 'x':
		return v.hexAt(i+2, 2)
	case b == '\\' && i+3 < len(v.text) && v.text[i+1] == 'u' && v.text[i+2] == '0' && v.text[i+3] == '0':
		return v.hexAt(i+4, 4)
	}
	return 0, 0
}

// hexAt reads two hex digits at i, behind a mark of so many bytes.
func (v view) hexAt(i, mark int) (byte, int) {
	var b [1]byte
	if i+2 > len(v.text) || !isHex(v.text[i]) || !isHex(v.text[i+1]) {
		return 0, 0
	}
	_, _ = hex.Decode(b[:], v.text[i:i+2])
	return b[0], mark + 2
}
