package rights

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := parseDay(s)
	require.NoError(t, err)
	return d
}

// TestDueOn holds the rule to days worked out by hand.
func TestDueOn(t *testing.T) {
	t.Parallel()
	for received, want := range map[string][2]string{ // in one month, in three
		"2026-11-25": {"2026-12-25", "2027-02-25"},
		"2027-01-31": {"2027-03-01", "2027-04-30"}, // 28 February is a Sunday
		"2028-01-31": {"2028-02-29", "2028-05-01"}, // a leap year; 30 April is a Sunday
		"2025-01-31": {"2025-02-28", "2025-04-30"},
		"2024-01-29": {"2024-02-29", "2024-04-29"},
		"2023-01-29": {"2023-02-28", "2023-05-01"}, // no 29 February; 29 April is a Saturday
		"2024-11-30": {"2024-12-30", "2025-02-28"},
		"2026-12-31": {"2027-02-01", "2027-03-31"}, // 31 January is a Sunday, over the turn of the year
		"2026-08-31": {"2026-09-30", "2026-11-30"},
		"2024-03-05": {"2024-04-05", "2024-06-05"},
	} {
		require.Equal(t, want[0], text(DueOn(day(t, received), monthsToAnswer)), received)
		require.Equal(t, want[1], text(DueOn(day(t, received), monthsExtended)), received)
	}
}

// byCounting finds the same day by walking: on to the last month, in it to the date or to its
// end, and over a weekend.
func byCounting(received time.Time, months int) time.Time {
	next := func(d time.Time) time.Time { return d.Add(24 * time.Hour) }
	d := received
	for left := months; left > 0; d = next(d) {
		if next(d).Month() != d.Month() {
			left--
		}
	}
	for d.Day() < received.Day() && next(d).Month() == d.Month() {
		d = next(d)
	}
	for d.Weekday() == time.Sunday || d.Weekday() == time.Saturday {
		d = next(d)
	}
	return d
}

// TestEveryStartDay from 2024 to 2032, leap years among them: the due day, the extended one and
// the day of the alarm.
// Shows: GDPR Art. 12(3)
func TestEveryStartDay(t *testing.T) {
	t.Parallel()
	days := 0
	for received := day(t, "2024-01-01"); received.Before(day(t, "2033-01-01")); received = received.AddDate(0, 0, 1) {
		days++
		for _, months := range []int{monthsToAnswer, monthsExtended} {
			due := DueOn(received, months)
			require.Equal(t, byCounting(received, months), due, "%s in %d months", text(received), months)
			require.Contains(t, []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, due.Weekday())
			r := Request{Received: received, Due: due}
			alarm := due.AddDate(0, 0, -alarmDays)
			for now, want := range map[time.Time]int64{alarm.Add(-time.Millisecond): notYet, alarm: dueSoon, due.Add(24*time.Hour - time.Millisecond): dueSoon, due.Add(24 * time.Hour): overdue} {
				require.Equal(t, want, stage(r, now), "%s at %s", text(received), now)
				require.Equal(t, want == overdue, r.Late(now))
			}
		}
	}
	require.Equal(t, 3288, days)
}
