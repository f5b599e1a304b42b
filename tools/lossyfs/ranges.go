package main

import "slices"

// span is the bytes [from, to) of a file.
type span struct{ from, to int64 }

// ranges are sorted, disjoint spans.
type ranges []span

// add merges s with every span that it touches.
func (r ranges) add(s span) ranges {
	if s.from >= s.to {
		return r
	}
	first, _ := slices.BinarySearchFunc(r, s.from, func(have span, from int64) int {
		if have.to < from {
			return -1
		}
		return 1
	})
	last := first
	for last < len(r) && r[last].from <= s.to {
		s = span{min(s.from, r[last].from), max(s.to, r[last].to)}
		last++
	}
	return slices.Replace(r, first, last, s)
}
