package file_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/file"
	"github.com/hone-go/hone/store/memory"
)

func set(t testing.TB, s cache.Store, entries ...cache.Entry) {
	t.Helper()
	if err := s.Set(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

func has(t testing.TB, s cache.Store, key string) bool {
	t.Helper()
	item, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return item.State == cache.Found
}

// TestTheFileIsBounded writes five times the limit, in random sizes and order.
func TestTheFileIsBounded(t *testing.T) {
	const limit = 8 << 20
	path := newPath(t)
	s := open(t, path, file.Config{MaxBytes: limit})
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, limit/256)
	written := 0
	for round := 0; written < 5*limit; round++ {
		var group []cache.Entry
		for range 50 {
			size := 1 << r.IntN(14)
			if r.IntN(200) == 0 {
				size = limit / 256
			}
			written += size
			group = append(group, cache.Entry{Key: fmt.Sprintf("k:%x", r.Uint64()), Value: noise[:size], Life: time.Hour})
		}
		set(t, s, group...)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB written, the file has %.1f of %d MiB", written>>20, float64(info.Size())/(1<<20), limit>>20)
	if info.Size() > limit {
		t.Errorf("the file has %d bytes after %d were written, want at most %d", info.Size(), written, limit)
	}
}

// TestRoomIsMade fills the store: what has expired goes first, then what was
// written longest ago.
func TestRoomIsMade(t *testing.T) {
	s := open(t, newPath(t), file.Config{MaxBytes: 4 << 20})
	value := make([]byte, 12<<10) // 102 of them fit, with their pages
	set(t, s, cache.Entry{Key: "k:old", Value: value, Life: cache.NoExpiry})
	set(t, s, cache.Entry{Key: "k:dead", Value: value, Life: time.Millisecond})
	testserver.Eventually(t, "the one of a millisecond has expired", func() bool { return !has(t, s, "k:dead") })
	for i := range 101 {
		set(t, s, cache.Entry{Key: fmt.Sprint("k:", i), Value: value, Life: cache.NoExpiry})
	}
	if !has(t, s, "k:old") {
		t.Error("the oldest entry had to go before one that has expired")
	}
	for i := range 12 {
		set(t, s, cache.Entry{Key: fmt.Sprint("k:more", i), Value: value, Life: cache.NoExpiry})
	}
	if has(t, s, "k:old") || !has(t, s, "k:100") || !has(t, s, "k:more11") {
		t.Error("want the oldest entry gone and the latest there")
	}
}

func TestItIsThereAfterReopening(t *testing.T) {
	path := newPath(t)
	s := open(t, path, file.Config{})
	set(t, s, cache.Entry{Key: "k:a", Value: []byte("1"), Life: time.Hour}, cache.Entry{Key: "k:b", Value: []byte("2"), Life: time.Millisecond})
	generation, err := s.Invalidate(t.Context(), "k", []string{"tag"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, file.Config{})
	of, _, err := s.Generations(t.Context(), "k", []string{"tag", "never"})
	if err != nil || of[0] != generation || of[1] >= generation {
		t.Errorf("Generations = %v, %v, want %d and an earlier one", of, err, generation)
	}
	left, found, err := s.Life(t.Context(), "k:a")
	if err != nil || !found || left > time.Hour+time.Second || left < time.Minute {
		t.Errorf("Life = %v, %t, %v, want about an hour", left, found, err)
	}
}

func TestForgottenTagsAreDead(t *testing.T) {
	s := open(t, newPath(t), file.Config{MaxTags: 3})
	var at []int64
	for i := range 5 {
		g, err := s.Invalidate(t.Context(), "k", []string{fmt.Sprint("tag", i)})
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, g)
	}
	of, now, err := s.Generations(t.Context(), "k", []string{"tag0", "tag1", "tag2", "tag4", "never"})
	want := []int64{at[1], at[1], at[2], at[4], at[1]} // tag0 and tag1 are forgotten
	if err != nil || fmt.Sprint(of) != fmt.Sprint(want) || now != at[4] {
		t.Errorf("Generations = %d, %d, %v, want %d, %d", of, now, err, want, at[4])
	}
}

func TestOpenRefuses(t *testing.T) {
	path := newPath(t)
	_ = open(t, path, file.Config{})
	began := time.Now()
	if s, err := file.Open(path, file.Config{}); err == nil || s != nil || !strings.Contains(err.Error(), "is open already") {
		t.Errorf("Open of an open file = %v, %v, want an error", s, err)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("the refusal took %v", d)
	}
	foreign := filepath.Join(t.TempDir(), "foreign")
	text := strings.Repeat("this is no cache\n", 4096)
	if err := os.WriteFile(foreign, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Open(foreign, file.Config{}); err == nil || !strings.Contains(err.Error(), "delete it, or name another") {
		t.Errorf("Open of a text = %v, want an error", err)
	}
	if got, err := os.ReadFile(foreign); err != nil || string(got) != text {
		t.Errorf("Open changed the foreign file: %v", err)
	}
	if _, err := file.Open(newPath(t), file.Config{MaxBytes: 1, MaxTags: -1}); err == nil ||
		!strings.Contains(err.Error(), "MaxBytes") || !strings.Contains(err.Error(), "MaxTags") {
		t.Errorf("Open with a bad Config = %v, want both fields named", err)
	}
}

// BenchmarkSet: writers that write at the same time share syncs.
func BenchmarkSet(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			s := open(b, newPath(b), file.Config{})
			value := make([]byte, 512)
			b.ReportAllocs()
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for {
						i := n.Add(1)
						if i > int64(b.N) {
							return
						}
						err := s.Set(b.Context(), []cache.Entry{{Key: fmt.Sprint("k:", i%10_000), Value: value, Life: time.Hour}})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, newPath(b), file.Config{})
	set(b, s, cache.Entry{Key: "k:a", Value: make([]byte, 512), Life: time.Hour})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if item, err := s.Get(b.Context(), "k:a"); err != nil || item.State != cache.Found {
				b.Errorf("Get = %v, %v", item.State, err)
			}
		}
	})
}

func TestAgreementWithMemory(t *testing.T) {
	cachetest.RunAgreement(t,
		func(t *testing.T) cache.Store { return open(t, newPath(t), file.Config{}) },
		func(t *testing.T) cache.Store {
			s, err := memory.New(memory.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}, cachetest.AgreementConfig{})
}
