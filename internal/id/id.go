package id

import (
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
)

// Max is the largest id, 2^53-1.
const Max = 1<<53 - 1

// Nodes is how many nodes may make ids at the same time.
const Nodes = 1 << nodeBits

const (
	nodeBits    = 4
	counterBits = 8
	epochMillis = 1767225600000 // 2026-01-01T00:00:00Z
)

// Source makes ids for one node. Methods are safe for concurrent use.
type Source struct {
	clock  clock.Clock
	random func() uint64
	skip   func(int64) bool

	mu      sync.Mutex
	node    int64
	millis  int64
	counter int64
}

// NewSource makes ids with the given clock and randomness for node 0. Ids for which
// skip says true (those that look like a card number) are never given out.
func NewSource(c clock.Clock, random func() uint64, skip func(int64) bool) *Source {
	return &Source{clock: c, random: random, skip: skip}
}

// UseNode sets the leased node number, 0 to Nodes-1.
func (s *Source) UseNode(node int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.node = int64(node) & (Nodes - 1)
}

// Next is a new id. When the clock steps back or a millisecond's counter is used up,
// it goes on from the last id instead of repeating one.
func (s *Source) Next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		next := s.advance()
		if !s.skip(next) {
			return next
		}
	}
}

func (s *Source) advance() int64 {
	now := s.clock.Millis() - epochMillis
	switch {
	case now > s.millis:
		s.millis, s.counter = now, int64(s.random()&(1<<(counterBits-1)-1))
	case s.counter == 1<<counterBits-1:
		s.millis, s.counter = s.millis+1, 0
	default:
		s.counter++
	}
	return s.millis<<(nodeBits+counterBits) | s.node<<counterBits | s.counter
}

// Time is the millisecond in which an id was made.
func Time(id int64) time.Time { return time.UnixMilli(Millis(id)).UTC() }

// Millis is Time in milliseconds since 1970.
func Millis(id int64) int64 { return id>>(nodeBits+counterBits) + epochMillis }

// First is the smallest id that can be made at or after t; 0 for a time before 2026.
func First(t time.Time) int64 {
	return max(0, t.UnixMilli()-epochMillis) << (nodeBits + counterBits)
}
