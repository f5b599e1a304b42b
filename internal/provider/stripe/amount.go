package stripe

import (
	"fmt"
	"strings"

	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// exponent is how many decimals Stripe counts, which is not ISO 4217's everywhere: it takes
// krónur and Ugandan shillings in hundredths (docs.stripe.com/currencies#special-cases).
func exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "JOD", "KWD", "OMR", "TND":
		return 3
	}
	return 2
}

// toStripe is an amount in Stripe's unit. One that Stripe can't express is refused.
func toStripe(a money.Amount) (int64, error) {
	minor, ours, theirs := a.Minor, money.Exponent(a.Currency), exponent(a.Currency)
	for ; ours < theirs && minor <= money.Max/10; ours++ {
		minor *= 10
	}
	for ; ours > theirs && minor%10 == 0; ours-- {
		minor /= 10
	}
	if ours != theirs || minor <= 0 || theirs == 3 && minor%10 != 0 { // three decimals must end in 0
		return 0, fmt.Errorf("stripe: takes no such amount of this currency: %w", provider.ErrUnavailable)
	}
	return minor, nil
}

// fromStripe is Stripe's amount in our unit.
func fromStripe(minor int64, currency string) money.Amount {
	code := strings.ToUpper(currency)
	ours, theirs := money.Exponent(code), exponent(code)
	for ; ours < theirs; ours++ {
		minor /= 10
	}
	for ; ours > theirs; ours-- {
		minor *= 10
	}
	return money.Amount{Minor: minor, Currency: code}
}
