package bench_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/CAFxX/httpcompression"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"

	"github.com/hone-go/hone/encode"
)

// products is a JSON list of about size bytes, as a shop answers.
func products(size int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := []string{"blue", "linen", "shirt", "walnut", "desk", "lamp", "wool", "scarf", "oak", "chair"}
	out := []byte("[")
	for i := 0; len(out) < size; i++ {
		out = fmt.Appendf(out, `{"id":%d,"name":"%s %s %s","price":%d.%02d,"stock":%d,"sku":"%08x"},`,
			i, words[rnd.IntN(10)], words[rnd.IntN(10)], words[rnd.IntN(10)], rnd.IntN(900), rnd.IntN(100), rnd.IntN(5000), rnd.Uint32())
	}
	return append(out[:len(out)-1], ']')
}

// counted is a response writer that counts the bytes.
type counted struct {
	discard
	bytes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

// encoders returns middlewares for one coding, each with its own defaults.
// Those of hone and gzhttp are the same levels; %size shows the others'.
func encoders(tb testing.TB, coding string) map[string]func(http.Handler) http.Handler {
	hone, err := encode.New(encode.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	wrapper, err := gzhttp.NewWrapper()
	if err != nil {
		tb.Fatal(err)
	}
	adapter, err := httpcompression.DefaultAdapter()
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string]func(http.Handler) http.Handler{
		"hone":            hone.Handler,
		"gzhttp":          func(h http.Handler) http.Handler { return wrapper(h) },
		"httpcompression": adapter,
	}
	if coding == "gzip" {
		all["chi"] = middleware.Compress(5)
	}
	return all
}

// corpus is what gzhttp's own benchmarks encode: the beginning of a JSON list.
func corpus(tb testing.TB) []byte {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/klauspost/compress").Output()
	if err != nil {
		tb.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "gzhttp", "testdata", "benchmark.json"))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// BenchmarkEncode sends what gzhttp's own benchmarks do, in their three sizes.
func BenchmarkEncode(b *testing.B) {
	whole := corpus(b)
	for _, coding := range []string{"gzip", "zstd"} {
		for _, size := range []int{2048, 20480, 102400} {
			body := whole[:size]
			answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(body)
			})
			b.Run(fmt.Sprintf("coding=%s/size=%dKB", coding, size>>10), func(b *testing.B) {
				for name, wrap := range encoders(b, coding) {
					h := wrap(answer)
					r := httptest.NewRequest(http.MethodGet, "/products", http.NoBody)
					r.Header.Set("Accept-Encoding", coding)
					b.Run(name, func(b *testing.B) {
						b.ReportAllocs()
						w := &counted{discard: discard{header: http.Header{}}}
						for b.Loop() {
							clear(w.header)
							w.bytes = 0
							h.ServeHTTP(w, r)
						}
						if got := w.header.Get("Content-Encoding"); got != coding {
							b.Fatalf("Content-Encoding = %q, want %q", got, coding)
						}
						b.ReportMetric(float64(len(body))/1e6/(b.Elapsed().Seconds()/float64(b.N)), "MB/s")
						b.ReportMetric(100*float64(w.bytes)/float64(len(body)), "%size")
					})
				}
			})
		}
	}
}
