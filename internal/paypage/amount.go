package paypage

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/webpage"
)

// noBreak keeps a number and its currency on one line.
const noBreak = "\u00a0"

// amount writes a sum as the language does: all decimals of the currency, and a symbol
// that can't be taken for another currency's.
func amount(t *webpage.Tongue, a money.Amount) string {
	symbol := symbolOf(t, a.Currency)
	pattern := strings.ReplaceAll(t.Texts["amount.pattern"], " ", noBreak)
	if last, _ := utf8.DecodeLastRuneInString(symbol); unicode.IsLetter(last) {
		pattern = strings.Replace(pattern, "{symbol}{number}", "{symbol}"+noBreak+"{number}", 1)
	}
	return strings.NewReplacer("{symbol}", symbol, "{number}", figures(t, a)).Replace(pattern)
}

// symbolOf is the code itself where x/text knows no currency of that name (BTC).
func symbolOf(t *webpage.Tongue, code string) string {
	unit, err := currency.ParseISO(code)
	if err != nil || t.Dir == "rtl" { // Arabic symbols are words, which run against the number
		return code
	}
	return message.NewPrinter(t.Tag).Sprint(currency.Symbol(unit))
}

// figures are exact: a float64 can't hold every sum that an int64 can.
func figures(t *webpage.Tongue, a money.Amount) string {
	digits, exponent := strconv.FormatInt(a.Minor, 10), money.Exponent(a.Currency)
	if short := exponent + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	cut := len(digits) - exponent
	whole, _ := strconv.ParseInt(digits[:cut], 10, 64)
	print := message.NewPrinter(t.Tag)
	text := print.Sprint(number.Decimal(whole))
	if exponent == 0 {
		return text
	}
	point := strings.Trim(print.Sprint(number.Decimal(1.5)), "15")
	return text + point + digits[cut:]
}
