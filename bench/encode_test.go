package bench_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/CAFxX/httpcompression"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"

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

// A coder is a coding at a level; 0 is each middleware's default, which for
// hone and gzhttp is the same, gzip 5 and zstd 1.
type coder struct {
	coding string
	level  int
}

// encoders returns middlewares for one coding. %size shows whether two are at
// the same level.
func encoders(tb testing.TB, c coder) map[string]func(http.Handler) http.Handler {
	hone, err := encode.New(encode.Config{GzipLevel: c.level})
	if err != nil {
		tb.Fatal(err)
	}
	level := c.level
	if level == 0 {
		level = gzip.DefaultCompression
	}
	wrapper, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(level))
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string]func(http.Handler) http.Handler{
		"hone":   hone.Handler,
		"gzhttp": func(h http.Handler) http.Handler { return wrapper(h) },
	}
	if c.level != 0 {
		return all
	}
	adapter, err := httpcompression.DefaultAdapter()
	if err != nil {
		tb.Fatal(err)
	}
	all["httpcompression"] = adapter
	if c.coding == "gzip" {
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

// BenchmarkEncode does what gzhttp's own benchmarks do: it sends the beginning
// of their corpus, in their three sizes, at their two levels of gzip, to a
// recorder. by-turns reports of-gzhttp, see [byTurns].
func BenchmarkEncode(b *testing.B) {
	whole := corpus(b)
	for _, c := range []coder{{"gzip", 0}, {"gzip", gzip.BestSpeed}, {"zstd", 0}} {
		for _, size := range []int{2048, 20480, 102400} {
			group := fmt.Sprintf("coding=%s/size=%dKB", c.coding, size>>10)
			if c.level != 0 {
				group = fmt.Sprintf("coding=%s/level=%d/size=%dKB", c.coding, c.level, size>>10)
			}
			b.Run(group, func(b *testing.B) { benchmarkEncode(b, c, whole[:size]) })
		}
	}
}

func benchmarkEncode(b *testing.B, c coder, body []byte) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	ask := map[string]func() *httptest.ResponseRecorder{}
	for name, wrap := range encoders(b, c) {
		h := wrap(answer)
		r := httptest.NewRequest(http.MethodGet, "/products", http.NoBody)
		r.Header.Set("Accept-Encoding", c.coding)
		ask[name] = func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
	}
	for name, once := range ask {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var w *httptest.ResponseRecorder
			for b.Loop() {
				w = once()
			}
			if got := w.Header().Get("Content-Encoding"); got != c.coding {
				b.Fatalf("Content-Encoding = %q, want %q", got, c.coding)
			}
			b.ReportMetric(float64(len(body))/1e6/(b.Elapsed().Seconds()/float64(b.N)), "MB/s")
			b.ReportMetric(100*float64(w.Body.Len())/float64(len(body)), "%size")
		})
	}
	b.Run("by-turns", func(b *testing.B) {
		perTurn := max(1, 200<<10/len(body)) // a millisecond or so
		b.ReportMetric(byTurns(b, perTurn, func() { ask["hone"]() }, func() { ask["gzhttp"]() }), "of-gzhttp")
	})
}

// byTurns runs own and peer in turns of n calls each, the one first and then
// the other, and returns the median of the ratios of own's time to peer's.
// What slows a shared machine for longer than a turn slows both, and what
// slows one alone is no median: two of the same code come to 1.00 where the
// medians of their times, taken one after the other, differ by a tenth.
func byTurns(b *testing.B, n int, own, peer func()) float64 {
	turn := func(call func()) time.Duration {
		start := time.Now()
		for range n {
			call()
		}
		return time.Since(start)
	}
	var ratios []float64
	for b.Loop() {
		var mine, theirs time.Duration
		if len(ratios)%2 == 0 {
			mine, theirs = turn(own), turn(peer)
		} else {
			theirs, mine = turn(peer), turn(own)
		}
		ratios = append(ratios, mine.Seconds()/theirs.Seconds())
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}
