package contact

import (
	"errors"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

const oldestBirthYear = 1900

// ParseBirthDate reads YYYY-MM-DD, not before 1900 and not after the day of today in today's own location.
func ParseBirthDate(s string, today time.Time) (string, error) {
	s = strings.TrimSpace(s)
	day, err := time.Parse(time.DateOnly, s)
	switch {
	case err != nil:
		return "", errors.New("must be a date like 1990-12-31")
	case day.Year() < oldestBirthYear:
		return "", errors.New("must not be before 1900")
	case s > today.Format(time.DateOnly):
		return "", errors.New("must not be in the future")
	}
	return s, nil
}

// Country returns the upper-case ISO 3166-1 alpha-2 code of a country.
func Country(s string) (string, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	region, err := language.ParseRegion(s)
	if len(s) != 2 || err != nil || !region.IsCountry() || region.String() != s || reserved(s) || region.Canonicalize() != region {
		return "", errors.New("must be a country code like CH (ISO 3166-1 alpha-2)")
	}
	return s, nil
}

// reserved are the codes that Unicode (CLDR) knows as countries and ISO 3166-1 only reserves or has withdrawn.
func reserved(code string) bool {
	switch code {
	case "AC", "AN", "CP", "CQ", "CS", "DG", "EA", "EZ", "FQ", "IC", "NT", "PC", "SU", "TA", "UN", "XK", "YU":
		return true
	}
	return false
}

// Currency returns the upper-case ISO 4217 code.
func Currency(s string) (string, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	unit, err := currency.ParseISO(s)
	if err != nil || unit.String() == "XXX" || unit.String() == "XTS" {
		return "", errors.New("must be a currency code like CHF (ISO 4217)")
	}
	return unit.String(), nil
}

// Language returns the canonical BCP 47 tag.
func Language(s string) (string, error) {
	tag, err := language.Parse(strings.TrimSpace(s))
	if err != nil || tag == language.Und {
		return "", errors.New("must be a language tag like de-CH (BCP 47)")
	}
	return tag.String(), nil
}
