package hone_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestReadmeShowsTheQuickstart(t *testing.T) {
	program := read(t, "examples/quickstart/main.go") // which `go vet ./...` compiles
	if !strings.Contains(read(t, "README.md"), "```go\n"+program+"```") {
		t.Error("README.md does not contain examples/quickstart/main.go word for word")
	}
}

// TestDocsNameEveryPackage keeps the package table and the map complete.
func TestDocsNameEveryPackage(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	readme, architecture := read(t, "README.md"), read(t, "docs/ARCHITECTURE.md")
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct{ ImportPath string }
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if path == "" {
			continue
		}
		public := !strings.Contains(path, "internal/") && !strings.HasPrefix(path, "examples/") && !strings.HasPrefix(path, "cmd/")
		if public && !strings.Contains(readme, "("+path+")") {
			t.Errorf("README.md does not link to package %s", path)
		}
		if !strings.Contains(architecture, path) {
			t.Errorf("docs/ARCHITECTURE.md does not name package %s", path)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
