package screening

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
)

// likeness is how alike two words must be to count as one: below it Jaro-Winkler finds
// something in common of any two.
const likeness = 0.8

// nearby is which share of its bigrams a word must have for a candidate.
const nearby = 0.4

// Hit is an entry that is like a customer.
type Hit struct {
	List  string
	Entry Entry
	Name  string // the one that is most alike
	Score float64
}

// index finds entries by name. It is built once and read by many.
type index struct {
	entries []listed
	names   []indexed
	words   []string
	numbers map[string]int32
	bigrams map[[2]byte][]int32 // words by what they are made of
	where   [][]int32           // names by word
	joined  map[string][]int32  // names by their words without spaces
	free    sync.Pool           // of *scratch, for searches of a whole index
}

type listed struct {
	list string
	Entry
}

type indexed struct {
	entry int32
	text  string
	words []int32
	size  int // letters of all words
}

func newIndex() *index {
	return &index{numbers: map[string]int32{}, bigrams: map[[2]byte][]int32{}, joined: map[string][]int32{}}
}

func (x *index) add(list string, e Entry) {
	if e.Type == Thing {
		return
	}
	x.entries = append(x.entries, listed{list, e})
	for _, name := range e.Names {
		parts := words(name)
		if len(parts) == 0 {
			continue
		}
		number := int32(len(x.names))
		n := indexed{entry: int32(len(x.entries) - 1), text: name}
		for _, part := range parts {
			word := x.number(part)
			n.words = append(n.words, word)
			n.size += len(part)
			if at := x.where[word]; len(at) == 0 || at[len(at)-1] != number {
				x.where[word] = append(at, number)
			}
		}
		x.names = append(x.names, n)
		whole := strings.Join(parts, "")
		x.joined[whole] = append(x.joined[whole], number)
	}
}

// number gives a word its number, and a new one its bigrams.
func (x *index) number(word string) int32 {
	if n, ok := x.numbers[word]; ok {
		return n
	}
	n := int32(len(x.words))
	x.numbers[word] = n
	x.words = append(x.words, word)
	x.where = append(x.where, nil)
	for _, pair := range pairs(word[:min(longest, len(word))]) {
		x.bigrams[pair] = append(x.bigrams[pair], n)
	}
	return n
}

// pairs are the different bigrams of a word, its beginning and end among them.
func pairs(word string) [][2]byte {
	all := make([][2]byte, 0, len(word)+1)
	last := byte('^')
	for i := range len(word) {
		all = append(all, [2]byte{last, word[i]})
		last = word[i]
	}
	all = append(all, [2]byte{last, '$'})
	slices.SortFunc(all, func(a, b [2]byte) int { return int(a[0])<<8 + int(a[1]) - int(b[0])<<8 - int(b[1]) })
	return slices.Compact(all)
}

// scratch is what one search writes on; its slices are as long as the index.
type scratch struct {
	shared  []uint8 // by word: bigrams in common with the word that is asked for
	touched []int32
	seen    []bool // by name
	names   []int32
}

func (x *index) scratch() *scratch {
	if s, ok := x.free.Get().(*scratch); ok {
		return s
	}
	return &scratch{shared: make([]uint8, len(x.words)), seen: make([]bool, len(x.names))}
}

// alike gives the words of the index that are like a word, each with how much.
func (x *index) alike(s *scratch, word string) map[int32]float64 {
	own := pairs(word[:min(longest, len(word))])
	for _, pair := range own {
		for _, n := range x.bigrams[pair] {
			if s.shared[n] == 0 {
				s.touched = append(s.touched, n)
			}
			s.shared[n]++
		}
	}
	enough := max(1, int(math.Ceil(nearby*float64(len(own)))))
	found := map[int32]float64{}
	for _, n := range s.touched {
		if int(s.shared[n]) >= enough {
			if like := jaroWinkler(word, x.words[n]); like >= likeness {
				found[n] = like
			}
		}
		s.shared[n] = 0
	}
	s.touched = s.touched[:0]
	return found
}

