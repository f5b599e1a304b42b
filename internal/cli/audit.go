package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/config"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Recompute the whole trail and name the first record that was changed, added or removed."`
}

type auditVerify struct {
	Against string `placeholder:"CHECKPOINT" help:"A checkpoint or a sink's file kept outside; only that shows a cut tail. The default sink if not given."`
}

// Help is shown by florin audit verify --help.
func (auditVerify) Help() string {
	return `Examples:
  florin audit verify
  florin audit verify --against /mnt/other-host/checkpoints

Works offline, from the database and the key folder alone. Exit code 2 means that the trail was tampered with.`
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
		if report.Problem != "" {
			return found{"the audit trail is not whole: " + report.Problem}
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
