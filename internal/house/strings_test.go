package house

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// strangers are strings that belong to the machine the code was written on.
// They are put together here so that this file does not hold them.
func strangers() []string {
	return []string{"/wo" + "rk/", "farm" + "-"}
}

func stranger(text []byte) string {
	for _, s := range strangers() {
		if bytes.Contains(text, []byte(s)) {
			return s
		}
	}
	return ""
}

func TestNoStringsOfTheWritersMachine(t *testing.T) {
	t.Parallel()
	require.Empty(t, stranger([]byte("/home/work, pharmacy, farmer")))
	for _, s := range strangers() {
		require.Equal(t, s, stranger([]byte("x "+s+"main")))
	}
	files := committed(t)
	require.NotEmpty(t, files)
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if errors.Is(err, fs.ErrNotExist) || isDir(name) { // deleted, or a link to a folder
			continue
		}
		require.NoError(t, err)
		if s := stranger(text); s != "" {
			t.Errorf("%s holds %q, which is nobody's business: remove it", name, s)
		}
	}
}

func isDir(name string) bool {
	info, err := os.Stat(filepath.Join("../..", name))
	return err == nil && info.IsDir()
}

// committed lists what git tracks or would track; without git (an unpacked
// archive) there is nothing to list, and nothing to commit.
func committed(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git ls-files: %v", err)
	}
	var names []string
	for name := range bytes.SplitSeq(bytes.TrimRight(out, "\x00"), []byte{0}) {
		names = append(names, string(name))
	}
	return names
}
