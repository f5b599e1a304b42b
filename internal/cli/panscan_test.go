package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/demo/fill"
)

// An installation that has taken hundreds of cards holds none, nor anything that looks
// like one; a log that somebody careless wrote does.
// Shows: PCI DSS 3.5.1, 12.10.7
func TestPanScan(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	_, err := fill.Run(t.Context(), fill.Options{URL: s.URL, Key: s.Test, Seed: 5, Customers: 100, Payments: 300, Workers: 4, Clock: clock.System()}, func(int) {})
	require.NoError(t, err)
	dir := s.Config.DataDir
	code, stdout, stderr := run(t, "doctor", "pan-scan", "--data-dir", dir)
	require.Zero(t, code, stdout+stderr)
	require.Contains(t, stdout, "No card number was found.")

	const number = "4242424242424242"
	log := filepath.Join(dir, "shop.log")
	require.NoError(t, os.WriteFile(log, []byte("paid with "+number+"\n"), 0o600))
	code, stdout, stderr = run(t, "doctor", "pan-scan", "--path", dir, "--path", log)
	require.Equal(t, 2, code, stderr)
	require.Equal(t, log+": a card number as digits at byte 10\n", stdout)
	require.NotContains(t, stdout+stderr, number)
	require.Equal(t, 1, strings.Count(stdout, "\n"), "a file that is named twice is searched once")
}

func TestPanScanOfNothing(t *testing.T) {
	t.Parallel()
	code, _, stderr := run(t, "doctor", "pan-scan", "--path", filepath.Join(t.TempDir(), "absent"))
	require.Equal(t, 1, code, stderr)
	code, _, stderr = run(t, "doctor", "pan-scan", "--path", t.TempDir())
	require.Zero(t, code, stderr)
}

func TestDemoFillSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	code, _, stderr := run(t, "demo", "fill", "--data-dir", s.Config.DataDir, "--url", s.URL, "--dry-run")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "3000 customers and 10000 payments of seed 1 for "+s.URL)
	code, _, stderr = run(t, "demo", "fill", "--url", s.URL, "--key", s.Live)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "this is a live key")
	code, _, stderr = run(t, "demo", "fill", "--data-dir", t.TempDir(), "--key", s.Test)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no server runs on this data folder")
	code, _, stderr = run(t, "demo", "fill", "--data-dir", s.Config.DataDir, "--url", s.URL, "--customers", "3", "--payments", "5")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "3 customers made, 0 there already; 5 payments made, 0 there already")
}
