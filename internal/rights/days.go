package rights

import "time"

// Months until an answer is due, and with the extension (GDPR Art. 12(3)).
const (
	monthsToAnswer = 1
	monthsExtended = 3
)

// alarmDays is how many days before the last day the desk is reminded.
const alarmDays = 7

// DueOn is the last day of a period of months that a receipt begins: the same date in the last
// month, or that month's last day if there is no such date; if it is a Saturday or a Sunday,
// the Monday after (Regulation (EEC, Euratom) No 1182/71, Art. 3(2)(c) and (4)). Public
// holidays differ from place to place and are not counted: the day is then early, never late.
func DueOn(received time.Time, months int) time.Time {
	year, month, day := received.Date()
	last := time.Date(year, month+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC)
	due := last.AddDate(0, 0, min(day, last.Day())-last.Day())
	for due.Weekday() == time.Saturday || due.Weekday() == time.Sunday {
		due = due.AddDate(0, 0, 1)
	}
	return due
}

// date is the day of an instant. Days are the owner's own; where one has to be compared with
// now, it is the day in UTC.
func date(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// text and parseDay are how tables keep days: in order as text.
func text(day time.Time) string { return day.Format(time.DateOnly) }

func parseDay(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }

// latestToday is the day that it may already be at the caller's: the first zone is 14 hours
// ahead of UTC.
func latestToday(now time.Time) time.Time { return date(now.Add(14 * time.Hour)) }

// firstDay is when the GDPR began to apply.
func firstDay() time.Time { return time.Date(2018, 5, 25, 0, 0, 0, 0, time.UTC) }
