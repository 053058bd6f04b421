package httpcache_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/redis"
)

// memoryStore returns a store for caches of one or more processes.
func memoryStore(t testing.TB) cache.Store {
	t.Helper()
	s, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// eachStore runs a test over every store that a fleet shares. open returns the
// store as one more process has it.
func eachStore(t *testing.T, test func(t *testing.T, open func() cache.Store)) {
	t.Helper()
	t.Run("store=memory", func(t *testing.T) {
		store := memoryStore(t)
		test(t, func() cache.Store { return store })
	})
	t.Run("store=redis", func(t *testing.T) {
		url, namespace := testserver.Redis(t), strings.ToLower(rand.Text())
		test(t, func() cache.Store {
			store, err := redis.Open(t.Context(), url, redis.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			return named{store, namespace}
		})
	})
}

// eachStoreOf is eachStore for a row of a table.
func eachStoreOf(t *testing.T, row string, test func(t *testing.T, open func() cache.Store)) {
	t.Helper()
	t.Run(row, func(t *testing.T) { eachStore(t, test) })
}

// named is a store that others use too.
type named struct {
	cache.Store
	namespace string
}

// open returns an HTTPCache over a store, as one process has it.
func open(t testing.TB, store cache.Store, cfg httpcache.Config) *httpcache.HTTPCache {
	t.Helper()
	h, _ := openCache(t, store, cfg)
	return h
}

// openCache is open for tests that look at the sums.
func openCache(t testing.TB, store cache.Store, cfg httpcache.Config) (*httpcache.HTTPCache, *cache.Cache) {
	t.Helper()
	namespace := "test"
	if n, ok := store.(named); ok {
		store, namespace = n.Store, n.namespace
	}
	c, err := cache.New(store, cache.Config{
		Namespace: namespace, Near: cache.Near{MaxBytes: 16 << 20},
		OnError: func(_ context.Context, err error) { t.Logf("cache: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if cfg.OnError == nil {
		cfg.OnError = func(_ context.Context, err error) { t.Errorf("httpcache: %v", err) }
	}
	h, err := httpcache.New(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h, c
}

// eventually waits until a condition holds.
func eventually(t testing.TB, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Error("what was waited for did not happen")
			return
		}
	}
}

// sums returns the Stats of a name, over all the processes.
func sums(caches []*cache.Cache, name string) (total cache.Stats) {
	for _, c := range caches {
		for _, s := range c.Stats() {
			if s.Name == name {
				total.Loads += s.Loads
				total.Filled += s.Filled
			}
		}
	}
	return total
}

// origin is a handler that counts its runs.
type origin struct {
	runs  atomic.Int64
	serve func(run int64, w http.ResponseWriter, r *http.Request)
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.serve(o.runs.Add(1), w, r) }

// get asks a handler. Each of fields is "Name: value", or "METHOD" alone.
func get(h http.Handler, target string, fields ...string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, requestOf(target, fields...))
	return w.Result()
}

// requestOf is the request that get makes.
func requestOf(target string, fields ...string) *http.Request {
	method := http.MethodGet
	header := http.Header{}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ": ")
		if !ok {
			method = f
			continue
		}
		header.Add(name, value)
	}
	r := httptest.NewRequest(method, target, http.NoBody)
	for name, lines := range header {
		r.Header[name] = lines
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	return r
}

// told returns what Cache-Status says without its numbers: "hit",
// "fwd=uri-miss; stored".
func told(r *http.Response) string {
	var parts []string
	for i, p := range strings.Split(r.Header.Get("Cache-Status"), "; ") {
		if i > 0 && !strings.HasPrefix(p, "ttl=") {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "; ")
}
