package sqltrace_test

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

func TestFindingDescribesTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		var line int
		for _, n := range []int{20, 40} {
			request(func(ctx context.Context) {
				orders := tr.Begin(ctx, selectOrders, nil)
				orders.End(int64(n), nil)
				for i := range n {
					_, _, line, _ = runtime.Caller(0)
					s := tr.Begin(ctx, "-- name: Lines :many\n"+selectLines, []any{i})
					time.Sleep(time.Millisecond)
					s.End(3, nil)
				}
			})
		}
		time.Sleep(40 * time.Millisecond) // with the 60 above, a window of 100 ms

		found := tr.Findings()
		if len(found) != 1 {
			t.Fatalf("Findings() = %+v, want one", found)
		}
		f := found[0]
		if f.Fix == "" || !strings.Contains(f.Fix, f.Rewritten) {
			t.Errorf("Fix = %q, want it to contain the rewritten SQL", f.Fix)
		}
		f.Fix = ""
		if !strings.HasPrefix(f.Caller, "sqltrace/tracer_test.go:") {
			t.Errorf("Caller = %q, want the line of request", f.Caller)
		}
		f.Caller = ""
		want := sqltrace.Finding{
			Rule: "n+1", Class: sqltrace.ClassSequential, Confidence: sqltrace.Likely, Route: "GET /api/orders", Where: fmt.Sprintf("sqltrace/finding_test.go:%d", line+1), Func: f.Func, Query: "Lines",
			CountPerRequest: 30, MaxPerRequest: 40, Requests: 2, MSPerRequest: 30, SavedMSPerRequest: 29, Erlangs: 0.58,
			SQL: selectLines, Source: "SELECT id, total FROM orders LIMIT ?",
			Rewritten: "SELECT product, quantity, order_id FROM order_lines WHERE order_id = ANY($1)",
		}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("Findings()[0] =\n%+v, want\n%+v", f, want)
		}
		if !strings.HasPrefix(f.Func, "sqltrace_test.TestFindingDescribesTheLoop") {
			t.Errorf("Func = %q, want this test's", f.Func)
		}

		tr.Reset()
		if got := tr.Findings(); len(got) != 0 {
			t.Errorf("Findings() after Reset = %+v, want none", got)
		}
	})
}

func TestFindingJSON(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	request(func(ctx context.Context) {
		for i := range 5 {
			run(ctx, tr, selectLines, i)
		}
	})
	b, err := json.Marshal(tr.Findings())
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"rule", "confidence", "route", "where", "func", "saved_ms_per_request", "erlangs", "count_per_request", "sql", "rewritten", "fix", "requests", "ms_per_request"} {
		if _, ok := got[0][key]; !ok {
			t.Errorf("JSON of a finding lacks %q: %s", key, b)
		}
	}
}

