// Command mutants spoils the code that decides who may do what, one place at a time, and
// sees whether a test notices.
//
//	go run ./tools/mutants [-count N] [-seed N] [-only TEXT] [-list]
//
// Every place is built into the test programs at once, switched by an environment variable,
// so that a mutant costs a run and not a build. What the targets are, and which tests must
// notice, stands in targets.go; what no test can notice, with the reason, in
// equivalents.txt. Exits 1 if a mutant survives that is not listed there, or a listed one
// is caught or gone. Tests run on SQLite, without the race detector.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	count := flag.Int("count", 0, "how many mutants, chosen by the seed; 0 is all")
	seed := flag.Uint64("seed", 1, "chooses which")
	only := flag.String("only", "", "mutants whose names hold one of these texts, separated by commas")
	list := flag.Bool("list", false, "show the mutants and run nothing")
	workers := flag.Int("workers", 2, "how many run at once")
	flag.Parse()
	survived, err := run(*count, *seed, *only, *list, *workers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if survived > 0 {
		os.Exit(1)
	}
}

func run(count int, seed uint64, only string, list bool, workers int) (int, error) {
	began := time.Now()
	known, err := readEquivalents("tools/mutants/equivalents.txt")
	if err != nil {
		return 0, err
	}
	code, err := mutate(targets())
	if err != nil {
		return 0, err
	}
	chosen := choose(code.mutants, count, seed, only)
	if list {
		return 0, show(code, chosen)
	}
	bench, err := prepare(code)
	if err != nil {
		return 0, err
	}
	defer func() { _ = bench.remove() }()
	fmt.Printf("%d of %d mutants in %d functions\n", len(chosen), len(code.mutants), len(code.functions))
	results, err := bench.run(chosen, workers, known)
	if err != nil {
		return 0, err
	}
	return report(results, known, len(chosen) == len(code.mutants), time.Since(began)), nil
}

func choose(all []mutant, count int, seed uint64, only string) []mutant {
	var chosen []mutant
	for _, m := range all {
		if slices.ContainsFunc(strings.Split(only, ","), func(text string) bool { return strings.Contains(m.name, text) }) {
			chosen = append(chosen, m)
		}
	}
	if count > 0 && count < len(chosen) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:count]
	}
	return chosen
}

// show lists the mutants, and the functions that have fewer than two.
func show(code *spoiled, chosen []mutant) error {
	for _, m := range chosen {
		fmt.Println(m.name)
	}
	few := 0
	for _, f := range code.functions {
		if f.mutants < 2 {
			few++
			fmt.Printf("only %d: %s\n", f.mutants, f.name)
		}
	}
	fmt.Printf("%d mutants in %d functions, of which %d have fewer than two\n", len(code.mutants), len(code.functions), few)
	return nil
}
