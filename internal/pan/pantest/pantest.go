package pantest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

type scheme struct {
	prefixes []string
	lengths  []int
}

func schemes() []scheme {
	return []scheme{
		{[]string{"4"}, []int{13, 16, 19}}, // Visa
		{[]string{"51", "52", "53", "54", "55", "2221", "2300", "2500", "2699", "2720"}, []int{16}}, // Mastercard
		{[]string{"34", "37"}, []int{15}},                                                                                 // American Express
		{[]string{"6011", "622126", "622925", "644", "649", "65"}, []int{16, 17, 18, 19}},                                 // Discover
		{[]string{"300", "305", "3095", "36", "38", "39"}, []int{14, 16, 19}},                                             // Diners Club
		{[]string{"3528", "3550", "3589"}, []int{16, 17, 18, 19}},                                                         // JCB
		{[]string{"62", "8171"}, []int{16, 17, 18, 19}},                                                                   // UnionPay
		{[]string{"5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"}, []int{12, 13, 15, 16, 18, 19}}, // Maestro
		{[]string{"2200", "2204"}, []int{16, 17, 18, 19}},                                                                 // Mir
		{[]string{"508500", "6069", "6521", "8172", "82"}, []int{16}},                                                     // RuPay
		{[]string{"401178", "438935", "504175", "506699", "509001", "627780", "636368", "650405", "655058"}, []int{16}},   // Elo
		{[]string{"9792"}, []int{16}},                                                                                     // Troy
		{[]string{"606282"}, []int{16}},                                                                                   // Hipercard
		{[]string{"506099", "507865"}, []int{16, 18, 19}},                                                                 // Verve
	}
}

// Numbers makes n card numbers, digits only, 12 to 19 of them, going round the schemes, their prefixes and their
// lengths. The same seed gives the same numbers.
func Numbers(seed uint64, n int) []string {
	random := rand.New(rand.NewPCG(seed, seed))
	all := schemes()
	numbers := make([]string, n)
	for i := range numbers {
		s := all[i%len(all)]
		prefix := s.prefixes[random.IntN(len(s.prefixes))]
		numbers[i] = complete(random, prefix, s.lengths[random.IntN(len(s.lengths))])
	}
	return numbers
}

func complete(random *rand.Rand, prefix string, length int) string {
	digits := []byte(prefix)
	for len(digits) < length-1 {
		digits = append(digits, byte('0'+random.IntN(10)))
	}
	for check := byte('0'); ; check++ {
		if number := append(digits, check); luhn(number) {
			return string(number)
		}
	}
}

func luhn(number []byte) bool {
	const doubled = "0246813579"
	sum := 0
	for i := range number {
		d := number[len(number)-1-i]
		if i%2 == 1 {
			d = doubled[d-'0']
		}
		sum += int(d - '0')
	}
	return sum%10 == 0
}

// WrongDigit is number with another last digit, and so a wrong check digit.
func WrongDigit(number string) string {
	last := len(number) - 1
	return number[:last] + string('0'+(number[last]-'0'+1)%10)
}

// Disguises writes number as it reaches free text: bare, grouped, in other scripts, among words, encoded, and encoded
// more than once. The first is the bare number.
func Disguises(number string) []string {
	all := []string{number}
	all = append(all, grouped(number)...)
	all = append(all, scripts(number)...)
	all = append(all, amongWords(number)...)
	return append(all, encoded(number)...)
}

func grouped(number string) []string {
	separators := []string{
		" ", "-", "–", "—", ".", "/", "_", ",", ":", ";", "|", "·", "'", "\n", "\r\n", "\t", "+",
		"\u00a0", "\u2009", "\u202f", "\u3000", "\u200b", "\u2060", "\ufeff", "\u00ad", " - ", "\x00", "\xff", "💳",
	}
	all := make([]string, 0, len(separators)+2)
	for _, s := range separators {
		all = append(all, everyN(number, 4, s))
	}
	return append(all, everyN(number, 1, " "), number[:4]+" "+number[4:10]+" "+number[10:])
}

func scripts(number string) []string {
	zeros := []rune{
		'０', '٠', '۰', '०', '০', '๐', '၀', '០', '᠐', '߀', '꘠', '𝟎', '𝟘', '𝟶', '𞥐', '₀',
	}
	all := make([]string, 0, len(zeros)+2)
	for _, zero := range zeros {
		all = append(all, strings.Map(func(r rune) rune { return zero + r - '0' }, number))
	}
	mixed := strings.Map(func(r rune) rune {
		if r%2 == 0 {
			return '٠' + r - '0'
		}
		return r
	}, number)
	return append(all, mixed, everyN(number, 1, "\ufe0f\u20e3"), everyN(all[1], 4, "\u00a0"))
}

func amongWords(number string) []string {
	return []string{
		"card" + number + "exp",
		"order 1234 " + everyN(number, 4, " "),
		everyN(number, 4, "-") + " 12/27 123",
		"Ма́рия, карта " + number + ", спасибо",
		"رقم البطاقة " + everyN(number, 4, " ") + " شكرا",
		"カード番号" + number + "です",
		`{"pan":"` + number + `"}`,
		strings.Repeat("lorem ipsum ", 40) + number,
	}
}

func encoded(number string) []string {
	spaced := everyN(number, 4, " ")
	percent := eachByte(number, "%%%02x")
	std := base64.StdEncoding.EncodeToString([]byte(number))
	worded := base64.StdEncoding.EncodeToString([]byte("my card is " + spaced + " ok?>"))
	return []string{
		percent, "q=" + strings.ReplaceAll(spaced, " ", "%20"), strings.ReplaceAll(spaced, " ", "%C2%A0"),
		eachByte(number, "&#%d;"), eachByte(number, "&#x%x;"), eachByte(number, "&#%d "), strings.ReplaceAll(spaced, " ", "&nbsp;"),
		eachByte(number, `\u%04x`), eachByte(number, `\x%02x`), eachByte(number, `\%03o`), eachByte(number, `\u{%x}`),
		strings.ReplaceAll(spaced, " ", `\n`), eachByte(number, `\\u%04x`),
		std, strings.TrimRight(std, "="), "note: " + std + ", thanks", "https://example.com/a/" + std, "x" + std, "xy" + std, "xyz" + std,
		worded, base64.URLEncoding.EncodeToString([]byte("???>>>" + number + "???")), base64.RawURLEncoding.EncodeToString([]byte("é" + spaced)),
		eachByte(percent, "%%%02X"), eachByte(std, "%%%02X"), base64.StdEncoding.EncodeToString([]byte(percent)),
		base64.StdEncoding.EncodeToString([]byte(worded)), base64.RawURLEncoding.EncodeToString([]byte(eachByte(std, "&#%d;"))),
		eachByte(base64.StdEncoding.EncodeToString([]byte(percent)), "%%%02x"),
	}
}

func everyN(s string, n int, separator string) string {
	var b strings.Builder
	place := 0
	for _, r := range s {
		if place > 0 && place%n == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(r)
		place++
	}
	return b.String()
}

func eachByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}
