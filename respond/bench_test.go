package respond_test

import (
	"bufio"
	stdcsv "encoding/csv"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/respond"
)

const exportRows = 1_000_000

// BenchmarkExport serves 1,000,000 rows to a client on the same machine. The
// bars: first byte in 20 ms, memory growth of 64 MiB.
func BenchmarkExport(b *testing.B) {
	ours := newCSV(b, respond.CSVConfig{})
	exports := []struct {
		name  string
		serve http.HandlerFunc
	}{
		{"respond", func(w http.ResponseWriter, r *http.Request) { _ = ours.Serve(w, r, sales(exportRows)) }},
		{"encoding-csv", func(w http.ResponseWriter, _ *http.Request) { writeStandard(w, exportRows) }},
	}
	for _, e := range exports {
		b.Run("by="+e.name, func(b *testing.B) {
			s := serve(b, false, e.serve)
			b.ReportAllocs()
			var first time.Duration
			var grown, bytes int64
			for b.Loop() {
				runtime.GC()
				base := liveBytes()
				peak := watchMemory()
				start := time.Now()
				resp, err := s.Client().Get(s.URL)
				if err != nil {
					b.Fatal(err)
				}
				one := make([]byte, 1)
				if _, err := io.ReadFull(resp.Body, one); err != nil {
					b.Fatal(err)
				}
				first = max(first, time.Since(start))
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
				bytes = n + 1
				grown = max(grown, peak()-base)
			}
			b.SetBytes(bytes)
			b.ReportMetric(float64(first.Microseconds())/1000, "ms-to-first-byte")
			b.ReportMetric(float64(grown)/(1<<20), "MiB-growth")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/exportRows, "ns/row")
		})
	}
}

// writeStandard is the same export as people write it.
func writeStandard(w io.Writer, n int64) {
	cw := stdcsv.NewWriter(bufio.NewWriterSize(w, 32<<10))
	_ = cw.Write([]string{"id", "name", "price"})
	for s := range sales(n) {
		_ = cw.Write([]string{
			strconv.FormatInt(s.ID, 10), s.Name, strconv.FormatFloat(s.Price, 'f', -1, 64),
		})
	}
	cw.Flush()
}

// liveBytes returns the memory that the process has from the system.
func liveBytes() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// watchMemory looks at the memory each millisecond until the returned function
// is called, which gives the highest seen.
func watchMemory() (peak func() int64) {
	var highest atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			highest.Store(max(highest.Load(), liveBytes()))
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		return max(highest.Load(), liveBytes())
	}
}

func BenchmarkRows(b *testing.B) {
	csv := newCSV(b, respond.CSVConfig{})
	nd := newNDJSON(b, respond.NDJSONConfig{})
	b.Run("by=csv", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = csv.Write(b.Context(), io.Discard, sales(100_000))
		}
	})
	b.Run("by=encoding-csv", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			writeStandard(io.Discard, 100_000)
		}
	})
	b.Run("by=ndjson", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = nd.Write(b.Context(), io.Discard, sales(100_000))
		}
	})
}