func TestWhatIsAnNPlusOne(t *testing.T) {
	fail := errors.New("serialization failure")
	each := func(sql string, n int) func(context.Context, *sqltrace.Tracer) {
		return func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range n {
				run(ctx, tr, sql, i)
			}
		}
	}
	tests := []struct {
		name string
		do   func(context.Context, *sqltrace.Tracer)
		want int
	}{
		{"five keys", each(selectLines, 5), 1},
		{"four keys", each(selectLines, 4), 0},
		{"hundreds of keys", each(selectLines, 700), 1},
		{"thousands of keys", each(selectLines, 5000), 1},
		{"inserts", each("INSERT INTO t (a) VALUES ($1)", 20), 0},
		{"catalogue", each("SELECT typname FROM pg_catalog.pg_type WHERE oid = $1", 20), 0},
		{"set", each("SET app.user = $1", 20), 0},
		{"offset pages", each("SELECT a FROM t ORDER BY a LIMIT 100 OFFSET $1", 20), 0},
		{"standard pages", each("SELECT a FROM t ORDER BY a OFFSET $1 ROWS FETCH NEXT 10 ROWS ONLY", 20), 0},
		{"keyset pages of two columns", each("SELECT a FROM t WHERE (b, a) > (5, $1) ORDER BY b, a LIMIT 100", 20), 0},
		{"keyset pages", each("SELECT a FROM t WHERE a > $1 ORDER BY a LIMIT 100", 20), 0},
		{"keys in common table", each("WITH x AS (SELECT 1) SELECT a FROM t WHERE b = $1", 20), 1},
		{"one key after another in an IN", each("SELECT a FROM t WHERE b IN ($1)", 20), 1},
		{"same key", func(ctx context.Context, tr *sqltrace.Tracer) {
			for range 20 {
				run(ctx, tr, selectLines, 7)
			}
		}, 0},
		{"few keys often", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 60 {
				run(ctx, tr, selectLines, i%30)
			}
		}, 0},
		{"a retry of each", func(ctx context.Context, tr *sqltrace.Tracer) {
			for range 20 {
				s := tr.Begin(ctx, selectLines, []any{7})
				s.End(0, fail)
			}
		}, 0},
		{"keys that fail", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				s := tr.Begin(ctx, selectLines, []any{i})
				s.End(0, fail)
			}
		}, 0},
		{"chunks of varying length", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				args := []any{i, i + 100, i + 200}[:1+i%3]
				run(ctx, tr, "SELECT a FROM t WHERE b IN ($1"+[]string{"", ", $2", ", $2, $3"}[i%3]+")", args...)
			}
		}, 0},
		{"chunks of one length", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				run(ctx, tr, "SELECT a FROM t WHERE b IN ($1, $2)", i, i+100)
			}
		}, 0},
		{"arrays", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				run(ctx, tr, "SELECT a FROM t WHERE b = ANY($1)", []int64{int64(i), int64(i + 1)})
			}
		}, 0},
		{"values in the text", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				run(ctx, tr, fmt.Sprintf("SELECT a FROM t WHERE b = %d", i+100))
			}
		}, 1},
		{"only a comment differs", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 20 {
				run(ctx, tr, fmt.Sprintf("SELECT a FROM t WHERE b = $1 /* trace %d */", i), 7)
			}
		}, 0},
		{"one place early, another later", func(ctx context.Context, tr *sqltrace.Tracer) {
			for i := range 5 {
				s := tr.Begin(ctx, selectLines, []any{i})
				s.End(1, nil)
			}
			run(ctx, tr, selectOrders)
			each(selectLines, 60)(ctx, tr)
		}, 2}, // neither hides the other
		{"many places", func(ctx context.Context, tr *sqltrace.Tracer) {
			end := func(s sqltrace.Statement) { s.End(1, nil) }
			end(tr.Begin(ctx, selectLines, []any{1}))
			end(tr.Begin(ctx, selectLines, []any{2}))
			end(tr.Begin(ctx, selectLines, []any{3}))
			end(tr.Begin(ctx, selectLines, []any{4}))
			end(tr.Begin(ctx, selectLines, []any{5}))
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTracerWith(t, sqltrace.Config{})
			request(func(ctx context.Context) { tt.do(ctx, tr) })
			if got := broken(tr, sqltrace.RuleNPlusOne); len(got) != tt.want {
				t.Errorf("Findings() = %+v, want %d of an N+1", got, tt.want)
			}
		})
	}
}

// broken returns the findings of one rule.
func broken(tr *sqltrace.Tracer, rule sqltrace.Rule) []sqltrace.Finding {
	return slices.DeleteFunc(tr.Findings(), func(f sqltrace.Finding) bool { return f.Rule != rule })
}

func TestNamedArgumentsInAnyOrder(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{Dialect: sqltrace.SQLite})
	request(func(ctx context.Context) {
		for i := range 10 {
			args := []driver.NamedValue{{Name: "order", Ordinal: 1, Value: int64(i)}, {Name: "state", Ordinal: 2, Value: "open"}}
			if i%2 == 0 {
				args[0], args[1] = args[1], args[0]
			}
			s := tr.BeginNamed(ctx, "SELECT a FROM t WHERE state = :state AND order_id = :order", args)
			s.End(1, nil)
		}
	})
	const want = "SELECT a, order_id FROM t WHERE state = :state AND order_id IN (:order_1, :order_2, …)"
	if found := tr.Findings(); len(found) != 1 || found[0].Rewritten != want {
		t.Errorf("Findings() = %+v, want one rewritten to %s", found, want)
	}
}