// search gives the entries whose score is at least least, the likeliest first. It is Monge
// and Elkan's (1996) measure over Jaro-Winkler, weighed by length and taken in both
// directions: each word of one name is compared with the likest of the other, in any order.
func (x *index) search(name string, births []string, least float64) []Hit {
	asked := words(name)
	s := x.scratch()
	defer x.free.Put(s)
	likes := make([]map[int32]float64, len(asked))
	size := 0
	for i, word := range asked {
		likes[i] = x.alike(s, word)
		size += len(word)
		for n := range likes[i] {
			s.gather(x.where[n])
		}
	}
	best := map[int32]found{}
	for _, number := range s.names {
		s.seen[number] = false
		x.consider(best, number, x.score(asked, size, likes, &x.names[number]), births, least)
	}
	s.names = s.names[:0]
	for _, number := range x.joined[strings.Join(asked, "")] {
		x.consider(best, number, written, births, least)
	}
	return x.sorted(best)
}

func (s *scratch) gather(names []int32) {
	for _, number := range names {
		if !s.seen[number] {
			s.seen[number] = true
			s.names = append(s.names, number)
		}
	}
}

// found is the likest name of an entry.
type found struct {
	name  int32
	score float64
}

func (x *index) consider(best map[int32]found, number int32, score float64, births []string, least float64) {
	if score+sameDay+1e-9 < least {
		return
	}
	entry := x.names[number].entry
	score = withBirth(score, births, x.entries[entry].Births)
	if score+1e-9 >= least && score > best[entry].score {
		best[entry] = found{number, score}
	}
}

// shorter is what the side with fewer words counts, if it has two at least: people leave out
// names of theirs, and lists have all of them. One word alone is nobody's.
const shorter = 0.8

// written is the score of a name that is written with other spaces.
const written = 0.98

func (x *index) score(asked []string, size int, likes []map[int32]float64, n *indexed) float64 {
	forth, back := 0.0, 0.0
	for i, word := range asked {
		most := 0.0
		for _, w := range n.words {
			most = max(most, likes[i][w])
		}
		forth += most * float64(len(word))
	}
	for _, w := range n.words {
		most := 0.0
		for i := range asked {
			most = max(most, likes[i][w])
		}
		back += most * float64(len(x.words[w]))
	}
	if size == 0 || n.size == 0 {
		return 0
	}
	own, theirs := forth/float64(size), back/float64(n.size)
	switch {
	case len(asked) > 1 && len(asked) < len(n.words):
		return shorter*own + (1-shorter)*theirs
	case len(n.words) > 1 && len(n.words) < len(asked):
		return shorter*theirs + (1-shorter)*own
	}
	return (own + theirs) / 2
}

// What a birth date adds or takes: it tells people of one name apart, and makes nobody alike
// by itself.
const (
	sameDay    = 0.03
	otherYears = 0.1
)

// withBirth weighs the birth dates where both sides have any.
func withBirth(score float64, asked, known []string) float64 {
	if len(asked) == 0 || len(known) == 0 {
		return score
	}
	near := false
	for _, a := range asked {
		for _, k := range known {
			if a == k && len(a) == len("2006-01-02") {
				return min(1, score+sameDay)
			}
			near = near || yearsApart(a, k) <= 1
		}
	}
	if near {
		return score
	}
	return score - otherYears
}

func yearsApart(a, b string) int {
	year := func(text string) (n int) {
		for i := range min(4, len(text)) {
			n = 10*n + int(text[i]-'0')
		}
		return n
	}
	return max(year(a)-year(b), year(b)-year(a))
}

func (x *index) sorted(best map[int32]found) []Hit {
	all := make([]Hit, 0, len(best))
	for entry, f := range best {
		e := x.entries[entry]
		all = append(all, Hit{e.list, e.Entry, x.names[f.name].text, f.score})
	}
	slices.SortFunc(all, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.List, b.List), strings.Compare(a.Entry.Reference, b.Entry.Reference))
	})
	return all
}
