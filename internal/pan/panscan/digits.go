package panscan

import "github.com/florin-gateway/florin/internal/pan"

const (
	shortest, longest = 12, 19
	// Groups are as on cards: 4-4-4-4, 4-6-5, 4-4-4-4-3.
	leastGroup, mostGroup = 3, 6
	longWord              = 32
)

func isDigit(b byte) bool     { return b-'0' <= 9 }
func isLetter(b byte) bool    { return (b|0x20)-'a' < 26 }
func isSeparator(b byte) bool { return b == ' ' || b == '-' || b == '.' }

// digits finds runs and groups of digits, each byte by itself or with a zero byte after it.
func (v view) digits(tell func(int, Form)) {
	v.numbers(1, func(at int) { tell(at, Text) })
	v.numbers(2, func(at int) { tell(at, UTF16) })
}

// group is a run of digits.
type group struct {
	at   int
	text []byte
}

// numbers walks over groups of digits that stand stride bytes apart.
func (v view) numbers(stride int, tell func(at int)) {
	var chain []group
	var separator byte
	for i := 0; i < len(v.text); {
		if !isDigit(v.text[i]) {
			i++
			continue
		}
		g, end := v.group(i, stride)
		i = end
		if len(g.text) < leastGroup {
			chain = nil
			continue
		}
		v.whole(g, end, stride, tell)
		if len(g.text) > mostGroup || g.at == 0 && v.openStart {
			chain = nil
			continue
		}
		chain = append(chain, g)
		if end >= len(v.text) && v.openEnd {
			return
		}
		v.grouped(chain, tell)
		next := end + stride - 1 // the separator's zero byte comes after it
		joined := end < len(v.text) && isSeparator(v.text[end]) && next+1 < len(v.text) && (stride == 1 || v.text[next] == 0) && isDigit(v.text[next+1])
		if !joined {
			chain = nil
			continue
		}
		if len(chain) > 1 && v.text[end] != separator {
			chain = []group{g}
		}
		separator = v.text[end]
		i = next + 1
	}
}

// group reads digits from i on and gives the place behind them. It keeps one digit more
// than a number can have.
func (v view) group(i, stride int) (group, int) {
	if stride == 1 {
		end := v.run(i, isDigit)
		return group{i, v.text[i:min(end, i+longest+1)]}, end
	}
	end, count := i, 0
	for end < len(v.text) && isDigit(v.text[end]) {
		count++
		if end++; end >= len(v.text) || v.text[end] != 0 {
			break
		}
		end++
	}
	g := group{at: i}
	for k := 0; count >= leastGroup && k < min(count, longest+1); k++ {
		g.text = append(g.text, v.text[i+2*k])
	}
	return g, end
}

// whole is a run by itself. One that is cut by the window's end is the neighbour's.
func (v view) whole(g group, end, stride int, tell func(at int)) {
	cut := g.at == 0 && v.openStart || end >= len(v.text) && v.openEnd
	if n := len(g.text); n < shortest || n > longest || cut {
		return
	}
	if pan.Find(string(g.text)) && (stride == 2 || v.word(g.at, end) <= longWord) {
		tell(g.at)
	}
}

// grouped is the chain's last groups together, as many as fit.
func (v view) grouped(chain []group, tell func(at int)) {
	var text []byte
	for i := len(chain) - 1; i >= 0 && len(text) < longest; i-- {
		text = append(append([]byte(nil), chain[i].text...), text...)
		if i < len(chain)-1 && len(text) >= shortest && len(text) <= longest && pan.Find(string(text)) {
			tell(chain[i].at)
		}
	}
}

// word is how many letters and digits stand together around a run; a run without a letter
// beside it is no longer than itself.
func (v view) word(from, to int) int {
	in := func(b byte) bool { return isDigit(b) || isLetter(b) }
	for from > 0 && in(v.text[from-1]) {
		from--
	}
	return v.run(to, in) - from
}
