package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// clockFaults: retention, expiry and retries are tested over 400 days, which a
// Go program that reads the real clock cannot be.
func clockFaults(files []sourceFile) []string {
	var faults []string
	for _, f := range files {
		if !f.program() || inside(f.dir, "internal/clock") {
			continue
		}
		for _, n := range uses(f, "time", "Now", "Since", "Until") {
			faults = append(faults, f.at(n)+": reads the real time: take a clock from internal/clock")
		}
	}
	return faults
}

func TestOnlyTheClockReadsTime(t *testing.T) {
	t.Parallel()
	none(t, clockFaults(repository(t)))
	const now = "package p\nimport \"time\"\nvar _ = time.Now()"
	check(t, clockFaults, map[string]row{
		"call":    {[]string{"internal/db/a.go", now}, []string{"internal/clock/a.go", now, "tools/x/a.go", now, "internal/db/a_test.go", now}, "internal/db/a.go:3"},
		"value":   {[]string{"main.go", "package p\nimport \"time\"\nvar _ = time.Since"}, []string{"main.go", "package p\nimport \"time\"\nvar _ = time.Second"}, "main.go:3"},
		"renamed": {[]string{"client/a.go", "package p\nimport t \"time\"\nvar _ = t.Until"}, []string{"client/a.go", "package p\ntype time struct{ Now int }\nfunc f(t time) int { return t.Now }"}, "client/a.go:3"},
	})
}

// stateFaults refuses init and variables at package level that change: two
// servers in one process (every test) would share them.
func stateFaults(files []sourceFile) []string {
	var faults []string
	for _, f := range files {
		if f.test() || inside(f.dir, "tools") || ast.IsGenerated(f.ast) {
			continue
		}
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					faults = append(faults, f.at(d)+": func init: build it where it is used")
				}
			case *ast.GenDecl:
				faults = append(faults, variableFaults(f, d)...)
			}
		}
	}
	return faults
}

func variableFaults(f sourceFile, d *ast.GenDecl) []string {
	var faults []string
	if d.Tok != token.VAR {
		return nil
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		if excused(f, d, v) {
			continue
		}
		if why := changes(v); why != "" {
			faults = append(faults, fmt.Sprintf("%s: var %s is %s at package level: make it a field or a function, or say `// immutable:` and why", f.at(v), v.Names[0].Name, why))
		}
	}
	return faults
}

