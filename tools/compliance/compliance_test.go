package main

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestTheMapHolds: the repository's own items and marks have no fault. That the page in
// docs is the one they make is for tools/generated to say.
func TestTheMapHolds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("items.txt")
	require.NoError(t, err)
	items, err := parseItems(string(text))
	require.NoError(t, err)
	require.Greater(t, len(items), 100)
	marks, err := findMarks(os.DirFS("../.."))
	require.NoError(t, err)
	require.NoError(t, check(items, marks, parts()))
	for _, part := range parts() {
		var others []item
		for _, i := range items {
			if !slices.ContainsFunc(i.numbers, func(n string) bool { return below(n, part) }) {
				others = append(others, i)
			}
		}
		if len(others) < len(items) {
			require.ErrorContains(t, check(others, nil, []string{part}), part+" has no item", "each part is missed")
		}
	}
}

const toyItems = `# Law

1.1.1, 1.1.2
asks: Doors are locked.
does: Locks them.
yours: The keys.

Art. 17(1)
asks: Data goes.
later: Letting it go.

1.2
asks: A policy.
yours: All of it.`

func TestFaults(t *testing.T) {
	t.Parallel()
	whole := fstest.MapFS{"internal/a/a_test.go": {Data: []byte("package a\n\n// TestLocks tries them.\n// Shows: PCI DSS 1.1.2\nfunc TestLocks(t *testing.T) {}\n")}}
	for name, row := range map[string]struct {
		items, test, want string
		parts             []string
	}{
		"whole":              {toyItems, "", "", []string{"1.1", "1.2", "Art. 17"}},
		"no test":            {toyItems, "func TestLocks(t *testing.T) {}", "1.1.1: Florin is said to do something that no test shows", nil},
		"a mark elsewhere":   {toyItems, "// Shows: PCI DSS 1.1.1\nvar x = 1", "no test shows", nil},
		"a method":           {toyItems, "// Shows: PCI DSS 1.1.1\nfunc (s suite) TestLocks() {}", "no test shows", nil},
		"no such item":       {toyItems, "// Shows: PCI DSS 1.1.1; GDPR Art. 99\nfunc TestLocks(t *testing.T) {}", "Art. 99 is shown by TestLocks and is not in items.txt", nil},
		"built meanwhile":    {toyItems, "// Shows: PCI DSS 1.1.1; GDPR Art. 17(1)\nfunc TestLocks(t *testing.T) {}", "Art. 17(1): a test shows it", nil},
		"a part is missing":  {toyItems, "", "1.3 has no item", []string{"1.3"}},
		"1.20 is not in 1.2": {toyItems, "", "1.20 has no item", []string{"1.20"}},
		"nobody does it":     {toyItems + "\n\n1.4\nasks: Much.", "", "1.4: neither", nil},
		"asks nothing":       {toyItems + "\n\n1.4\nyours: Much.", "", "1.4: items.txt does not say", nil},
		"twice":              {toyItems + "\n\n1.2\nasks: Much.\nyours: x", "", "1.2 stands in items.txt twice", nil},
		"a strange line":     {toyItems + "\n\n1.4\nasked: Much.", "", "is no line of an item", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := whole
			if row.test != "" {
				tree = fstest.MapFS{"internal/a/a_test.go": {Data: []byte("package a\n\n" + row.test + "\n")}}
			}
			items, err := parseItems(row.items)
			if err == nil {
				marks, findErr := findMarks(tree)
				require.NoError(t, findErr)
				err = check(items, marks, row.parts)
			}
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	items, err := parseItems(toyItems)
	require.NoError(t, err)
	got := page(items, map[string][]test{"1.1.1": {{"TestLocks", "internal/a/a_test.go"}}, "1.1.2": {{"TestLocks", "internal/a/a_test.go"}}})
	require.Contains(t, got, "\n## Law\n")
	require.Contains(t, got, "| 1.1.1, 1.1.2 | Doors are locked. | Locks them. | [a TestLocks](../internal/a/a_test.go) | The keys. |\n")
	require.Contains(t, got, "| Data goes. | **Not built yet:** Letting it go. | — | — |\n")
	require.Contains(t, got, "| 1.2 | A policy. | — | — | All of it. |\n")
}
