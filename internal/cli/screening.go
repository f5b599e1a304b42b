package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/screening"
)

type screeningCommand struct {
	Load  screeningLoad  `cmd:"" help:"Put a sanctions list into the place of the one before."`
	Lists screeningLists `cmd:"" help:"Show the lists that are loaded."`
}

type screeningLoad struct {
	File   string `arg:"" help:"The publisher's file, as it was downloaded."`
	Format string `required:"" enum:"ofac-sdn,un,eu" help:"ofac-sdn (SDN.XML, or SDN.CSV with --alt), un (consolidated XML) or eu (XML 1.1)."`
	Alt    string `placeholder:"FILE" help:"OFAC's ALT.CSV beside its SDN.CSV: the other names."`
	DryRun bool   `help:"Read the file, show what would change, and change nothing."`
	Force  bool   `help:"Take a list that has less than half the entries of the one before."`
}

// Help is shown by florin screening load --help.
func (screeningLoad) Help() string {
	return `Examples:
  curl -LO https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/SDN.XML
  florin screening load SDN.XML --format ofac-sdn --dry-run
  florin screening load SDN.XML --format ofac-sdn
  florin screening load SDN.CSV --alt ALT.CSV --format ofac-sdn
  florin screening load consolidated.xml --format un
  florin screening load 20261125-FULL-1_1.xml --format eu

The list is written beside the old one and takes its place at once, whole or not at all. A running server notices
within seconds, and looks up everybody again whose owner screens customers. Works beside a running server; nodes that
do not share the data folder each load it.`
}

// Run loads a list.
func (l *screeningLoad) Run(c *config.Config, out *console) error {
	ctx, stop := interrupted()
	defer stop()
	list, entries, err := l.read(ctx, out)
	if err != nil {
		return err
	}
	old, before, err := screening.ReadList(c.ScreeningDir(), l.Format)
	if err != nil {
		_, _ = fmt.Fprintln(out.err, err)
	}
	d := screening.Compare(before, entries)
	_, _ = fmt.Fprintf(out.out, "%s of %s: %d entries, %d new, %d changed, %d gone (before: %d)\n", l.Format, orUnknown(list.Date), len(entries), d.Added, d.Changed, d.Removed, old.Entries)
	if len(entries) < old.Entries/2 && !l.Force {
		return errors.New("the new list has less than half the entries of the one before: is the file whole? --force takes it all the same")
	}
	if l.DryRun {
		_, _ = fmt.Fprintln(out.out, "Nothing was changed.")
		return nil
	}
	list.Loaded = clock.System().Now().UTC()
	list, err = screening.Install(c.ScreeningDir(), list, entries)
	if err == nil {
		_, _ = fmt.Fprintf(out.out, "Loaded as version %s.\n", list.Version)
	}
	return err
}

func (l *screeningLoad) read(ctx context.Context, out *console) (screening.List, []screening.Entry, error) {
	f, err := os.Open(l.File)
	if err != nil {
		return screening.List{}, nil, err
	}
	defer func() { _ = f.Close() }()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	var alt io.Reader
	if l.Alt != "" {
		a, err := os.Open(l.Alt)
		if err != nil {
			return screening.List{}, nil, err
		}
		defer func() { _ = a.Close() }()
		alt = a
	}
	m := newMeter(out, "Reading", size, "entries")
	defer m.end()
	return screening.Parse(l.Format, untilDone{ctx, m.reader(f)}, alt, m.count)
}

// untilDone ends a read with its context.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

func orUnknown(date string) string {
	if date == "" {
		return "an unknown date"
	}
	return date
}

type screeningLists struct{}

// Run shows the lists.
func (screeningLists) Run(c *config.Config, out *console) error {
	for _, name := range screening.Formats() {
		l, _, err := screening.ReadList(c.ScreeningDir(), name)
		switch {
		case err != nil:
			return err
		case l.Version == "":
			_, _ = fmt.Fprintf(out.out, "%-9s not loaded\n", name)
		default:
			_, _ = fmt.Fprintf(out.out, "%-9s %d entries of %s, version %s, loaded %s\n", name, l.Entries, orUnknown(l.Date), l.Version, l.Loaded.Format("2006-01-02 15:04"))
		}
	}
	return nil
}
