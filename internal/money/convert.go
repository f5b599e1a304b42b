package money

import (
	"errors"
	"math/big"
	"strings"
)

// Rate is how much of one currency a unit of another buys, as a decimal text: exact, as
// the source gave it.
type Rate string

// One is the rate between a currency and itself.
const One Rate = "1"

// ErrRate says that a text is no rate.
var ErrRate = errors.New("must be a decimal number above 0 with at most 18 digits")

// ParseRate reads a plain decimal number above 0.
func ParseRate(text string) (Rate, error) {
	digits := strings.Replace(text, ".", "", 1)
	if digits == "" || len(digits) > 18 || strings.Trim(digits, "0123456789") != "" || strings.Trim(digits, "0") == "" ||
		strings.HasPrefix(text, ".") || strings.HasSuffix(text, ".") {
		return "", ErrRate
	}
	return Rate(text), nil
}

func (r Rate) rat() *big.Rat {
	value, ok := new(big.Rat).SetString(string(r))
	if !ok {
		return new(big.Rat)
	}
	return value
}

// Over is the rate between two currencies by way of a third that both are quoted in: r
// is the price of one unit of a base in the wanted currency, other in the given one. It
// has twelve decimals.
func (r Rate) Over(other Rate) (Rate, error) {
	divisor := other.rat()
	if divisor.Sign() == 0 {
		return "", ErrRate
	}
	text := new(big.Rat).Quo(r.rat(), divisor).FloatString(12)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "0" || text == "" {
		return "", ErrRate
	}
	return Rate(text), nil
}

// ErrTooLarge says that a converted amount is above Max.
var ErrTooLarge = errors.New("is too large in the owner's base currency")

// Convert gives an amount in another currency at a rate (units of to for one unit of
// a.Currency), rounded half away from zero.
func (a Amount) Convert(rate Rate, to string) (int64, error) {
	value := new(big.Rat).SetFrac(big.NewInt(a.Minor), scale(Exponent(a.Currency)))
	value.Mul(value, rate.rat())
	value.Mul(value, new(big.Rat).SetInt(scale(Exponent(to))))
	return rounded(value)
}

// Share is part of whole, of an amount: round(amount × part ÷ whole), half away from zero.
func Share(amount, part, whole int64) (int64, error) {
	if whole == 0 {
		return 0, nil
	}
	value := new(big.Rat).SetFrac(big.NewInt(part), big.NewInt(whole))
	return rounded(value.Mul(value, new(big.Rat).SetInt64(amount)))
}

func rounded(value *big.Rat) (int64, error) {
	twice := new(big.Int).Lsh(new(big.Int).Abs(value.Num()), 1)
	twice.Add(twice, value.Denom())
	whole := twice.Quo(twice, new(big.Int).Lsh(value.Denom(), 1))
	if value.Sign() < 0 {
		whole.Neg(whole)
	}
	if !whole.IsInt64() || magnitude(whole.Int64()) > Max {
		return 0, ErrTooLarge
	}
	return whole.Int64(), nil
}
