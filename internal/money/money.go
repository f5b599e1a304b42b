package money

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// Max is the largest amount in minor units, 2^53-1: a browser's number holds it exactly.
const Max = 1<<53 - 1

// Amount is a sum in the smallest unit of a currency.
type Amount struct {
	Minor    int64
	Currency string // ISO 4217, or a unit of Units
}

// Append writes minor units as a JSON number with at most exponent decimals and no
// trailing zeros: 1050 with exponent 2 is 10.5.
func Append(dst []byte, minor int64, exponent int) []byte {
	scale := int64(1)
	for range exponent {
		scale *= 10
	}
	if minor < 0 {
		dst = append(dst, '-')
	}
	whole, rest := magnitude(minor)/uint64(scale), magnitude(minor)%uint64(scale)
	dst = strconv.AppendUint(dst, whole, 10)
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale /= 10; rest > 0; scale /= 10 {
		dst = append(dst, byte('0'+rest/uint64(scale)))
		rest %= uint64(scale)
	}
	return dst
}

// String is the amount as a JSON number, without the currency.
func (a Amount) String() string { return string(Append(nil, a.Minor, Exponent(a.Currency))) }

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// ErrAmount says that a text is no amount of its currency.
var ErrAmount = errors.New("must be a number above 0 with no more decimals than the currency has")

// Parse reads a JSON number literal (RFC 8259 §6) exactly. More decimals than the
// exponent, but for zeros, are refused: nothing is rounded. The amount is above 0 and at
// most Max.
func Parse(literal string, exponent int) (int64, error) {
	if len(literal) > 40 || strings.Trim(literal, "0123456789+-.eE") != "" {
		return 0, ErrAmount
	}
	if _, power, scientific := strings.Cut(strings.ToLower(literal), "e"); scientific && len(strings.TrimLeft(power, "+-0")) > 2 {
		return 0, ErrAmount // the numerator of 1e999999999 would fill the memory
	}
	r, ok := new(big.Rat).SetString(literal)
	if !ok {
		return 0, ErrAmount
	}
	r.Mul(r, new(big.Rat).SetInt(scale(exponent)))
	if !r.IsInt() || r.Sign() <= 0 || r.Num().Cmp(big.NewInt(Max)) > 0 {
		return 0, ErrAmount
	}
	return r.Num().Int64(), nil
}

func scale(exponent int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
}

// units are what is no ISO 4217 currency. Eight decimals are the most that leave room
// below Max for a real amount: ether's eighteen would end at 0.009.
func units() map[string]int {
	return map[string]int{"BTC": 8, "ETH": 8, "USDT": 6, "USDC": 6}
}

// Known reports whether a code names a currency in use or a crypto unit, in capitals.
func Known(code string) bool {
	if _, ok := units()[code]; ok {
		return true
	}
	unit, err := currency.ParseISO(code)
	return err == nil && unit.String() == code && !testCode(code)
}

// testCode are ISO 4217's codes for tests and for no currency at all.
func testCode(code string) bool { return code == "XTS" || code == "XXX" }

// Exponent is the number of decimals of a currency: 2 for USD, 0 for JPY, 3 for BHD (ISO
// 4217), 8 for BTC. An unknown code has 2.
func Exponent(code string) int {
	if decimals, ok := units()[code]; ok {
		return decimals
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	decimals, _ := currency.Standard.Rounding(unit)
	return decimals
}
