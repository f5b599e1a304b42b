package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// test is a test that shows something, with its file.
type test struct{ name, file string }

// findMarks reads every test's comment and gives the tests by what they show.
func findMarks(root fs.FS) (map[string][]test, error) {
	marks := map[string][]test{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name != "." && strings.HasPrefix(path.Base(name), ".") || path.Base(name) == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return marksOf(name, text, marks)
	})
	return marks, err
}

func marksOf(name string, text []byte, marks map[string][]test) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Doc == nil || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		for _, n := range shown(f.Doc.Text()) {
			marks[n] = append(marks[n], test{f.Name.Name, name})
		}
	}
	return nil
}

// shown reads the line "Shows: PCI DSS 8.2.5, 8.2.7; GDPR Art. 17(1)" of a comment.
func shown(comment string) []string {
	var numbers []string
	for line := range strings.Lines(comment) {
		list, ok := strings.CutPrefix(strings.TrimSpace(line), "Shows: ")
		if !ok {
			continue
		}
		for part := range strings.FieldsFuncSeq(strings.TrimSuffix(list, "."), func(r rune) bool { return r == ',' || r == ';' }) {
			part = strings.TrimSpace(part)
			part = strings.TrimPrefix(strings.TrimPrefix(part, "PCI DSS "), "GDPR ")
			numbers = append(numbers, part)
		}
	}
	return numbers
}
