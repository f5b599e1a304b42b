package pan

import (
	"unicode"
	"unicode/utf8"
)

const (
	// shortest and longest are the lengths ISO/IEC 7812-1 cards are issued with.
	shortest = 12
	longest  = 19
)

// Find reports whether the free text s carries a card number: an issuer's prefix, one of that issuer's lengths and a
// right Luhn digit. Digits count in every script, with any separators between whole groups of them, beside letters, and
// inside percent-encoding, HTML entities, JSON or Go escapes and base64 of either alphabet, nested up to three deep.
// Its time is linear in len(s).
func Find(s string) bool {
	return find(s, 0)
}

// Joined reports whether a and b are digits and separators alone which together are a card number of 15 or 16 digits:
// the shape of a number split over two neighbouring members of an object.
func Joined(a, b string) bool {
	var c chain
	na, ok := c.appendAll(a)
	if !ok || na == 0 {
		return false
	}
	nb, ok := c.appendAll(b)
	if !ok || nb == 0 || na+nb < 15 || na+nb > 16 {
		return false
	}
	return c.isCard(na + nb)
}

// LooksLike reports whether the decimal form of id has 13 to 19 digits and would be taken for a card number.
func LooksLike(id int64) bool {
	if id < 1_000_000_000_000 {
		return false
	}
	var reversed [longest]byte
	n := 0
	for ; id > 0; id /= 10 {
		reversed[n] = byte(id % 10)
		n++
	}
	var c chain
	for i := n - 1; i >= 0; i-- {
		c.push(reversed[i])
	}
	return c.isCard(n)
}

func find(s string, depth int) bool {
	if len(s) < shortest {
		return false
	}
	seen := survey(s)
	if seen.maybeDigits >= shortest && scan(s) {
		return true
	}
	if depth == maxDepth {
		return false
	}
	if seen.escaped {
		if plain := unescape(s); plain != s && find(plain, depth+1) {
			return true
		}
	}
	return seen.longToken && findInTokens(s, depth)
}

// scan looks for a card number in s as it stands.
func scan(s string) bool {
	var c chain
	inGroup := false
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		i += size
		if d, ok := digitValue(r); ok {
			if !inGroup {
				c.startGroup()
			}
			inGroup = true
			c.push(d)
			continue
		}
		if inGroup && c.endsInCard() {
			return true
		}
		inGroup = false
		if c.n > 0 && breaksChain(r) {
			c.reset()
		}
	}
	return inGroup && c.endsInCard()
}

// breaksChain: only a letter ends a number. Everything else between digits may be a separator, also combining marks
// (the keycap emoji are a digit and two of them) and the bytes of broken UTF-8 or UTF-16.
func breaksChain(r rune) bool {
	if r < utf8.RuneSelf {
		lower := r | 0x20
		return 'a' <= lower && lower <= 'z'
	}
	return r != utf8.RuneError && unicode.IsLetter(r)
}
