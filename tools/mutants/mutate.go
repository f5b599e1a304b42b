package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// mutant is one place that can be spoiled.
type mutant struct {
	id     int
	name   string // file, function and what is done: the same while the code is
	target *target
}

// function is where mutants are.
type function struct {
	name    string
	mutants int
}

// spoiled is all code with all mutants in it.
type spoiled struct {
	mutants   []mutant
	functions []*function
	files     map[string]string // path → text
}

// insertion is text that is put between two bytes of a file. Ends of inner expressions
// come before ends of outer ones, and those before what begins there.
type insertion struct {
	at, order int
	end       bool
	text      string
}

// file is one file while it is spoiled.
type file struct {
	*spoiled
	target *target
	path   string
	text   string
	set    *token.FileSet
	in     []insertion
	now    *function
	names  map[string]int
}

func mutate(all []target) (*spoiled, error) {
	code := &spoiled{files: map[string]string{}}
	for i := range all {
		paths, err := filepath.Glob(all[i].dir + "/*.go")
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			name := filepath.Base(path)
			if strings.HasSuffix(name, "_test.go") || len(all[i].files) > 0 && !slices.Contains(all[i].files, name) {
				continue
			}
			if err := code.spoil(&all[i], path); err != nil {
				return nil, err
			}
		}
	}
	return code, nil
}

func (c *spoiled) spoil(t *target, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f := &file{spoiled: c, target: t, path: path, text: string(text), set: token.NewFileSet(), names: map[string]int{}}
	tree, err := parser.ParseFile(f.set, path, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range tree.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			f.function(fn)
		}
	}
	if len(f.in) == 0 {
		return nil
	}
	c.files[path] = f.spliced()
	c.files[filepath.Join(t.dir, "mutants_switch.go")] = strings.Replace(switches, "PACKAGE", tree.Name.Name, 1)
	return nil
}

// switches stand in each package that is spoiled. With FLORIN_MUTANT_TRACE they tell which
// mutants a run comes by.
const switches = `package PACKAGE

import (
	"os"
	"sync"
)

var mutantNow, mutantTrace, mutantSeen = os.Getenv("FLORIN_MUTANT"), os.Getenv("FLORIN_MUTANT_TRACE"), sync.Map{}

func mutantOn(id string) bool {
	if mutantTrace != "" {
		if _, seen := mutantSeen.LoadOrStore(id, true); !seen {
			f, err := os.OpenFile(mutantTrace, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err == nil {
				_, _ = f.WriteString(id + "\n")
				_ = f.Close()
			}
		}
	}
	return mutantNow == id
}

func mutantZero[T any](on bool, value T) T {
	if on {
		return *new(T)
	}
	return value
}

func mutantSQL(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if mutantOn(pairs[i]) {
			return pairs[i+1]
		}
	}
	return text
}
`

func (f *file) function(fn *ast.FuncDecl) {
	name := fn.Name.Name
	if fn.Recv != nil {
		name = strings.TrimPrefix(f.of(fn.Recv.List[0].Type), "*") + "." + name
	}
	f.now = &function{name: f.path + " " + name}
	if !f.target.tenant {
		f.functions = append(f.functions, f.now)
		f.early(fn)
		f.bodies(fn)
	}
	f.statements(fn)
	if !f.target.tenant && f.now.mutants < 2 {
		f.fields(fn)
	}
	if f.target.tenant && f.now.mutants > 0 {
		f.functions = append(f.functions, f.now)
	}
}

// add names a mutant and gives the switch that turns it on.
func (f *file) add(what string) string {
	what = strings.Join(strings.Fields(what), " ")
	name := f.now.name + ": " + what
	f.names[name]++
	if n := f.names[name]; n > 1 {
		name += fmt.Sprint(" #", n)
	}
	f.now.mutants++
	f.mutants = append(f.mutants, mutant{len(f.mutants) + 1, name, f.target})
	return `mutantOn("` + strconv.Itoa(len(f.mutants)) + `")`
}

func (f *file) of(n ast.Node) string { return f.text[f.at(n.Pos()):f.at(n.End())] }

func (f *file) at(p token.Pos) int { return f.set.Position(p).Offset }

func (f *file) around(n ast.Node, before, after string) {
	f.in = append(f.in, insertion{f.at(n.Pos()), len(f.in), false, before}, insertion{f.at(n.End()), len(f.in) + 1, true, after})
}

// early has the function give nothing, and no error.
func (f *file) early(fn *ast.FuncDecl) {
	var results []string
	if fn.Type.Results != nil {
		for _, field := range fn.Type.Results.List {
			for range max(1, len(field.Names)) {
				results = append(results, "*new("+f.of(field.Type)+")")
			}
		}
	}
	f.in = append(f.in, insertion{f.at(fn.Body.Lbrace) + 1, len(f.in), false, " if " + f.add("gives nothing") + " { return " + strings.Join(results, ", ") + " }; "})
}

