package sqltrace_test

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

const selectCustomer = "SELECT name FROM customers WHERE id = $1"

func TestLoopOfSeveralStatementsIsOneFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		var line int
		for _, n := range []int{10, 30} {
			request(func(ctx context.Context) {
				took(ctx, tr, int64(n), selectOrders)
				for i := range n {
					_, _, line, _ = runtime.Caller(0)
					s := tr.Begin(ctx, selectLines, []any{i})
					time.Sleep(time.Millisecond)
					s.End(1, nil)
					s = tr.Begin(ctx, selectCustomer, []any{i + 1000})
					time.Sleep(2 * time.Millisecond)
					s.End(1, nil)
				}
			})
		}
		time.Sleep((1000 - 122) * time.Millisecond) // a window of a second
		lines, customer := fmt.Sprintf("sqltrace/loop_test.go:%d", line+1), fmt.Sprintf("sqltrace/loop_test.go:%d", line+4)
		f := only(t, tr, sqltrace.RuleNPlusOne)
		if f.Class != sqltrace.ClassGroup || f.Where != lines || f.SQL != selectLines {
			t.Errorf("finding = %s of %s at %s, want an m·n+1 of the first statement at %s", f.Class, f.SQL, f.Where, lines)
		}
		if f.CountPerRequest != 40 || f.MaxPerRequest != 60 || f.MSPerRequest != 60 || f.SavedMSPerRequest != 57 || f.Erlangs != 0.114 {
			t.Errorf("CountPerRequest, MaxPerRequest, MSPerRequest, SavedMSPerRequest, Erlangs = %v, %v, %v, %v, %v, want 40, 60, 60, 57, 0.114",
				f.CountPerRequest, f.MaxPerRequest, f.MSPerRequest, f.SavedMSPerRequest, f.Erlangs)
		}
		want := []sqltrace.GroupMember{
			{Where: lines, SQL: selectLines, CountPerRequest: 20, MSPerRequest: 20, Rewritten: "SELECT product, quantity, order_id FROM order_lines WHERE order_id = ANY($1)"},
			{Where: customer, SQL: selectCustomer, CountPerRequest: 20, MSPerRequest: 40, Rewritten: "SELECT name, id FROM customers WHERE id = ANY($1)"},
		}
		if !reflect.DeepEqual(f.Group, want) {
			t.Errorf("Group = %+v, want %+v", f.Group, want)
		}
		for _, m := range want {
			if !strings.Contains(f.Fix, m.Rewritten) || !strings.Contains(f.Fix, m.Where) {
				t.Errorf("Fix = %s, want it to mend %s", f.Fix, m.SQL)
			}
		}
	})
}

func TestGroupGrowsWithItsRounds(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	for n := range 10 {
		request(func(ctx context.Context) {
			rows := 5 + 4*n
			s := tr.Begin(ctx, selectOrders, nil)
			s.End(int64(rows), nil)
			for i := range rows {
				end(tr.Begin(ctx, selectLines, []any{i}))
				end(tr.Begin(ctx, selectCustomer, []any{i}))
			}
		})
	}
	if f := only(t, tr, sqltrace.RuleNPlusOne); f.Confidence != sqltrace.Certain || len(f.Group) != 2 {
		t.Errorf("finding = %s with a group of %d, want a certain one of 2: its rounds grow with the rows, not its statements", f.Confidence, len(f.Group))
	}
}

func TestLoopsThatAreNotOneLoop(t *testing.T) {
	tests := []struct {
		name string
		play func(ctx context.Context, tr *sqltrace.Tracer)
	}{
		{"one after the other", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 10 {
				end(tr.Begin(ctx, selectLines, []any{i}))
			}
			for i := range 10 {
				end(tr.Begin(ctx, selectCustomer, []any{i}))
			}
		}},
		{"one allowed", func(ctx context.Context, tr *sqltrace.Tracer) {
			allowed := sqltrace.Allow(ctx, sqltrace.RuleNPlusOne, "cached")
			for i := range 10 {
				end(tr.Begin(ctx, selectLines, []any{i}))
				end(tr.Begin(allowed, selectCustomer, []any{i}))
			}
		}},
		{"of different length", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				end(tr.Begin(ctx, selectLines, []any{i}))
				if i%2 == 0 {
					end(tr.Begin(ctx, selectCustomer, []any{i}))
				}
			}
		}},
	}
	for _, tt := range tests {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) { tt.play(ctx, tr) })
		found := broken(tr, sqltrace.RuleNPlusOne)
		if got := len(found) + len(tr.Suppressed()); got != 2 {
			t.Errorf("%s: Findings() = %+v, want two apart", tt.name, found)
		}
		for _, f := range found {
			if f.Group != nil {
				t.Errorf("%s: Group = %+v, want none", tt.name, f.Group)
			}
		}
	}
}
