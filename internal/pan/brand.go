package pan

// brandRange is a run of six-digit prefixes of one scheme.
type brandRange struct {
	low, high uint32
	brand     string
}

// brands lists schemes by their published prefixes, the narrow ranges first. It only
// names a card for people; what is a card at all is issuerRanges' to say.
func brands() []brandRange {
	return []brandRange{
		{508500, 508999, "rupay"}, {606900, 608500, "rupay"}, {652100, 653100, "rupay"}, {817200, 820199, "rupay"},
		{506099, 506198, "verve"}, {650002, 650027, "verve"},
		{438935, 438935, "elo"}, {451416, 451416, "elo"}, {504175, 504175, "elo"}, {506699, 506778, "elo"}, {509000, 509999, "elo"},
		{606282, 606282, "hipercard"}, {979200, 979289, "troy"}, {220000, 220499, "mir"},
		{400000, 499999, "visa"}, {510000, 559999, "mastercard"}, {222100, 272099, "mastercard"},
		{340000, 349999, "amex"}, {370000, 379999, "amex"},
		{300000, 305999, "diners"}, {309500, 309599, "diners"}, {360000, 369999, "diners"}, {380000, 399999, "diners"},
		{352800, 358999, "jcb"}, {601100, 601199, "discover"}, {644000, 659999, "discover"},
		{620000, 629999, "unionpay"}, {810000, 817199, "unionpay"},
		{500000, 508499, "maestro"}, {560000, 589999, "maestro"}, {630000, 639999, "maestro"}, {670000, 679999, "maestro"},
	}
}

// Brand names the scheme of a number's first six digits, "unknown" if none is known.
func Brand(digits string) string {
	if len(digits) < 6 {
		return "unknown"
	}
	prefix := uint32(0)
	for _, c := range []byte(digits[:6]) {
		prefix = prefix*10 + uint32(c-'0')
	}
	for _, r := range brands() {
		if r.low <= prefix && prefix <= r.high {
			return r.brand
		}
	}
	return "unknown"
}
