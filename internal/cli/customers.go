package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/bulk"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/demo"
	"github.com/florin-gateway/florin/internal/owner"
)

type importCommand struct {
	Customers importCustomers `cmd:"" help:"Import customers. Safe to run again: who is there already is left alone."`
	Person    importPerson    `cmd:"" help:"Take in one customer from an export of theirs (GDPR Art. 20)."`
}

// target says whose customers a command is about.
type target struct {
	Owner int64  `placeholder:"ID" help:"The owner; not needed while there is only one."`
	Mode  string `default:"live" enum:"live,test" help:"live or test."`
}

func (t target) grant(ctx context.Context, a *app.App, name string) (auth.Grant, error) {
	if _, err := a.FirstRun(ctx); err != nil {
		return auth.Grant{}, err
	}
	o, err := chosenOwner(ctx, a, t.Owner)
	if err != nil {
		return auth.Grant{}, err
	}
	mode := auth.Mode(t.Mode)
	return auth.System(o.ID, o.Realm(mode), mode, name), nil
}

func chosenOwner(ctx context.Context, a *app.App, id int64) (owner.Owner, error) {
	owners, err := a.Owners.List(ctx)
	if err != nil {
		return owner.Owner{}, err
	}
	for _, o := range owners {
		if o.ID == id || id == 0 && len(owners) == 1 {
			return o, nil
		}
	}
	if id == 0 {
		return owner.Owner{}, errors.New("there are several owners: say which with --owner ID")
	}
	return owner.Owner{}, fmt.Errorf("there is no owner %d", id)
}

type importCustomers struct {
	File   string `arg:"" help:"CSV with a header line, or NDJSON; - reads standard input."`
	Format string `enum:",csv,ndjson" default:"" help:"csv or ndjson; from the file's name if not given."`
	Errors string `placeholder:"FILE" help:"Where refused rows are listed; FILE.errors.csv beside the input by default."`
	DryRun bool   `help:"Check every row and store nothing."`
	target
}

// Help is shown by florin import customers --help.
func (importCustomers) Help() string {
	return `Examples:
  florin import customers people.csv
  florin import customers people.ndjson --mode test --dry-run
  florin demo generate --count 1000 | florin import customers - --format csv

The header of a CSV file names fields with dots: name, email, phone, address, memberId,
dateOfBirth, billingAddress.city, preferences.currency, metadata (a JSON object).
Exit code 2 means that some rows were refused; their numbers and reasons are in the error file.`
}

// Run imports a file.
func (i *importCustomers) Run(c *config.Config, out *console) error {
	file, size, err := openInput(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	format, err := formatOf(i.Format, i.File)
	if err != nil {
		return err
	}
	path := i.Errors
	if path == "" {
		path = errorFile(i.File)
	}
	errorsTo, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = errorsTo.Close() }()
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		g, err := i.grant(ctx, a, "import")
		if err != nil {
			return err
		}
		if err := a.Start(ctx); err != nil {
			return err
		}
		meter := newMeter(out, "Importing", size, "rows")
		result, err := bulk.Import(ctx, a.Customers, g, meter.reader(file), bulk.Options{Format: format, DryRun: i.DryRun, Errors: errorsTo, Progress: meter.count})
		meter.end()
		_, _ = fmt.Fprintf(out.err, "%d rows: %d %s, %d there already, %d refused\n", result.Rows(), result.Stored,
			map[bool]string{true: "would be stored", false: "stored"}[i.DryRun], result.Present, result.Refused)
		if err != nil {
			return fmt.Errorf("stopped before the end (run it again to go on): %w", err)
		}
		if result.Refused > 0 {
			return found{fmt.Sprintf("%d rows were refused: see %s", result.Refused, path)}
		}
		return os.Remove(path)
	})
}

