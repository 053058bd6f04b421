package respond_test

import (
	"bufio"
	stdcsv "encoding/csv"
	"io"
	"strconv"
	"testing"

	"github.com/hone-go/hone/respond"
)

// writeStandard is an export as people write it.
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
