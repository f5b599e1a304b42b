package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
)

type auditCommand struct {
	Verify      auditVerify      `cmd:"" help:"Recompute the whole trail and name the first record that was changed, added or removed."`
	Certificate auditCertificate `cmd:"" help:"Check the certificate of an erasure."`
}

type auditCertificate struct {
	File     string `arg:"" placeholder:"FILE" help:"The text of \"certificate\", or the whole answer that has it; - for standard input."`
	Verifier string `placeholder:"FILE" help:"The public half of the trail's key (audit/verifier.txt), where the installation itself is not at hand."`
}

// Help is shown by florin audit certificate --help.
func (auditCertificate) Help() string {
	return `Examples:
  curl … /api/customers/116295640055809/erasure-certificate | florin audit certificate -
  florin audit certificate --verifier verifier.txt erasure.json

Exit code 2 means that the certificate is not what this installation signed.`
}

// Run checks a certificate.
func (v *auditCertificate) Run(c *config.Config, out *console) error {
	text, err := readInput(v.File)
	if err != nil {
		return err
	}
	verifier, err := readVerifier(c, v.Verifier)
	if err != nil {
		return err
	}
	said, err := customer.CheckCertificate(text, verifier)
	if err != nil {
		return found{err.Error()}
	}
	_, err = fmt.Fprintf(out.out, "%s\nThe certificate is genuine.\n", said)
	return err
}

// readVerifier reads the public half of the trail's key from a file, that of the data folder
// if none is named.
func readVerifier(c *config.Config, path string) (note.Verifier, error) {
	if path == "" {
		path = filepath.Join(c.AuditDir(), "verifier.txt")
	}
	known, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the trail's public key can't be read: %w; name it with --verifier", err)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(known)))
	if err != nil {
		return nil, fmt.Errorf("%s holds no public key of a trail", path)
	}
	return verifier, nil
}

// readInput reads a file, or standard input, of moderate size.
func readInput(path string) (string, error) {
	in := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	return string(text), err
}

type auditVerify struct {
	Against string `placeholder:"CHECKPOINT" help:"A checkpoint or a sink's file kept outside; only that shows a cut tail. The default sink if not given."`
}

// Help is shown by florin audit verify --help.
func (auditVerify) Help() string {
	return `Examples:
  florin audit verify
  florin audit verify --against /mnt/other-host/checkpoints

Works offline, from the database and the key folder alone. Exit code 2 means that the trail was tampered with.
A restore from a backup is not that: it is told, with how many records were lost by it.`
}

// Run verifies the trail.
func (v *auditVerify) Run(c *config.Config, out *console) error {
	return withApp(c, out, func(ctx context.Context, a *app.App) error {
		against, err := v.checkpoint(a)
		if err != nil {
			return err
		}
		meter := newMeter(out, "Verifying", 0, "records")
		report, err := audit.Verify(ctx, a.Store, a.Verifier, against, func(n int64) { meter.count(int(n)) })
		meter.end()
		if err != nil {
			return err
		}
		for _, r := range report.Restores {
			_, _ = fmt.Fprintln(out.out, r.Describe()+".")
		}
		if report.Problem != "" {
			return found{"the audit trail is not whole: " + report.Problem}
		}
		if report.Lost != "" {
			_, _ = fmt.Fprintln(out.out, "Note: "+report.Lost+".")
		}
		_, err = fmt.Fprintf(out.out, "The audit trail is whole: %d records, %d signed checkpoints, root %s; %d records are younger than the last checkpoint.\n",
			report.Records, report.Checkpoints, report.Root, report.Unsealed)
		return err
	})
}

func (v *auditVerify) checkpoint(a *app.App) (*audit.Checkpoint, error) {
	path := v.Against
	if path == "" {
		path = filepath.Join(a.Config.AuditDir(), "checkpoints")
	}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) && v.Against == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := audit.LastCheckpoint(string(text), a.Verifier)
	if err != nil {
		return nil, found{fmt.Sprintf("%s holds no checkpoint signed by this installation", path)}
	}
	return &c, nil
}
