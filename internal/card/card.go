package card

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/pan"
)

// Number is a primary account number. The zero Number is none.
type Number struct{ hidden }

// Code is a card verification code (CVV, CVC, CID): sensitive authentication data, never
// kept even encrypted (PCI DSS 3.3.1.2).
type Code struct{ hidden }

// Cryptogram is a device wallet's proof for one payment (EMVCo token cryptogram), as
// secret as a code.
type Cryptogram struct{ hidden }

// NewCryptogram hides a cryptogram.
func NewCryptogram(text string) Cryptogram { return Cryptogram{hidden{text}} }

// Card is what a customer types.
type Card struct {
	Number   Number
	Code     Code
	ExpMonth int // 1 to 12
	ExpYear  int // four digits
	Holder   string
}

// ParseNumber reads 12 to 19 digits, with spaces or hyphens between groups, whose Luhn
// digit is right (ISO/IEC 7812-1).
func ParseNumber(text string) (Number, error) {
	digits := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(text))
	if len(digits) < 12 || len(digits) > 19 || strings.Trim(digits, "0123456789") != "" || !luhn(digits) {
		return Number{}, errors.New("is not a card number")
	}
	return Number{hidden{digits}}, nil
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// ParseCode reads three or four digits.
func ParseCode(text string) (Code, error) {
	text = strings.TrimSpace(text)
	if len(text) < 3 || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return Code{}, errors.New("must be the three or four digits on the card")
	}
	return Code{hidden{text}}, nil
}

// ParseExpiry reads MM/YY or MM/YYYY and refuses a month that has ended by now.
func ParseExpiry(text string, now time.Time) (month, year int, err error) {
	bad := errors.New("must be a month like 09/28 that is not past")
	m, y, found := strings.Cut(strings.ReplaceAll(text, " ", ""), "/")
	month, errMonth := strconv.Atoi(m)
	year, errYear := strconv.Atoi(y)
	if !found || errMonth != nil || errYear != nil || len(m) > 2 || len(y) != 2 && len(y) != 4 || month < 1 || month > 12 {
		return 0, 0, bad
	}
	if len(y) == 2 {
		year += 2000
	}
	if Expired(month, year, now) || year > now.Year()+30 {
		return 0, 0, bad
	}
	return month, year, nil
}

// Expired reports whether a card's last month is over: it is good to the end of it.
func Expired(month, year int, now time.Time) bool {
	return !now.Before(time.Date(year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC))
}

// BIN is the issuer's part that PCI DSS 3.4.1 lets one show: eight digits of a number of
// sixteen or more, else six.
func (n Number) BIN() string {
	switch {
	case len(n.text) >= 16:
		return n.text[:8]
	case n.text == "":
		return ""
	default:
		return n.text[:6]
	}
}

// Last4 are the last four digits.
func (n Number) Last4() string {
	if n.text == "" {
		return ""
	}
	return n.text[len(n.text)-4:]
}

// Brand is the scheme by the number's prefix: visa, mastercard, amex, …, or "unknown".
func (n Number) Brand() string { return pan.Brand(n.text) }