func TestArgumentsOfAnyTypeAreToldApart(t *testing.T) {
	type id string
	type pair struct{ a, b int }
	type opaque struct{ values []int }
	tests := []struct {
		name string
		arg  func(i int) any
		want int
	}{
		{"int32", func(i int) any { return int32(i) }, 1},
		{"uint16", func(i int) any { return uint16(i) }, 1},
		{"float64", func(i int) any { return float64(i) / 2 }, 1},
		{"string", func(i int) any { return fmt.Sprint(i) }, 1},
		{"named string", func(i int) any { return id(fmt.Sprint(i)) }, 1},
		{"bytes", func(i int) any { return []byte{byte(i)} }, 1},
		{"array", func(i int) any { return [16]byte{byte(i)} }, 1},
		{"struct", func(i int) any { return pair{i, 1} }, 1},
		{"slice", func(i int) any { return []int64{1, int64(i)} }, 1},
		{"time", func(i int) any { return time.Unix(int64(i), 0) }, 1},
		{"pointer", func(i int) any { return &i }, 1},
		{"pointers to one value", func(int) any { return new(int) }, 0},
		{"bool", func(i int) any { return i%2 == 0 }, 0},
		{"nil", func(int) any { return nil }, 0},
		{"nil pointer", func(int) any { return (*int)(nil) }, 0},
		{"equal times in two zones", func(i int) any { return time.Unix(7, 0).In(time.FixedZone("", i)) }, 0},
		{"what cannot be looked into", func(i int) any { return opaque{[]int{i}} }, 0},
		{"function", func(i int) any { return func() int { return i } }, 0},
	}
	for _, tt := range tests {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) {
			for i := range 10 {
				run(ctx, tr, "SELECT a FROM t WHERE b = $1", tt.arg(i))
			}
		})
		if got := broken(tr, sqltrace.RuleNPlusOne); len(got) != tt.want {
			t.Errorf("%s: Findings() = %+v, want %d", tt.name, got, tt.want)
		}
	}
}

// A request's statements are then not looked at either, whatever they show.
func TestNegativeMinRepeatsTurnsFindingsOff(t *testing.T) {
	visit := func(tr *sqltrace.Tracer) {
		request(func(ctx context.Context) {
			for i := range 50 {
				run(ctx, tr, selectLines, i)
			}
			s := tr.Begin(ctx, selectOrders, nil)
			s.End(1e6, nil)
		})
	}
	on := newTracerWith(t, sqltrace.Config{})
	visit(on)
	if findings, stacks := len(on.Findings()), on.Stacks(); findings != 2 || stacks == 0 {
		t.Fatalf("%d findings by %d stacks, want 2 by some", findings, stacks)
	}
	off := newTracerWith(t, sqltrace.Config{MinRepeats: -1})
	visit(off)
	if got := off.Findings(); len(got) != 0 {
		t.Errorf("Findings() = %+v, want none", got)
	}
	if got := off.Stacks(); got != 0 {
		t.Errorf("stacks looked at = %d, want none", got)
	}
}

func TestFindingsAreRankedByWastedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		loop := func(table string, n int, d time.Duration) {
			request(func(ctx context.Context) {
				for i := range n {
					s := tr.Begin(ctx, "SELECT a FROM "+table+" WHERE b = ?", []any{i})
					time.Sleep(d)
					s.End(1, nil)
				}
			})
		}
		loop("many", 100, time.Millisecond)
		loop("slow", 10, 20*time.Millisecond)
		loop("cheap", 10, time.Millisecond)
		var order []string
		for _, f := range tr.Findings() {
			order = append(order, strings.Fields(f.SQL)[3])
		}
		if got, want := fmt.Sprint(order), "[slow many cheap]"; got != want {
			t.Errorf("order of findings = %s, want %s", got, want)
		}
	})
}

func TestRouteNamesItsMethodOnce(t *testing.T) {
	for _, tt := range []struct{ route, method, want string }{
		{"GET /a", "GET", "GET /a"},
		{"/a", "POST", "POST /a"},
		{"", "GET", "GET"},
		{"job", "", "job"},
	} {
		tr := newTracerWith(t, sqltrace.Config{})
		var l ledger.Ledger
		l.Open(context.Background(), time.Now())
		for i := range 5 {
			run(&l, tr, selectLines, i)
		}
		l.End(time.Now(), ledger.Summary{Route: tt.route, Method: tt.method})
		if got := tr.Findings()[0].Route; got != tt.want {
			t.Errorf("Route of %q, %q = %q, want %q", tt.route, tt.method, got, tt.want)
		}
	}
}

func TestFindingsHoldNoValues(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{})
	request(func(ctx context.Context) {
		for i := range 5 {
			run(ctx, tr, fmt.Sprintf("SELECT a FROM t WHERE name = 'secret%d' AND pin = 4711 AND x = $1", i), "classified")
		}
	})
	b, err := json.Marshal([]any{tr.Findings(), tr.Statements(), tr.Unattributed()})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"secret", "4711", "classified"} {
		if strings.Contains(string(b), value) {
			t.Errorf("reports contain %q: %s", value, b)
		}
	}
	if len(tr.Findings()) != 1 {
		t.Errorf("Findings() = %+v, want one", tr.Findings())
	}
}
