package respond_test

import (
	"bufio"
	stdcsv "encoding/csv"
	"encoding/json"
	"io"
	"net/url"
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

// BenchmarkSelection encodes two of three fields of a thousand rows: chosen by
// a client, and beside that as a type that has only those, which is what
// encoding/json needs at least.
func BenchmarkSelection(b *testing.B) {
	type cut struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	rows, cuts := make([]sale, 1000), make([]cut, 1000)
	for i := range rows {
		rows[i] = sale{int64(i), "Oak, planed", 12.5}
		cuts[i] = cut{rows[i].ID, rows[i].Name}
	}
	fields, err := respond.NewFields[[]sale](respond.FieldsConfig{})
	if err != nil {
		b.Fatal(err)
	}
	query := url.Values{"fields": {"id,name"}}
	b.Run("by=fields", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			s, _ := fields.Parse(query)
			dst, _ = s.Append(dst[:0], rows)
		}
	})
	b.Run("by=encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(cuts)
		}
	})
}
