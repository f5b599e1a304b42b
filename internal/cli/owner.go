package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
)

type ownerCommand struct {
	Export  ownerExport  `cmd:"" help:"Write everything of an owner, in both modes and in clear, into one zip file."`
	Destroy ownerDestroy `cmd:"" help:"Destroy a suspended owner's keys and delete all its rows. Can't be undone; may be cut and run again."`
}

type ownerExport struct {
	ID  int64  `arg:"" help:"The owner's id."`
	Out string `required:"" placeholder:"FILE" help:"Where to write; a file that is there already is not touched."`
}

// Help is shown by florin owner export --help.
func (ownerExport) Help() string {
	return `Example:
  florin owner export 115284017152345 --out shop.zip

The file holds personal data in clear and is made readable by you alone. docs/leaving.md says what is in it. The
export is in the owner's audit trail. Works beside a running server on PostgreSQL; on SQLite stop the server first.`
}

// Run exports an owner.
func (e *ownerExport) Run(c *config.Config, out *console) error {
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		o, err := a.Owners.Get(ctx, e.ID)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(e.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		meter := newMeter(out, "Exporting", 0, "rows")
		m, err := a.Leaving.Export(ctx, o, f, meter.count)
		meter.end()
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return errors.Join(err, os.Remove(e.Out))
		}
		rows := 0
		for _, file := range m.Files {
			rows += file.Rows
		}
		_, err = fmt.Fprintf(out.err, "%d rows in %d files written to %s\n", rows, len(m.Files), e.Out)
		return err
	})
}

type ownerDestroy struct {
	ID      int64  `arg:"" help:"The owner's id."`
	Confirm string `placeholder:"NAME" help:"The owner's name, to show that this is the one."`
	DryRun  bool   `help:"Show what would go and change nothing."`
}

// Help is shown by florin owner destroy --help.
func (ownerDestroy) Help() string {
	return `Examples:
  florin owner destroy 115284017152345 --dry-run
  florin owner destroy 115284017152345 --confirm "Shop of Ana"

The owner must be suspended (PATCH /owners/{id}). Keys are destroyed before rows are deleted, so that whatever stops
the command, nothing can be read any more. What remains: the owner's number and the audit trail, which holds no
personal data in clear. Backups are yours to let expire. Works beside a running server on PostgreSQL; on SQLite
stop the server first.`
}

// Run shows what would go, or destroys it.
func (d *ownerDestroy) Run(c *config.Config, out *console) error {
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		o, err := a.Owners.Get(ctx, d.ID)
		if err != nil {
			return err
		}
		counts, err := a.Leaving.Counts(ctx, o)
		if err != nil {
			return err
		}
		if d.DryRun {
			for _, n := range counts {
				what := map[bool]string{true: "stay", false: "would be deleted"}[n.Kept]
				_, _ = fmt.Fprintf(out.out, "%-24s %9d rows %s\n", n.Table, n.Rows, what)
			}
			return nil
		}
		if d.Confirm != o.Name {
			return fmt.Errorf("owner %d is another, or nobody said so: give its name with --confirm to destroy it", o.ID)
		}
		meter := newMeter(out, "Destroying", 0, "rows")
		err = a.Leaving.Destroy(ctx, o, func(n int64) { meter.count(int(n)) })
		meter.end()
		if err != nil {
			return fmt.Errorf("stopped before the end (run it again to go on): %w", err)
		}
		_, err = fmt.Fprintf(out.err, "Owner %d is gone.\n", o.ID)
		return err
	})
}
