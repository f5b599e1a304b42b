package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/florin-gateway/florin/internal/db/dbtest/pgcluster"
)

// find returns the server's programs, installing Debian's package when there
// are none and we may. A wrong $FLORIN_PG_BIN is the caller's to mend.
func find(ctx context.Context) (pgcluster.Binaries, error) {
	bin, err := pgcluster.Find(ctx)
	if !errors.Is(err, pgcluster.ErrNotFound) || os.Getenv(pgcluster.BinEnv) != "" || !canInstall() {
		return bin, err
	}
	if err := install(ctx); err != nil {
		return bin, err
	}
	return pgcluster.Find(ctx)
}

func canInstall() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

func install(ctx context.Context) error {
	for _, args := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "postgresql"},
	} {
		say("no PostgreSQL server here; running: apt-get %v", args)
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get %v: %w", args, err)
		}
	}
	return nil
}
