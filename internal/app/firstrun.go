package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// firstAdmin is the first console user's e-mail; its password is random.
const firstAdmin = "admin@florin.example"

// FirstRun makes the first owner, its admin and their credentials in an empty store,
// and writes them to first-run.env. It reports whether it did.
func (a *App) FirstRun(ctx context.Context) (bool, error) {
	owners, err := a.Owners.List(ctx)
	if err != nil {
		return false, err
	}
	if len(owners) > 0 {
		return false, a.Access.IndexStaff(ctx)
	}
	if err := a.Vault.NewOwner(ctx, 0); err != nil && !db.IsViolation(err, "owner_key") {
		return false, err
	}
	password, err := access.NewPassword()
	if err != nil {
		return false, err
	}
	settings := owner.Settings{Name: "My company", BaseCurrency: "USD", DuplicatePolicy: owner.Reject}
	_, err = a.Owners.Create(ctx, settings, func(tx *db.Tx, o owner.Owner) error {
		if err := a.Access.AddStaff(ctx, tx, o.ID, "First admin", firstAdmin, password, auth.Admin); err != nil {
			return err
		}
		return a.writeFirstRun(tx, o, password)
	})
	debug.FreeOSMemory() // hashing one password took 46 MiB that nothing else needs
	return err == nil, err
}

// writeFirstRun puts the file on the disk before the unit commits: a crash in between
// leaves an empty store and a file that the next start replaces.
func (a *App) writeFirstRun(tx *db.Tx, o owner.Owner, password string) error {
	var text strings.Builder
	for _, k := range []struct {
		name  string
		owner int64
		key   access.NewKey
	}{
		{"FLORIN_API_KEY", o.ID, access.NewKey{Name: "first admin, live", Mode: auth.Live, Role: auth.Admin}},
		{"FLORIN_TEST_API_KEY", o.ID, access.NewKey{Name: "first admin, test", Mode: auth.Test, Role: auth.Admin}},
		{"FLORIN_OPERATOR_KEY", 0, access.NewKey{Name: "operator", Role: auth.Operator}},
	} {
		_, secret, err := a.Access.Add(tx, k.owner, k.key)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s=%s\n", k.name, secret.Reveal())
	}
	fmt.Fprintf(&text, "FLORIN_SIGNING_SECRET=%s\nFLORIN_ADMIN_EMAIL=%s\nFLORIN_ADMIN_PASSWORD=%s\n", o.SigningSecret, firstAdmin, password)
	return writeDurably(a.Config.FirstRun(), text.String())
}

// writeDurably replaces a file that only its owner may read and returns when a power
// cut can't take it away again.
func writeDurably(path, text string) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return db.SyncFolders(filepath.Dir(path))
}
