package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the flags of a measurement.
type options struct {
	Engine     string         `enum:"sqlite,postgres,both" default:"both" help:"sqlite, postgres or both. PostgreSQL is the server that tools/testpg exports."`
	Only       *regexp.Regexp `help:"Measure only rows whose name matches; --list shows the names." placeholder:"REGEXP"`
	Rounds     int            `default:"5" help:"Pairs of slices a row."`
	Slice      time.Duration  `default:"1.5s" help:"Length of a slice. pgbench rounds it to whole seconds."`
	Sizes      []int          `help:"Also measure growth with this many customers, e.g. 10000,1000000. Filling the larger takes minutes." placeholder:"N,…"`
	Client     string         `enum:"socket,http" default:"socket" help:"What asks both sides: socket, a few lines that leave the cores to the servers, or http, Go's own client."`
	Binary     string         `help:"Measure this program instead of building it." type:"existingfile"`
	Dir        string         `help:"Folder for data; the default is the system's. It must lie on the kind of disk that matters: on tmpfs an fsync is free." type:"existingdir"`
	JSON       string         `name:"json" help:"Also write everything to this file." placeholder:"FILE"`
	FloorsOnly bool           `help:"Measure the floors alone, without Florin."`
	List       bool           `help:"List the rows and end."`
	Strict     bool           `help:"Exit 1 when a row has errors or misses what it must reach."`
}

const description = `Measures Florin against floors in the same run on the same machine, by turns, and prints a table of ratios.

Examples:
  make bench                                            all rows, both engines
  make bench ARGS="--only create-sqlite"                some rows
  go run ./tools/bench --engine sqlite --json out.json  without PostgreSQL
  go run ./tools/bench --engine sqlite --only growth --sizes 10000,1000000`

func main() {
	if len(os.Args) == 2 && os.Args[1] == floorHTTPCommand {
		exit(floorHTTP())
	}
	var o options
	kong.Parse(&o, kong.Name("bench"), kong.Description(description), kong.UsageOnError())
	exit(o.run())
}

func exit(err error) {
	if err != nil {
		say("%v", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures and prints.
func (o options) run() error {
	rows := selected(o)
	if o.List {
		for _, r := range rows {
			fmt.Println(r.name)
		}
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	found := newReport(time.Now())
	found.busy()
	err := measure(ctx, o, rows, found)
	found.markdown(os.Stdout)
	if o.JSON != "" {
		if err := found.save(o.JSON); err != nil {
			return err
		}
	}
	if err == nil && o.Strict && found.failed() {
		err = fmt.Errorf("rows with errors or under what they must reach")
	}
	return err
}

func selected(o options) []row {
	var rows []row
	for _, r := range allRows(o.Sizes) {
		engine := o.Engine == "both" || strings.Contains(r.name, o.Engine)
		if engine && (o.Only == nil || o.Only.MatchString(r.name)) && !(o.FloorsOnly && r.selfish) {
			rows = append(rows, r)
		}
	}
	return rows
}

// say tells a person who waits.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
