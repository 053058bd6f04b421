package cache_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// A source is what functions read: each key has a version.
type source struct {
	mu       sync.Mutex
	versions map[string]int64
	loads    atomic.Int64
	// before, if set, is called by a load that has read its version.
	before func(ctx context.Context, key string, version int64) error
}

func (s *source) write(key string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versions == nil {
		s.versions = make(map[string]int64)
	}
	s.versions[key]++
	return s.versions[key]
}

func (s *source) load(ctx context.Context, key string) (int64, error) {
	s.loads.Add(1)
	s.mu.Lock()
	version := s.versions[key]
	s.mu.Unlock()
	if s.before != nil {
		if err := s.before(ctx, key, version); err != nil {
			return 0, err
		}
	}
	return version, nil
}

// A gate holds loads until it is opened.
type gate struct {
	reached chan struct{} // has a token for each load at the gate
	open    chan struct{}
}

func newGate() *gate { return &gate{make(chan struct{}, 1000), make(chan struct{})} }

func (g *gate) wait(context.Context, string, int64) error {
	g.reached <- struct{}{}
	<-g.open
	return nil
}

// localStore returns a store of the test's own.
func localStore(t testing.TB) *memory.Store {
	t.Helper()
	st, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// member returns a Cache as one process of a fleet would have it.
func member(t testing.TB, st cache.Store, cfg cache.Config) *cache.Cache {
	t.Helper()
	if cfg.Namespace == "" {
		cfg.Namespace = "fleet"
	}
	if cfg.Jitter == 0 {
		cfg.Jitter = -1
	}
	c, err := cache.New(st, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

type (
	versions       = cache.Func[string, int64]
	versionsConfig = cache.FuncConfig[string, int64]
)

// memoized returns the source's function in a Cache.
func memoized(t testing.TB, c *cache.Cache, src *source, cfg versionsConfig) *versions {
	t.Helper()
	if cfg.Beta == 0 {
		cfg.Beta = -1
	}
	f, err := cache.Memoize(c, "version", src.load, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// got is what a Get has returned.
type got struct {
	version int64
	found   bool
	err     error
	took    time.Duration
}

// ask gets a key in the background.
func ask(ctx context.Context, f *versions, key string) <-chan got {
	answer := make(chan got, 1)
	go func() {
		begin := time.Now()
		v, found, err := f.Get(ctx, key)
		answer <- got{v, found, err, time.Since(begin)}
	}()
	return answer
}

func wantVersion(t testing.TB, what string, g got, want int64) {
	t.Helper()
	if g.err != nil || !g.found || g.version != want {
		t.Errorf("%s = %d, %v, %v, want %d, true, nil", what, g.version, g.found, g.err, want)
	}
}

func get(t testing.TB, f *versions, key string) got { t.Helper(); return <-ask(t.Context(), f, key) }
