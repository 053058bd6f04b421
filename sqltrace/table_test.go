package sqltrace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func TestWholeTable(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{MaxRows: 100})
	for _, rows := range []int64{100, 101, 500} {
		request(func(ctx context.Context) {
			s := tr.Begin(ctx, "SELECT id FROM products", nil)
			s.End(rows, nil)
		})
	}
	if f := only(t, tr, sqltrace.RuleWholeTable); f.Rows != 500 || f.Requests != 1 || !strings.Contains(f.Fix, "500 rows") || f.Where == "" {
		t.Errorf("finding = %+v, want 500 rows at its line", f)
	}
}

func TestRowsThatNobodyIsShown(t *testing.T) {
	const products = "SELECT id FROM products"
	answer := ledger.Summary{Route: "GET /api/products", Method: "GET", Status: 200, Bytes: 390}
	tests := []struct {
		name   string
		rows   int64
		change func(*ledger.Summary)
		also   func(ctx context.Context, tr *sqltrace.Tracer)
		want   int
	}{
		{name: "more than the response can hold", rows: 200, want: 1},
		{name: "few", rows: 99, change: func(s *ledger.Summary) { s.Bytes = 10 }},
		{name: "a hundred", rows: 100, change: func(s *ledger.Summary) { s.Bytes = 10 }, want: 1},
		{name: "as many as the response can hold", rows: 195},
		{name: "nothing known of the response", rows: 200, change: func(s *ledger.Summary) { s.Bytes = 0 }},
		{name: "an error", rows: 200, change: func(s *ledger.Summary) { s.Status = 500 }},
		{name: "not modified", rows: 200, change: func(s *ledger.Summary) { s.Status = 304 }},
		{name: "canceled", rows: 200, change: func(s *ledger.Summary) { s.Canceled = true }},
		{name: "sent elsewhere", rows: 200, also: func(ctx context.Context, _ *sqltrace.Tracer) {
			ledger.From(ctx).AddSpan(ctx, "archive", time.Second)
		}},
		{name: "written back", rows: 200, also: func(ctx context.Context, tr *sqltrace.Tracer) {
			run(ctx, tr, "INSERT INTO copies SELECT 1")
		}},
		{name: "in several small look-ups", rows: 60, also: func(ctx context.Context, tr *sqltrace.Tracer) {
			for range 3 {
				s := tr.Begin(ctx, products, nil)
				s.End(60, nil)
			}
		}},
	}
	for _, tt := range tests {
		tr := newTracerWith(t, sqltrace.Config{})
		var l ledger.Ledger
		l.Open(context.Background(), time.Now())
		where := here(1)
		s := tr.Begin(&l, products, nil)
		s.End(tt.rows, nil)
		if tt.also != nil {
			tt.also(&l, tr)
		}
		sum := answer
		if tt.change != nil {
			tt.change(&sum)
		}
		l.End(time.Now(), sum)
		found := tr.Findings()
		if len(found) != tt.want {
			t.Errorf("%s: Findings() = %+v, want %d", tt.name, found, tt.want)
			continue
		}
		if tt.want == 0 {
			continue
		}
		f := found[0]
		if f.Rule != sqltrace.RuleWholeTable || f.Confidence != sqltrace.Likely || f.Rows != tt.rows || f.Bytes != sum.Bytes || f.Where != where {
			t.Errorf("%s: finding = %+v, want a likely whole table of %d rows for %d bytes at %s", tt.name, f, tt.rows, sum.Bytes, where)
		}
		if !strings.Contains(f.Fix, fmt.Sprintf("a response of %d bytes", sum.Bytes)) {
			t.Errorf("%s: Fix = %q, want it to name the size of the response", tt.name, f.Fix)
		}
	}
}
