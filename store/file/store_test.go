package file_test

import (
	"path/filepath"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/store/file"
)

func open(t testing.TB, path string, cfg file.Config) *file.Store {
	t.Helper()
	s, err := file.Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "cache.db") }

func TestConformance(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cache.Store { return open(t, newPath(t), file.Config{}) })
}
