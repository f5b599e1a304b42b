package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spread is the middle and the ends of a row's rounds.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return spread{middle, sorted[0], sorted[len(sorted)-1]}
}

// figures are one side of a row. Latencies are in milliseconds, 0 where unknown.
type figures struct {
	Rate   float64 `json:"perSecond"`
	P50    float64 `json:"p50ms"`
	P99    float64 `json:"p99ms"`
	Errors int     `json:"errors"`
	Fault  string  `json:"firstError,omitempty"`
}

func figuresOf(samples []sample) figures {
	all := merge(samples)
	return figures{all.rate(), all.percentile(0.50), all.percentile(0.99), all.errors, all.fault}
}

// result is a row of the table: Florin against a floor, or a bound it must keep.
type result struct {
	Name   string  `json:"name"`
	Floor  string  `json:"floor"`
	Must   float64 `json:"must,omitempty"`
	Aim    float64 `json:"aim,omitempty"`
	AtMost bool    `json:"atMost,omitempty"` // Must and Aim are upper bounds
	Ratio  spread  `json:"ratio"`
	Florin figures `json:"florin"`
	Beside figures `json:"beside"` // the floor's
	Drain  float64 `json:"drainSeconds,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// verdict is the row in a word.
func (r result) verdict() string {
	holds := func(bound float64) bool {
		if r.AtMost {
			return r.Ratio.Median <= bound
		}
		return r.Ratio.Median >= bound
	}
	switch {
	case r.Florin.Errors > 0:
		return "ERRORS"
	case r.Must == 0 && r.Florin.Rate > 0:
		return "no errors"
	case r.Ratio == spread{}:
		return "not measured"
	case r.Must == 0:
		return ""
	case !holds(r.Must):
		return "MISSED"
	case r.Aim != 0 && holds(r.Aim):
		return "aim"
	}
	return "must"
}

// fact is a figure without a floor.
type fact struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// report is everything one run found.
type report struct {
	At      time.Time `json:"at"`
	Command string    `json:"command"`
	Machine string    `json:"machine"`
	Sizes   sizes     `json:"sizes"`
	Rows    []result  `json:"rows"`
	Facts   []fact    `json:"facts"`
}

func newReport(now time.Time) *report {
	return &report{At: now.UTC().Truncate(time.Second), Command: strings.Join(append([]string{"go run ./tools/bench"}, os.Args[1:]...), " "),
		Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())}
}

func (r *report) fact(name string, value float64, unit string) {
	r.Facts = append(r.Facts, fact{name, value, unit})
}

// busy records how much else ran when we began: the system's load average of one minute
// (proc_loadavg(5)), which should be near 0.
func (r *report) busy() {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		if load, err := strconv.ParseFloat(fields[0], 64); err == nil {
			r.fact("load average before the start", load, "")
		}
	}
}

// markdown writes the tables.
func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "%s · %s\n`%s`\n", r.At.Format(time.DateTime), r.Machine, r.Command)
	fmt.Fprintf(w, "A create's blobs: customer %d, idempotent answer %d, audit record %d bytes.\n\n", r.Sizes.Doc, r.Sizes.Answer, r.Sizes.Audit)
	fmt.Fprint(w, "| what | against | must / aim | ratio (least–most) | | Florin /s | p50 ms | p99 ms | errors | floor /s | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %d | %s |\n", row.Name, row.Floor, row.bounds(), row.ratio(), row.verdict(),
			row.Florin.cells(), row.Florin.Errors, row.Beside.cells())
	}
	r.notes(w)
	if len(r.Facts) == 0 {
		return
	}
	fmt.Fprint(w, "\n| figure | |\n|---|---|\n")
	for _, f := range r.Facts {
		fmt.Fprintf(w, "| %s | %s |\n", f.Name, strings.TrimSpace(digits(f.Value)+" "+f.Unit))
	}
}

func (r *report) notes(w io.Writer) {
	fmt.Fprintln(w)
	for _, row := range r.Rows {
		if row.Florin.Fault != "" {
			fmt.Fprintf(w, "- %s: first error: %q\n", row.Name, row.Florin.Fault)
		}
		if row.Beside.Fault != "" {
			fmt.Fprintf(w, "- %s: first error of the floor: %q\n", row.Name, row.Beside.Fault)
		}
		if row.Drain >= 0.3 {
			fmt.Fprintf(w, "- %s: Florin went on working for %.1f s after a slice (median)\n", row.Name, row.Drain)
		}
		if row.Note != "" {
			fmt.Fprintf(w, "- %s: %s\n", row.Name, row.Note)
		}
	}
}

func (r result) bounds() string {
	switch {
	case r.Must == 0:
		return ""
	case r.AtMost:
		return "≤ " + digits(r.Must)
	case r.Aim == 0:
		return digits(r.Must)
	}
	return digits(r.Must) + " / " + digits(r.Aim)
}

func (r result) ratio() string {
	if r.Ratio == (spread{}) {
		return ""
	}
	return fmt.Sprintf("**%.3g** (%.3g–%.3g)", r.Ratio.Median, r.Ratio.Min, r.Ratio.Max)
}

func (f figures) cells() string {
	cell := func(v float64, format string) string {
		if v == 0 {
			return "–"
		}
		return fmt.Sprintf(format, v)
	}
	return cell(f.Rate, "%.0f") + " | " + cell(f.P50, "%.2f") + " | " + cell(f.P99, "%.2f")
}

// digits writes 0.4, 12.5, 1300.
func digits(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}

func (r *report) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// failed reports whether a row has errors or misses what it must reach.
func (r *report) failed() bool {
	return slices.ContainsFunc(r.Rows, func(row result) bool { return row.verdict() == "MISSED" || row.verdict() == "ERRORS" })
}
