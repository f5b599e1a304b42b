//go:build unix

package campaign

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// generated is a CSV file of believable customers.
func generated(t *testing.T, count int, flags ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "people.csv")
	args := append([]string{"demo", "generate", file, "--count", fmt.Sprint(count)}, flags...)
	newInstallation(t).must(t, args...)
	return file
}

// exported is every customer of an installation without ids and dates, in order of
// the rest.
func (in *installation) exported(t *testing.T) []string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(in.must(t, "export", "customers", "--format", "csv").out)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"id", "createDate", "updateDate"}, rows[0][:3])
	var out []string
	for _, row := range rows[1:] {
		out = append(out, strings.Join(row[3:], "\x1f"))
	}
	slices.Sort(out)
	return out
}

func rotateAll() []string {
	return []string{"keys", "rotate", "--root", "--epoch", "--owner-key", "--index"}
}

// Shows: PCI DSS 3.7.4
func TestKeys(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.must(t, "import", "customers", generated(t, 500))
	before := in.exported(t)
	require.Len(t, before, 500)
	t.Run("rotate", func(t *testing.T) {
		t.Parallel()
		rotates(t, in.copyOf(t), before)
	})
	t.Run("rotate killed", func(t *testing.T) {
		t.Parallel()
		rotatesAfterKills(t, in.copyOf(t), before)
	})
	t.Run("rotate after a kill between overwriting and removing an old epoch's key", func(t *testing.T) {
		t.Parallel()
		cut := in.copyOf(t)
		cut.must(t, "keys", "rotate", "--epoch")
		require.NoError(t, os.WriteFile(filepath.Join(cut.dir, "keys", "epoch-1.key"), make([]byte, 144), 0o600))
		rotates(t, cut, before)
	})
	t.Run("wrong root key", func(t *testing.T) {
		t.Parallel()
		other := newInstallation(t)
		other.must(t, "migrate")
		wrong := in.copyOf(t)
		refusesRootKey(t, wrong, filepath.Join(other.dir, "keys", "root.key"), "not the one that this keystore was made with")
		require.Equal(t, before, wrong.exported(t), "with the right key again")
	})
	t.Run("damaged root key", func(t *testing.T) {
		t.Parallel()
		damaged := filepath.Join(t.TempDir(), "root.key")
		require.NoError(t, os.WriteFile(damaged, []byte("{}"), 0o600))
		refusesRootKey(t, in.copyOf(t), damaged, "damaged or is not a root key")
	})
	t.Run("root key missing", func(t *testing.T) {
		t.Parallel()
		without := in.copyOf(t)
		key := filepath.Join(without.dir, "keys", "root.key")
		away := filepath.Join(t.TempDir(), "root.key")
		require.NoError(t, os.Rename(key, away))
		refusesRootKey(t, without, key, "root key can't be read")
		require.NoFileExists(t, key, "a new root key was made for an old keystore")
		require.NoError(t, os.Rename(away, key))
		require.Equal(t, before, without.exported(t))
	})
}

func rotates(t *testing.T, in *installation, before []string) {
	t.Helper()
	root := digest(t, filepath.Join(in.dir, "keys", "root.key"))
	o := in.must(t, rotateAll()...)
	for _, what := range []string{"root key", "epoch key", "owner key", "blind indexes"} {
		require.Contains(t, o.err, "Rotated: "+what)
	}
	require.NotEqual(t, root, digest(t, filepath.Join(in.dir, "keys", "root.key")))
	wholeAfterRotation(t, in, before)
	require.FileExists(t, filepath.Join(in.dir, "keys", "epoch-2.key"))
}

// rotatesAfterKills kills a rotation at several points of its time, and then lets one
// finish.
func rotatesAfterKills(t *testing.T, in *installation, before []string) {
	t.Helper()
	measured := in.copyOf(t)
	began := time.Now()
	measured.must(t, rotateAll()...)
	whole := time.Since(began)
	kills, points := 0, 8
	for i := range points {
		if in.runUntilKilled(t, whole*time.Duration(i+1)/time.Duration(points+1), rotateAll()...) {
			kills++
		}
		if i%3 == 2 {
			require.Equal(t, before, in.exported(t), "after kill %d", i)
		}
	}
	require.Positive(t, kills)
	in.must(t, rotateAll()...)
	wholeAfterRotation(t, in, before)
	t.Logf("%d rotations killed within %s", kills, whole)
}

// wholeAfterRotation wants everybody readable and findable, and one epoch's key.
func wholeAfterRotation(t *testing.T, in *installation, before []string) {
	t.Helper()
	require.Equal(t, before, in.exported(t))
	epochs, err := filepath.Glob(filepath.Join(in.dir, "keys", "epoch-*.key"))
	require.NoError(t, err)
	require.Len(t, epochs, 1, "the key of an old epoch is still there")
	require.NotEqual(t, "epoch-1.key", filepath.Base(epochs[0]))
	s := in.start(t)
	for i := 0; i < len(before); i += 5 {
		email := strings.Split(before[i], "\x1f")[2]
		var p page
		a := s.must(t, http.StatusOK, http.MethodPost, "/customers/search", "", map[string]string{"email": email})
		require.NoError(t, json.Unmarshal(a.body, &p))
		require.Len(t, p.Data, 1, "row %d is not found by its e-mail", i)
	}
	s.stop(t)
	in.must(t, "audit", "verify")
}

// refusesRootKey wants a clear refusal of every start, and nothing changed by it.
func refusesRootKey(t *testing.T, in *installation, file, says string) {
	t.Helper()
	content := func() map[string]string {
		files := map[string]string{}
		require.NoError(t, filepath.WalkDir(in.dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && !strings.HasSuffix(path, "-shm") && !strings.HasSuffix(path, "-wal") {
				files[path] = digest(t, path)
			}
			return err
		}))
		return files
	}
	before := content()
	for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"export", "customers", "--format", "csv"}, rotateAll()} {
		o := in.run(t, append(command, "--root-key-file", file)...)
		require.Equal(t, 1, o.code, "%v: %s", command, o.err)
		require.Contains(t, o.err, says)
		require.Empty(t, o.out)
	}
	require.Equal(t, before, content())
}

func digest(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(text))
}
