package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// item is a row of the map.
type item struct {
	law     string   // the heading that it stands below
	numbers []string // "8.3.1" or "Art. 17(1)"
	asks    string
	does    string // what a test has to show
	later   string // not built yet
	yours   string // the operator's duty
}

// parseItems reads items.txt: headings with #, and blocks whose first line has the numbers.
func parseItems(text string) ([]item, error) {
	var items []item
	law := ""
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if heading, ok := strings.CutPrefix(lines[0], "# "); ok {
			law = heading
			continue
		}
		i := item{law: law, numbers: strings.Split(lines[0], ", ")}
		for _, line := range lines[1:] {
			if err := i.set(line); err != nil {
				return nil, err
			}
		}
		items = append(items, i)
	}
	return items, nil
}

func (i *item) set(line string) error {
	name, value, _ := strings.Cut(line, ": ")
	fields := map[string]*string{"asks": &i.asks, "does": &i.does, "later": &i.later, "yours": &i.yours}
	field, ok := fields[name]
	if !ok || *field != "" || value == "" || strings.Contains(value, "|") {
		return fmt.Errorf("items.txt, %s: %q is no line of an item", i.numbers[0], line)
	}
	*field = value
	return nil
}

// parts are the parts of each text that reach a service which stores customers and may
// take cards: each must have an item of its number or of one below it.
func parts() []string {
	return strings.Split(`1.1,1.2,1.3,1.4,1.5,2.1,2.2,2.3,3.1,3.2,3.3,3.4,3.5,3.6,3.7,4.1,4.2,5.1,5.2,5.3,5.4,6.1,6.2,6.3,6.4,6.5,7.1,7.2,7.3,`+
		`8.1,8.2,8.3,8.4,8.5,8.6,9.1,9.2,9.3,9.4,9.5,10.1,10.2,10.3,10.4,10.5,10.6,10.7,11.1,11.2,11.3,11.4,11.5,11.6,`+
		`12.1,12.2,12.3,12.4,12.5,12.6,12.7,12.8,12.9,12.10,A1.1,A1.2,`+
		`Art. 5,Art. 6,Art. 7,Art. 8,Art. 9,Art. 10,Art. 12,Art. 13,Art. 14,Art. 15,Art. 16,Art. 17,Art. 18,Art. 19,Art. 20,Art. 21,Art. 22,`+
		`Art. 24,Art. 25,Art. 28,Art. 30,Art. 32,Art. 33,Art. 34,Art. 35,Art. 44`, ",")
}

// below reports whether a number is a part or stands in it: 8.3.1 in 8.3, Art. 17(1) in Art. 17.
func below(number, part string) bool {
	rest, ok := strings.CutPrefix(number, part)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '(')
}

// check names everything that the map would say wrongly.
func check(items []item, marks map[string][]test, parts []string) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	known := map[string]bool{}
	for _, i := range items {
		shown := false
		for _, n := range i.numbers {
			if known[n] {
				fault("%s stands in items.txt twice", n)
			}
			known[n] = true
			shown = shown || len(marks[n]) > 0
		}
		switch name := i.numbers[0]; {
		case i.asks == "":
			fault("%s: items.txt does not say what it asks", name)
		case i.does+i.later+i.yours == "":
			fault("%s: neither Florin nor the operator does anything", name)
		case i.does != "" && !shown:
			fault(`%s: Florin is said to do something that no test shows: mark one with "// Shows: %s"`, name, name)
		case i.does == "" && shown:
			fault("%s: a test shows it, and items.txt does not say what Florin does", name)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(marks)) {
		if !known[n] {
			fault("%s is shown by %s and is not in items.txt", n, marks[n][0].name)
		}
	}
	for _, part := range parts {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(n string) bool { return below(n, part) }) {
			fault("%s has no item in items.txt", part)
		}
	}
	return errors.Join(faults...)
}
