// Command generated fails when `go generate ./...` would change a file.
//
//	go run ./tools/generated
//
// It hashes every file that git tracks or would track, generates, and hashes
// again; uncommitted work elsewhere in the tree does not disturb it. What
// changed is named and left in place, so that committing it is the cure.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generated:", err)
		os.Exit(1)
	}
}

func run() error {
	before, err := hashes()
	if err != nil {
		return err
	}
	generate := exec.Command("go", "generate", "./...")
	generate.Stdout, generate.Stderr = os.Stdout, os.Stderr
	if err := generate.Run(); err != nil {
		return fmt.Errorf("go generate: %w", err)
	}
	after, err := hashes()
	if err != nil {
		return err
	}
	return compare(before, after)
}

type sums map[string][sha256.Size]byte

func hashes() (sums, error) {
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	found := sums{}
	for name := range bytes.SplitSeq(bytes.TrimRight(list, "\x00"), []byte{0}) {
		text, err := os.ReadFile(string(name))
		if errors.Is(err, fs.ErrNotExist) { // deleted, not yet committed
			continue
		}
		if info, statErr := os.Stat(string(name)); statErr == nil && info.IsDir() { // a symbolic link to a folder
			continue
		}
		if err != nil {
			return nil, err
		}
		found[string(name)] = sha256.Sum256(text)
	}
	return found, nil
}

// compare names every file that appeared, changed or vanished.
func compare(before, after sums) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if sum, known := before[name]; !known {
			faults = append(faults, fmt.Errorf("new: %s", name))
		} else if sum != after[name] {
			faults = append(faults, fmt.Errorf("stale: %s", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[name]; !still {
			faults = append(faults, fmt.Errorf("gone: %s", name))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("commit what `make generate` wrote:\n%w", errors.Join(faults...))
	}
	return nil
}
