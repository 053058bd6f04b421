package sqltrace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

func TestAllow(t *testing.T) {
	tests := []struct {
		name       string
		allow      func(ctx context.Context) context.Context
		suppressed bool
	}{
		{"with a reason", func(ctx context.Context) context.Context {
			return sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "five shards")
		}, true},
		{"under another", func(ctx context.Context) context.Context {
			return sqltrace.Allow(sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "five shards"), sqltrace.RulePoll, "short")
		}, true},
		{"another rule", func(ctx context.Context) context.Context {
			return sqltrace.Allow(ctx, sqltrace.RulePoll, "five shards")
		}, false},
		{"without a reason", func(ctx context.Context) context.Context {
			return sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, " ")
		}, false},
		{"no rule", func(ctx context.Context) context.Context {
			return sqltrace.Allow(ctx, "n + 1", "five shards")
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTracerWith(t, sqltrace.Config{})
			before := time.Now()
			for range 3 {
				request(func(ctx context.Context) {
					ctx = tt.allow(ctx)
					for i := range 5 {
						run(ctx, tr, selectLines, i)
					}
				})
			}
			if got, want := len(tr.Findings()) == 0, tt.suppressed; got != want {
				t.Errorf("Findings() = %+v, want none: %v", tr.Findings(), want)
			}
			list := tr.Suppressed()
			if !tt.suppressed {
				if len(list) != 0 {
					t.Errorf("Suppressed() = %+v, want none", list)
				}
				return
			}
			if len(list) != 1 {
				t.Fatalf("Suppressed() = %+v, want one", list)
			}
			s := list[0]
			if s.Last.Before(before) || !strings.HasPrefix(s.Where, "sqltrace/tracer_test.go:") {
				t.Errorf("Suppressed()[0] = %+v, want the line of run and the time of the last request", s)
			}
			s.Last, s.Where = time.Time{}, ""
			want := sqltrace.Suppressed{Rule: "n+1", Reason: "five shards", Route: "GET /api/orders", SQL: selectLines, Requests: 3}
			if s != want {
				t.Errorf("Suppressed()[0] = %+v, want %+v", s, want)
			}
		})
	}
}

func ExampleAllow() {
	tracer, err := sqltrace.New(sqltrace.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	inRequest(func(ctx context.Context) {
		ctx = sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "five shards, never more")
		for shard := range 5 {
			s := tracer.Begin(ctx, "SELECT total FROM sales WHERE shard = $1", []any{shard})
			s.End(1, nil)
		}
	})
	fmt.Println(len(tracer.Findings()), "findings")
	for _, s := range tracer.Suppressed() {
		fmt.Println(s.Rule, "in", s.Route, "is allowed:", s.Reason)
	}
	// Output:
	// 0 findings
	// n+1 in GET /api/orders is allowed: five shards, never more
}

func TestReportListsWhatIsAllowed(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	for range 3 {
		request(func(ctx context.Context) {
			allowed := sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "five shards")
			for i := range 5 {
				run(allowed, tr, selectLines, i)
			}
		})
	}
	var b strings.Builder
	if err := tr.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{"allowed: n+1 on ", "sqltrace/tracer_test.go:", " in 3 requests: five shards\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("WriteText wrote %q, want %q in it", got, want)
		}
	}
	if strings.Contains(got, "Fix") || strings.HasPrefix(got, "\nn+1") {
		t.Errorf("WriteText wrote %q, want no finding", got)
	}
}
