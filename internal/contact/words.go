package contact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const maxWords = 16

// NameWords returns the at most 16 different words by which a name is found, for names and for queries alike: in NFKD
// without marks, case folded, split at what is neither letter nor digit. Runs of Han, Kana and Hangul give overlapping
// pairs, a lone character itself, since those scripts do not space their words.
func NameWords(name string) []string {
	if isASCII(name) {
		return asciiWords(strings.ToLower(name))
	}
	w := words{}
	for _, r := range searchForm(name) {
		w.add(r)
	}
	w.end()
	return w.found
}

func asciiWords(name string) []string {
	found := make([]string, 0, 4)
	for i := 0; i < len(name) && len(found) < maxWords; i++ {
		start := i
		for i < len(name) && isAlphanumeric(name[i]) {
			i++
		}
		if word := name[start:i]; word != "" && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

// searchForm drops Latin, Cyrillic, Greek, Hebrew and Arabic marks and recomposes, so that Hangul stays in syllables.
// Marks of Indic scripts and of Kana are letters' other halves and stay.
func searchForm(name string) string {
	folded := cases.Fold().String(norm.NFKC.String(strings.ToValidUTF8(name, " ")))
	b := make([]byte, 0, len(folded))
	for _, r := range norm.NFKD.String(folded) {
		switch plain := plainLetter(r); {
		case r == 'ـ' || isDiacritic(r) || r > '~' && unicode.Is(unicode.Cf, r):
		case plain != "":
			b = append(b, plain...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return norm.NFKC.String(string(b))
}

// firstMark is where Unicode's combining marks begin, firstJamo where Hangul does: below
// them no table need be searched, and most letters are.
const firstMark, firstJamo = 0x0300, 0x1100

func isDiacritic(r rune) bool {
	return r >= firstMark && unicode.Is(unicode.Mn, r) && (r < 0x0900 || 0x1AB0 <= r && r <= 0x1AFF || 0x1DC0 <= r && r <= 0x1DFF || 0x20D0 <= r && r <= 0x20FF || 0xFE00 <= r && r <= 0xFE2F)
}

// plainLetter is the base of letters whose stroke or ligature Unicode does not decompose (UAX #15).
func plainLetter(r rune) string {
	switch r {
	case 'ł':
		return "l"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ŧ':
		return "t"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'þ':
		return "th"
	case 'ß':
		return "ss"
	}
	return ""
}

type words struct {
	found []string
	word  []byte
	pairs []rune
}

func (w *words) add(r rune) {
	switch {
	case r >= firstJamo && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー':
		w.endWord()
		w.pairs = append(w.pairs, r)
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		w.endPairs()
		w.word = utf8.AppendRune(w.word, r)
	default:
		w.end()
	}
}

func (w *words) end() {
	w.endWord()
	w.endPairs()
}

func (w *words) endWord() {
	w.keep(string(w.word))
	w.word = w.word[:0]
}

func (w *words) endPairs() {
	if len(w.pairs) == 1 {
		w.keep(string(w.pairs))
	}
	for i := 1; i < len(w.pairs); i++ {
		w.keep(string(w.pairs[i-1 : i+1]))
	}
	w.pairs = w.pairs[:0]
}

func (w *words) keep(word string) {
	if word != "" && len(w.found) < maxWords && !slices.Contains(w.found, word) {
		w.found = append(w.found, word)
	}
}
