package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const generated = "../fakedriver/shapes_gen.go"

func TestGeneratedFileIsCurrent(t *testing.T) {
	out := filepath.Join(t.TempDir(), "shapes.go")
	var stderr bytes.Buffer
	if code := run([]string{"-o", out}, &stderr); code != 0 {
		t.Fatalf("run = %d, want 0: %s", code, &stderr)
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what shapegen writes: run go generate ./sqltrace/internal/fakedriver", generated)
	}
}

func TestRunRefusesBadUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"no file", nil, 2},
		{"unknown flag", []string{"-x"}, 2},
		{"surplus argument", []string{"-o", "f", "g"}, 2},
		{"unwritable file", []string{"-o", filepath.Join(t.TempDir(), "none", "f")}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if got := run(tt.args, &stderr); got != tt.want {
				t.Errorf("run(%q) = %d, want %d", tt.args, got, tt.want)
			}
			if stderr.Len() == 0 {
				t.Errorf("run(%q) printed nothing, want what is wrong", tt.args)
			}
		})
	}
}