// excused: the blank identifier, an embedded file, or a comment "immutable:" on
// the declaration, above it or behind it. Directives are not in Text.
func excused(f sourceFile, d *ast.GenDecl, v *ast.ValueSpec) bool {
	if v.Names[0].Name == "_" {
		return true
	}
	for _, group := range []*ast.CommentGroup{d.Doc, v.Doc, v.Comment} {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if strings.Contains(c.Text, "immutable:") || strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// changes says what makes a variable changeable, "" when nothing obvious does.
func changes(v *ast.ValueSpec) string {
	if len(v.Values) == 0 && v.Type == nil {
		return ""
	}
	if len(v.Values) == 0 {
		return "without a value"
	}
	parts := []ast.Node{v.Values[0]}
	if v.Type != nil {
		parts = append(parts, v.Type)
	}
	for _, part := range parts {
		if why := changeable(part); why != "" {
			return why
		}
	}
	return ""
}

func changeable(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MapType:
		return "a map"
	case *ast.ChanType:
		return "a channel"
	case *ast.CompositeLit:
		return changeable(n.Type)
	case *ast.UnaryExpr:
		return changeable(n.X)
	case *ast.CallExpr:
		return changeable(n.Fun)
	case *ast.IndexExpr:
		return changeable(n.X)
	case *ast.Ident:
		if n.Name == "make" || n.Name == "new" {
			return "made by " + n.Name
		}
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && (x.Name == "sync" || x.Name == "atomic") {
			return x.Name + "." + n.Sel.Name
		}
	}
	return ""
}

func TestNoStateInPackages(t *testing.T) {
	t.Parallel()
	none(t, stateFaults(repository(t)))
	rows := map[string]row{}
	for bad, good := range map[string]string{
		"func init() {}":                        "type t int\nfunc (t) init() {}",
		"var m = map[string]int{}":              "// immutable: a table\nvar m = map[string]int{}",
		"var m = make([]int, 3)":                "var m = [...]int{1, 2}",
		"var mu sync.Mutex":                     "type x struct { mu sync.Mutex }",
		"var n atomic.Int64":                    "const n = 1",
		"var (\n\ta = 1\n\tb = &sync.Pool{}\n)": "var (\n\ta = 1\n\tb = &sync.Pool{} // immutable: its New is pure\n)",
		"var o = sync.OnceValue(f)":             "var e = errors.New(\"x\")",
		"var seen map[int]bool":                 "//go:embed x.txt\nvar seen string",
		"var c = new(int)":                      "var _ io.Reader = (*x)(nil)",
		"var p atomic.Pointer[int]":             "var p = regexp.MustCompile(`x`)",
		"var count int":                         "func f() { var count int; _ = count }",
	} {
		rows[bad] = row{[]string{"internal/db/a.go", "package p\n" + bad}, []string{"internal/db/a.go", "package p\n" + good}, "internal/db/a.go:"}
	}
	rows["generated"] = row{[]string{"internal/db/a.go", "// Code of ours.\npackage p\nvar ch chan int"},
		[]string{"internal/db/a.go", "// Code generated by sqlc. DO NOT EDIT.\n\npackage p\nvar ch chan int"}, "var ch"}
	check(t, stateFaults, rows)
}

// reserved says which packages may import what. The key is an import path or,
// with a slash at its end, a whole tree.
func reserved() map[string][]string {
	vault := []string{"internal/vault"}
	mac := []string{"internal/vault", "internal/provider"} // providers' callbacks are signed with HMAC
	digest := []string{"internal/vault", "internal/access", "internal/audit", "internal/api/reference", "internal/webpage", "internal/provider", "internal/leave", "internal/rights", "internal/backup"}
	signature := []string{"internal/vault", "internal/audit"}
	return map[string][]string{
		"crypto/aes": vault, "crypto/cipher": vault, "crypto/hmac": mac, "crypto/hkdf": vault, "crypto/pbkdf2": vault,
		"crypto/des": {}, "crypto/rc4": {}, "crypto/md5": {}, "crypto/sha1": {}, "crypto/dsa": {},
		"crypto/sha256": digest, "crypto/sha512": digest,
		"crypto/ed25519": signature, "crypto/ecdsa": signature, "crypto/rsa": signature,
		"github.com/tink-crypto/":              vault,
		"golang.org/x/crypto/chacha20poly1305": vault,
		"golang.org/x/crypto/nacl/":            vault,
		"golang.org/x/crypto/argon2":           {"internal/access"},
		"filippo.io/":                          {"internal/backup"},
		"modernc.org/sqlite/":                  {"internal/db"},
		"modernc.org/sqlite":                   {"internal/db"},
		"github.com/jackc/":                    {"internal/db"},
		"github.com/mattn/go-sqlite3":          {},
		"github.com/lib/pq":                    {},
		"github.com/golang-migrate/":           {},
		"github.com/pressly/goose/":            {"internal/db"},
	}
}

func importFaults(files []sourceFile) []string {
	var faults []string
	rules := reserved()
	for _, f := range files {
		if f.test() || inside(f.dir, "tools") {
			continue
		}
		for _, imported := range f.imports() {
			for rule, homes := range rules {
				if !matches(imported, rule) || slices.ContainsFunc(homes, func(home string) bool { return inside(f.dir, home) }) {
					continue
				}
				faults = append(faults, fmt.Sprintf("%s imports %s, which belongs to %v: ask the package that owns it", f.name, imported, homes))
			}
		}
	}
	slices.Sort(faults)
	return faults
}

func matches(imported, rule string) bool {
	return imported == rule || strings.HasSuffix(rule, "/") && strings.HasPrefix(imported, rule)
}

// Shows: PCI DSS 6.2.4
func TestReservedImports(t *testing.T) {
	t.Parallel()
	none(t, importFaults(repository(t)))
	rows := map[string]row{}
	for imported, dirs := range map[string][2]string{
		"crypto/aes":                             {"internal/access", "internal/vault"},
		"crypto/hmac":                            {"internal/webhook", "internal/vault/prf"},
		"crypto/sha512":                          {"internal/payment", "internal/provider/rest"},
		"crypto/sha256":                          {"internal/customer", "internal/access"},
		"github.com/tink-crypto/tink-go/v2/aead": {"internal/app", "internal/vault"},
		"github.com/jackc/pgx/v5/pgxpool":        {"internal/owner", "internal/db"},
		"modernc.org/sqlite":                     {"internal/cli", "internal/db/dbtest"},
		"crypto/md5":                             {"internal/vault", "tools/x"},
	} {
		text := "package p\nimport _ \"" + imported + "\""
		rows[imported] = row{[]string{dirs[0] + "/a.go", text}, []string{dirs[1] + "/a.go", text}, dirs[0] + "/a.go imports " + imported}
	}
	check(t, importFaults, rows)
}

// revealFaults keeps card digits where they have to be (PCI DSS 3.3.1, 3.4.1): only a
// connector opens a card.Number, Code or Cryptogram. API keys have a Reveal of their own,
// in the packages that show a new key once; there a file may not know cards.
func revealFaults(files []sourceFile) []string {
	var faults []string
	showsKeys := []string{"internal/access", "internal/api", "internal/app"}
	for _, f := range files {
		if !f.program() || inside(f.dir, "internal/provider") || inside(f.dir, "internal/card") {
			continue
		}
		keysOnly := named(f, module+"/internal/card") == "" && slices.ContainsFunc(showsKeys, func(home string) bool { return inside(f.dir, home) })
		ast.Inspect(f.ast, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if ok && s.Sel.Name == "Reveal" && (!keysOnly || opensCard(s.X)) {
				faults = append(faults, f.at(s)+": Reveal opens card data or a provider's secret: only connectors below internal/provider may")
			}
			return true
		})
	}
	return faults
}

