package bench_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/measure"
)

// durations is a log-normal latency: median 20 ms, p95 about 80 ms.
var durations = func() []time.Duration {
	r := rand.New(rand.NewPCG(1, 2))
	d := make([]time.Duration, 4096)
	for i := range d {
		d[i] = time.Duration(20e6 * math.Exp(0.84*r.NormFloat64()))
	}
	return d
}()

// recorders returns one way to record a duration per implementation. The
// peers' plain forms are not safe for concurrent use; locked adds the mutex
// that they need from many goroutines.
func recorders(tb testing.TB, locked bool) map[string]func(time.Duration) {
	hdr := hdrhistogram.New(1000, 64e9, 2)
	dd, err := ddsketch.NewDefaultDDSketch(0.01)
	if err != nil {
		tb.Fatal(err)
	}
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "d", NativeHistogramBucketFactor: 1.022})
	hone := new(measure.Histogram)
	all := map[string]func(time.Duration){
		"hone":              hone.Record,
		"hdrhistogram":      func(d time.Duration) { _ = hdr.RecordValue(int64(d)) },
		"ddsketch":          func(d time.Duration) { _ = dd.Add(d.Seconds()) },
		"prometheus-native": func(d time.Duration) { native.Observe(d.Seconds()) },
	}
	if locked {
		for _, name := range []string{"hdrhistogram", "ddsketch"} {
			var mu sync.Mutex
			record := all[name]
			all[name] = func(d time.Duration) {
				mu.Lock()
				record(d)
				mu.Unlock()
			}
		}
	}
	return all
}

func BenchmarkRecord(b *testing.B) {
	b.Run("goroutines=1", func(b *testing.B) {
		for name, record := range recorders(b, false) {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					record(durations[i&4095])
					i++
				}
			})
		}
	})
	b.Run("goroutines=16", func(b *testing.B) {
		for name, record := range recorders(b, true) {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(8) // times GOMAXPROCS
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						record(durations[i&4095])
					}
				})
			})
		}
	})
}
