package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/cli"
)

// run runs the command line and returns its exit code and what it wrote.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	files := [2]*os.File{}
	for i := range files {
		f, err := os.CreateTemp(dir, "out")
		require.NoError(t, err)
		files[i] = f
	}
	code = cli.Run(args, files[0], files[1])
	var texts [2]string
	for i, f := range files {
		require.NoError(t, f.Close())
		text, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		texts[i] = string(text)
	}
	return code, texts[0], texts[1]
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "florin.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A flag wins over the environment, the environment over the file, the file over the
// default. The environment belongs to the process, so this test runs alone.
func TestWhereASettingComesFrom(t *testing.T) {
	dirs := map[string]string{}
	for _, name := range []string{"file", "environment", "flag"} {
		dirs[name] = filepath.Join(t.TempDir(), name)
	}
	config := write(t, `{"data-dir": "`+dirs["file"]+`", "log-level": "debug"}`)
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(dirs[name], "florin.db"))
		return err == nil
	}
	code, _, stderr := run(t, "migrate", "--config", config)
	require.Zero(t, code, stderr)
	require.True(t, exists("file"))

	t.Setenv("FLORIN_DATA_DIR", dirs["environment"])
	code, _, stderr = run(t, "migrate", "--config", config)
	require.Zero(t, code, stderr)
	require.True(t, exists("environment"))

	code, _, stderr = run(t, "migrate", "--config", config, "--data-dir", dirs["flag"])
	require.Zero(t, code, stderr)
	require.True(t, exists("flag"))
}

// Shows: PCI DSS 1.3, 2.2.7, 4.2.1
func TestRefusedCommandLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, row := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a typing error in the file":   {[]string{"migrate", "--config", write(t, `{"data-dirr": "x"}`)}, 1, "data-dirr"},
		"a file that is no JSON":       {[]string{"migrate", "--config", write(t, `data-dir: x`)}, 1, "not a JSON object"},
		"no command":                   {nil, 1, "expected one of"},
		"plain HTTP for everybody":     {[]string{"serve", "--data-dir", dir, "--listen", "0.0.0.0:0"}, 1, "refusing plain HTTP"},
		"half of a certificate":        {[]string{"serve", "--data-dir", dir, "--tls-cert", "x"}, 1, "belong together"},
		"a database that is not there": {[]string{"migrate", "--data-dir", dir, "--database-url", "postgres://nobody@127.0.0.1:1/x"}, 1, "can't be reached"},
		"nothing to rotate":            {[]string{"keys", "rotate", "--data-dir", dir}, 1, "say what to rotate"},
		"an unclear format":            {[]string{"import", "customers", write(t, "x"), "--data-dir", dir}, 1, "--format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := run(t, row.args...)
			require.Equal(t, row.code, code, stderr)
			require.Contains(t, stderr, row.says)
		})
	}
}

func TestHelpHasExamples(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "import customers", "export customers", "audit verify", "keys rotate", "demo generate", "backup create", "backup verify", "backup restore", "backup prune"} {
		code, stdout, stderr := run(t, append(strings.Fields(command), "--help")...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "Examples:", command)
	}
	code, stdout, _ := run(t, "version")
	require.Zero(t, code)
	require.Contains(t, stdout, cli.Version)
}

// Shows: PCI DSS 2.2.6; GDPR Art. 32(1)(d)
func TestDoctorNamesWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, _, stderr := run(t, "migrate", "--data-dir", dir)
	require.Zero(t, code, stderr)
	loose := filepath.Join(dir, "loose")
	require.NoError(t, os.WriteFile(loose, nil, 0o600))
	_, before, _ := run(t, "doctor", "--data-dir", dir)
	require.NotContains(t, before, loose)

	require.NoError(t, os.Chmod(loose, 0o644))
	code, after, _ := run(t, "doctor", "--data-dir", dir)
	require.Equal(t, 2, code)
	require.Contains(t, after, "chmod go-rwx "+loose)
	require.Contains(t, after, "same file system")
}
