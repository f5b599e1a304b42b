package demo

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func (g *Generator) address(r *region) *Address {
	number := strconv.Itoa(1 + g.random.IntN(240))
	place := strings.Split(pick(g, r.places), ";")
	a := &Address{
		Line1: strings.NewReplacer("{n}", number, "{s}", pick(g, r.streets)).Replace(r.line),
		City:  place[0], State: place[1], PostalCode: g.fill(place[2]), Country: r.code,
	}
	if g.chance(15) {
		a.Line2 = pick(g, []string{"Apt ", "2. OG, Tür ", "c/o Smith & Sons, Unit ", "3º Dto. "}) + strconv.Itoa(1+g.random.IntN(40))
	}
	return a
}

func (a *Address) flat() string {
	var parts []string
	for _, p := range []string{a.Line1, a.Line2, strings.TrimSpace(a.PostalCode + " " + a.City), a.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// fill puts a random digit for # and a random capital for *.
func (g *Generator) fill(pattern string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '#':
			return '0' + rune(g.random.IntN(10))
		case '*':
			return 'A' + rune(g.random.IntN(26))
		}
		return c
	}, pattern)
}

// compact drops the separators of a phone pattern.
func compact(pattern string) string {
	return strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(pattern)
}

// phone draws again when the digits could be taken for a card's: "0044 7400 123…" is as long as an old Visa number.
func (g *Generator) phone(r *region) string {
	for {
		international, national, _ := strings.Cut(pick(g, r.phones), ";")
		spelled := g.respell(international, national)
		if g.options.National && g.chance(70) {
			spelled = national
		}
		if spelled = g.fill(spelled); !cardLike(spelled) {
			return spelled
		}
	}
}

// respell writes an international pattern, "+44 7400 123###", in one of the ways people type it.
func (g *Generator) respell(international, national string) string {
	code, rest, _ := strings.Cut(international, " ")
	switch n := g.random.IntN(100); {
	case n < 15:
		return code + compact(rest)
	case n < 22:
		return "00" + international[1:]
	case n < 29:
		return code + "." + strings.ReplaceAll(rest, " ", ".")
	case n < 36 && compact(national) == "0"+compact(rest): // not Hungary's 06 or Russia's 8
		return code + " (0)" + rest
	case n < 44:
		if area, line, ok := strings.Cut(rest, " "); ok {
			return code + " (" + area + ") " + line
		}
	}
	return international
}

// cardLike reports whether 12 to 19 digits of s, separators left out, pass the
// Luhn check (ISO/IEC 7812-1), whatever the brand: stricter than a card guard, which costs a demo nothing.
func cardLike(s string) bool {
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
	for from := 0; from+12 <= len(digits); from++ {
		for to := from + 12; to <= len(digits); to++ {
			if luhn(digits[from:to]) {
				return true
			}
		}
	}
	return false
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

// asciiGroups spells Latin names for an e-mail address: marks dropped, letters that do not decompose written out.
func asciiGroups(names [][]string) [][]string {
	plain := strings.NewReplacer("ß", "ss", "ø", "o", "æ", "ae", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ŋ", "n")
	out := make([][]string, len(names))
	for i, group := range names {
		for _, name := range group {
			out[i] = append(out[i], strings.Map(func(c rune) rune {
				if c > unicode.MaxASCII || !unicode.IsLetter(c) {
					return -1
				}
				return c
			}, norm.NFD.String(plain.Replace(strings.ToLower(name)))))
		}
	}
	return out
}
