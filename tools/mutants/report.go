package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"
)

// readEquivalents reads mutants that no test can notice. A line is a mutant's name, two
// spaces, #, and the reason.
func readEquivalents(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	known := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, "  # ")
		if !ok || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: a line without a reason: %s", path, line)
		}
		known[strings.TrimSpace(name)] = reason
	}
	return known, lines.Err()
}

func tell(r result, known map[string]string) {
	switch _, equivalent := known[r.name]; {
	case r.caught != "":
	case equivalent:
		fmt.Println("equivalent  ", r.name)
	case !r.reached:
		fmt.Println("SURVIVED     (no test comes here)", r.name)
	default:
		fmt.Println("SURVIVED    ", r.name)
	}
}

// report sums up and says how much is wrong.
func report(results []result, known map[string]string, whole bool, took time.Duration) (wrong int) {
	caught, equivalent := 0, 0
	left := map[string]bool{}
	for name := range known {
		left[name] = true
	}
	for _, r := range results {
		_, listed := known[r.name]
		delete(left, r.name)
		switch {
		case r.caught != "" && listed:
			fmt.Println("CAUGHT, though listed as equivalent:", r.name)
			wrong++
		case r.caught != "":
			caught++
		case listed:
			equivalent++
		default:
			wrong++
		}
	}
	for name := range left {
		if whole {
			fmt.Println("GONE, though listed as equivalent:", name)
			wrong++
		}
	}
	fmt.Printf("%d mutants: %d caught, %d equivalent, %d wrong; %.0f s\n", len(results), caught, equivalent, wrong, took.Seconds())
	return wrong
}
