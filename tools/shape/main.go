// Command shape reports how the code is cut: lines, files, functions and
// interfaces per package, the largest files, and what is over the limits.
//
//	go run ./tools/shape [--strict] [folder]
//
// Tests, generated files, testdata and vendored trees are not counted, except
// for one total of test lines. With --strict a function over 80 lines or a
// file over 500 makes it exit 1; otherwise it only lists them.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	strict := flag.Bool("strict", false, "exit 1 when something is over the limits")
	flag.Parse()
	root := "."
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	}
	tree, err := measure(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(2)
	}
	over := tree.over()
	report(os.Stdout, tree, over)
	if *strict && len(over) > 0 {
		os.Exit(1)
	}
}
