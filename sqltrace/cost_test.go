package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"runtime"
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

// fewStatements sends n different statements in a request.
func fewStatements(tr *sqltrace.Tracer, n int, args []driver.NamedValue) {
	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	for _, sql := range []string{selectOrders, selectLines}[:n] {
		s := tr.BeginNamed(&l, sql, args)
		s.End(50, nil)
	}
	l.End(time.Now(), ledger.Summary{Route: "GET /api/orders", Method: "GET", Status: 200, Bytes: 4000})
}

// Looking for mistakes adds nothing to requests of one or two statements: no
// allocation and no byte.
func TestFewStatementsCostNoMoreWithFindings(t *testing.T) {
	args := []driver.NamedValue{{Ordinal: 1, Value: int64(7)}}
	for _, n := range []int{1, 2} {
		cost := func(minRepeats int) (allocs float64, bytes uint64) {
			tr := newTracerWith(t, sqltrace.Config{MinRepeats: minRepeats, SlowStatement: time.Hour})
			const runs = 1000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			allocs = testing.AllocsPerRun(runs, func() { fewStatements(tr, n, args) })
			runtime.ReadMemStats(&after)
			return allocs, (after.TotalAlloc - before.TotalAlloc) / runs
		}
		cost(0) // what the runtime makes once
		allocs, bytes := cost(0)
		offAllocs, offBytes := cost(-1)
		const tolerance = 15 // a tracer's own first requests, spread over all
		if allocs > offAllocs || bytes > offBytes+tolerance {
			t.Errorf("a request of %d statements costs %d B in %v allocations, want %d B in %v as without findings", n, bytes, allocs, offBytes, offAllocs)
		}
		const most = 870 // the request's part of each ledger and tracer; it must not grow unnoticed
		if bytes > most {
			t.Errorf("a request of %d statements costs %d B, want at most %d", n, bytes, most)
		}
	}
}

func TestFewStatementsTakeNoLockAtTheirEnd(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	request(func(ctx context.Context) {
		run(ctx, tr, selectOrders)
		run(ctx, tr, selectLines, 7)
		t.Cleanup(tr.LockRequest(ledger.From(ctx))) // its end would deadlock
	})
}

func BenchmarkFewStatements(b *testing.B) {
	args := []driver.NamedValue{{Ordinal: 1, Value: int64(7)}}
	for _, n := range []int{1, 2} {
		for _, findings := range []struct {
			name       string
			minRepeats int
		}{{"off", -1}, {"on", 0}} {
			b.Run(fmt.Sprintf("perRequest=%d/findings=%s", n, findings.name), func(b *testing.B) {
				tr := newTracerWith(b, sqltrace.Config{MinRepeats: findings.minRepeats})
				b.ReportAllocs()
				for b.Loop() {
					fewStatements(tr, n, args)
				}
			})
		}
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
