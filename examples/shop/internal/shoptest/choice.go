package shoptest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// OnEverySystem fails t if a test in the current folder chooses a system itself
// or opens the shop's database by another way than [Each], unless reasons has
// its function's name. A reason for what chooses none is a mistake too.
func OnEverySystem(t *testing.T, reasons map[string]string) {
	t.Helper()
	chosen, err := choices(".")
	if err != nil {
		t.Fatal(err)
	}
	for function, what := range chosen {
		if strings.TrimSpace(reasons[function]) == "" {
			t.Errorf("%s names %s: run it by shoptest.Each, or say why not", function, strings.Join(what, ", "))
		}
	}
	for function := range reasons {
		if _, ok := chosen[function]; !ok {
			t.Errorf("%s is excused and chooses no system", function)
		}
	}
}

// choices returns what the functions in the test files of a folder name to get
// a database without [Each], by function; "" has what is outside of any.
func choices(folder string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, fmt.Errorf("shoptest: %w", err)
	}
	chosen := make(map[string][]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("shoptest: %w", err)
		}
		for _, d := range file.Decls {
			function := ""
			if f, ok := d.(*ast.FuncDecl); ok {
				function = f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if what := choice(n); what != "" && !slices.Contains(chosen[function], what) {
					chosen[function] = append(chosen[function], what)
				}
				return true
			})
		}
	}
	return chosen, nil
}

// choice returns what a node names that leads to a database, or "".
func choice(n ast.Node) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		pkg, ok := n.X.(*ast.Ident)
		if !ok {
			return ""
		}
		switch name := pkg.Name + "." + n.Sel.Name; name {
		case "shoptest.SQLite", "shoptest.Postgres", "shoptest.PgBouncer",
			"testserver.Postgres", "testserver.PgBouncer", "data.Open":
			return name
		}
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		if s := System(text); err == nil && (s == SQLite || s == Postgres || s == PgBouncer) {
			return n.Value
		}
	}
	return ""
}
