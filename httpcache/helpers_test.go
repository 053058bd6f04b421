package httpcache_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/store/memory"
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

// open returns an HTTPCache over a store, as one process has it.
func open(t testing.TB, store cache.Store, cfg httpcache.Config) *httpcache.HTTPCache {
	t.Helper()
	c, err := cache.New(store, cache.Config{
		Namespace: "test", Near: cache.Near{MaxBytes: 16 << 20},
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
	return h
}

// origin is a handler that counts its runs.
type origin struct {
	runs  atomic.Int64
	serve func(run int64, w http.ResponseWriter, r *http.Request)
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.serve(o.runs.Add(1), w, r) }

// get asks a handler. Each of fields is "Name: value", or "METHOD" alone.
func get(h http.Handler, target string, fields ...string) *http.Response {
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
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
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
