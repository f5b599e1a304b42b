package cli_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImportPerson: one customer of another Florin's export, once.
func TestImportPerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(text string) string {
		f, err := os.Create(filepath.Join(t.TempDir(), "customer.zip"))
		require.NoError(t, err)
		z := zip.NewWriter(f)
		w, err := z.Create("customer.json")
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		require.NoError(t, f.Close())
		return f.Name()
	}
	good := file(`{"id":1,"name":"Zoë مريم","email":"zoe@example.com","totalDeposits":100}`)
	for _, row := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{good, "--dry-run"}, 0, "would be stored", ""},
		{[]string{good}, 0, "Stored as customer", ""},
		{[]string{good, "--dry-run"}, 1, "", "CUSTOMER_DUPLICATE"},
		{[]string{good}, 1, "", "CUSTOMER_DUPLICATE"},
		{[]string{good, "--mode", "test"}, 0, "Stored as customer", ""},
		{[]string{file(`{"name":"Zoë","email":"nonsense"}`)}, 1, "", "customer.json/email: "},
		{[]string{file(`[]`)}, 1, "", "no export of a customer"},
		{[]string{file(`{`) + "x"}, 1, "", "no such file"},
	} {
		code, stdout, stderr := run(t, append([]string{"import", "person", "--data-dir", dir}, row.args...)...)
		require.Equal(t, row.code, code, "%v: %s", row.args, stderr)
		require.Contains(t, stdout, row.stdout)
		require.Contains(t, stderr, row.stderr)
		require.NotContains(t, stderr, "nonsense")
	}
}
