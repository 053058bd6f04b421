package httpcache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/httpcache"
)

// silent is a client that only counts.
type silent struct {
	header http.Header
	bytes  int
}

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) WriteHeader(int)             {}
func (s *silent) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

// BenchmarkCodedHit is a hit of 5 KB in memory, as it is and in a coding.
func BenchmarkCodedHit(b *testing.B) {
	o := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"v1"`)
		_, _ = io.WriteString(w, strings.Repeat(`{"id":1,"name":"a"},`, 256))
	})
	cfg := httpcache.Config{Encoder: newEncoder(b, encode.Config{})}
	for _, bb := range []struct {
		name, accept string
		handler      http.Handler
	}{
		{"coding=identity/encoder=none", "gzip, deflate, br", open(b, memoryStore(b), httpcache.Config{}).Handler(o)},
		{"coding=identity", "identity", open(b, memoryStore(b), cfg).Handler(o)},
		{"coding=gzip", "gzip, deflate, br", open(b, memoryStore(b), cfg).Handler(o)},
		{"coding=br", "br", open(b, memoryStore(b), cfg).Handler(o)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, w := httptest.NewRequest(http.MethodGet, "/list?page=1", http.NoBody), &silent{header: http.Header{}}
			r.Header.Set("User-Agent", "bench/1.0")
			r.Header.Set("Accept-Encoding", bb.accept)
			for range 3 {
				clear(w.header)
				bb.handler.ServeHTTP(w, r)
			}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				bb.handler.ServeHTTP(w, r)
			}
			if status := w.header.Get("Cache-Status"); !strings.HasPrefix(status, "hone; hit") {
				b.Errorf("Cache-Status = %q, want a hit", status)
			}
		})
	}
}
