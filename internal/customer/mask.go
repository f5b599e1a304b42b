package customer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands where there is a value that the reader may not see.
const hidden = "***"

// Masked is the profile as those see it who may not see personal values: enough to ask
// somebody whether it is theirs (GDPR Art. 25(2)). What is not set stays so, and what
// names nobody (country, currency, language) stays as it is.
func (p Profile) Masked() Profile {
	p.Name, p.Email, p.Phone = MaskName(p.Name), maskEmail(p.Email), maskPhone(p.Phone)
	p.Address, p.MemberID, p.DateOfBirth = hide(p.Address), hide(p.MemberID), hide(p.DateOfBirth)
	p.Billing, p.Shipping = p.Billing.masked(), p.Shipping.masked()
	pairs := make([]Pair, len(p.Metadata))
	for i, pair := range p.Metadata {
		pairs[i] = Pair{pair.Key, hide(pair.Value)}
	}
	p.Metadata = pairs
	return p
}

func (a *Address) masked() *Address {
	if a == nil {
		return nil
	}
	return &Address{hide(a.Line1), hide(a.Line2), hide(a.City), hide(a.State), hide(a.PostalCode), a.Country}
}

func hide(value string) string {
	if value == "" {
		return ""
	}
	return hidden
}

// MaskName keeps the first letter of each word: "María Ruiz" is "M*** R***".
func MaskName(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		words[i] = firstLetter(word) + hidden
	}
	return strings.Join(words, " ")
}

// firstLetter is the first character with the marks that stand on it.
func firstLetter(word string) string {
	_, size := utf8.DecodeRuneInString(word)
	for size < len(word) {
		r, more := utf8.DecodeRuneInString(word[size:])
		if !unicode.Is(unicode.M, r) {
			break
		}
		size += more
	}
	return word[:size]
}

// maskEmail keeps the first character on each side: j***@e….
func maskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return hide(email)
	}
	return firstLetter(email[:at]) + hidden + "@" + firstLetter(email[at+1:]) + "…"
}

// maskPhone keeps the last four digits, two of a short number.
func maskPhone(phone string) string {
	keep := 4
	if len(phone) < 9 {
		keep = 2
	}
	if len(phone) <= keep {
		return hide(phone)
	}
	return hidden + phone[len(phone)-keep:]
}
