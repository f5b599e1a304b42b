package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	maxFunctionLines = 80
	maxFileLines     = 500
)

// function is one function or method; lines count from "func" to its brace.
type function struct {
	name, file  string
	line, lines int
}

type file struct {
	path  string
	lines int
}

// pkg is what one folder holds.
type pkg struct {
	dir        string
	files      []file
	functions  []function
	interfaces int
}

func (p pkg) lines() int {
	total := 0
	for _, f := range p.files {
		total += f.lines
	}
	return total
}

// tree is every package by folder, sorted.
type tree struct {
	packages  []pkg
	testLines int
}

func measure(root fs.FS) (tree, error) {
	byDir, out := map[string]*pkg{}, tree{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		return out.add(root, name, byDir)
	})
	for _, p := range byDir {
		out.packages = append(out.packages, *p)
	}
	slices.SortFunc(out.packages, func(a, b pkg) int { return strings.Compare(a.dir, b.dir) })
	return out, err
}

// skipped follows the go command, which ignores testdata and names that begin
// with a dot or an underscore.
func skipped(name string) bool {
	base := path.Base(name)
	return name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor" || base == "node_modules")
}

func (t *tree) add(root fs.FS, name string, byDir map[string]*pkg) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	lines := bytes.Count(text, []byte{'\n'})
	if strings.HasSuffix(name, "_test.go") {
		t.testLines += lines
		return nil
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	dir := path.Dir(name)
	if byDir[dir] == nil {
		byDir[dir] = &pkg{dir: dir}
	}
	p := byDir[dir]
	p.files = append(p.files, file{name, lines})
	p.count(set, parsed, name)
	return nil
}

func (p *pkg) count(set *token.FileSet, parsed *ast.File, name string) {
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			from, to := set.Position(n.Pos()).Line, set.Position(n.End()).Line
			p.functions = append(p.functions, function{n.Name.Name, name, from, to - from + 1})
		case *ast.TypeSpec:
			if _, ok := n.Type.(*ast.InterfaceType); ok {
				p.interfaces++
			}
		}
		return true
	})
}

// over lists what breaks the limits, one line each.
func (t tree) over() []string {
	var out []string
	for _, p := range t.packages {
		for _, f := range p.functions {
			if f.lines > maxFunctionLines {
				out = append(out, fmt.Sprintf("%s:%d: func %s has %d lines (limit %d)", f.file, f.line, f.name, f.lines, maxFunctionLines))
			}
		}
		for _, f := range p.files {
			if f.lines > maxFileLines {
				out = append(out, fmt.Sprintf("%s: %d lines (limit %d)", f.path, f.lines, maxFileLines))
			}
		}
	}
	return out
}
