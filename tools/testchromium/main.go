// Command testchromium finds the browser that the payment page's tests drive, and installs
// Debian's package when there is none and it may (root, apt-get).
//
//	go run ./tools/testchromium
//
// It looks at $FLORIN_TEST_CHROMIUM, then for chromium, chromium-browser and google-chrome
// on PATH, prints what it found and exits 0. Without a browser it says how to get one and
// exits 0 too: the tests that need it skip and say so. Exit 1 is a wrong
// $FLORIN_TEST_CHROMIUM, which is the caller's to mend.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// env names a browser that is not on PATH.
const env = "FLORIN_TEST_CHROMIUM"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Getenv(env), exec.LookPath, install)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, named string, look func(string) (string, error), install func(context.Context) error) int {
	if named != "" {
		if _, err := look(named); err != nil {
			say("%s does not name a program", env)
			return 1
		}
		return 0
	}
	if found(look) {
		return 0
	}
	if err := install(ctx); err != nil {
		say("%v", err)
	}
	if !found(look) {
		say("WARNING: NO CHROMIUM: the payment page's tests in a browser will SKIP. Install it (Debian: apt-get install chromium) or set %s to the program.", env)
	}
	return 0
}

func found(look func(string) (string, error)) bool {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := look(name); err == nil {
			say("%s", path)
			return true
		}
	}
	return false
}

func install(ctx context.Context) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return nil
	}
	for _, args := range [][]string{
		{"update"},
		{"install", "-y", "--no-install-recommends", "chromium"},
	} {
		say("no Chromium here; running: apt-get %v", args)
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get %v: %w", args, err)
		}
	}
	return nil
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "testchromium: "+format+"\n", args...)
}
