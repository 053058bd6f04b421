package sqltrace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func TestLostContextHasFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		serve := func(do http.HandlerFunc) {
			do.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		forget := func(n int) {
			serve(func(http.ResponseWriter, *http.Request) {
				for range n {
					took(context.Background(), tr, 1, selectLines, 1)
				}
			})
		}
		forget(500)
		tr.Reset()
		forget(30)
		request(func(ctx context.Context) {
			for range 10 {
				took(ctx, tr, 1, selectOrders)
			}
		})
		f := tr.Findings()[1] // after the duplicate, which saves time
		if f.Rule != sqltrace.RuleLostContext || f.Count != 30 || f.TotalMS != 30 || f.Share != 0.75 {
			t.Errorf("Rule, Count, TotalMS, Share = %s, %d, %v, %v, want a lost context of 30 in 30 ms, 0.75 of all", f.Rule, f.Count, f.TotalMS, f.Share)
		}
		if !strings.Contains(f.Fix, "some 30 times") || !strings.Contains(f.Fix, "75.0 %") {
			t.Errorf("Fix = %q, want it to name the figures", f.Fix)
		}
		for range 30 { // a job sends the same
			took(context.Background(), tr, 1, selectLines, 1)
		}
		if f := tr.Findings()[1]; f.Count >= 60 || f.Count < 30 || f.Share >= 60.0/70 {
			t.Errorf("Count, Share = %d, %v, want the handler's part of 60", f.Count, f.Share)
		}
	})
}

func TestLostContext(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	run(context.Background(), tr, selectOrders) // a job: no mistake
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none for a job", got)
	}
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		end(tr.Begin(context.Background(), selectLines, []any{1}))
	})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if f := only(t, tr, sqltrace.RuleLostContext); f.SQL != selectLines || !strings.HasPrefix(f.Where, thisFile()) || f.Confidence != sqltrace.Certain {
		t.Errorf("finding = %+v, want the handler's", f)
	}
	tr.Reset()
	if got := tr.Findings(); len(got) != 0 {
		t.Errorf("Findings() after Reset = %+v, want none", got)
	}

	var l ledger.Ledger
	l.Open(context.Background(), time.Now())
	l.End(time.Now(), ledger.Summary{})
	run(&l, tr, "SELECT 1 FROM late")
	only(t, tr, sqltrace.RuleLostContext)
}
