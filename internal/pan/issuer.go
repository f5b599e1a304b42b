package pan

// issuerRange is a run of issuer identification numbers, six digits each, and the lengths of their card numbers as a
// set of bits (bit n: n digits).
type issuerRange struct {
	low, high uint32
	lengths   uint32
}

const (
	of13    = 1 << 13
	of14    = 1 << 14
	of15    = 1 << 15
	of16    = 1 << 16
	of19    = 1 << 19
	of16up  = of16 | 1<<17 | 1<<18 | of19
	of14up  = of14 | of15 | of16up
	of12up  = 1<<12 | of13 | of14up
	rangeNo = 23
)

// issuerRanges lists who issues what, by the schemes' published prefixes. Maestro's old claim to all of 50, 56 to 58 and
// 6 is taken at its word from 16 digits on; below that only its narrow prefixes count, because 12 to 15 digits from
// 56 to 66 are also the mobile phones of Chile, Colombia, Venezuela, Indonesia and their neighbours.
func issuerRanges() [rangeNo]issuerRange {
	return [rangeNo]issuerRange{
		{400000, 499999, of13 | of16 | of19}, // Visa; Elo's and Dankort's ranges in it have 16
		{510000, 559999, of16},               // Mastercard; Diners Club USA
		{222100, 272099, of16},               // Mastercard, 2-series
		{340000, 349999, of15},               // American Express
		{370000, 379999, of15},               // American Express
		{300000, 305999, of14up},             // Diners Club
		{309500, 309599, of14up},             // Diners Club
		{360000, 369999, of14up},             // Diners Club
		{380000, 399999, of14up},             // Diners Club
		{352800, 358999, of16up},             // JCB; RuPay's 353 and 356
		{180000, 180099, of15},               // JCB, old
		{213100, 213199, of15},               // JCB, old
		{500000, 509999, of16up},             // Maestro, RuPay 508, Elo, Verve, Dankort
		{560000, 589999, of16up},             // Maestro
		{600000, 699999, of16up},             // Discover, UnionPay, Maestro, RuPay, Elo, Troy, Hipercard, InterPayment
		{501800, 501899, of12up},             // Maestro
		{502000, 503899, of12up},             // Maestro
		{589300, 589399, of12up},             // Maestro
		{630400, 630499, of12up},             // Maestro
		{675900, 676399, of12up},             // Maestro
		{676770, 676779, of12up},             // Maestro
		{220000, 220599, of16up},             // Mir, Borica
		{810000, 829999, of16up},             // UnionPay, RuPay
	}
}

// issued reports whether a number of n digits with this six-digit prefix belongs to a scheme.
func issued(prefix uint32, n int) bool {
	for _, r := range issuerRanges() {
		if r.low <= prefix && prefix <= r.high && r.lengths>>n&1 == 1 {
			return true
		}
	}
	return domestic(prefix) && n == 16
}

// domestic covers the 16-digit schemes outside ISO's banking majors: Troy, UzCard, Humo.
func domestic(prefix uint32) bool {
	switch prefix / 100 {
	case 9792, 8600, 9860:
		return true
	}
	return false
}
