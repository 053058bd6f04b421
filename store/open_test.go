package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hone-go/hone/store"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	tests := []struct{ url, want string }{
		{"memory://", "*memory.Store"},
		{"memory://?max=16MiB", "*memory.Store"},
		{"file://" + filepath.Join(dir, "a%20b.db") + "?max=8MiB", "*file.Store"},
		{"memcached://localhost", "*memcached.Store"},
		{"memcached://127.0.0.1:1,127.0.0.1:2", "*memcached.Store"},
		{"redis://127.0.0.1:1/0", "*redis.Store"},
		{"null://", "*null.Store"},
	}
	for _, tt := range tests {
		s, err := store.Open(t.Context(), tt.url)
		if err != nil {
			t.Errorf("Open(%q) = %v", tt.url, err)
			continue
		}
		if got := fmt.Sprintf("%T", s); got != tt.want {
			t.Errorf("Open(%q) = %s, want %s", tt.url, got, tt.want)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close of %q = %v", tt.url, err)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "a b.db")); len(found) != 1 {
		t.Error("the file is not where the URL says")
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct{ url, want string }{
		{"", "want memory://"},
		{"localhost:6379", "want memory://"},
		{"mongodb://user:secret@h", `unknown scheme "mongodb": want memory://`},
		{"null://x", "nothing can follow"},
		{"memory://64MiB", "?max=64MiB"},
		{"memory://?max=", `max is ""`},
		{"memory://?max=12XB", `max is "12XB"`},
		{"memory://?max=-1MiB", `max is "-1MiB"`},
		{"memory://?max=0", `max is "0"`},
		{"memory://?max=9999999999GiB", `max is "9999999999GiB"`},
		{"memory://?max=1MiB&max=2MiB", "once"},
		{"memory://?size=1MiB", `parameter "size"`},
		{"memory://?%zz", "the query cannot be read"},
		{"file://relative/path", "three slashes"},
		{"file:///", "three slashes"},
		{"file:///nonexistent-dir/x.db", "no such file"},
		{"file:///tmp/x.db?max=1KiB", "want at least"},
		{"memcached://", "want memcached://host:port"},
		{"memcached://user:secret@h:1", "no users"},
		{"memcached://h:1,,h:2", "want host:port"},
		{"redis://:secret%zz@host/0", "redis"},
	}
	for _, tt := range tests {
		s, err := store.Open(t.Context(), tt.url)
		if err == nil || s != nil {
			t.Errorf("Open(%q) = %v, %v, want an error alone", tt.url, s, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, tt.want) || !strings.HasPrefix(text, "store: ") ||
			strings.Contains(text, "secret") || strings.Contains(text, "\n") {
			t.Errorf("Open(%q) = %q, want one line with %q and no password", tt.url, text, tt.want)
		}
	}
}
