package payment

import (
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/fault"
)

// Limits against card testing (wire contract, section 5).
const (
	mostAttempts    = 10
	declinesAnHour  = 20
	rememberedPlace = 100_000
)

// declineLimit counts declines an hour for each realm and address, on this node.
type declineLimit struct {
	clock clock.Clock
	mu    sync.Mutex
	seen  map[place][]time.Time
}

type place struct {
	realm   int64
	address string
}

func newDeclineLimit(c clock.Clock) *declineLimit {
	return &declineLimit{clock: c, seen: map[place][]time.Time{}}
}

func (d *declineLimit) recent(p place) []time.Time {
	since := d.clock.Now().Add(-time.Hour)
	times := d.seen[p]
	for len(times) > 0 && times[0].Before(since) {
		times = times[1:]
	}
	return times
}

// may refuses an address that was declined too often. Where the payer's address is not
// known nothing is counted: the merchant's own servers would be shut out.
func (d *declineLimit) may(p place) error {
	if p.address == "" {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	times := d.recent(p)
	if len(times) < declinesAnHour {
		return nil
	}
	return tooMany(times[0].Add(time.Hour).Sub(d.clock.Now()), "Too many declined payments from this address; try again later")
}

func (d *declineLimit) declined(p place) {
	if p.address == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.seen) >= rememberedPlace {
		clear(d.seen)
	}
	d.seen[p] = append(d.recent(p), d.clock.Now())
}

func tooMany(wait time.Duration, message string) *fault.Error {
	return &fault.Error{Kind: fault.RateLimited, Code: fault.RateLimitedCode, Message: message, RetryAfter: max(time.Second, wait), Limit: fault.Limit{Name: "declines"}}
}
