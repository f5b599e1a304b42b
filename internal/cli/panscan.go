package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/pan/panscan"
)

type doctorPanScan struct {
	Path []string `placeholder:"DIR" help:"A folder or file to search; may be given more than once. The data folder and the keys if not given."`
}

// Help is shown by florin doctor pan-scan --help.
func (doctorPanScan) Help() string {
	return `Examples:
  florin doctor pan-scan
  florin doctor pan-scan --path /var/log --path /var/backups

Searches every file for card numbers: digits with or without separators, UTF-16, hex, base64 and escapes. Changes
nothing and may run beside a server. Names file and offset and never the number. Exit code 2 means that something
was found.

A database in PostgreSQL lies in that server's own files: give a dump of it. In random or encrypted bytes a false
alarm is not to be expected; of other numbers with 16 digits about one in thirty looks like a card's. Compressed
files are not looked into.`
}

// Run searches.
func (d *doctorPanScan) Run(c *config.Config, out *console) error {
	ctx, stop := interrupted()
	defer stop()
	paths := d.Path
	if len(paths) == 0 {
		paths = []string{c.DataDir, c.KeyDir()}
	}
	files, size, err := filesBelow(paths)
	if err != nil {
		return err
	}
	meter := newMeter(out, "Searching", size, "files")
	count, err := panScan(ctx, out, meter, files)
	meter.end()
	_, _ = fmt.Fprintf(out.err, "%d files, %d MiB\n", len(files), size>>20)
	if err != nil {
		return err
	}
	if count > 0 {
		return found{fmt.Sprintf("%d card numbers were found", count)}
	}
	_, err = fmt.Fprintln(out.out, "No card number was found.")
	return err
}

// filesBelow lists every regular file once. Links are not followed: what they lead to is
// searched where it lies.
func filesBelow(paths []string) (files []string, size int64, err error) {
	seen := map[string]bool{}
	for _, root := range paths {
		err = errors.Join(err, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			name, err := filepath.Abs(path)
			if err != nil || seen[name] {
				return err
			}
			seen[name] = true
			files = append(files, path)
			if info, err := entry.Info(); err == nil {
				size += info.Size()
			}
			return nil
		}))
	}
	return files, size, err
}

// panScan reads the files one after another. One that is gone meanwhile is no fault: a
// running server recycles its own.
func panScan(ctx context.Context, out *console, meter *meter, files []string) (count int, err error) {
	for i, path := range files {
		if ctx.Err() != nil {
			return count, ctx.Err()
		}
		hits, err := panScanFile(meter, path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return count, err
		}
		for _, h := range hits {
			_, _ = fmt.Fprintf(out.out, "%s: a card number as %s at byte %d\n", path, h.Form, h.Offset)
		}
		count += len(hits)
		meter.count(i + 1)
	}
	return count, nil
}

func panScanFile(meter *meter, path string) ([]panscan.Hit, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return panscan.Reader(meter.reader(f))
}
