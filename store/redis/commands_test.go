package redis_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/store/redis"
)

// sweeping are the commands that look through, or throw away, more than the
// keys that they name: the longer, the more there is in the server, which does
// nothing else meanwhile.
var sweeping = []string{"keys", "scan", "sscan", "hscan", "zscan", "randomkey", "flushdb", "flushall", "swapdb"}

// TestScriptsSweepNothing: no script has the name of such a command in it.
func TestScriptsSweepNothing(t *testing.T) {
	literal := regexp.MustCompile(`'\w+'|"\w+"`)
	found := 0
	err := fs.WalkDir(os.DirFS("scripts"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join("scripts", path))
		for _, word := range literal.FindAllString(string(text), -1) {
			found++
			if slices.Contains(sweeping, strings.ToLower(strings.Trim(word, `'"`))) {
				t.Errorf("%s has %s", path, word)
			}
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("%d commands and the like were found, %v, want some", found, err)
	}
}

// TestNothingSweeps has a Redis count what the conformance suite makes it run,
// by the store and in its scripts.
func TestNothingSweeps(t *testing.T) {
	n := node(t)
	t.Run("suites", func(t *testing.T) { // ends when both have
		for _, scripts := range []bool{false, true} {
			t.Run(fmt.Sprintf("scripts=%v", scripts), func(t *testing.T) {
				t.Parallel() // the suite waits more than it works
				cachetest.Run(t, func(t *testing.T) cache.Store {
					s := ready(t, url(n), redis.Config{})
					if scripts {
						s.ForceScripts()
					}
					return s
				})
			})
		}
	})
	calls := callsOf(t, raw(t, n.Address()))
	for name := range calls {
		if command, _, _ := strings.Cut(name, "|"); slices.Contains(sweeping, command) {
			t.Errorf("Redis has run %s", name)
		}
	}
	for _, name := range []string{"get", "evalsha", "zadd"} { // zadd is in scripts only
		if calls[name] == 0 {
			t.Errorf("Redis has run %v, want %s among them", calls, name)
		}
	}
}