// opensCard recognises a member that has the name of a card's.
func opensCard(x ast.Expr) bool {
	s, ok := x.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Number", "Code", "Cryptogram"}, s.Sel.Name)
}

func TestOnlyConnectorsRevealCards(t *testing.T) {
	t.Parallel()
	none(t, revealFaults(repository(t)))
	const call = "package p\nfunc f(c Card) string { return c.Number.Reveal() }"
	const value = "package p\nfunc f(n Number) func() string { return n.Reveal }"
	const key = "package p\nfunc f(s Secret) string { return s.Reveal() }"
	const knows = "package p\nimport \"" + module + "/internal/card\"\nfunc f(n card.Number) string { return n.Reveal() }"
	check(t, revealFaults, map[string]row{
		"in a feature":       {[]string{"internal/payment/a.go", call}, []string{"internal/provider/rest/a.go", call, "internal/card/a.go", call}, "internal/payment/a.go:2"},
		"as a value":         {[]string{"internal/payment/a.go", value}, []string{"internal/provider/a.go", value, "internal/payment/a_test.go", value}, "internal/payment/a.go:2"},
		"a door with cards":  {[]string{"internal/api/a.go", knows}, []string{"internal/api/a.go", key, "internal/access/a.go", key, "internal/app/a.go", key}, "internal/api/a.go:3"},
		"a member of a card": {[]string{"internal/api/a.go", call}, []string{"internal/api/a.go", key}, "internal/api/a.go:2"},
		"provider's secret":  {[]string{"internal/routing/a.go", key}, []string{"internal/provider/stripe/a.go", key}, "internal/routing/a.go:2"},
		"next to provider":   {[]string{"internal/providers/a.go", call}, []string{"internal/provider/sandbox/a.go", call}, "internal/providers/a.go:2"},
	})
}
