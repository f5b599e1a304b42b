//go:build unix

package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// BinEnv names the folder of the server programs and wins over every other
// place. A wrong value is an error, so that nobody tests another version than
// the one asked for.
const BinEnv = "FLORIN_PG_BIN"

// ErrNotFound says that no folder with both initdb and postgres was found.
var ErrNotFound = errors.New("pgcluster: no PostgreSQL server programs (initdb, postgres) found")

// Binaries is a folder that holds initdb and postgres.
type Binaries struct{ Dir string }

func (b Binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// Version is what the server says about itself, such as
// "postgres (PostgreSQL) 15.18".
func (b Binaries) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("pgcluster: postgres --version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Find looks at $FLORIN_PG_BIN, pg_config, Debian's version folders (newest
// first) and PATH, in this order. It returns ErrNotFound when all are without.
func Find(ctx context.Context) (Binaries, error) {
	if dir := os.Getenv(BinEnv); dir != "" {
		if !complete(dir) {
			return Binaries{}, fmt.Errorf("%s=%s holds no initdb and postgres: %w", BinEnv, dir, ErrNotFound)
		}
		return Binaries{Dir: dir}, nil
	}
	return firstComplete(candidates(ctx, "/usr/lib/postgresql"))
}

func firstComplete(dirs []string) (Binaries, error) {
	for _, dir := range dirs {
		if complete(dir) {
			return Binaries{Dir: dir}, nil
		}
	}
	return Binaries{}, ErrNotFound
}

func candidates(ctx context.Context, debianRoot string) []string {
	var dirs []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	dirs = append(dirs, versionFolders(debianRoot)...)
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return dirs
}

// versionFolders lists root/<major>/bin, newest first by number: as text, 9.6
// would beat 17.
func versionFolders(root string) []string {
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "bin"))
	version := func(dir string) float64 {
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return v
	}
	slices.SortFunc(dirs, func(a, b string) int {
		switch va, vb := version(a), version(b); {
		case va > vb:
			return -1
		case va < vb:
			return 1
		}
		return 0
	})
	return dirs
}

func complete(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}
