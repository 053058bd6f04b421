package sqltrace_test

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

func TestSlowStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		visit := func(d time.Duration) {
			request(func(ctx context.Context) {
				s := tr.Begin(ctx, selectOrders, nil)
				time.Sleep(d)
				s.End(50, nil)
			})
		}
		for range 18 {
			visit(10 * time.Millisecond)
		}
		visit(150 * time.Millisecond)
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() after 19 executions = %+v, want none: too few", got)
		}
		visit(150 * time.Millisecond)
		f := only(t, tr, sqltrace.RuleSlow)
		if f.P95MS < 150 || f.P95MS > 150*1.25 || f.Requests != 1 || f.SavedMSPerRequest != 140 || !strings.HasPrefix(f.Where, thisFile()) {
			t.Errorf("finding = %+v, want p95 of 150 ms, and 140 saved in the request whose place is known", f)
		}
		tr.Reset()
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() after Reset = %+v, want none", got)
		}
	})
}

func TestSlowStatementCanBeTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{SlowStatement: -1, MaxRows: -1})
		for range 30 {
			request(func(ctx context.Context) {
				s := tr.Begin(ctx, selectOrders, nil)
				time.Sleep(time.Second)
				s.End(1e6, nil)
			})
		}
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() = %+v, want none", got)
		}
	})
}

func TestSlowStatementHasItsLineAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) { took(ctx, tr, 1, selectOrders) }) // from another place
		for range 19 {
			run(context.Background(), tr, selectOrders)
		}
		tr.Reset()
		for range 19 { // a job: nothing of it is in a request
			s := tr.Begin(context.Background(), selectOrders, nil)
			time.Sleep(time.Second)
			s.End(1, nil)
		}
		var first, last int
		request(func(ctx context.Context) {
			_, _, first, _ = runtime.Caller(0)
			s := tr.Begin(ctx, selectOrders, nil)
			time.Sleep(time.Second)
			s.End(1, nil)
			_, _, last, _ = runtime.Caller(0)
		})
		f := only(t, tr, sqltrace.RuleSlow)
		_, at, _ := strings.Cut(f.Where, ":")
		if line, err := strconv.Atoi(at); err != nil || line <= first || line >= last {
			t.Errorf("finding is at %s, want a line between %d and %d of this file", f.Where, first, last)
		}
	})
}
