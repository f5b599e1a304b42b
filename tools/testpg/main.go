// Command testpg runs a command with a private PostgreSQL beside it.
//
//	go run ./tools/testpg [--keep] [--fast] [--optional] [--conf key=value …] -- CMD ARGS…
//
// It finds the server's programs ($FLORIN_PG_BIN, pg_config,
// /usr/lib/postgresql/*/bin, PATH) or, as root on Debian and its kin, installs
// the package; makes a cluster in a temporary folder; exports
//
//	FLORIN_TEST_POSTGRES  superuser URL over 127.0.0.1
//	FLORIN_TEST_PG_BIN    folder of initdb, postgres, pg_basebackup
//	FLORIN_TEST_PG_DATA   the cluster's data folder
//
// runs CMD with its own stdin, stdout and stderr; then stops the server,
// removes the folder and exits with CMD's code. Exit 2 is wrong usage, 3 no
// PostgreSQL (with --optional CMD runs without, and says so), 4 a cluster that
// did not start. SIGINT and SIGTERM end CMD first, then the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/florin-gateway/florin/internal/db/dbtest/pgcluster"
)

const (
	exitUsage      = 2
	exitNoPostgres = 3
	exitNoCluster  = 4
)

type options struct {
	keep, fast, optional bool
	settings             settings
	command              []string
}

// settings collects repeated --conf key=value.
type settings map[string]string

func (s settings) String() string { return "" }

func (s settings) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("want key=value")
	}
	s[name] = value
	return nil
}

func parse(args []string) (options, error) {
	o := options{settings: settings{}}
	flags := flag.NewFlagSet("testpg", flag.ContinueOnError)
	flags.BoolVar(&o.keep, "keep", false, "leave the cluster's folder behind and print where it is")
	flags.BoolVar(&o.fast, "fast", false, "fsync off: never for crash tests or measurements")
	flags.BoolVar(&o.optional, "optional", false, "run CMD without PostgreSQL when there is none")
	flags.Var(o.settings, "conf", "a server setting, key=value; may be repeated")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if o.command = flags.Args(); len(o.command) == 0 {
		flags.Usage()
		return options{}, errors.New("no command: testpg [flags] -- CMD ARGS…")
	}
	return o, nil
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		say("%v", err)
		os.Exit(exitUsage)
	}
	followGoRun()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, o)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, o options) int {
	bin, err := find(ctx)
	if err != nil {
		if o.optional && ctx.Err() == nil {
			say("WARNING: NO POSTGRESQL: every PostgreSQL case below will SKIP (%v)", err)
			return runCommand(ctx, o.command, os.Environ())
		}
		say("%v\nInstall a PostgreSQL server (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql) or set %s to the folder of initdb and postgres.", err, pgcluster.BinEnv)
		return exitNoPostgres
	}
	return withCluster(ctx, o, bin)
}

func withCluster(ctx context.Context, o options, bin pgcluster.Binaries) int {
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	began := time.Now()
	c, err := pgcluster.Start(starting, pgcluster.Options{Binaries: bin, Settings: o.settings, Fast: o.fast})
	if err != nil {
		say("%v", err)
		return exitNoCluster
	}
	defer finish(c, o.keep)
	version, _ := bin.Version(ctx)
	say("%s on port %d after %.1f s", version, c.Port(), time.Since(began).Seconds())
	return runCommand(ctx, o.command, append(os.Environ(),
		"FLORIN_TEST_POSTGRES="+c.URL(),
		"FLORIN_TEST_PG_BIN="+bin.Dir,
		"FLORIN_TEST_PG_DATA="+c.DataDir()))
}

func finish(c *pgcluster.Cluster, keep bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if keep {
		if err := c.Stop(ctx); err != nil {
			say("%v", err)
		}
		say("kept %s", c.DataDir())
		return
	}
	if err := c.Close(ctx); err != nil {
		say("%v", err)
	}
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "testpg: "+format+"\n", args...)
}
