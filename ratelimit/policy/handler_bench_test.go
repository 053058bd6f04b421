package policy_test

import (
	"net/http"
	"testing"

	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// discard is a response that goes nowhere, so that only the table is measured.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkHandler is the cost of a table on memory around a handler that does
// nothing.
func BenchmarkHandler(b *testing.B) {
	one := application(limit("one", "1000000000/minute"))
	bare := application(limit("one", "1000000000/minute"))
	bare.Fields.Draft = policy.NoDraft
	two := application(limit("one", "1000000000/minute"), limit("two", "1000000000/hour"))
	group := policy.Config{
		Policies: one.Policies,
		Groups:   []policy.Group{{Patterns: []string{"GET /a"}, Policies: []string{"one"}}},
	}
	failed := limit("one", "1000000/minute")
	failed.CountWhen = failures
	refused := application(limit("one", "0/minute"))
	for _, bm := range []struct {
		name   string
		config policy.Config
	}{
		{"policies=1", one},
		{"policies=1/fields=none", bare},
		{"policies=1/place=group", group},
		{"policies=1/count=failures", application(failed)},
		{"policies=1/refused", refused},
		{"policies=2", two},
	} {
		b.Run(bm.name, func(b *testing.B) {
			store, err := memory.NewLimits(memory.LimitsConfig{})
			if err != nil {
				b.Fatal(err)
			}
			h := newTableOn(b, store, bm.config).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			w, r := &discard{http.Header{}}, request("GET /a")
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}
