package bench_test

import (
	"encoding/csv"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/respond"
)

// A sale is a row of an export.
type sale struct {
	id    int64
	name  string
	price float64
}

func sales(n int64) iter.Seq2[sale, error] {
	return func(yield func(sale, error) bool) {
		for i := range n {
			if !yield(sale{i, "Oak, planed", 12.5}, nil) {
				return
			}
		}
	}
}

const exportRows = 1_000_000

// BenchmarkExport measures an export of 1,000,000 rows as CSV to a client in
// the same process: its time, the time to its first byte, and by how much the
// process grew. encoding-csv is the export as people write it.
func BenchmarkExport(b *testing.B) {
	export, err := respond.NewCSV([]string{"id", "name", "price"}, func(row *respond.CSVRow, s sale) {
		row.Int(s.id)
		row.Text(s.name)
		row.Float(s.price)
	}, respond.CSVConfig{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("rows=1e6", func(b *testing.B) {
		for name, serve := range map[string]http.HandlerFunc{
			"hone":         func(w http.ResponseWriter, r *http.Request) { _ = export.Serve(w, r, sales(exportRows)) },
			"encoding-csv": func(w http.ResponseWriter, _ *http.Request) { writeCSV(w, sales(exportRows)) },
		} {
			b.Run(name, func(b *testing.B) {
				server := httptest.NewServer(serve)
				defer server.Close()
				b.ReportAllocs()
				var first time.Duration
				var grown uint64
				for b.Loop() {
					b.StopTimer()
					debug.FreeOSMemory() // or what other benchmarks left would hide the growth
					growth := watchMemory()
					b.StartTimer()
					first = max(first, download(b, server))
					grown = max(grown, growth())
				}
				b.ReportMetric(float64(first.Microseconds())/1000, "ms-to-first-byte")
				b.ReportMetric(float64(grown)/(1<<20), "MiB-growth")
			})
		}
	})
}

func writeCSV(w io.Writer, rows iter.Seq2[sale, error]) {
	cw := csv.NewWriter(w)
	_ = cw.Write([]string{"id", "name", "price"})
	for s := range rows {
		_ = cw.Write([]string{strconv.FormatInt(s.id, 10), s.name, strconv.FormatFloat(s.price, 'f', -1, 64)})
	}
	cw.Flush()
}

// download reads all of the export and returns when its first byte came.
func download(b *testing.B, server *httptest.Server) (first time.Duration) {
	b.Helper()
	start := time.Now()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	first = time.Since(start)
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	if n < 20*exportRows {
		b.Fatalf("the export has %d bytes, want at least %d", n, 20*exportRows)
	}
	return first
}

// residentBytes is the memory that the process has from the system.
func residentBytes() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// watchMemory looks at the memory each millisecond until the returned function
// is called, which gives by how much it was at most above what it is now.
func watchMemory() (growth func() uint64) {
	base := residentBytes()
	var highest atomic.Uint64
	highest.Store(base) // it may shrink at first
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				highest.Store(max(highest.Load(), residentBytes()))
			case <-stop:
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return max(highest.Load(), residentBytes()) - base
	}
}
