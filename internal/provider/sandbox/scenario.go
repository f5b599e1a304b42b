package sandbox

import (
	"time"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/provider"
)

// scenario is what happens to a charge: a decline reason of provider, or one of these.
type scenario string

const (
	approves          scenario = "approved"
	challenges        scenario = "challenge"
	challengeDeclines scenario = "challenge_declined"
	timesOut          scenario = "timeout"
	repeats           scenario = "repeated_callbacks"
	chargesBack       scenario = "chargeback"
)

// byNumber lists the test cards, the numbers that integrators already know.
func byNumber() map[string]scenario {
	return map[string]scenario{
		"4242424242424242": approves,
		"4111111111111111": approves,
		"5555555555554444": approves,
		"378282246310005":  approves,
		"4000000000000002": provider.DoNotHonor,
		"4000000000009995": provider.InsufficientFunds,
		"4000000000009987": provider.LostCard,
		"4000000000000069": provider.ExpiredCard,
		"4000000000000127": provider.IncorrectCVC,
		"4000000000003220": challenges,
		"4000008400001629": challengeDeclines,
		"4000000000000119": timesOut,
		"4000000000000077": repeats,
		"4000000000000259": chargesBack,
	}
}

// cardScenario: a number that is no test card is declined, so that a real card typed by
// mistake never looks as if it had been charged.
func cardScenario(c *card.Card, now time.Time) scenario {
	s, known := byNumber()[c.Number.Reveal()]
	switch {
	case !known:
		return provider.GenericDecline
	case card.Expired(c.ExpMonth, c.ExpYear, now):
		return provider.ExpiredCard
	}
	return s
}

// smallestMagic keeps prices as small tests have them, and a yen's, free of surprises.
const smallestMagic = 10_000

// amountScenario decides where there is no card: the last four digits of the minor units
// are 0 and the last three of the test card, in amounts of smallestMagic or more (100.02
// declines; 10.00, 19.99, 49.90, 99.95 and 100.00 are approved).
func amountScenario(minor int64) scenario {
	if minor < smallestMagic {
		return approves
	}
	switch minor % 10_000 {
	case 2:
		return provider.DoNotHonor
	case 995:
		return provider.InsufficientFunds
	case 987:
		return provider.LostCard
	case 69:
		return provider.ExpiredCard
	case 127:
		return provider.IncorrectCVC
	case 220:
		return challenges
	case 629:
		return challengeDeclines
	case 119:
		return timesOut
	case 77:
		return repeats
	case 259:
		return chargesBack
	}
	return approves
}

// declines is the reason of a scenario that refuses, "" for one that doesn't.
func (s scenario) declines() string {
	switch s {
	case approves, challenges, timesOut, repeats, chargesBack:
		return ""
	case challengeDeclines:
		return provider.GenericDecline
	}
	return string(s)
}

// issuerResponse is what an issuer answers (ISO 8583 field 39; N7 is Visa's for the CVV).
func issuerResponse(state provider.State, decline string) string {
	if state == provider.Approved || state == provider.Authorised {
		return "00"
	}
	return map[string]string{
		provider.DoNotHonor: "05", provider.GenericDecline: "05", provider.LostCard: "41",
		provider.InsufficientFunds: "51", provider.ExpiredCard: "54", provider.IncorrectCVC: "N7",
	}[decline]
}
