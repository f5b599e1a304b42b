package webhook

import "time"

// probe is the wait before an endpoint that does not answer is tried again: its
// receiver's restart goes unnoticed, and in the first minute no wait is over 5 s.
func probe(failures int64, random func() uint64) time.Duration {
	first := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}
	const minute, longest = 14, time.Hour // the failure with which the first minute ends
	switch {
	case failures <= int64(len(first)):
		return first[max(failures-1, 0)]
	case failures <= minute:
		return 5 * time.Second
	case failures-minute > 9:
		return jitter(longest, random)
	default:
		return jitter(5*time.Second<<(failures-minute), random)
	}
}

// retry is the wait before one event is posted again that its endpoint refused; ok is
// false after more than three days.
func retry(tries int64, random func() uint64) (wait time.Duration, ok bool) {
	all := []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute,
		2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour}
	if tries > int64(len(all)) {
		return 0, false
	}
	wait = all[max(tries-1, 0)]
	if tries <= 3 {
		return wait, true // within twenty seconds, whatever chance says
	}
	return jitter(wait, random), true
}

// jitter takes up to a tenth away, so that what failed together does not come back together.
func jitter(d time.Duration, random func() uint64) time.Duration {
	return d - time.Duration(random()%uint64(d/10))
}

const (
	// failingFor is how long an endpoint may fail before it is switched off.
	failingFor = 5 * 24 * time.Hour
	// longestWait bounds what a Retry-After can ask for.
	longestWait = 24 * time.Hour
	// attemptLife is how long tries can be read.
	attemptLife = 30 * 24 * time.Hour
)
