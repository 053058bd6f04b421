package cache_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// A spy is a store outside the process, as far as a Cache can tell: it counts
// calls, and does what its hook says before each.
type spy struct {
	cache.Store
	mu    sync.Mutex
	calls map[string]int
	hook  func(ctx context.Context, method string) error
}

// watchedSpy is a spy that tells of changes.
type watchedSpy struct {
	*spy
	cache.Watcher
	cache.LifeTeller
}

func newSpy(t *testing.T) watchedSpy {
	t.Helper()
	m := memoryStore(t)
	return watchedSpy{&spy{Store: m, calls: make(map[string]int)}, m, m}
}

// onCall sets the hook.
func (s *spy) onCall(hook func(ctx context.Context, method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// taken returns the calls since it was last called.
func (s *spy) taken() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := maps.Clone(s.calls)
	clear(s.calls)
	return calls
}

func (s *spy) enter(ctx context.Context, method string) error {
	s.mu.Lock()
	s.calls[method]++
	hook := s.hook
	s.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(ctx, method)
}

// through calls f unless the hook says no.
func through[R any](ctx context.Context, s *spy, method string, f func() (R, error)) (r R, err error) {
	if err := s.enter(ctx, method); err != nil {
		return r, err
	}
	return f()
}

func (s *spy) Get(ctx context.Context, key string) (cache.Item, error) {
	return through(ctx, s, "Get", func() (cache.Item, error) { return s.Store.Get(ctx, key) })
}

func (s *spy) GetMany(ctx context.Context, keys []string) ([]cache.Item, error) {
	return through(ctx, s, "GetMany", func() ([]cache.Item, error) { return s.Store.GetMany(ctx, keys) })
}

func (s *spy) Set(ctx context.Context, entries []cache.Entry) error {
	if err := s.enter(ctx, "Set"); err != nil {
		return err
	}
	return s.Store.Set(ctx, entries)
}

func (s *spy) Add(ctx context.Context, e cache.Entry) (bool, error) {
	return through(ctx, s, "Add", func() (bool, error) { return s.Store.Add(ctx, e) })
}

func (s *spy) Delete(ctx context.Context, keys []string) (int, error) {
	return through(ctx, s, "Delete", func() (int, error) { return s.Store.Delete(ctx, keys) })
}

func (s *spy) Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error) {
	return through(ctx, s, "Increment", func() (int64, error) { return s.Store.Increment(ctx, key, delta, life) })
}

func (s *spy) Touch(ctx context.Context, key string, life time.Duration) (bool, error) {
	return through(ctx, s, "Touch", func() (bool, error) { return s.Store.Touch(ctx, key, life) })
}

func (s *spy) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	return through(ctx, s, "Claim", func() ([]cache.Item, error) { return s.Store.Claim(ctx, keys, c) })
}

func (s *spy) Extend(ctx context.Context, keys []string, token cache.Token, life time.Duration) (int, error) {
	return through(ctx, s, "Extend", func() (int, error) { return s.Store.Extend(ctx, keys, token, life) })
}

func (s *spy) Fill(ctx context.Context, entries []cache.Entry, token cache.Token) ([]bool, error) {
	return through(ctx, s, "Fill", func() ([]bool, error) { return s.Store.Fill(ctx, entries, token) })
}

func (s *spy) Release(ctx context.Context, keys []string, token cache.Token) error {
	if err := s.enter(ctx, "Release"); err != nil {
		return err
	}
	return s.Store.Release(ctx, keys, token)
}

func (s *spy) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	if err := s.enter(ctx, "Generations"); err != nil {
		return nil, 0, err
	}
	return s.Store.Generations(ctx, namespace, tags)
}

func (s *spy) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	return through(ctx, s, "Invalidate", func() (int64, error) { return s.Store.Invalidate(ctx, namespace, tags) })
}

func (s *spy) Ping(ctx context.Context) error {
	if err := s.enter(ctx, "Ping"); err != nil {
		return err
	}
	return s.Store.Ping(ctx)
}

func memoryStore(t testing.TB) *memory.Store {
	t.Helper()
	s, err := memory.New(memory.Config{MaxBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// openCache returns a Cache that ends with the test, in the namespace "t"
// unless cfg names another.
func openCache(t testing.TB, s cache.Store, cfg cache.Config) *cache.Cache {
	t.Helper()
	if cfg.Namespace == "" {
		cfg.Namespace = "t"
	}
	c, err := cache.New(s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// define is Memoize that must succeed.
func define[K comparable, V any](t testing.TB, c *cache.Cache, name string, load func(context.Context, K) (V, error), cfg cache.FuncConfig[K, V]) *cache.Func[K, V] {
	t.Helper()
	f, err := cache.Memoize(c, name, load, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// valuesOf is NewValues that must succeed.
func valuesOf[V any](t testing.TB, c *cache.Cache, name string, cfg cache.ValuesConfig[V]) *cache.Values[V] {
	t.Helper()
	v, err := cache.NewValues(c, name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// complaints collects what Config.OnError is told.
type complaints struct {
	mu   sync.Mutex
	errs []error
}

func (c *complaints) add(_ context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

// taken returns what was told since it was last called.
func (c *complaints) taken() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := c.errs
	c.errs = nil
	return errs
}
