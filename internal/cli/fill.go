package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/demo/fill"
)

type demoFill struct {
	Seed      uint64 `default:"1" help:"The same seed gives the same customers and payments."`
	Customers int    `default:"3000" help:"How many customers."`
	Payments  int    `default:"10000" help:"How many payments, shared out unevenly."`
	Workers   int    `default:"16" help:"Requests at a time."`
	URL       string `name:"url" placeholder:"URL" help:"The running server; found by itself when one runs on this data folder."`
	Key       string `env:"FLORIN_TEST_API_KEY" placeholder:"KEY" help:"A test key that may write customers and payments; from first-run.env if that is still there."`
	DryRun    bool   `help:"Say what would be done and send nothing."`
}

// Help is shown by florin demo fill --help.
func (demoFill) Help() string {
	return `Examples:
  florin demo fill
  florin demo fill --customers 200 --payments 1000 --seed 7 --url http://127.0.0.1:8080

Fills the test mode of a running server over its API: customers of many countries with preferences and
interactions, payments in six currencies that are approved, declined, tried again, refunded whole or in part,
confirmed by 3-D Secure or not, charged back, waiting, cancelled and expired, and saved cards.

All of it is dated today: the server makes ids, and with them dates, of its own clock, and a past that never was
in an audit trail would be worse than a flat year in a chart. Chargebacks, expiries and confirmed payments follow
within some seconds.

Safe to run again, also after it was stopped: who and what is there already is found by e-mail address and
referenceId and left alone. A live key is refused.`
}

// Run fills the server.
func (d *demoFill) Run(c *config.Config, out *console) error {
	ctx, stop := interrupted()
	defer stop()
	o, err := d.options(c)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out.err, "%d customers and %d payments of seed %d for %s:", o.Customers, o.Payments, o.Seed, o.URL)
	for _, s := range fill.Mix() {
		_, _ = fmt.Fprintf(out.err, " %d %% %s", s.Of, s.Kind)
	}
	_, _ = fmt.Fprintln(out.err)
	if d.DryRun {
		return nil
	}
	meter := newCounter(out, "Filling", o.Customers+o.Payments, "customers and payments")
	result, err := fill.Run(ctx, o, meter.count)
	meter.end()
	_, _ = fmt.Fprintf(out.err, "%d customers made, %d there already; %d payments made, %d there already\n", result.Customers, result.Present, result.Payments, result.Skipped)
	if err != nil {
		return fmt.Errorf("stopped before the end (run it again to go on): %w", err)
	}
	return nil
}

// options finds the server and the key where they are not given.
func (d *demoFill) options(c *config.Config) (fill.Options, error) {
	o := fill.Options{URL: d.URL, Key: d.Key, Seed: d.Seed, Customers: d.Customers, Payments: d.Payments, Workers: d.Workers, Clock: clock.System()}
	if o.URL == "" {
		url, err := os.ReadFile(servingFile(c))
		if err != nil {
			return o, errors.New("no server runs on this data folder: start florin serve, or give --url and --key")
		}
		o.URL = strings.TrimSpace(string(url))
	}
	if o.Key == "" {
		o.Key = firstCredential(c, "FLORIN_TEST_API_KEY")
	}
	if o.Key == "" {
		return o, errors.New("there is no test key in " + c.FirstRun() + ": give one as --key or FLORIN_TEST_API_KEY")
	}
	return o, o.Check()
}
