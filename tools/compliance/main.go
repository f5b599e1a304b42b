// Command compliance writes docs/compliance.md: what PCI DSS and the GDPR ask of a service
// like this one, what Florin does about it, the test that shows it, and what stays with
// whoever runs it.
//
//	go generate ./tools/compliance
//
// The items are in items.txt. A test says which of them it shows by a line of its comment:
//
//	// Shows: PCI DSS 8.2.5; GDPR Art. 17(1), Art. 25
//
// Nothing is written, and the command fails, when a test names an item that is not there,
// when Florin is said to do something that no test shows, or when a part of either text has
// no item. So the map can't outlive what it shows.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../..

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compliance:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	root := "."
	if len(args) > 0 {
		root = args[0]
	}
	text, err := os.ReadFile(filepath.Join(root, "tools", "compliance", "items.txt"))
	if err != nil {
		return err
	}
	items, err := parseItems(string(text))
	if err != nil {
		return err
	}
	marks, err := findMarks(os.DirFS(root))
	if err != nil {
		return err
	}
	if err := check(items, marks, parts()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "compliance.md"), []byte(page(items, marks)), 0o644)
}
