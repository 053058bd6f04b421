package hone_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/hone-go/hone"

// layers is the import order of the house, top first, as docs/ARCHITECTURE.md
// draws it: a package may import its own family and lower lines. A family is a
// path and everything below it; "" is the root package alone.
var layers = [][]string{
	{"cmd/hone"},
	{"examples"},
	{"", "gateway"},
	{"dashboard"},
	{"advise"},
	{"store"},
	{"httpcache"},
	{"cache", "ratelimit"},
	{"measure", "sqltrace", "clientip", "encode", "respond", "batch", "page", "dbpool"},
	{"internal"},
}

// family returns the family of a package and its line, or -1.
func family(pkg string) (name string, line int) {
	rel := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
	for i, names := range layers {
		for _, name := range names {
			if rel == name || name != "" && strings.HasPrefix(rel, name+"/") {
				return name, i
			}
		}
	}
	return "", -1
}

// checkImport says what is wrong with an import of one hone package by another.
func checkImport(from, to string) error {
	fromName, fromLine := family(from)
	toName, toLine := family(to)
	switch {
	case fromLine < 0 || toLine < 0:
		return fmt.Errorf("%s imports %s: not both are in a layer; add the new one to layers", from, to)
	case fromLine == toLine && fromName == toName:
		return nil
	case fromLine >= toLine:
		return fmt.Errorf("%s imports %s, which is not on a lower line", from, to)
	case toName == "store" && (fromName == "dashboard" || fromName == "advise"):
		return fmt.Errorf("%s imports %s: only the front doors, the binary and examples pick a store", from, to)
	}
	return nil
}

func TestImportsFollowTheLayers(t *testing.T) {
	type pkg struct {
		ImportPath string
		Imports    []string
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		if _, line := family(p.ImportPath); line < 0 {
			t.Errorf("%s is in no layer: add it to layers and to docs/ARCHITECTURE.md", p.ImportPath)
		}
		for _, to := range p.Imports {
			if !strings.HasPrefix(to, module) {
				continue
			}
			if err := checkImport(p.ImportPath, to); err != nil {
				t.Error(err)
			}
		}
	}
	if seen < 5 {
		t.Errorf("go list named %d packages, want the whole module", seen)
	}
}

func TestCheckImport(t *testing.T) {
	tests := []struct {
		from, to string
		ok       bool
	}{
		{"", "/measure", true},
		{"/measure/measureprom", "/measure", true},
		{"/measure", "/internal/ledger", true},
		{"/cmd/hone", "/examples/shop", true},
		{"/examples/shop", "", true},
		{"", "/store/redis", true},
		{"/measure", "/sqltrace", false},
		{"/sqltrace", "/measure", false},
		{"/internal/ledger", "/measure", false},
		{"/measure", "", false},
		{"/advise", "/store/redis", false},
		{"/cache", "/store/redis", false},
		{"/cache", "/ratelimit", false},
		{"/examples/shop", "/cmd/hone", false},
		{"/measure", "/util", false},
	}
	for _, tt := range tests {
		if err := checkImport(module+tt.from, module+tt.to); (err == nil) != tt.ok {
			t.Errorf("checkImport(%q, %q) = %v, want ok = %t", tt.from, tt.to, err, tt.ok)
		}
	}
}
