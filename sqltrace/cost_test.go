package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func TestStatementAllocates(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	var sinks [64][]driver.NamedValue
	for i := range sinks {
		sinks[i] = []driver.NamedValue{{Ordinal: 1, Value: int64(i + 1000)}}
	}
	send := func(ctx context.Context, i int) {
		s := tr.BeginNamed(ctx, selectLines, sinks[i%len(sinks)])
		s.End(1, nil)
	}
	open := func(n int) float64 {
		return testing.AllocsPerRun(100, func() {
			var l ledger.Ledger
			l.Open(context.Background(), time.Time{})
			for i := range n {
				send(&l, i)
			}
			l.End(time.Time{}, ledger.Summary{Route: "/", Method: "GET"})
		})
	}
	empty := open(0)
	for _, tt := range []struct{ statements, want int }{{1, 2}, {2, 3}, {16, 3}, {50, 4}} {
		if got := int(open(tt.statements) - empty); got > tt.want {
			t.Errorf("allocations for %d statements of a request = %d, want at most %d", tt.statements, got, tt.want)
		}
	}
	if got := testing.AllocsPerRun(1000, func() { send(context.Background(), 1) }); got > 0 {
		t.Errorf("allocations for a statement outside any request = %v, want 0", got)
	}
}

func BenchmarkStatement(b *testing.B) {
	args := make([][]driver.NamedValue, 64)
	for i := range args {
		args[i] = []driver.NamedValue{{Ordinal: 1, Value: int64(i + 1000)}}
	}
	for _, n := range []int{1, 5, 50} {
		b.Run(fmt.Sprintf("perRequest=%d", n), func(b *testing.B) {
			tr := newTracerWith(b, sqltrace.Config{})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				var l ledger.Ledger
				l.Open(context.Background(), time.Now())
				for j := range n {
					s := tr.BeginNamed(&l, selectLines, args[j])
					s.End(1, nil)
				}
				l.End(time.Now(), ledger.Summary{Route: "GET /api/orders", Method: "GET"})
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n), "ns/statement")
		})
	}
	b.Run("unattributed", func(b *testing.B) {
		tr := newTracerWith(b, sqltrace.Config{})
		b.ReportAllocs()
		for b.Loop() {
			s := tr.BeginNamed(context.Background(), selectLines, args[1])
			s.End(1, nil)
		}
	})
}

func BenchmarkFindings(b *testing.B) {
	tr := newTracerWith(b, sqltrace.Config{})
	request(func(ctx context.Context) {
		for i := range 50 {
			run(ctx, tr, selectLines, i)
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		tr.Findings()
	}
}
