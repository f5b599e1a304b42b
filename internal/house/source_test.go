package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const module = "github.com/florin-gateway/florin"

// sourceFile is one parsed .go file. dir is relative to the module, "." for
// its root.
type sourceFile struct {
	name, dir string
	set       *token.FileSet
	ast       *ast.File
}

func (f sourceFile) test() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f sourceFile) at(n ast.Node) string {
	return f.name + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

func (f sourceFile) imports() []string {
	var out []string
	for _, spec := range f.ast.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		out = append(out, name)
	}
	return out
}

func repository(t *testing.T) []sourceFile {
	t.Helper()
	return parse(t, os.DirFS("../.."))
}

// parse reads every .go file whatever its build tags, where `go list` would
// see one platform only.
func parse(t *testing.T, root fs.FS) []sourceFile {
	t.Helper()
	var out []sourceFile
	require.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" || name == "docs" { // docs: receivers' programs, which have only the standard library
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, name, text, parser.ParseComments)
		out = append(out, sourceFile{name, path.Dir(name), set, parsed})
		return err
	}))
	return out
}

// toy parses a tree given as name, text, name, text…
func toy(t *testing.T, files ...string) []sourceFile {
	t.Helper()
	tree := fstest.MapFS{}
	for pair := range slices.Chunk(files, 2) {
		tree[pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	return parse(t, tree)
}

// support reports a folder of test support, such as db/dbtest or what is below
// it. Only tests and tools may import it.
func support(dir string) bool {
	rest, internal := strings.CutPrefix(dir, "internal/")
	return internal && slices.ContainsFunc(strings.Split(rest, "/"), func(part string) bool {
		return part != "test" && strings.HasSuffix(part, "test")
	})
}

func inside(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

// program reports whether the file is part of what users run, which is where
// most rules hold.
func (f sourceFile) program() bool {
	return !f.test() && !support(f.dir) && !inside(f.dir, "tools")
}

// row is a broken tree with the fault it must give, and the mended tree.
type row struct {
	broken, mended []string
	fault          string
}

func check(t *testing.T, rule func([]sourceFile) []string, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, rule(toy(t, r.mended...)))
			require.Contains(t, strings.Join(rule(toy(t, r.broken...)), "\n"), r.fault)
		})
	}
}

func none(t *testing.T, faults []string) {
	t.Helper()
	for _, fault := range faults {
		t.Error(fault)
	}
}