func openInput(name string) (*os.File, int64, error) {
	if name == "-" {
		return os.Stdin, 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	return f, info.Size(), err
}

func errorFile(input string) string {
	if input == "-" {
		return "import.errors.csv"
	}
	return input + ".errors.csv"
}

func formatOf(given, name string) (bulk.Format, error) {
	if given != "" {
		return bulk.Format(given), nil
	}
	return bulk.FormatOf(name)
}

type exportCommand struct {
	Customers exportCustomers `cmd:"" help:"Export customers."`
}

type exportCustomers struct {
	Restricted bool   `help:"Also customers whose data are restricted (GDPR Art. 18)."`
	File       string `arg:"" optional:"" help:"Where to write; standard output if not given."`
	Format     string `enum:",csv,ndjson" default:"" help:"csv or ndjson; from the file's name if not given."`
	target
}

// Help is shown by florin export customers --help.
func (exportCustomers) Help() string {
	return `Examples:
  florin export customers people.csv
  florin export customers --format ndjson > people.ndjson

The file holds personal data in clear and is made readable by you alone. The export is in the audit trail.`
}

// Run exports to a file or standard output.
func (e *exportCustomers) Run(c *config.Config, out *console) error {
	name := e.File
	if name == "" && e.Format == "" {
		name = "-.csv"
	}
	format, err := formatOf(e.Format, name)
	if err != nil {
		return err
	}
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		g, err := e.grant(ctx, a, "export")
		if err != nil {
			return err
		}
		w, closeFile, err := e.open(out)
		if err != nil {
			return err
		}
		meter := newMeter(out, "Exporting", 0, "rows")
		done, err := bulk.Export(ctx, a.Customers, g, w, bulk.ExportOptions{Format: format, Restricted: e.Restricted, Progress: meter.count})
		meter.end()
		_, _ = fmt.Fprintf(out.err, "%d customers exported\n", done.Rows)
		if done.Withheld > 0 {
			_, _ = fmt.Fprintf(out.err, "%d left out: their data are restricted (GDPR Art. 18); --restricted takes them too\n", done.Withheld)
		}
		return errors.Join(err, closeFile())
	})
}

func (e *exportCustomers) open(out *console) (io.Writer, func() error, error) {
	if e.File == "" {
		return out.out, func() error { return nil }, nil
	}
	f, err := os.OpenFile(e.File, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return f, func() error { return errors.Join(f.Sync(), f.Close()) }, nil
}

type demoCommand struct {
	Generate demoGenerate `cmd:"" help:"Write believable customers of many countries, as CSV or NDJSON."`
	Fill     demoFill     `cmd:"" help:"Fill a running server's test mode with believable customers and payments."`
}

type demoGenerate struct {
	File   string  `arg:"" optional:"" help:"Where to write; standard output if not given."`
	Seed   uint64  `default:"1" help:"The same seed gives the same customers."`
	Count  int     `default:"1000" help:"How many."`
	Format string  `enum:",csv,ndjson" default:"" help:"csv or ndjson; from the file's name, or csv."`
	Dirty  float64 `default:"0" help:"Share of deliberately broken rows, from 0 to 1."`
}

// Help is shown by florin demo generate --help.
func (demoGenerate) Help() string {
	return `Examples:
  florin demo generate people.csv --count 100000 --seed 7
  florin demo generate --count 50 --format ndjson | head`
}

// Run writes the customers.
func (d *demoGenerate) Run(out *console) error {
	ctx, stop := interrupted()
	defer stop()
	var w io.Writer = out.out
	if d.File != "" {
		f, err := os.Create(d.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		w = f
	}
	write := demo.WriteCSV
	if format, err := formatOf(d.Format, d.File); err == nil && format == bulk.NDJSON {
		write = demo.WriteNDJSON
	}
	meter := newMeter(out, "Generating", 0, "rows")
	defer meter.end()
	return write(ctx, w, demo.Options{Seed: d.Seed, Count: d.Count, Dirty: d.Dirty}, meter.count)
}
