package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

func report(w io.Writer, t tree, over []string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "package\tfiles\tlines\tfuncs\tmedian\tp90\tmax\tinterfaces\t")
	total := pkg{dir: fmt.Sprintf("%d packages", len(t.packages))}
	for _, p := range t.packages {
		row(table, p)
		total.files = append(total.files, p.files...)
		total.functions = append(total.functions, p.functions...)
		total.interfaces += p.interfaces
	}
	row(table, total)
	table.Flush()
	fmt.Fprintf(w, "\ntest lines: %d\n\nlargest files:\n", t.testLines)
	largest(w, total.files)
	fmt.Fprintf(w, "\nover the limits: %d\n", len(over))
	for _, line := range over {
		fmt.Fprintln(w, "  "+line)
	}
}

func row(w io.Writer, p pkg) {
	lengths := make([]int, 0, len(p.functions))
	for _, f := range p.functions {
		lengths = append(lengths, f.lines)
	}
	slices.Sort(lengths)
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", p.dir, len(p.files), p.lines(), len(lengths),
		quantile(lengths, 50), quantile(lengths, 90), quantile(lengths, 100), p.interfaces)
}

// quantile is the nearest-rank percentile of sorted values, 0 of none.
func quantile(sorted []int, percent int) int {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}

func largest(w io.Writer, files []file) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(b.lines, a.lines) })
	for _, f := range files[:min(10, len(files))] {
		fmt.Fprintf(w, "  %5d  %s\n", f.lines, f.path)
	}
}
