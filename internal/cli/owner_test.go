package cli_test

import (
	"archive/zip"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// with opens the data folder between two commands.
func with(t *testing.T, dir string, do func(a *app.App)) {
	t.Helper()
	a, err := app.Open(t.Context(), config.Config{DataDir: dir}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	do(a)
	require.NoError(t, a.Close(context.Background()))
}

// TestOwnerLeavesByCommand: the file is the owner's alone, and nothing is destroyed that
// was not named twice.
func TestOwnerLeavesByCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var shop owner.Owner
	with(t, dir, func(a *app.App) {
		_, err := a.FirstRun(t.Context())
		require.NoError(t, err)
		shop, err = a.Owners.Create(t.Context(), owner.Settings{Name: "Shop of Ana", BaseCurrency: "EUR", DuplicatePolicy: owner.Reject}, func(*db.Tx, owner.Owner) error { return nil })
		require.NoError(t, err)
	})
	id, file := strconv.FormatInt(shop.ID, 10), filepath.Join(t.TempDir(), "shop.zip")
	code, _, stderr := run(t, "owner", "export", id, "--out", file, "--data-dir", dir)
	require.Zero(t, code, stderr)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	archive, err := zip.OpenReader(file)
	require.NoError(t, err)
	require.NotNil(t, archive.File)
	require.NoError(t, archive.Close())
	code, _, stderr = run(t, "owner", "export", id, "--out", file, "--data-dir", dir)
	require.Equal(t, 1, code, "a file that is there is not written over")
	require.Contains(t, stderr, "exists")

	code, stdout, stderr := run(t, "owner", "destroy", id, "--dry-run", "--data-dir", dir)
	require.Zero(t, code, stderr)
	require.Regexp(t, `audit_segment +\d+ rows stay`, stdout)
	for said, args := range map[string][]string{
		"give its name":     {"owner", "destroy", id},
		"is another":        {"owner", "destroy", id, "--confirm", "Shop of Bo"},
		"suspend it first":  {"owner", "destroy", id, "--confirm", "Shop of Ana"},
		"OWNER_NOT_FOUND":   {"owner", "destroy", "123456789", "--confirm", ""},
		"Owner not found":   {"owner", "export", "123456789", "--out", file + "2"},
		"missing flags":     {"owner", "export", id},
		"expected \"<id>\"": {"owner", "destroy"},
	} {
		code, _, stderr = run(t, append(args, "--data-dir", dir)...)
		require.Equal(t, 1, code, said)
		require.Contains(t, stderr, said)
	}
	with(t, dir, func(a *app.App) {
		require.NoError(t, a.Owners.Stand(t.Context(), shop.ID, owner.Standing{Status: owner.Suspended}, func(*db.Tx) error { return nil }))
	})
	code, _, stderr = run(t, "owner", "destroy", id, "--confirm", "Shop of Ana", "--data-dir", dir)
	require.Zero(t, code, stderr)
	code, _, stderr = run(t, "owner", "destroy", id, "--confirm", "", "--data-dir", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "OWNER_NOT_FOUND")
	code, stdout, stderr = run(t, "audit", "verify", "--data-dir", dir)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "whole")
}
