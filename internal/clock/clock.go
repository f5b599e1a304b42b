package clock

import (
	"sync"
	"time"
)

// Clock tells the time. The zero value tells the machine's.
type Clock struct{ fake *Fake }

// System is the machine's clock.
func System() Clock { return Clock{} }

// Now is the current instant in UTC.
func (c Clock) Now() time.Time {
	if c.fake != nil {
		return c.fake.now()
	}
	return time.Now().UTC()
}

// Millis is Now in milliseconds since 1970, the unit in which every table keeps time.
func (c Clock) Millis() int64 { return c.Now().UnixMilli() }

// Fake is a clock that a test moves by hand.
type Fake struct {
	mu sync.Mutex
	at time.Time
}

// NewFake starts a fake clock at the given instant.
func NewFake(at time.Time) *Fake { return &Fake{at: at.UTC()} }

// Clock gives the fake as a Clock.
func (f *Fake) Clock() Clock { return Clock{fake: f} }

// Advance moves the fake clock by d, which may be negative.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

func (f *Fake) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}
