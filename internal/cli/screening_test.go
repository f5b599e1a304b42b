package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdnFile is a list of so many people in OFAC's form.
func sdnFile(t *testing.T, count int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`<sdnList><publshInformation><Publish_Date>11/24/2026</Publish_Date></publshInformation>`)
	for i := range count {
		fmt.Fprintf(&b, `<sdnEntry><uid>%d</uid><firstName>Борис</firstName><lastName>TESTOV %d</lastName><sdnType>Individual</sdnType></sdnEntry>`, i, i)
	}
	b.WriteString(`</sdnList>`)
	path := filepath.Join(t.TempDir(), "SDN.XML")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// TestScreeningLoad: a list is taken whole or not at all, and beside a running server's lock.
func TestScreeningLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	load := func(path string, more ...string) (int, string, string) {
		return run(t, append([]string{"screening", "load", path, "--format", "ofac-sdn", "--data-dir", dir}, more...)...)
	}
	lists := func() string {
		code, out, err := run(t, "screening", "lists", "--data-dir", dir)
		require.Zero(t, code, err)
		return out
	}
	require.Contains(t, lists(), "ofac-sdn  not loaded")
	code, out, stderr := load(sdnFile(t, 10), "--dry-run")
	require.Zero(t, code, stderr)
	require.Contains(t, out, "ofac-sdn of 11/24/2026: 10 entries, 10 new, 0 changed, 0 gone (before: 0)\nNothing was changed.")
	require.Contains(t, lists(), "ofac-sdn  not loaded")
	code, out, stderr = load(sdnFile(t, 10))
	require.Zero(t, code, stderr)
	require.Contains(t, out, "Loaded as version ")
	require.Contains(t, lists(), "10 entries of 11/24/2026")
	code, _, stderr = load(sdnFile(t, 4))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--force")
	broken := sdnFile(t, 10)
	text, err := os.ReadFile(broken)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(broken, text[:len(text)-30], 0o600))
	code, _, stderr = load(broken)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "not whole XML")
	require.Contains(t, lists(), "10 entries")
	code, out, stderr = load(sdnFile(t, 4), "--force")
	require.Zero(t, code, stderr)
	require.Contains(t, out, "4 entries, 0 new, 0 changed, 6 gone (before: 10)")
	require.Contains(t, lists(), "4 entries")
	list := filepath.Join(dir, "screening", "ofac-sdn.ndjson")
	text, err = os.ReadFile(list)
	require.NoError(t, err)
	doctor := func() string {
		_, out, _ := run(t, "doctor", "--data-dir", dir)
		return out
	}
	require.NotContains(t, doctor(), "sanctions list")
	require.NoError(t, os.WriteFile(list, []byte(strings.Replace(string(text), `"loadedAt":"20`, `"loadedAt":"19`, 1)), 0o600))
	require.Contains(t, doctor(), "the sanctions list ofac-sdn was loaded 36")
	code, _, stderr = run(t, "screening", "load", broken, "--format", "pirates", "--data-dir", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--format")
}
