package pan

// groupStart marks the first digit of a group inside chain.ring.
const groupStart = 0x80

// chain remembers the last digits of a text, enough for the longest card number, and where their groups begin. It is
// of fixed size, which is what makes a scan linear.
type chain struct {
	ring  [32]byte
	n     int
	start byte
}

func (c *chain) reset() { c.n = 0 }

func (c *chain) startGroup() { c.start = groupStart }

func (c *chain) push(d byte) {
	c.ring[c.n&31] = d | c.start
	c.start = 0
	c.n++
}

// appendAll pushes every digit of s and counts them; false if s holds a letter.
func (c *chain) appendAll(s string) (digits int, ok bool) {
	for _, r := range s {
		if d, ok := digitValue(r); ok {
			c.push(d)
			digits++
		} else if breaksChain(r) {
			return 0, false
		}
	}
	return digits, true
}

// endsInCard reports whether whole groups at the chain's end form a card number. It walks back once, keeping the Luhn
// sum (ISO/IEC 7812-1 annex B) of what it has passed.
func (c *chain) endsInCard() bool {
	if c.n < shortest {
		return false
	}
	sum := 0
	for k := 1; k <= min(c.n, longest); k++ {
		v := c.ring[(c.n-k)&31]
		sum += luhnTerm(v&^groupStart, k)
		if v&groupStart != 0 && k >= shortest && sum%10 == 0 && issued(c.prefix(k), k) {
			return true
		}
	}
	return false
}

// isCard reports whether the last n digits, however grouped, are a card number.
func (c *chain) isCard(n int) bool {
	sum := 0
	for k := 1; k <= n; k++ {
		sum += luhnTerm(c.ring[(c.n-k)&31]&^groupStart, k)
	}
	return sum%10 == 0 && issued(c.prefix(n), n)
}

// prefix is the number formed by the first six of the last k digits, the issuer identification number.
func (c *chain) prefix(k int) uint32 {
	p := uint32(0)
	for i := c.n - k; i < c.n-k+6; i++ {
		p = p*10 + uint32(c.ring[i&31]&^groupStart)
	}
	return p
}

// luhnTerm is what a digit adds to the Luhn sum at place k, counted from 1 at the right. A table, since this is the
// innermost step of a scan over hostile text.
func luhnTerm(d byte, k int) int {
	const plainThenDoubled = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09......\x00\x02\x04\x06\x08\x01\x03\x05\x07\x09......"
	return int(plainThenDoubled[int(d&15)|(^k&1)<<4])
}
