package owner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Uncollected is a field of customers that an owner does not collect, and since when.
type Uncollected struct {
	Field string
	Since time.Time
}

// Collect switches fields off, and on all others. One that was off stays so since then.
func (s *Settings) Collect(not []string, now time.Time) {
	var all []Uncollected
	for _, field := range slices.Compact(slices.Sorted(slices.Values(not))) {
		u := Uncollected{field, now.Truncate(time.Millisecond)}
		for _, was := range s.NotCollected {
			if was.Field == field {
				u.Since = was.Since
			}
		}
		all = append(all, u)
	}
	s.NotCollected = all
}

// joinUncollected is how the fields stand in their column: phone@1764000000000,…
func joinUncollected(all []Uncollected) string {
	parts := make([]string, len(all))
	for i, u := range all {
		parts[i] = fmt.Sprintf("%s@%d", u.Field, u.Since.UnixMilli())
	}
	return strings.Join(parts, ",")
}

func splitUncollected(text string) []Uncollected {
	var all []Uncollected
	for part := range strings.SplitSeq(text, ",") {
		field, millis, ok := strings.Cut(part, "@")
		n, err := strconv.ParseInt(millis, 10, 64)
		if ok && err == nil {
			all = append(all, Uncollected{field, time.UnixMilli(n).UTC()})
		}
	}
	return all
}
