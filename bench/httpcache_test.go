package bench_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/store/memory"
)

// cachedBody is what the response caches answer with: a page of a list.
var cachedBody = products(5 << 10)

// list answers with cachedBody, which may be kept.
func list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(cachedBody)
}

// honeCache returns hone's cache before list, over a cache with memory near.
func honeCache(tb testing.TB) http.Handler {
	tb.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	c, err := cache.New(store, cache.Config{Namespace: "bench", TTL: cache.For(time.Hour), Near: cache.Near{MaxBytes: 64 << 20}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	h, err := httpcache.New(c, httpcache.Config{OnError: func(_ context.Context, err error) { tb.Errorf("httpcache: %v", err) }})
	if err != nil {
		tb.Fatal(err)
	}
	handler := h.Handler(http.HandlerFunc(list))
	var last *httptest.ResponseRecorder
	for range 10 { // what is asked for twice is near
		last = httptest.NewRecorder()
		handler.ServeHTTP(last, listRequest())
	}
	checkHit(tb, last.Header(), last.Body.Len())
	return handler
}

// listRequest is a request as a browser's script sends it.
func listRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/products?page=3&sort=price", http.NoBody)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "bench/1.0")
	return r
}

// BenchmarkHit measures the cache alone, when it has the response near.
func BenchmarkHit(b *testing.B) {
	h := honeCache(b)
	b.Run("goroutines=1/hone", func(b *testing.B) {
		b.ReportAllocs()
		r, w := listRequest(), &counted{discard: discard{header: http.Header{}}}
		for b.Loop() {
			clear(w.header)
			w.bytes = 0
			h.ServeHTTP(w, r)
		}
		checkHit(b, w.header, w.bytes)
	})
	b.Run("goroutines=cores/hone", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			r, w := listRequest(), &counted{discard: discard{header: http.Header{}}}
			asked := false
			for pb.Next() {
				clear(w.header)
				w.bytes = 0
				h.ServeHTTP(w, r)
				asked = true
			}
			if asked {
				checkHit(b, w.header, w.bytes)
			}
		})
	})
}

// checkHit fails a benchmark that does not measure hits.
func checkHit(tb testing.TB, header http.Header, bytes int) {
	tb.Helper()
	if status := header.Get("Cache-Status"); bytes != len(cachedBody) || !strings.HasPrefix(status, "hone; hit") {
		tb.Errorf("answer of %d bytes with Cache-Status %q, want %d and a hit", bytes, status, len(cachedBody))
	}
}
