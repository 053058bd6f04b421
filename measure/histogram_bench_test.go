package measure_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hone-go/hone/measure"
)

// latencies is a power of two of durations from 10 µs to 1 s.
func latencies() []time.Duration {
	r := rand.New(rand.NewPCG(1, 2))
	ds := make([]time.Duration, 4096)
	for i := range ds {
		ds[i] = 10*time.Microsecond + time.Duration(r.ExpFloat64()*float64(20*time.Millisecond))
	}
	return ds
}

func BenchmarkRecord(b *testing.B) {
	ds := latencies()
	b.Run("serial", func(b *testing.B) {
		var h measure.Histogram
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			h.Record(ds[i&4095])
			i++
		}
	})
	b.Run("parallel", func(b *testing.B) {
		var h measure.Histogram
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			i := 0
			for pb.Next() {
				h.Record(ds[i&4095])
				i++
			}
		})
	})
}

func BenchmarkHistogramSnapshot(b *testing.B) {
	var h measure.Histogram
	for _, d := range latencies() {
		h.Record(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = h.Snapshot()
	}
}
