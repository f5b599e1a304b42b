package money

import (
	"strconv"

	"golang.org/x/text/currency"
)

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

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Exponent is the number of decimals of an ISO 4217 currency: 2 for USD, 0 for JPY, 3
// for BHD. An unknown code has 2.
func Exponent(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	decimals, _ := currency.Standard.Rounding(unit)
	return decimals
}
