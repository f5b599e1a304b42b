package screening

import (
	"strings"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// words are a name in normal form: NFKC, in Latin letters without marks, lower case, cut at
// what is neither letter nor digit. An apostrophe joins (O'Brien), titles and the article of
// Arabic names say nothing and go, unless nothing else is left.
func words(name string) []string {
	latin := strings.ToLower(unidecode.Unidecode(norm.NFKC.String(name)))
	latin = strings.Map(func(r rune) rune {
		if r == '\'' || r == '`' || r == '"' {
			return -1
		}
		return r
	}, latin)
	all := strings.FieldsFunc(latin, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	telling := make([]string, 0, len(all))
	for _, word := range all {
		if !silent(word) {
			telling = append(telling, word)
		}
	}
	if len(telling) == 0 {
		return all
	}
	return telling
}

func silent(word string) bool {
	switch word {
	case "al", "el", "ul", "the", "mr", "mrs", "ms", "dr", "sir", "sheikh", "haji":
		return true
	}
	return len(word) == 1
}

// jaroWinkler is the similarity of two words by Jaro (1989), with Winkler's (1990) bonus for an
// equal beginning: p = 0.1, at most four letters. Words are ASCII here.
func jaroWinkler(a, b string) float64 {
	j := jaro(a, b)
	same := 0
	for same < min(4, len(a), len(b)) && a[same] == b[same] {
		same++
	}
	return j + float64(same)*0.1*(1-j)
}

// longest bounds what of a word is compared, and lets jaro do without the heap.
const longest = 64

func jaro(a, b string) float64 {
	a, b = a[:min(longest, len(a))], b[:min(longest, len(b))]
	if a == b {
		return 1
	}
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(0, max(len(a), len(b))/2-1)
	var inA, inB [longest]bool
	m := 0
	for i := range len(a) {
		for k := max(0, i-window); k < min(len(b), i+window+1); k++ {
			if !inB[k] && a[i] == b[k] {
				inA[i], inB[k] = true, true
				m++
				break
			}
		}
	}
	if m == 0 {
		return 0
	}
	moved, k := 0, 0
	for i := range len(a) {
		if !inA[i] {
			continue
		}
		for !inB[k] {
			k++
		}
		if a[i] != b[k] {
			moved++
		}
		k++
	}
	n := float64(m)
	return (n/float64(len(a)) + n/float64(len(b)) + (n-float64(moved)/2)/n) / 3
}
