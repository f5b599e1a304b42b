package limit

import (
	"sync"
	"time"
)

// Rate is so many a second in the long run, and so many at once.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// bucket is one node's part of what a subject may take.
type bucket struct {
	name string // of its row; empty for one that can't be shared

	mu     sync.Mutex
	rate   Rate
	left   float64   // may still be taken here
	at     time.Time // when left was right
	share  float64   // of all that is refilled, here
	untold float64   // taken here, and no other node knows
	told   float64   // told since the row was last read
	used   int64     // by all nodes, as the row said last
	known  bool      // the row was read before
}

// refill brings left up to now.
func (b *bucket) refill(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.left+passed*b.rate.PerSecond*b.share, b.most())
		b.at = now
	}
}

// most is what this node may ever have: one at least, or a small limit on many nodes would
// let nobody in.
func (b *bucket) most() float64 { return max(1, b.rate.Burst*b.share) }

func (b *bucket) take(now time.Time, r Rate) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adopt(r)
	b.refill(now)
	if b.left < 1 {
		return false
	}
	b.left--
	b.untold = min(b.untold+1, 2*b.rate.Burst)
	return true
}

func (b *bucket) has(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	return b.left >= 1
}

// adopt follows a limit that was changed.
func (b *bucket) adopt(r Rate) {
	if r != b.rate {
		b.left += (r.Burst - b.rate.Burst) * b.share
		b.rate = r
	}
}

// tell gives what the other nodes should know. A bucket that was used little since is not
// worth a row: what all nodes keep to themselves is an eighth of a burst at most. It has
// an equal share, lest two idle nodes both think that all is theirs.
func (b *bucket) tell(now time.Time, nodes int) (units float64, r Rate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if nodes <= 1 {
		b.share, b.untold = 1, 0
		return 0, b.rate
	}
	if b.untold < max(1, b.rate.Burst/float64(8*nodes)) {
		b.refill(now)
		b.share = 1 / float64(nodes)
		b.left = min(b.left, b.most())
		return 0, b.rate
	}
	units, b.untold = b.untold, 0
	b.told += units
	return units, b.rate
}

// untell takes back what could not be written.
func (b *bucket) untell(units float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told -= units
	b.untold += units
}

// learn takes over what a row says: how much all nodes have used, ever, and how long it
// takes until the bucket is full.
func (b *bucket) learn(now time.Time, nodes int, used int64, full time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known && used == b.used {
		return // nobody told anything since
	}
	left := max(-b.rate.Burst, b.rate.Burst-max(0, full.Seconds())*b.rate.PerSecond)
	b.share = 1 / float64(nodes)
	if b.known && b.told > 0 && used > b.used {
		b.share = max(b.share, b.told/float64(used-b.used))
	}
	b.left, b.at = left*b.share-b.untold, now
	b.used, b.told, b.known = used, 0, true
}
