package backup_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/vault"
)

// site is an installation as the command line sees it: by its configuration.
type site struct {
	config.Config
	folder   *vault.Folder
	signer   note.Signer
	verifier note.Verifier
	clock    clock.Clock
}

func siteOf(t *testing.T, c config.Config, clk clock.Clock) site {
	t.Helper()
	folder, err := vault.OpenFolder(c.KeyDir(), "")
	require.NoError(t, err)
	secret, err := folder.Secret(app.TrailKey)
	require.NoError(t, err)
	signer, verifier, err := audit.Pair(secret)
	require.NoError(t, err)
	return site{c, folder, signer, verifier, clk}
}

func quiet(int64) {}

// create makes a backup of one kind.
func (s site) create(t *testing.T, kind backup.Kind) backup.Backup {
	t.Helper()
	to, _, err := backup.OwnRecipients(s.KeyDir())
	require.NoError(t, err)
	main, keys := app.Stores(s.Config)
	m := &backup.Maker{Main: main, Keys: keys, Folder: s.folder, Signer: s.signer, To: to, Clock: s.clock}
	b, err := m.Create(t.Context(), kind, t.TempDir(), quiet)
	require.NoError(t, err)
	return b
}

func (s site) reader(t *testing.T) backup.Reader {
	t.Helper()
	ids, err := backup.ReadIdentities(s.KeyDir(), nil)
	require.NoError(t, err)
	return backup.Reader{Verifier: s.verifier, By: ids, Temp: t.TempDir()}
}

func (s site) verify(t *testing.T, b backup.Backup) error {
	t.Helper()
	_, err := s.reader(t).Verify(t.Context(), b.Path, quiet)
	return err
}

func (s site) target(t *testing.T) *backup.Target {
	t.Helper()
	main, keys := app.Stores(s.Config)
	outside, _ := os.ReadFile(filepath.Join(s.AuditDir(), "checkpoints"))
	return &backup.Target{Reader: s.reader(t), Main: main, Keys: keys, Dir: s.DataDir, Folder: s.folder, Signer: s.signer, Clock: s.clock, Outside: []string{string(outside)}}
}

func (s site) restore(t *testing.T, all ...backup.Backup) error {
	t.Helper()
	var paths []string
	for _, b := range all {
		paths = append(paths, b.Path)
	}
	target := s.target(t)
	plan, err := target.Plan(t.Context(), paths)
	if err == nil {
		_, err = target.Restore(t.Context(), plan, func(backup.Kind, int64) {})
	}
	return err
}

// elsewhere is an empty place with a copy of the key folder, and of what else of the data
// folder is named.
func (s site) elsewhere(t *testing.T, also ...string) site {
	t.Helper()
	c := config.Config{DataDir: t.TempDir(), LogLevel: "debug"}
	if s.Postgres() {
		c.DatabaseURL = dbtest.Postgres(t)
	}
	require.NoError(t, os.CopyFS(c.KeyDir(), os.DirFS(s.KeyDir())))
	for _, name := range append(also, "first-run.env") { // the credentials of the tests
		text, err := os.ReadFile(filepath.Join(s.DataDir, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(c.DataDir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(c.DataDir, name), text, 0o600))
	}
	return siteOf(t, c, s.clock)
}

// person makes a customer.
func person(t *testing.T, s *apptest.Server, name string) int64 {
	t.Helper()
	r := s.Do(t, apptest.Request{Method: http.MethodPost, Path: "/customers", Body: map[string]any{"name": name + " Núñez 東京", "email": strings.ToLower(name) + "@example.com",
		"phone": "+44 20 7946 0958", "memberId": "M-" + name}})
	require.Equal(t, http.StatusOK, r.Status, string(r.Body))
	return r.ID(t)
}

func erase(t *testing.T, s *apptest.Server, id int64) {
	t.Helper()
	r := s.Do(t, apptest.Request{Method: http.MethodDelete, Path: fmt.Sprint("/customers/", id)})
	require.Equal(t, http.StatusNoContent, r.Status, string(r.Body))
}

func statusOf(t *testing.T, s *apptest.Server, id int64) int {
	t.Helper()
	return s.Do(t, apptest.Request{Method: http.MethodGet, Path: fmt.Sprint("/customers/", id)}).Status
}

// seal takes what waits into the audit tree, and its head to the sinks.
func seal(t *testing.T, s *apptest.Server) {
	t.Helper()
	_, err := s.App.Sealer.Seal(t.Context())
	require.NoError(t, err)
}

// trail verifies the audit trail against the newest checkpoint outside.
func trail(t *testing.T, s *apptest.Server) audit.Report {
	t.Helper()
	seal(t, s)
	text, err := os.ReadFile(filepath.Join(s.Config.AuditDir(), "checkpoints"))
	require.NoError(t, err)
	against := audit.NewestOutside(s.App.Verifier, string(text))
	report, err := audit.Verify(t.Context(), s.App.Store, s.App.Verifier, &against, nil)
	require.NoError(t, err)
	return report
}
