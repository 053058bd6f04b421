package httpcache_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// sink is a writer that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// What a tag costs on a 5 KB body, beside the handler alone and Check.
func BenchmarkConditional(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 5<<10/16)
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	checked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !httpcache.Check(w, r, "v7", time.Time{}) {
			_, _ = w.Write(body)
		}
	})
	c, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
	if err != nil {
		b.Fatal(err)
	}
	first := httptest.NewRecorder()
	c.Handler(plain).ServeHTTP(first, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, bb := range []struct {
		name    string
		handler http.Handler
		tag     string
	}{
		{"alone", plain, ""},
		{"tagged", c.Handler(plain), ""},
		{"tagged=304", c.Handler(plain), first.Header().Get("ETag")},
		{"Check=304", checked, `"v7"`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if bb.tag != "" {
				r.Header.Set("If-None-Match", bb.tag)
			}
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				bb.handler.ServeHTTP(w, r)
			}
		})
	}
}

// What a range costs, and what a hostile one does.
func BenchmarkRange(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 1<<20)
	for name, field := range map[string]string{"one": "bytes=0-99", "hostile": "bytes=" + growing(10_000)} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Range", field)
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				if err := httpcache.ServeComplete(w, r, body, modified); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
