package demo

import "strings"

// country is one table row. Lists are separated by "|"; a "/" splits given and family names into groups that belong
// together, because in many languages a family name follows the bearer's gender.
//
//   - order: name patterns, "g" a given name, "f" a family name, the rest literal
//   - latin: the given names again in ASCII, in the same order, where they are not Latin script (for e-mail addresses)
//   - line: street line, {n} a house number, {s} a street
//   - places: "city;state;postal", with # for any digit and * for a letter
//   - phones: "international;national", with # for any digit
type country struct {
	code, language, currency, method   string
	order, given, latin, family        string
	line, streets, places, phones, idn string
}

// region is a country split up for use.
type region struct {
	code, language, currency, method string
	order                            []string
	given, family, handles           [][]string
	line                             string
	streets, places, phones, domains []string
}

func regions() []region {
	var out []region
	for _, table := range [][]country{europe(), asia(), elsewhere()} {
		for _, c := range table {
			out = append(out, c.split())
		}
	}
	return out
}

func (c country) split() region {
	r := region{
		code: c.code, language: c.language, currency: c.currency, method: c.method,
		order: list(c.order), given: groups(c.given), family: groups(c.family), line: c.line,
		streets: list(c.streets), places: list(c.places), phones: list(c.phones), domains: list(c.idn),
	}
	if r.handles = groups(c.latin); r.handles == nil {
		r.handles = asciiGroups(r.given)
	}
	return r
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

func groups(s string) [][]string {
	if s == "" {
		return nil
	}
	var out [][]string
	for part := range strings.SplitSeq(s, "/") {
		out = append(out, list(part))
	}
	return out
}
