package contact

import (
	"errors"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const (
	shortestE164 = 7
	longestE164  = 15 // ITU-T E.164 §6.2
	longestTyped = 100
)

// Phone is a number in E.164 form (plus sign and digits). Region is the ISO 3166-1 code it belongs to, "001" for
// international services, empty when InUse is false: the number plan has no such number.
type Phone struct {
	E164   string
	InUse  bool
	Region string
}

// PhoneParser reads phone numbers. It is safe for concurrent use and prepares a calling code's plan at its first use.
type PhoneParser struct {
	looksLikeCard func(string) bool
	plans         plans
}

// NewPhoneParser takes the check that keeps card numbers from being kept as numbers not in use; nil checks nothing.
func NewPhoneParser(looksLikeCard func(string) bool) *PhoneParser {
	if looksLikeCard == nil {
		looksLikeCard = func(string) bool { return false }
	}
	return &PhoneParser{looksLikeCard: looksLikeCard}
}

// Parse reads s in any usual spelling and any script's digits. A national number needs defaultRegion (ISO 3166-1, empty
// for none). A plus sign and 7 to 15 digits that are no number in use come back with InUse false, unless strict is set
// or they look like a card number. Extensions and letters are refused: E.164 cannot hold them.
func (p *PhoneParser) Parse(s, defaultRegion string, strict bool) (Phone, error) {
	typed, ok := phoneDigits(s)
	if !ok {
		return Phone{}, errNoPhone()
	}
	phone, ok := p.inUse(typed, strings.ToUpper(defaultRegion))
	switch {
	case ok && len(phone.E164) <= 1+longestE164:
		return phone, nil
	case ok, strict, typed[0] != '+', len(typed) < 1+shortestE164, len(typed) > 1+longestE164, p.looksLikeCard(typed[1:]):
		return Phone{}, errNoPhone()
	}
	return Phone{E164: typed}, nil
}

func errNoPhone() error { return errors.New("must be a phone number like +41446681800") }

func (p *PhoneParser) inUse(typed, defaultRegion string) (Phone, bool) {
	if defaultRegion == "" && strings.HasPrefix(typed, "00") { // ITU-T E.164 recommends 00 as international prefix
		typed = "+" + typed[2:]
	}
	if typed[0] == '+' {
		if region, valid, sure := p.plans.check(typed[1:]); sure {
			return Phone{E164: typed, InUse: valid, Region: region}, valid
		}
	}
	return byLibrary(typed, defaultRegion)
}

// byLibrary costs about 60 µs.
func byLibrary(typed, defaultRegion string) (Phone, bool) {
	number, err := phonenumbers.Parse(typed, defaultRegion)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return Phone{}, false
	}
	return Phone{
		E164:   phonenumbers.Format(number, phonenumbers.E164),
		InUse:  true,
		Region: phonenumbers.GetRegionCodeForNumber(number),
	}, true
}

// phoneDigits reduces s to ASCII digits with at most a leading plus sign; false if it holds anything but a number's
// usual separators besides, or no digit.
func phoneDigits(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "tel:")
	if len(s) > longestTyped {
		return "", false
	}
	out := make([]byte, 0, 20)
	for _, r := range s {
		switch d, isDigit := decimal(r); {
		case isDigit:
			out = append(out, d+'0')
		case r == '+' || r == '＋':
			if len(out) > 0 {
				return "", false
			}
			out = append(out, '+')
		case !isPhoneSeparator(r):
			return "", false
		}
	}
	if len(out) == 0 || string(out) == "+" {
		return "", false
	}
	return string(out), true
}

func decimal(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	zero := r
	for r-zero < 9 && unicode.Is(unicode.Nd, zero-1) && sameTen(zero-1, r) {
		zero--
	}
	return byte(r - zero), true
}

// sameTen: outside the mathematical alphanumerics Unicode starts each script's ten digits at a place ending in 0 or 6.
func sameTen(a, b rune) bool {
	const mathZero = 0x1D7CE
	if a >= mathZero && b <= 0x1D7FF {
		return (a-mathZero)/10 == (b-mathZero)/10
	}
	return a&^0xF == b&^0xF
}

// isPhoneSeparator takes also the invisible marks that address books put round a number they copy (U+202A, U+200E).
func isPhoneSeparator(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || isInvisible(r) || strings.ContainsRune(".()[]/~·•（）．／−", r)
}

func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || r != '\u200C' && r != '\u200D' && unicode.Is(unicode.Cf, r)
}
