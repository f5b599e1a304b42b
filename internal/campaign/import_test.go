//go:build unix

package campaign

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestImport(t *testing.T) {
	t.Parallel()
	rows := *rowsFlag
	file := generated(t, rows, "--seed", "7")
	in := newInstallation(t)
	began := time.Now()
	o := in.must(t, "import", "customers", file)
	took := time.Since(began)
	require.Contains(t, o.err, fmt.Sprintf("%d rows: %d stored, 0 there already, 0 refused", rows, rows))
	t.Logf("%d rows in %s (%.0f a second)", rows, took, float64(rows)/took.Seconds())
	first := in.exported(t)
	require.Len(t, first, rows)
	t.Run("again", func(t *testing.T) {
		t.Parallel()
		again := in.copyOf(t)
		require.Contains(t, again.must(t, "import", "customers", file).err, fmt.Sprintf("0 stored, %d there already, 0 refused", rows))
		require.Len(t, again.exported(t), rows)
	})
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		killed := newInstallation(t)
		killed.must(t, "migrate")
		cuts := 0
		for i := range 3 {
			if killed.runUntilKilled(t, took*time.Duration(i+1)/6, "import", "customers", file) {
				cuts++
			}
		}
		require.Positive(t, cuts)
		o := killed.must(t, "import", "customers", file)
		require.NotContains(t, o.err, fmt.Sprintf("%d rows: %d stored", rows, rows), "the kills came before the first row")
		require.Equal(t, first, killed.exported(t), "after %d kills", cuts)
		killed.must(t, "audit", "verify")
	})
	t.Run("export into another", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, in.copyOf(t), first)
	})
}

// roundTrip takes an export into another installation: what comes out there is equal.
func roundTrip(t *testing.T, in *installation, first []string) {
	t.Helper()
	for _, format := range []string{"csv", "ndjson"} {
		export := filepath.Join(t.TempDir(), "export."+format)
		in.must(t, "export", "customers", export)
		info, err := os.Stat(export)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		second := newInstallation(t)
		second.must(t, "import", "customers", export)
		require.Equal(t, first, second.exported(t), format)
	}
}

// TestImportOfDirtyRows wants each refused row in the error file by its number and
// path, and no value of it anywhere in there.
func TestImportOfDirtyRows(t *testing.T) {
	t.Parallel()
	const count = 1500
	file := generated(t, count, "--dirty", "0.2", "--seed", "11")
	in := newInstallation(t)
	o := in.run(t, "import", "customers", file)
	require.Equal(t, 2, o.code, o.err)
	rows := readCSV(t, file)
	refused := readCSV(t, file+".errors.csv")
	require.Equal(t, []string{"row", "path", "code", "message"}, refused[0])
	numbers := map[string]bool{}
	text, err := os.ReadFile(file + ".errors.csv")
	require.NoError(t, err)
	said := strings.ReplaceAll(string(text), "name@example.com", "") // our own advice, not theirs
	for _, line := range refused[1:] {
		numbers[line[0]] = true
		var n int
		_, err := fmt.Sscan(line[0], &n)
		require.NoError(t, err)
		for _, cell := range rows[n] { // rows[0] is the header
			if len(strings.TrimSpace(cell)) > 6 {
				require.NotContains(t, said, cell, "row %d", n)
				require.NotContains(t, o.err, cell, "row %d", n)
			}
		}
	}
	stored := len(in.exported(t))
	require.Contains(t, o.err, fmt.Sprintf("%d rows: %d stored", count, stored))
	require.Contains(t, o.err, fmt.Sprintf("%d refused", len(numbers)))
	require.Greater(t, len(numbers), count/10)
	require.Greater(t, stored, count/2)
	t.Logf("%d stored, %d refused of %d", stored, len(numbers), count)
}

func readCSV(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}
