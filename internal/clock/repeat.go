package clock

import (
	"context"
	"time"
)

// Repeat works at once, again whenever it is woken (wake may be nil), and every interval
// of real time, until ctx ends. work says whether there is more to do that need not wait.
func Repeat(ctx context.Context, interval time.Duration, wake <-chan struct{}, work func(context.Context) (more bool)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if work(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}
