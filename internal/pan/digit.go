package pan

import (
	"unicode"
	"unicode/utf8"
)

// digitValue is the value of a decimal digit of any script, and of the raised, lowered and circled forms that NFKC
// (UAX #15) folds to plain digits.
func digitValue(r rune) (byte, bool) {
	switch {
	case r < utf8.RuneSelf:
		d := byte(r - '0')
		return d, d <= 9
	case r < 0x660:
		return raisedLatin1(r)
	case 0x2070 <= r && r <= 0x27BF:
		return presentationDigit(r)
	case 0x2E80 <= r && r <= 0xA61F:
		return 0, false // Han, Kana, Yi: no decimal digits (unicode.Nd)
	case 0xAC00 <= r && r <= 0xFF0F:
		return 0, false // Hangul and presentation forms: none either
	case r <= 0xFFFF:
		return inTable16(uint16(r))
	}
	return inTable32(uint32(r))
}

// inTable16 relies on Unicode's stability policy: decimal digits are encoded in runs from zero to nine.
func inTable16(r uint16) (byte, bool) {
	table := unicode.Nd.R16
	low, high := 0, len(table)
	for low < high {
		mid := (low + high) / 2
		switch run := table[mid]; {
		case r < run.Lo:
			high = mid
		case r > run.Hi:
			low = mid + 1
		default:
			return byte((r - run.Lo) % 10), true
		}
	}
	return 0, false
}

func inTable32(r uint32) (byte, bool) {
	for _, run := range unicode.Nd.R32 {
		if r < run.Lo {
			return 0, false
		}
		if r <= run.Hi {
			return byte((r - run.Lo) % 10), true
		}
	}
	return 0, false
}

func raisedLatin1(r rune) (byte, bool) {
	switch r {
	case '²':
		return 2, true
	case '³':
		return 3, true
	case '¹':
		return 1, true
	}
	return 0, false
}

func presentationDigit(r rune) (byte, bool) {
	switch {
	case r == '⁰', '⁴' <= r && r <= '⁹':
		return byte(r - '⁰'), true
	case '₀' <= r && r <= '₉':
		return byte(r - '₀'), true
	case r == '⓪', r == '⓿':
		return 0, true
	case '①' <= r && r <= '⑨':
		return byte(r-'①') + 1, true
	case '❶' <= r && r <= '❾':
		return byte(r-'❶') + 1, true
	case '➀' <= r && r <= '➈':
		return byte(r-'➀') + 1, true
	case '➊' <= r && r <= '➒':
		return byte(r-'➊') + 1, true
	}
	return 0, false
}
