//go:build unix

package campaign

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
)

// haystack searches files for very many needles at once: by their first six bytes, which is
// what each needle has at least.
type haystack struct {
	needles map[[6]byte][]needle
	count   int
}

func newHaystack(all []needle) haystack {
	h := haystack{map[[6]byte][]needle{}, len(all)}
	for _, n := range all {
		first := [6]byte(n.text)
		h.needles[first] = append(h.needles[first], n)
	}
	return h
}

// search says what it found where below the roots.
func (h haystack) search(t *testing.T, roots ...string) (found []string) {
	t.Helper()
	var files, size int
	for _, root := range roots {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // a live database recycles its files
			}
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil
			}
			files, size = files+1, size+len(text)
			found = append(found, h.in(lowerASCII(text), path)...)
			return err
		}))
	}
	t.Logf("searched %d files, %d bytes, for %d forms", files, size, h.count)
	require.Positive(t, files)
	return found
}

func (h haystack) in(text []byte, path string) (found []string) {
	for at := 0; at+6 <= len(text); at++ {
		for _, n := range h.needles[[6]byte(text[at:])] {
			if bytes.HasPrefix(text[at:], n.text) {
				found = append(found, fmt.Sprintf("%s in %s", n.what, path))
			}
		}
	}
	return found
}

func TestHaystackFindsEveryForm(t *testing.T) {
	t.Parallel()
	all := needles("value", "Zürich 東京 Kenntnis+Q7@example.com", true)
	h := newHaystack(all)
	for _, n := range all {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "planted"), append([]byte("\x01\x02"), n.text...), 0o600))
		require.NotEmpty(t, h.search(t, dir), n.what)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "planted"), n.text[:len(n.text)-1], 0o600))
		for _, what := range h.search(t, dir) {
			require.False(t, strings.HasPrefix(what, n.what+" in"), "%s is not there whole", n.what)
		}
	}
}

func identities(t *testing.T, file string) []age.Identity {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	require.NoError(t, err)
	return ids
}

func decrypt(t *testing.T, ids []age.Identity, from, to string) {
	t.Helper()
	sealed, err := os.Open(from)
	require.NoError(t, err)
	defer func() { _ = sealed.Close() }()
	plain, err := age.Decrypt(sealed, ids...)
	require.NoError(t, err)
	text, err := io.ReadAll(plain)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, text, 0o600))
}
