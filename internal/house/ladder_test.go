package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ladder lists the packages under internal by rung, lowest first. A package
// imports lower rungs only; what is below it (x/y) stands on its rung.
func ladder() []string {
	return []string{
		0:  "auth browsertest clock config contact fault money pan strictjson",
		1:  "card cardguard db egress id recent",
		2:  "lease limit vault provider",
		3:  "audit event idempotency",
		4:  "owner",
		5:  "access customer",
		6:  "consent fee method notification rate routing screening",
		7:  "archive payment verification",
		8:  "backup bulk demo leave privacy register report retention rights rotation segment webhook webpage",
		9:  "gate",
		10: "api console customerpage paypage",
		11: "app",
		12: "cli",
	}
}

func rungs() map[string]int {
	out := map[string]int{}
	for rung, names := range ladder() {
		for name := range strings.FieldsSeq(names) {
			out[name] = rung
		}
	}
	return out
}

// top is the first folder below internal, "" elsewhere.
func top(dir string) string {
	rest, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// ladderFaults checks non-test imports. A folder whose only code is tests (this
// one, campaigns) needs no rung: nothing can import it.
func ladderFaults(files []sourceFile) []string {
	var faults []string
	known := rungs()
	for _, f := range files {
		name := top(f.dir)
		if f.test() || inside(f.dir, "tools") || (name != "" && !declares(f)) {
			continue
		}
		if _, ok := known[name]; name != "" && !ok {
			faults = append(faults, f.name+": package "+name+" is on no rung: add it to the ladder in internal/house, above everything it imports")
			continue
		}
		for _, imported := range f.imports() {
			if fault := step(f, imported, known); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// declares reports whether a file holds more than a package clause.
func declares(f sourceFile) bool { return len(f.ast.Decls) > 0 }

func step(f sourceFile, imported string, known map[string]int) string {
	dir, ours := strings.CutPrefix(imported, module+"/")
	if !ours || top(dir) == "" {
		return ""
	}
	if support(dir) && !support(f.dir) {
		return fmt.Sprintf("%s imports %s: test support must not reach the program", f.name, dir)
	}
	from, to := top(f.dir), top(dir)
	if from == "" || from == to {
		return ""
	}
	if rung, ok := known[to]; ok && rung < known[from] {
		return ""
	}
	return fmt.Sprintf("%s: package %s (rung %d) imports %s (rung %d): a package imports lower rungs only; move the shared type down or the work up",
		f.name, from, known[from], to, known[to])
}

func TestLadder(t *testing.T) {
	t.Parallel()
	for rung, names := range slices.Backward(ladder()) {
		t.Logf("%2d  %s", rung, names)
	}
	files := repository(t)
	require.NotEmpty(t, files)
	none(t, ladderFaults(files))
}

func TestLadderRule(t *testing.T) {
	t.Parallel()
	const q = `package p
import _ "` + module + `/internal/`
	check(t, ladderFaults, map[string]row{
		"upwards":        {[]string{"internal/db/a.go", q + `cli"`}, []string{"internal/cli/a.go", q + `db"`}, "package db (rung 1) imports cli (rung 12)"},
		"sideways":       {[]string{"internal/vault/a.go", q + `lease"`}, []string{"internal/vault/a.go", q + `vault/kms"`}, "package vault (rung 2) imports lease (rung 2)"},
		"from below":     {[]string{"internal/db/dialect/a.go", q + `vault"`}, []string{"internal/db/dialect/a.go", q + `fault"`}, "(rung 1) imports vault"},
		"on no rung":     {[]string{"internal/toy/a.go", "package toy\nvar _ = 1"}, []string{"internal/toy/doc.go", "package toy"}, "package toy is on no rung"},
		"unknown import": {[]string{"internal/db/a.go", q + `toy"`}, []string{"internal/db/a_test.go", q + `toy"`}, "imports toy"},
		"test support":   {[]string{"internal/owner/a.go", q + `db/dbtest"`}, []string{"internal/owner/a_test.go", q + `db/dbtest"`, "tools/x/a.go", q + `db/dbtest/pgcluster"`}, "test support must not reach"},
		"support climbs": {[]string{"internal/db/dbtest/a.go", q + `app"`}, []string{"internal/app/apptest/a.go", q + `db/dbtest"`}, "package db (rung 1) imports app"},
		"client or main": {[]string{"main.go", q + `pan/pantest"`}, []string{"main.go", q + `cli"`}, "test support must not reach"},
	})
}

// docFaults wants a doc.go with a comment in every package under internal.
func docFaults(files []sourceFile) []string {
	documented, seen := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if !inside(f.dir, "internal") {
			continue
		}
		seen[f.dir] = true
		if strings.HasSuffix(f.name, "/doc.go") && f.ast.Doc != nil && f.ast.Doc.Pos() != token.NoPos {
			documented[f.dir] = true
		}
	}
	var faults []string
	for dir := range seen {
		if !documented[dir] {
			faults = append(faults, dir+": no doc.go with a package comment (what it owns, a small flow, what it must not do)")
		}
	}
	slices.Sort(faults)
	return faults
}

func TestEveryPackageHasADoc(t *testing.T) {
	t.Parallel()
	none(t, docFaults(repository(t)))
	check(t, docFaults, map[string]row{
		"missing":       {[]string{"internal/a/a.go", "// Package a is documented elsewhere.\npackage a"}, []string{"internal/a/doc.go", "// Package a owns a.\npackage a"}, "internal/a: no doc.go"},
		"empty":         {[]string{"internal/a/doc.go", "package a"}, []string{"tools/a/a.go", "package main"}, "internal/a: no doc.go"},
		"only tests in": {[]string{"internal/a/a_test.go", "package a"}, []string{"internal/a/a_test.go", "package a", "internal/a/doc.go", "// Package a holds tests.\npackage a"}, "internal/a"},
	})
}

// nameFaults refuses package names that say nothing about what is inside.
func nameFaults(files []sourceFile) []string {
	var faults []string
	for _, f := range files {
		for part := range strings.SplitSeq(f.dir+"/"+f.ast.Name.Name, "/") {
			for _, word := range []string{"util", "helper", "manager", "common", "misc"} {
				if strings.Contains(part, word) {
					faults = append(faults, fmt.Sprintf("%s: the name %q says nothing: name the package after what it owns", f.name, part))
				}
			}
		}
	}
	return faults
}

func TestPackageNames(t *testing.T) {
	t.Parallel()
	none(t, nameFaults(repository(t)))
	check(t, nameFaults, map[string]row{
		"folder":  {[]string{"internal/db/dbutils/a.go", "package x"}, []string{"internal/db/dialect/a.go", "package dialect"}, `"dbutils"`},
		"package": {[]string{"internal/db/x/a.go", "package helpers"}, []string{"internal/db/x/a.go", "package x"}, `"helpers"`},
	})
}

// named is the local name of an import in the file, "" when it is not imported.
func named(f sourceFile, importPath string) string {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value != `"`+importPath+`"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return importPath[strings.LastIndexByte(importPath, '/')+1:]
	}
	return ""
}

// uses lists selector expressions pkg.member, calls or not: a clock handed on
// as a value is read just the same.
func uses(f sourceFile, importPath string, members ...string) []ast.Node {
	name := named(f, importPath)
	if name == "" {
		return nil
	}
	var out []ast.Node
	ast.Inspect(f.ast, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == name && x.Obj == nil && slices.Contains(members, s.Sel.Name) {
			out = append(out, s)
		}
		return true
	})
	return out
}
