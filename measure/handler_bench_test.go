package measure_test

import (
	"net/http"
	"testing"

	"github.com/hone-go/hone/measure"
)

// sink is a response writer that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

func BenchmarkHandler(b *testing.B) {
	body := []byte("ok")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /api/orders/{id}" // as ServeMux does, without its cost
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
	configs := []struct {
		name string
		cfg  measure.Config
	}{
		{"plain", measure.Config{}},
		{"labels", measure.Config{ProfileLabels: true, Route: func(*http.Request) string { return "/api/orders/{id}" }}},
		{"timing", measure.Config{ServerTiming: true}},
	}
	req := newRequest(b, "GET", "/api/orders/1")
	b.Run("measure=none", func(b *testing.B) {
		w := &sink{http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			handler.ServeHTTP(w, req)
		}
	})
	for _, c := range configs {
		h := newRecorder(b, c.cfg).Handler(handler)
		b.Run("measure="+c.name, func(b *testing.B) {
			w := &sink{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, req)
			}
		})
	}
	b.Run("measure=plain/parallel", func(b *testing.B) {
		h := newRecorder(b, measure.Config{}).Handler(handler)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			w := &sink{http.Header{}}
			for pb.Next() {
				h.ServeHTTP(w, req)
			}
		})
	})
}

func BenchmarkSpan(b *testing.B) {
	op := newRecorder(b, measure.Config{}).Begin(b.Context(), measure.Operation{Method: "GET", Route: "/"})
	defer op.End(http.StatusOK)
	b.ReportAllocs()
	for b.Loop() {
		measure.Span(op.Context(), "stripe").End()
	}
}

func BenchmarkSnapshot(b *testing.B) {
	rec := newRecorder(b, measure.Config{})
	for _, d := range latencies() {
		rec.Observe("/api/orders", d)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = rec.Snapshot()
	}
}