// bodies spoils conditions and drops calls whose result nobody takes.
func (f *file) bodies(fn *ast.FuncDecl) {
	answers := fn.Type.Results != nil && len(fn.Type.Results.List) == 1 && f.of(fn.Type.Results.List[0].Type) == "bool"
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.FuncLit:
			answers = answers && f.of(v.Type) != "" // its returns are its own
		case *ast.IfStmt:
			f.guard(v.Cond)
		case *ast.SwitchStmt:
			if v.Tag == nil {
				f.cases(v)
			}
		case *ast.BinaryExpr:
			f.operands(v)
		case *ast.CallExpr:
			if name := f.of(v.Fun); strings.HasSuffix(name, "Equal") || strings.HasSuffix(name, "Contains") {
				f.around(v, "("+f.add("always "+f.of(v))+" || ", ")")
			}
		case *ast.ReturnStmt:
			if answers && len(v.Results) == 1 {
				f.around(v.Results[0], "("+f.add("return not "+f.of(v.Results[0]))+") != (", ")")
			}
		case *ast.ExprStmt:
			f.call(v)
		}
		return true
	})
}

// guard skips what an if guards, and does it when it should not.
func (f *file) guard(cond ast.Expr) {
	f.around(cond, "!"+f.add("never "+f.of(cond))+" && ("+f.add("not "+f.of(cond))+" != (", "))")
}

func (f *file) cases(s *ast.SwitchStmt) {
	for _, c := range s.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			f.around(e, "!"+f.add("never "+f.of(e))+" && (", ")")
		}
	}
}

// operands drops one side of an and, or of an or.
func (f *file) operands(e *ast.BinaryExpr) {
	before, after := "", ""
	switch e.Op {
	case token.LAND:
		before, after = " || (", "))"
	case token.LOR:
		before, after = " && (", "))"
	default:
		return
	}
	for _, side := range []ast.Expr{e.X, e.Y} {
		if e.Op == token.LOR {
			f.around(side, "(!"+f.add("without "+f.of(side))+before, after)
		} else {
			f.around(side, "("+f.add("without "+f.of(side))+before, after)
		}
	}
}

// call drops a call. Locks stay: without them nothing is wrong that a run shows.
func (f *file) call(s *ast.ExprStmt) {
	c, ok := s.X.(*ast.CallExpr)
	if !ok || strings.HasSuffix(f.of(c.Fun), "ock") || strings.HasPrefix(f.of(c.Fun), "panic") {
		return
	}
	f.around(s, "if !"+f.add("no "+f.of(c.Fun)+" "+firstOf(c, f))+" { ", " }")
}

// firstOf tells two calls of one function apart.
func firstOf(c *ast.CallExpr, f *file) string {
	if len(c.Args) == 0 {
		return ""
	}
	text := strings.Join(strings.Fields(f.of(c.Args[0])), " ")
	return text[:min(40, len(text))]
}

// fields leaves members of values out, one at a time.
func (f *file) fields(fn *ast.FuncDecl) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, e := range c.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && f.typed(kv.Value) {
				f.around(kv.Value, "mutantZero("+f.add("no member "+f.of(kv.Key))+", ", ")")
			}
		}
		return true
	})
}

// typed reports whether a value surely has its member's own type.
func (f *file) typed(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return !slices.Contains([]string{"nil", "true", "false"}, f.of(e))
	}
	return false
}

// statements drops conditions of SQL.
func (f *file) statements(fn *ast.FuncDecl) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			return false
		}
		l, ok := n.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(l.Value)
		if err != nil {
			return true
		}
		pairs := ""
		spoilt := spoilSQL(text, f.target.tenant)
		for _, what := range sorted(spoilt) {
			f.add("SQL " + what)
			pairs += ", " + strconv.Quote(strconv.Itoa(len(f.mutants))) + ", " + strconv.Quote(spoilt[what])
		}
		if pairs != "" {
			f.around(l, "mutantSQL(", pairs+")")
		}
		return true
	})
}

func sorted(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// spliced puts the insertions into the text.
func (f *file) spliced() string {
	sort.SliceStable(f.in, func(i, j int) bool {
		a, b := f.in[i], f.in[j]
		switch {
		case a.at != b.at:
			return a.at < b.at
		case a.end != b.end:
			return a.end
		case a.end:
			return a.order > b.order
		}
		return a.order < b.order
	})
	var out strings.Builder
	from := 0
	for _, i := range f.in {
		out.WriteString(f.text[from:i.at])
		out.WriteString(i.text)
		from = i.at
	}
	return out.String() + f.text[from:]
}
