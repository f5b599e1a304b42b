package cli

import (
	"context"
	"fmt"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/privacy"
)

type importPerson struct {
	File   string `arg:"" type:"existingfile" help:"The zip of GET /customers/{id}/export, from this or another Florin."`
	DryRun bool   `help:"Check the file and store nothing."`
	target
}

// Help is shown by florin import person --help.
func (importPerson) Help() string {
	return `Examples:
  florin import person customer-115284017152345.zip --dry-run
  florin import person customer-115284017152345.zip --mode test

The profile becomes a new customer, by the rules of POST /customers. All else in the file (payments, contacts, consents
of another merchant) is kept under the new customer's key as what they brought along: it stands in their own export,
counts in no sum and allows nothing. On SQLite stop the server first.`
}

// Run takes in one customer.
func (i *importPerson) Run(c *config.Config, out *console) error {
	file, size, err := openInput(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	in, err := privacy.ReadExport(file, size)
	if err != nil {
		return err
	}
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		g, err := i.grant(ctx, a, "import")
		if err != nil {
			return err
		}
		if i.DryRun {
			if err := a.Privacy.CheckReceive(ctx, g, in); err != nil {
				return faults(out, err)
			}
			_, err = fmt.Fprintln(out.out, "The customer would be stored.")
			return err
		}
		id, err := a.Privacy.Receive(ctx, g, in)
		if err != nil {
			return faults(out, err)
		}
		_, err = fmt.Fprintf(out.out, "Stored as customer %d.\n", id)
		return err
	})
}

// faults lists what is wrong in the file, each on a line.
func faults(out *console, err error) error {
	for _, f := range fault.From(err).Fields {
		_, _ = fmt.Fprintf(out.err, "customer.json%s: %s\n", f.Path, f.Message)
	}
	return err
}
