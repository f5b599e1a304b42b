//go:build unix

package campaign

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Settings of a run, set behind -args.
var (
	cyclesFlag  = flag.Int("cycles", 0, "kills or cuts in a campaign; 0 is each campaign's own small number")
	rowsFlag    = flag.Int("rows", 5000, "rows of the import campaign")
	personsFlag = flag.Int("persons", 20, "how many are erased in the campaign of erasures")
	seedFlag    = flag.Uint64("seed", 1, "seed of everything random")
)

// programs is the folder that TestMain builds florin and lossyfs into.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withPrograms(m.Run))
}

func withPrograms(run func() int) int {
	dir, err := os.MkdirTemp("", "florin-campaign-")
	if err == nil {
		err = errors.Join(build(dir, "florin", "../.."), build(dir, "lossyfs", "../../tools/lossyfs"))
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	programs = dir
	return run()
}

func build(dir, name, from string) error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), from)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", name, err, out)
	}
	return nil
}

// cycles is how often a campaign kills or cuts.
func cycles(small int) int {
	if *cyclesFlag > 0 {
		return *cyclesFlag
	}
	return small
}
