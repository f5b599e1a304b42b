package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/id"
)

type doctorCommand struct {
	Check   doctorCheck   `cmd:"" default:"1" help:"Look at settings, modes of files, the clock and the disk; what doctor does by itself."`
	PanScan doctorPanScan `cmd:"" help:"Search the files of an installation, or any others, for card numbers."`
}

type doctorCheck struct{}

// Help is shown by florin doctor check --help.
func (doctorCheck) Help() string {
	return `Looks at the database's settings, the modes of files, the clock and the disk, and says what to do
about each finding. Exit code 2 means that there are findings.`
}

// finding is something unsafe and what to do about it.
type finding struct{ what, remedy string }

// Run looks at everything and changes nothing.
func (doctorCheck) Run(c *config.Config, out *console) error {
	modes := looseModes(c.DataDir) // before Open, which would make what is missing
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		findings := append(modes, onDisk(c)...)
		more, err := inDatabase(ctx, a)
		if err != nil {
			return err
		}
		clock, err := clockOf(ctx, a)
		if err != nil {
			return err
		}
		lists, err := listsOf(ctx, a)
		if err != nil {
			return err
		}
		findings = append(append(append(findings, more...), clock...), lists...)
		for _, f := range findings {
			_, _ = fmt.Fprintf(out.out, "- %s\n  %s\n", f.what, f.remedy)
		}
		if len(findings) > 0 {
			return found{fmt.Sprintf("%d findings", len(findings))}
		}
		_, err = fmt.Fprintln(out.out, "Nothing unsafe was found.")
		return err
	})
}

// looseModes finds files that others on the machine may read.
func looseModes(dir string) []finding {
	var findings []finding
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			findings = append(findings, finding{path + " can be read by others (mode " + info.Mode().Perm().String() + ")", "chmod go-rwx " + path})
		}
		return nil
	})
	return findings
}

// oldList is how old a sanctions list may be: publishers change theirs several times a week.
const oldList = 7 * 24 * time.Hour

// listsOf finds sanctions lists that are missing where customers are screened, or old.
func listsOf(ctx context.Context, a *app.App) ([]finding, error) {
	const remedy = "load the publisher's newest each day: florin screening load --help"
	lists, err := a.Screenings.Engine.Lists(ctx)
	if err != nil {
		return []finding{{"the sanctions lists can't be read: " + err.Error(), remedy}}, nil
	}
	owners, err := a.Owners.List(ctx)
	var findings []finding
	for _, o := range owners {
		if o.ScreenCustomers && len(lists) == 0 {
			findings = append(findings, finding{fmt.Sprintf("owner %d screens its customers, and no sanctions list is loaded", o.ID), remedy})
		}
	}
	for _, l := range lists {
		if age := a.Clock.Now().Sub(l.Loaded); age > oldList {
			findings = append(findings, finding{fmt.Sprintf("the sanctions list %s was loaded %d days ago", l.Name, int(age.Hours()/24)), remedy})
		}
	}
	return findings, err
}

// lowDisk is the free space below which growth should be stopped by a person first.
const lowDisk = 1 << 30

func onDisk(c *config.Config) []finding {
	var findings []finding
	var data, keys syscall.Stat_t
	if syscall.Stat(c.DataDir, &data) == nil && syscall.Stat(c.KeyDir(), &keys) == nil && data.Dev == keys.Dev && c.RootKeyFile == "" {
		findings = append(findings, finding{"the keys lie on the same file system as the data",
			"mount another, not backed-up, file system at " + c.KeyDir() + " and give --root-key-file: a stolen disk would hold both"})
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(c.DataDir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) < lowDisk {
		findings = append(findings, finding{"less than 1 GiB is free in " + c.DataDir, "free space or move the data folder: writes stop when the disk is full"})
	}
	if _, err := os.Stat(c.FirstRun()); err == nil {
		findings = append(findings, finding{c.FirstRun() + " still holds the first credentials", "keep them in a secret store and delete the file"})
	}
	return findings
}

func inDatabase(ctx context.Context, a *app.App) ([]finding, error) {
	f, err := a.Store.Facts(ctx)
	if err != nil {
		return nil, err
	}
	var findings []finding
	add := func(bad bool, what, remedy string) {
		if bad {
			findings = append(findings, finding{what, remedy})
		}
	}
	postgres := f.Engine == "postgres"
	add(!postgres && f.Synchronous != "FULL", "SQLite runs with synchronous="+f.Synchronous, "a power cut would lose acknowledged writes; run with FULL")
	add(postgres && f.Synchronous == "off", "PostgreSQL runs with synchronous_commit=off", "a crash would lose acknowledged writes; set it to on")
	add(f.Superuser, "the database user is a superuser or has BYPASSRLS and passes every row-level policy", "make a plain user and give its URL as --database-url")
	add(postgres && !f.SeparateRoles, "the roles florin_app and florin_worker could not be made", "grant CREATEROLE to the migration user, or give --database-admin-url")
	add(len(f.WithoutRLS) > 0, fmt.Sprintf("tables without forced row-level security: %v", f.WithoutRLS), "run florin migrate as the tables' owner")
	add(postgres && !f.TLS, "the connection to PostgreSQL is not encrypted", "add sslmode=verify-full to the URL unless the server is on this machine")
	for _, problem := range f.IntegrityErrors {
		add(true, "SQLite's integrity check: "+problem, "restore from a backup; do not write on")
	}
	return findings, nil
}

// clockOf compares the clock with the newest id: time that runs backwards orders rows
// wrongly and expires things late.
func clockOf(ctx context.Context, a *app.App) ([]finding, error) {
	owners, err := a.Owners.List(ctx)
	if err != nil || len(owners) == 0 {
		return nil, err
	}
	newest := owners[len(owners)-1].ID
	if ahead := id.Time(newest).Sub(a.Clock.Now()); ahead > time.Minute {
		return []finding{{fmt.Sprintf("the clock is %s behind what is stored", ahead.Round(time.Second)), "synchronise the clock (chrony or systemd-timesyncd)"}}, nil
	}
	return nil, nil
}
