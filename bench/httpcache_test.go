package bench_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
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

// honeCache returns hone's cache before list, over a cache with memory near,
// that has answered a few times in each of the codings.
func honeCache(tb testing.TB, encoder *encode.Encoder, codings ...string) http.Handler {
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
	h, err := httpcache.New(c, httpcache.Config{
		Encoder: encoder,
		OnError: func(_ context.Context, err error) { tb.Errorf("httpcache: %v", err) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	handler := h.Handler(http.HandlerFunc(list))
	for _, coding := range codings {
		var last *httptest.ResponseRecorder
		for range 10 { // what is asked for twice is near
			last = httptest.NewRecorder()
			handler.ServeHTTP(last, listRequest(coding))
		}
		checkHit(tb, coding, last.Header(), last.Body.Len())
	}
	return handler
}

// listRequest is a request as a browser's script sends it that takes a coding.
func listRequest(coding string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/products?page=3&sort=price", http.NoBody)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", coding)
	r.Header.Set("User-Agent", "bench/1.0")
	return r
}

// BenchmarkHit measures the cache alone, when it has the response near: without
// an encoder, beside its peers, and with one, as the client takes the body.
func BenchmarkHit(b *testing.B) {
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		b.Fatal(err)
	}
	plain, coded := honeCache(b, nil, identity), honeCache(b, encoder, identity, "gzip", "zstd")
	b.Run("core=one/hone", func(b *testing.B) { oneCore(b, plain, identity, checkHit) })
	b.Run("goroutines=1/hone", func(b *testing.B) { hits(b, plain, identity, checkHit) })
	b.Run("goroutines=cores/hone", func(b *testing.B) { parallelHits(b, plain, identity, checkHit) })
	for _, coding := range []string{identity, "gzip", "zstd"} {
		b.Run("coded/"+coding, func(b *testing.B) { hits(b, coded, coding, checkHit) })
	}
	for name, peer := range cachePeers(b) {
		handler, check := warmPeer(b, peer)
		b.Run("core=one/"+name, func(b *testing.B) { oneCore(b, handler, identity, check) })
		b.Run("goroutines=1/"+name, func(b *testing.B) { hits(b, handler, identity, check) })
		b.Run("goroutines=cores/"+name, func(b *testing.B) { parallelHits(b, handler, identity, check) })
	}
}

// A hitCheck fails a benchmark whose last answer is not a hit of cachedBody in
// the coding.
type hitCheck func(tb testing.TB, coding string, header http.Header, bytes int)

// hits asks the handler again and again.
func hits(b *testing.B, handler http.Handler, coding string, check hitCheck) {
	b.ReportAllocs()
	r, w := listRequest(coding), &counted{discard: discard{header: http.Header{}}}
	for b.Loop() {
		clear(w.header)
		w.bytes = 0
		handler.ServeHTTP(w, r)
	}
	check(b, coding, w.header, w.bytes)
}

// oneCore is hits where no other core is idle: the collector frees what was
// allocated in the same time, not unseen beside it.
func oneCore(b *testing.B, handler http.Handler, coding string, check hitCheck) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	hits(b, handler, coding, check)
}

// parallelHits asks the handler again and again from each core.
func parallelHits(b *testing.B, handler http.Handler, coding string, check hitCheck) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r, w := listRequest(coding), &counted{discard: discard{header: http.Header{}}}
		asked := false
		for pb.Next() {
			clear(w.header)
			w.bytes = 0
			handler.ServeHTTP(w, r)
			asked = true
		}
		if asked {
			check(b, coding, w.header, w.bytes)
		}
	})
}

const identity = "identity"

// checkHit is hone's hitCheck.
func checkHit(tb testing.TB, coding string, header http.Header, bytes int) {
	tb.Helper()
	right := bytes == len(cachedBody) && header.Get("Content-Encoding") == ""
	if coding != identity {
		right = bytes > 0 && bytes < len(cachedBody)/2 && header.Get("Content-Encoding") == coding
	}
	if status := header.Get("Cache-Status"); !right || !strings.HasPrefix(status, "hone; hit") {
		tb.Errorf("answer of %d bytes with %v, want a hit of %d in %s", bytes, header, len(cachedBody), coding)
	}
}
